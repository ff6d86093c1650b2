//! Clients of all kinds write one state in turn.

use statelock_testkit::fault_proxy::{FaultProxy, Request};
use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{KEY, Stage, code, heavy};

/// Each apply changes all units; each round adds one.
const UNITS: &str = r#"
variable "revision" { default = "none" }
variable "units" { default = 0 }
resource "terraform_data" "unit" {
  count = var.units
  input = var.revision
}
"#;
const ROUNDS: usize = 20;
/// The order in which the kinds take turns.
const ORDER: [Backend; 4] = [Backend::Http, Backend::Lockfile, Backend::LockTable, Backend::Dual];

/// Whether a client looks at the digest when it reads the state.
fn reads_digest(kind: Backend) -> bool {
    match kind {
        Backend::LockTable | Backend::Dual => true,
        Backend::Lockfile | Backend::Http => false,
    }
}

/// How often digests were read and written. A client that meets a wrong digest reads it six times.
fn digest_requests(requests: &[Request]) -> (usize, usize) {
    let count = |operation: &str| {
        requests.iter().filter(|r| r.operation == operation && r.body.contains("Digest")).count()
    };
    (count("GetItem"), count("PutItem"))
}

#[test]
fn p7_p8_twenty_rounds_of_four_kinds_in_turn() {
    let _turn = heavy();
    let Some(stage) = Stage::new("mixed writers in turn") else {
        return;
    };
    let proxy = FaultProxy::start(stage.server.address());
    let clients =
        ORDER.map(|kind| (kind, stage.project_through(&proxy.endpoint(), kind, KEY, UNITS)));
    let before = digest_requests(&proxy.requests());
    let (mut serial, mut lineage) = (0_u64, None);
    let (mut reads, mut writes) = before;
    for round in 1..=ROUNDS {
        for (kind, client) in &clients {
            let (revision, units) = (format!("revision={round}-{kind}"), format!("units={round}"));
            client.apply(&["-var", &revision, "-var", &units]).succeeded();
            serial += 1;
            let stored = stage.state(KEY);
            assert_eq!(stored["serial"], serial, "{kind} in round {round}");
            let first = lineage.get_or_insert_with(|| stored["lineage"].clone());
            assert_eq!(stored["lineage"], *first, "{kind} in round {round}");
            let of_kind = usize::from(reads_digest(*kind));
            (reads, writes) = (reads + of_kind, writes + of_kind);
            let seen = digest_requests(&proxy.requests());
            assert_eq!(seen, (reads, writes), "{kind} in round {round}: digests read and written");
        }
    }
    let stored = stage.state(KEY);
    let instances = stored["resources"][0]["instances"].as_array().expect("instances");
    assert_eq!(instances.len(), ROUNDS);
    for (kind, client) in &clients {
        let last = ["-var", "revision=20-both", "-var", "units=20"];
        let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
        let settled = client.run(&[&plan[..], &last].concat());
        assert_eq!(code(&settled), Some(0), "{kind}: {settled}");
    }
    stage.look.assert_free(KEY);
}
