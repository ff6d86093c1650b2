//! Two checkouts of one root module, in neighbouring phases of a migration: never both inside.

use std::path::PathBuf;

use statelock_testkit::real_clients::terraform::verify_chain;

use crate::client::Client;
use crate::stage::Stage;

/// An apply that stays inside until a file is there (or a minute has passed), and logs what it replaces.
pub(crate) const HOLDING: &str = r#"
terraform {
  required_version = ">= 1.10"
}

variable "revision" {
  default = "zero"
}

resource "terraform_data" "link" {
  input            = var.revision
  triggers_replace = var.revision
  provisioner "local-exec" {
    command = "echo start ${self.input} >> $CHAIN; touch $INSIDE; n=0; until [ -e $RELEASE ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done; echo end ${self.input} >> $CHAIN"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo replace ${self.input} >> $CHAIN"
  }
}
"#;

fn signs(stage: &Stage) -> [PathBuf; 3] {
    ["chain", "inside", "release"].map(|name| stage.path().join(name))
}

/// Lets the applies of a client go through without waiting.
pub(crate) fn let_pass(stage: &Stage, client: &mut Client) {
    let [chain, inside, release] = signs(stage);
    std::fs::write(&release, "").expect("a file");
    for (name, path) in [("CHAIN", chain), ("INSIDE", inside), ("RELEASE", release)] {
        client.set_env(name, &path.display().to_string());
    }
}

/// While one is inside, the other is refused; both ways.
#[track_caller]
pub(crate) fn exclude_each_other(stage: &Stage, clients: [(&Client, &str); 2]) {
    let [_, inside, release] = signs(stage);
    let [one, other] = clients;
    for ((holder, revision), (refused, other_revision)) in [(one, other), (other, one)] {
        for sign in [&inside, &release] {
            std::fs::remove_file(sign).ok();
        }
        let mut working = holder.apply(&format!("{revision}-holds"));
        working.await_file(&inside);
        let said = refused.apply(&format!("{other_revision}-intrudes")).end();
        assert!(said.is_locked_out(), "on {}: {said:?}", stage.name());
        std::fs::write(&release, "").expect("a file");
        working.end().ended(0);
    }
    no_two_inside(stage);
}

/// Both apply at once, again and again. Which of them is refused is chance; that both are inside must not be.
#[track_caller]
pub(crate) fn race(stage: &Stage, clients: [(&Client, &str); 2]) {
    for round in 0..2 {
        let apply =
            |(client, name): (&Client, &str)| client.apply(&format!("{name}-races-{round}"));
        let both = clients.map(apply).map(crate::client::Working::end);
        assert!(both.iter().any(|said| said.code == Some(0)), "{both:?}");
        for said in &both {
            assert!(said.code == Some(0) || said.is_locked_out(), "on {}: {said:?}", stage.name());
        }
    }
    no_two_inside(stage);
}

/// Applies one after the other make a chain in which each replaces the one before.
#[track_caller]
fn no_two_inside(stage: &Stage) {
    let [chain, _, _] = signs(stage);
    let log = std::fs::read_to_string(chain).expect("a log");
    assert_eq!(verify_chain(&log).map(|links| links > 0), Ok(true));
}
