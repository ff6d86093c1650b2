//! Bytes go in and come out as they are.

use crate::stage::{KEY, MODES, Stage, state};

#[test]
fn p8_p11_a_state_is_stored_and_printed_byte_for_byte_in_each_mode() {
    for stage in Stage::all("exact bytes") {
        for (serial, options) in (1..).zip(MODES) {
            let bytes = state(serial, "L", stage.name());
            stage.push(&bytes, options).ended(0, &format!("stored serial {serial}, lineage L"));
            assert_eq!(stage.object(KEY).as_ref(), Some(&bytes));
            // With the digest, where there is one: the pull compares it.
            let pulled = stage.pull(options);
            assert_eq!(pulled.ended(0, "").stdout, bytes);
            stage.push(&bytes, options).ended(0, "already stored: serial");
            stage.assert_free();
        }
    }
}

#[test]
fn what_is_no_state_is_not_pushed() {
    let stage = Stage::statelock(&[]);
    let whole = state(1, "L", "x");
    let (half, _) = whole.split_at(40);
    for bytes in [&b""[..], b"hello", b"{}", b"[1]", half] {
        stage.push(bytes, &[]).ended(2, "is not a Terraform state");
    }
    stage.push(b"{\"version\":5,\"serial\":1}", &[]).ended(2, "format version 5");
    let address = Stage::address(KEY);
    stage.run(&["state", "push", &address, "/no/such/file"]).ended(2, "/no/such/file");
    stage.run(&["state", "push", &address, "/tmp"]).ended(2, "could not read `/tmp`");
    assert_eq!(stage.object(KEY), None);
    stage.assert_free();
}

#[test]
fn where_there_is_no_state_nothing_is_printed() {
    for stage in Stage::all("no state") {
        let pulled = stage.pull(&[]);
        assert!(pulled.ended(6, "there is no state").stdout.is_empty());
        stage.write(KEY, b"");
        let pulled = stage.pull(&[]);
        assert!(pulled.ended(6, "the object has no bytes").stdout.is_empty());
        // An object of no bytes is replaced on its own condition.
        stage.push(&state(1, "L", "x"), &[]).ended(0, "stored serial 1");
        assert_eq!(stage.object(KEY), Some(state(1, "L", "x")));
    }
}

#[test]
fn damaged_bytes_are_printed_with_a_warning_and_not_replaced_without_force() {
    let Some(stage) = Stage::moto("damaged bytes") else { return };
    let damaged = b"{\"version\":4,\"serial\":1,\"lineage\":\"L\",\"outp";
    stage.write(KEY, damaged);
    let pulled = stage.pull(&[]);
    assert_eq!(pulled.ended(0, "warning: damaged state").stdout, damaged);
    stage.push(&state(2, "L", "x"), &[]).ended(11, "no state that can be judged");
    assert_eq!(stage.object(KEY).as_deref(), Some(&damaged[..]));
    stage.push(&state(2, "L", "x"), &["--force"]).ended(0, "warning: --force");
    assert_eq!(stage.object(KEY), Some(state(2, "L", "x")));
    stage.assert_free();
}

#[test]
fn p8_a_state_with_another_digest_is_not_printed_and_pushing_it_again_repairs() {
    let Some(stage) = Stage::moto("digests") else { return };
    let options = MODES[1];
    stage.push(&state(1, "L", "x"), options).ended(0, "stored");
    // Somebody writes without the lock table.
    let bytes = state(2, "L", "y");
    stage.push(&bytes, &[]).ended(0, "stored");
    let pulled = stage.pull(options);
    assert!(pulled.ended(11, "does not have the digest").stdout.is_empty());
    assert!(pulled.stderr.contains("--ignore-digest"), "{}", pulled.stderr);
    let ignored = stage.pull(&[options, &["--ignore-digest"]].concat());
    assert_eq!(ignored.ended(0, "warning: the lock table has the digest").stdout, bytes);
    stage.push(&bytes, options).ended(0, "wrote its digest");
    assert_eq!(stage.pull(options).ended(0, "").stdout, bytes);
    // A digest of a state that is gone.
    stage.delete(KEY);
    stage.pull(options).ended(11, "none: there is no state");
    stage.assert_free();
}
