//! What a proof that `verify` notes is good for.

use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{DUAL, DUAL_OPTIONS, Stage};

const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 67\r\n\r\n\
                      <Error><Code>AccessDenied</Code><Message>not you</Message></Error>\n";

fn has_record(stage: &Stage) -> bool {
    stage.path().join("live/.statelock/record.json").exists()
}

fn unit(stage: &Stage) {
    stage.module("live/b", "b/x.tfstate", DUAL);
    let text = std::fs::read_to_string(stage.path().join("live/b/main.tf")).expect("a module");
    let text = text.replace("terraform {\n", "terraform {\n  required_version = \">= 1.10\"\n");
    stage.write("live/b/main.tf", &text);
    stage.push("b/x.tfstate", 1, &DUAL_OPTIONS);
    stage.push("env:/dev/b/x.tfstate", 1, &DUAL_OPTIONS);
}

#[test]
fn some_workspaces_are_not_the_whole_backend() {
    for stage in Stage::all("proofs of some workspaces") {
        unit(&stage);
        let one = stage.run(&["migrate", "verify", "live", "--workspace", "dev"]);
        one.ended_saying(0, "not noted in the record: only what --workspace names was tried");
        assert!(!has_record(&stage), "on {}", stage.name());

        let proxy = stage.proxy();
        let lists = |request: &Request| request.path.contains("list-type=2");
        proxy.inject_on(Fault::Answer(DENIED), 99, lists);
        let unlisted = stage.run_through(&proxy, &["migrate", "verify", "live"]);
        unlisted.ended_saying(
            0,
            "not noted in the record: there may be workspaces that were not tried",
        );
        assert!(!has_record(&stage), "on {}", stage.name());

        stage.run(&["migrate", "verify", "live", "--json"]).ended_saying(0, "\"recorded\":true");
    }
}

#[test]
fn a_proof_elsewhere_is_none_here() {
    let stage = Stage::statelock();
    unit(&stage);
    let plan = ["migrate", "plan", "live", "--phase", "s3"];
    let proxy = stage.proxy();
    let elsewhere = ["migrate", "verify", "live", "--endpoint-url", &proxy.endpoint()];
    stage.run(&elsewhere).ended_saying(0, "1 verified");
    let refused = stage.run(&plan);
    assert!(refused.stdout.contains("not_verified"), "{refused:?}");
    let said = format!("was seen to succeed on {}", proxy.endpoint());
    assert!(refused.stdout.contains(&said), "{refused:?}");
    let status = stage.run(&["migrate", "status", "live", "--json"]).ended_saying(0, "").json();
    assert_eq!(status["units"][0]["verified"], serde_json::Value::Null, "{status}");

    stage.run(&["migrate", "verify", "live"]).ended_saying(0, "1 verified");
    let allowed = stage.run(&plan);
    assert!(!allowed.stdout.contains("not_verified"), "{allowed:?}");
    let status = stage.run(&["migrate", "status", "live", "--json"]).ended_saying(0, "").json();
    assert!(status["units"][0]["verified"].is_string(), "{status}");
    // Nor is one with another table.
    let text = std::fs::read_to_string(stage.path().join("live/b/main.tf")).expect("a module");
    stage.write("live/b/main.tf", &text.replace("terraform-locks", "other-locks"));
    assert!(stage.run(&plan).stdout.contains("not_verified"), "another table");
}
