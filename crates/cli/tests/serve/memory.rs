//! Memory stays bounded, whatever clients send and however slowly they read.
//!
//! The kernel keeps the peak of each process (`VmHWM`). The bound for a state of 100 MB is at most
//! 64 MiB above the idle server. It is asserted for the debug build too.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use statelock_testkit::server_process::wait_until;

use crate::stage::Stage;
use crate::wire::Connection;

const MIB: usize = 1 << 20;
const STATE_BYTES: usize = 100_000_000;
const BOUND_KIB: usize = 64 * 1024;

/// One of these tests at a time: they load both cores and move much data.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A repeatable body: text that shrinks, or bytes that do not.
struct Source {
    compressible: bool,
    state: u64,
}

impl Source {
    fn new(compressible: bool) -> Self {
        Self { compressible, state: 0x9E37_79B9_7F4A_7C15 }
    }

    /// The next `length` bytes; the same pieces in the same order are the same bytes.
    fn piece(&mut self, length: usize) -> Vec<u8> {
        if self.compressible {
            return b"{\"mode\": \"managed\", \"type\": \"terraform_data\"},\n"
                .iter()
                .copied()
                .cycle()
                .take(length)
                .collect();
        }
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            bytes.extend_from_slice(&self.state.to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// Uploads `size` bytes piece by piece.
fn upload(mut connection: Connection, target: &str, size: usize, compressible: bool) -> u16 {
    connection.send_head("PUT", target, &format!("Content-Length: {size}\r\n"));
    let mut source = Source::new(compressible);
    let mut left = size;
    while left > 0 {
        let piece = source.piece(left.min(MIB));
        connection.send(&piece).expect("the body can be sent");
        left -= piece.len();
    }
    connection.answer().status
}

/// Reads what is left of a body and compares all of it.
fn download(connection: &mut Connection, size: usize, compressible: bool) {
    let mut source = Source::new(compressible);
    let mut left = size;
    while left > 0 {
        let expected = source.piece(left.min(MIB));
        let mut piece = Vec::with_capacity(MIB);
        connection.read_body(expected.len(), &mut |bytes| piece.extend_from_slice(bytes));
        assert!(piece == expected, "the body differs {left} bytes before its end");
        left -= piece.len();
    }
}

/// The server's peak of resident memory so far.
fn peak_kib(stage: &Stage) -> usize {
    status_kib(stage, "VmHWM:")
}

fn status_kib(stage: &Stage, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.pid()));
    let status = status.expect("the server's memory can be read");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A server that has served a little of everything, and its peak then.
fn idle() -> (Stage, usize) {
    let stage = Stage::start(&[]);
    stage.put("warm/terraform.tfstate", "{}");
    stage.get("warm/terraform.tfstate").expect("it is there");
    let peak = peak_kib(&stage);
    (stage, peak)
}

fn assert_bounded(stage: &Stage, idle_kib: usize, bound_kib: usize, what: &str) {
    let grown = peak_kib(stage).saturating_sub(idle_kib);
    assert!(grown <= bound_kib, "{what} took {grown} KiB above {idle_kib} KiB");
}

fn a_hundred_megabytes(compressible: bool) {
    let _turn = turn();
    let (stage, idle_kib) = idle();
    let status = upload(stage.connect(), &stage.presigned("PUT", "big"), STATE_BYTES, compressible);
    assert_eq!(status, 200);
    assert_bounded(&stage, idle_kib, BOUND_KIB, "writing 100 MB");
    let mut connection = stage.connect();
    connection.send_head("GET", &stage.presigned("GET", "big"), "");
    assert_eq!(connection.answer_head().0, 200);
    download(&mut connection, STATE_BYTES, compressible);
    assert_bounded(&stage, idle_kib, BOUND_KIB, "and reading it");
}

#[test]
fn a_hundred_megabytes_of_text_fit_in_bounded_memory() {
    a_hundred_megabytes(true);
}

#[test]
fn a_hundred_incompressible_megabytes_fit_in_bounded_memory() {
    a_hundred_megabytes(false);
}

#[test]
fn eight_uploads_at_a_time_fit_in_bounded_memory() {
    let _turn = turn();
    let (stage, idle_kib) = idle();
    let targets: Vec<_> =
        (0..8).map(|number| stage.presigned("PUT", &format!("state-{number}"))).collect();
    std::thread::scope(|scope| {
        let uploads: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(|| upload(stage.connect(), target, 20_000_000, false)))
            .collect();
        for upload in uploads {
            assert_eq!(upload.join().expect("the upload ends"), 200);
        }
    });
    assert_bounded(&stage, idle_kib, 160 * 1024, "eight uploads of 20 MB");
}

#[test]
fn readers_that_do_not_read_cost_little() {
    let _turn = turn();
    let (stage, _) = idle();
    let status = upload(stage.connect(), &stage.presigned("PUT", "big"), STATE_BYTES, false);
    assert_eq!(status, 200);
    let before_kib = peak_kib(&stage);
    let target = stage.presigned("GET", "big");
    let mut readers: Vec<_> = (0..8)
        .map(|_| {
            let mut connection = stage.connect();
            connection.send_head("GET", &target, "");
            assert_eq!(connection.answer_head().0, 200);
            connection
        })
        .collect();
    await_standstill(&stage);
    assert_bounded(&stage, before_kib, BOUND_KIB, "eight readers that do not read");
    download(readers.last_mut().expect("a reader"), STATE_BYTES, false);
}

/// Waits until the server has read no more from its files for half a second.
fn await_standstill(stage: &Stage) {
    let path = format!("/proc/{}/io", stage.pid());
    let (mut seen, mut same) = (String::new(), 0);
    let stands = wait_until(Duration::from_secs(30), || {
        let now = std::fs::read_to_string(&path).expect("the server's counters can be read");
        same = if now == seen { same + 1 } else { 0 };
        seen = now;
        (same >= 25).then_some(())
    });
    assert!(stands.is_some(), "the server reads on for a client that does not");
}
