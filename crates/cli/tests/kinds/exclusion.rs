//! Each kind of client holds the lock while each kind asks for it: sixteen pairs.

use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{KEY, Stage, assert_refused, heavy, revision};

/// While this kind of client works, all four are refused; when it is done, all four succeed.
fn a_holder_excludes_every_kind(kind: Backend) {
    let _turn = heavy();
    let Some(stage) = Stage::new(&format!("{kind} against all kinds")) else {
        return;
    };
    let project = stage.project(kind);
    project.apply(&["-var", "revision=before"]).succeeded();
    let contenders = Backend::ALL.map(|contender| (contender, stage.project(contender)));
    let before = stage.look.object(KEY);
    let holder = stage.hold(&project, "holder");
    let id = stage.look.lock_id(KEY);
    let scan = stage.look.scan();
    for (contender, project) in &contenders {
        let refused = project.apply(&["-var", "revision=contender"]);
        assert_refused(&refused, *contender, &id);
        assert_eq!(stage.look.lock_id(KEY), id, "{contender} leaves the lock as it is");
        assert_eq!(stage.look.scan(), scan, "{contender} leaves the lock as it is");
        assert_eq!(stage.look.object(KEY), before, "{contender} leaves the state as it is");
        let by_hand = stage.look.lock(KEY, &format!("by-hand-after-{contender}"));
        assert_eq!(by_hand, 423, "LOCK by hand is refused too");
    }
    holder.finish().succeeded();
    assert_eq!((stage.serial(KEY), stage.revision()), (2, "holder".to_owned()));
    stage.look.assert_free(KEY);
    for (serial, (contender, project)) in (3_u64..).zip(&contenders) {
        project.apply(&["-var", &revision(&contender.to_string())]).succeeded();
        assert_eq!((stage.serial(KEY), stage.revision()), (serial, contender.to_string()));
        stage.look.assert_free(KEY);
    }
}

#[test]
fn p1_a_lockfile_client_excludes_every_kind() {
    a_holder_excludes_every_kind(Backend::Lockfile);
}

#[test]
fn p1_a_lock_table_client_excludes_every_kind() {
    a_holder_excludes_every_kind(Backend::LockTable);
}

#[test]
fn p1_p5_a_dual_client_excludes_every_kind() {
    a_holder_excludes_every_kind(Backend::Dual);
}

#[test]
fn p1_an_http_client_excludes_every_kind() {
    a_holder_excludes_every_kind(Backend::Http);
}
