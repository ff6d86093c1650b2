//! A holder dies with SIGKILL in mid-apply: its lock stays until somebody removes that very lock.

use crate::contention::Holder;
use crate::stage::{Stage, heavy};

#[test]
fn p4_only_the_right_id_frees_the_lock_of_a_killed_apply() {
    let _turn = heavy();
    let Some(stage) = Stage::new("killed apply and force-unlock") else {
        return;
    };
    let key = "killed/terraform.tfstate";
    let (project, running, release) = Holder::start(&stage, key).into_parts();
    let id = stage.lock_id(key);
    running.kill_hard();
    Holder::release(&release); // the command that the dead apply had started ends too
    assert_eq!(stage.lock_id(key), id, "a dead holder's lock stays");

    let refused = project.apply(&["-var", "revision=next"]);
    refused.failed().shows("Error acquiring the state lock").shows(&format!("ID: {id}"));

    let wrong_id = "00000000-0000-0000-0000-000000000000";
    let wrong = project.run(&["force-unlock", "-force", wrong_id]);
    wrong.failed().shows("does not match the existing lock ID");
    assert_eq!(stage.lock_id(key), id, "the wrong ID leaves the lock");

    let right = project.run(&["force-unlock", "-force", &id]);
    right.succeeded().shows("Terraform state has been successfully unlocked!");
    stage.assert_no_lock();

    project.apply(&["-var", "revision=next"]).succeeded();
    assert_eq!(stage.serial(key), 1);
    stage.assert_no_lock();
}
