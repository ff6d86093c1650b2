//! Each kind of client is killed with SIGKILL while it holds the lock, and each kind force-unlocks.

use statelock_testkit::real_clients::terraform::{Backend, Output, TerraformProject};

use crate::stage::{KEY, Stage, assert_refused, code, heavy, revision};

const WRONG_ID: &str = "00000000-0000-0000-0000-000000000000";

/// What `force-unlock` of this kind ends with where the lock was taken by that kind.
///
/// A dual client frees the lock with the first of its two releases, unless a dual client took it; then it
/// finds nothing under its second name, and says so.
fn exit_code(forcer: Backend, orphan: Backend) -> i32 {
    match (forcer, orphan) {
        (Backend::Dual, Backend::Lockfile | Backend::LockTable | Backend::Http) => 1,
        (Backend::Dual, Backend::Dual)
        | (Backend::Lockfile | Backend::LockTable | Backend::Http, _) => 0,
    }
}

fn force_unlock(project: &TerraformProject, id: &str) -> Output {
    project.run(&["force-unlock", "-force", "-no-color", id])
}

/// Asserts that a wrong ID is refused and frees nothing.
fn assert_wrong_id_frees_nothing(stage: &Stage, forcer: Backend, project: &TerraformProject) {
    match forcer {
        // Terraform sends no ID over HTTP, so there is nothing that the server could refuse.
        Backend::Http => {}
        Backend::Lockfile | Backend::LockTable | Backend::Dual => {
            let id = stage.look.lock_id(KEY);
            force_unlock(project, WRONG_ID).failed().shows("does not match");
            assert_eq!(stage.look.lock_id(KEY), id, "{forcer}: the wrong ID leaves the lock");
        }
    }
}

/// An orphan of this kind is force-unlocked by all four, one after the other.
fn every_kind_frees_an_orphan(orphan: Backend) {
    let _turn = heavy();
    let Some(stage) = Stage::new(&format!("orphans of {orphan}")) else {
        return;
    };
    let holder = stage.project(orphan);
    let clients = Backend::ALL.map(|kind| (kind, stage.project(kind)));
    for (number, (forcer, project)) in clients.iter().enumerate() {
        let (third, next) = clients
            .iter()
            .find(|(kind, _)| *kind != orphan && kind != forcer)
            .expect("a third kind of client");
        stage.hold(&holder, &format!("orphan-{number}")).kill();
        let id = stage.look.lock_id(KEY);
        let serial = stage.serial(KEY);
        assert_refused(&next.apply(&[]), *third, &id);
        assert_wrong_id_frees_nothing(&stage, *forcer, project);

        let forced = force_unlock(project, &id);
        assert_eq!(code(&forced), Some(exit_code(*forcer, orphan)), "{forcer}: {forced}");
        if orphan != Backend::Dual || *forcer == Backend::Http {
            assert_eq!(stage.look.scan(), [], "{forcer}: the lock table shows no lock at once");
            assert_eq!(
                stage.look.object(&format!("{KEY}.tflock")),
                None,
                "{forcer}: nor the bucket"
            );
        }
        // The third needs no -lock-timeout, even if half of the lock is still being given back.
        next.apply(&["-var", &revision(&format!("after-{forcer}"))]).succeeded();
        stage.look.assert_free(KEY);
        assert_eq!(stage.serial(KEY), serial + 1, "{forcer}, then {third}");
        assert_eq!(stage.revision(), format!("after-{forcer}"));
    }
}

#[test]
fn p4_every_kind_frees_the_orphan_of_a_lockfile_client() {
    every_kind_frees_an_orphan(Backend::Lockfile);
}

#[test]
fn p4_every_kind_frees_the_orphan_of_a_lock_table_client() {
    every_kind_frees_an_orphan(Backend::LockTable);
}

#[test]
fn p4_p5_every_kind_frees_the_orphan_of_a_dual_client() {
    every_kind_frees_an_orphan(Backend::Dual);
}

#[test]
fn p4_every_kind_frees_the_orphan_of_an_http_client() {
    every_kind_frees_an_orphan(Backend::Http);
}

#[test]
fn terraform_over_http_frees_the_lock_with_any_id_and_the_log_says_so() {
    let _turn = heavy();
    let Some(stage) = Stage::new("force-unlock over http with another ID") else {
        return;
    };
    stage.hold(&stage.project(Backend::LockTable), "orphan").kill();
    let id = stage.look.lock_id(KEY);
    force_unlock(&stage.project(Backend::Http), WRONG_ID).succeeded();
    stage.look.assert_free(KEY);
    let log = stage.server.stderr();
    assert!(log.contains("lock removed by force") && log.contains(&id), "{log}");
}
