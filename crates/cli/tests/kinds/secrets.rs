//! Nothing of a state and nothing of the credentials gets into the server's log.

use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{KEY, Stage, heavy, revision};

#[test]
fn no_state_and_no_credentials_are_logged() {
    let _turn = heavy();
    let Some(stage) = Stage::new("secrets in the log") else {
        return;
    };
    let marker = "a-password-in-a-state";
    let (access_key, secret) = stage.server.credentials();
    for kind in Backend::ALL {
        let project = stage.project(kind);
        let holder = stage.hold(&project, &format!("{marker}-{kind}").replace(' ', "-"));
        project.apply(&["-var", &revision(marker)]).failed();
        holder.finish().succeeded();
        project.run(&["state", "pull"]).succeeded().shows(marker);
    }
    assert_eq!(stage.serial(KEY), 4);
    assert_eq!(stage.look.write(KEY, b"a-password-in-no-state").map_err(|_| ()), Err(()));
    let basic = {
        use base64::Engine as _;
        base64::prelude::BASE64_STANDARD.encode(format!("{access_key}:{secret}"))
    };
    let (log, printed) = (stage.server.stderr(), stage.server.stdout());
    assert!(log.lines().count() > 20, "requests are logged: {log}");
    for hidden in [secret.as_str(), &basic, marker, "a-password-in-no-state", "Signature="] {
        assert!(!log.contains(hidden), "{hidden:?} is in the log:\n{log}");
        assert!(!printed.contains(hidden), "{hidden:?} is on stdout:\n{printed}");
    }
}
