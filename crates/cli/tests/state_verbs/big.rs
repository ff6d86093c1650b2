//! A state of 100 MB, in bounded memory.

use std::process::Child;
use std::time::Duration;

use statelock_testkit::server_process::wait_until;

use crate::stage::{KEY, Stage};

const SIZE_BYTES: usize = 100_000_000;
/// What a large state may take above a small one. The program itself is large in a debug build.
const ABOVE_KIB_MAX: u64 = 48 * 1024;
const END_BOUND: Duration = Duration::from_mins(3);

/// Waits for the end; the peak of its resident memory.
fn peak_kib(child: &mut Child) -> u64 {
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = wait_until(END_BOUND, || {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        // The kernel keeps the peak; only that of its last moments can be missed.
        if let Some(kib) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()) {
            peak = kib;
        }
        child.try_wait().expect("it can be asked")
    });
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    assert!(peak > 0, "its memory was seen");
    peak
}

#[test]
fn a_hundred_megabytes_are_pushed_and_pulled_in_bounded_memory() {
    let stage = Stage::statelock(&[]);
    let line = "{\"mode\":\"managed\",\"type\":\"terraform_data\",\"name\":\"n\",\"instances\":[{\"schema_version\":0}]},\n";
    let mut bytes = b"{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\"L\",\"resources\":[\n".to_vec();
    while bytes.len() < SIZE_BYTES {
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.extend_from_slice(b"{}]}");
    let file = stage.scratch.path().join("big.tfstate");
    std::fs::write(&file, &bytes).expect("a file");
    let (address, file) = (Stage::address(KEY), file.display().to_string());

    let small = stage.scratch.path().join("small.tfstate");
    std::fs::write(&small, b"{\"version\":4,\"serial\":1,\"lineage\":\"S\",\"resources\":[]}")
        .expect("a file");
    let (elsewhere, small) = (Stage::address("small.tfstate"), small.display().to_string());
    let push = |address: &str, file: &str| {
        peak_kib(&mut stage.spawn(&stage.endpoint(), &["state", "push", address, file]))
    };
    let max = push(&elsewhere, &small) + ABOVE_KIB_MAX;
    let peak = push(&address, &file);
    assert!(peak <= max, "the push took {peak} KiB");
    assert!(stage.object(KEY).as_ref() == Some(&bytes), "the bytes differ");

    let printed = stage.scratch.path().join("printed.tfstate");
    let output = std::fs::File::create(&printed).expect("a file");
    let mut pull = stage.command(&stage.endpoint(), &["state", "pull", &address]);
    let peak = peak_kib(&mut pull.stdout(output).spawn().expect("it starts"));
    assert!(peak <= max, "the pull took {peak} KiB");
    assert!(std::fs::read(&printed).expect("a file") == bytes, "the bytes differ");
    stage.assert_free();
}
