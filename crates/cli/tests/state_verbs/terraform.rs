//! The real terraform on the same state: it reads what we write, and we what it writes.

use statelock_testkit::real_clients::terraform::{Backend, Terraform, TerraformProject};

use crate::stage::{BUCKET, KEY, MODES, Stage};

const CONFIG: &str = "variable \"v\" { default = \"0\" }\n\
    resource \"terraform_data\" \"kept\" { input = var.v }\n\
    output \"o\" { value = var.v }\n";

const KINDS: [Backend; 3] = [Backend::Lockfile, Backend::LockTable, Backend::Dual];

fn project(stage: &Stage, terraform: &Terraform, kind: Backend) -> TerraformProject {
    let env = stage.env(&stage.endpoint());
    let project = TerraformProject::with_backend(kind, terraform, &env, BUCKET, KEY, CONFIG);
    project.init();
    project
}

fn serial(bytes: &[u8]) -> u64 {
    let state: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    state["serial"].as_u64().expect("a serial")
}

#[test]
fn p8_p11_terraform_and_we_read_what_the_other_wrote_in_each_mode() {
    let Some(terraform) = Terraform::find("states: both directions") else { return };
    for (kind, options) in KINDS.into_iter().zip(MODES) {
        for stage in Stage::all(&format!("both directions, {kind}")) {
            let project = project(&stage, &terraform, kind);
            project.apply(&["-var", "v=1"]).succeeded();
            let theirs = stage.object(KEY).expect("a state");
            let pulled = stage.pull(options);
            assert_eq!(pulled.ended(0, "").stdout, theirs, "{kind} on {}", stage.name());

            let text = String::from_utf8(theirs.clone()).expect("text");
            let before = format!("\"serial\": {}", serial(&theirs));
            let ours = text
                .replace(&before, "\"serial\": 41")
                .replace("\"value\": \"1\"", "\"value\": \"ours\"");
            stage.push(ours.as_bytes(), options).ended(0, "stored serial 41");
            assert_eq!(stage.object(KEY).as_deref(), Some(ours.as_bytes()));
            // Terraform compares the digest where there is a lock table.
            let output = project.run(&["output", "-no-color", "-raw", "o"]);
            assert_eq!(output.succeeded().stdout, "ours", "{kind} on {}", stage.name());
            project.apply(&["-var", "v=2"]).succeeded();
            assert_eq!(serial(&stage.pull(options).ended(0, "").stdout), 42);
            stage.assert_free();
        }
    }
}

#[test]
fn a_restored_state_is_one_that_terraform_goes_on_from() {
    let Some(terraform) = Terraform::find("states: restore") else { return };
    for (kind, options) in KINDS.into_iter().zip(MODES) {
        let stage = Stage::statelock(&[]);
        let project = project(&stage, &terraform, kind);
        for value in ["v=1", "v=2", "v=3"] {
            project.apply(&["-var", value]).succeeded();
        }
        let before = serial(&stage.object(KEY).expect("a state"));
        let address = Stage::address(KEY);
        let listed = stage.run(&["state", "list-versions", &address, "--json"]);
        let listed: serde_json::Value =
            serde_json::from_slice(&listed.ended(0, "").stdout).expect("JSON");
        let versions = listed["versions"].as_array().expect("a list");
        let first = versions.last().expect("a version")["version_id"].as_str().expect("an id");
        let args = ["state", "restore", &address, "--version-id", first, "--yes"];
        stage.run(&[&args, options].concat()).ended(0, "stored serial");
        assert_eq!(serial(&stage.object(KEY).expect("a state")), before + 1);
        let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode", "-var", "v=1"];
        let planned = project.run(&plan);
        let code = planned.status.and_then(|status| status.code());
        assert_eq!(code, Some(0), "{kind}: nothing is to be changed: {planned}");
        project.apply(&["-var", "v=4"]).succeeded();
        stage.assert_free();
    }
}
