//! Every command of a page for people in a hurry is run here, in the order of the page.

use std::process::{Command, Stdio};

use statelock_testkit::real_clients::terraform::Terraform;

use crate::client::Client;
use crate::stage::{BUCKET, DUAL, NOTHING, Stage};

const PAGE: &str = include_str!("../../../../docs/operations/stuck-lock.md");
/// The lock ID on the page.
const ID: &str = "b2ab04a4-a956-ac32-e02a-5a0a53501810";

const CONFIG: &str = "resource \"terraform_data\" \"unit\" {\n  input = 1\n}\n";

/// The commands on the page, in order.
fn commands() -> Vec<&'static str> {
    PAGE.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")).collect()
}

/// A shell in the Terraform directory.
struct Shell<'a> {
    stage: &'a Stage,
    terraform: &'a Terraform,
    left: Vec<&'static str>,
}

impl Shell<'_> {
    /// Runs the next command of the page, about this lock; it has to end so and say so.
    #[track_caller]
    fn next(&mut self, id: &str, (code, said): (i32, &str)) {
        let command = self.left.remove(0).replace(ID, id);
        let directory = |program: &str| {
            let path = std::path::Path::new(program).parent();
            path.map(|path| path.display().to_string()).unwrap_or_default()
        };
        let terraform = directory(&self.terraform.binary().display().to_string());
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{terraform}:{path}", directory(env!("CARGO_BIN_EXE_statelock")));
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(self.stage.path().join("network"))
            .env_clear()
            .envs(self.stage.env())
            .envs([("AWS_CONFIG_FILE", "/dev/null"), ("TF_CLI_CONFIG_FILE", "/dev/null")])
            .envs([("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0")])
            .env("HOME", self.stage.path())
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let text = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(output.status.code(), Some(code), "{command}: {text:?}");
        assert!(text.iter().any(|text| text.contains(said)), "{command}: {text:?}");
    }
}

/// A lock whose holder was killed.
fn killed_holder(stage: &Stage) -> String {
    let proxy = stage.proxy();
    let running = stage.spawn_through(&proxy, &["lock", "network", "--for", "10m"]);
    running.await_said("keeping the lock");
    running.kill();
    held_id(stage)
}

fn held_id(stage: &Stage) -> String {
    let status = stage.run(&["status", "network", "--json"]).ended_saying(0, "").json();
    status["locks"][0]["lock_id"].as_str().expect("a lock").to_owned()
}

#[test]
fn each_command_about_a_stuck_lock_does_what_the_page_says() {
    let Some(terraform) = Terraform::find("the page about a stuck lock") else { return };
    for stage in Stage::all("the page about a stuck lock") {
        stage.module("network", "network/terraform.tfstate", DUAL);
        stage.write("network/unit.tf", CONFIG);
        let client = Client::new(&stage, &terraform, "network");
        client.init();
        client.run(&["apply", "-auto-approve", "-input=false", "-no-color"]).ended(0);
        let mut shell = Shell { stage: &stage, terraform: &terraform, left: commands() };

        let id = killed_holder(&stage);
        shell.next(&id, (0, "Somebody else holds the lock"));
        shell.next(&id, (0, "Holder:    dead"));
        shell.next(&id, (0, "released"));

        // Nobody holds it now, so that nobody has to be waited for.
        shell.next("", (0, ""));
        let id = killed_holder(&stage);
        shell.next(&id, (0, "Holder:    dead"));
        assert_eq!(stage.locks(), NOTHING);

        stage.write_object("network/terraform.tfstate.tflock", b"");
        shell.next("", (0, "released"));
        let address = format!("s3://{BUCKET}/network/terraform.tfstate");
        let state = stage.run(&["state", "pull", &address]).ended_saying(0, "").json();
        let mut errored = state.clone();
        errored["serial"] = (state["serial"].as_u64().expect("a serial") + 1).into();
        stage.write("network/errored.tfstate", &errored.to_string());
        shell.next("", (0, ""));
        shell.next("", (0, "No changes"));
        shell.next("", (0, "no such lock"));
        assert_eq!(shell.left, [""; 0], "every command of the page");
        assert_eq!(stage.locks(), NOTHING);
    }
}
