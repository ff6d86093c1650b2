//! `--watch`: what changes is told, and nothing else.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use statelock_testkit::fake_store::FakeStore;

use crate::stage::{a_lock, command, holdings};

struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn start(store: &FakeStore, options: &[&str]) -> Self {
        let arguments = [&["s3://tfstate", "--watch=1s"], options].concat();
        let mut command = command(&store.client_env(), &arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        line
    }

    fn event(&mut self) -> (String, String) {
        let line: Value = serde_json::from_str(&self.line()).expect("JSON");
        let text = |name: &str| line[name].as_str().expect("text").to_owned();
        (text("event"), text("address"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn told(event: &str, address: &str) -> (String, String) {
    (event.to_owned(), address.to_owned())
}

#[test]
fn locks_that_come_and_go_are_told() {
    let store = crate::stage::store(holdings(&[("a.tfstate", ""), ("a.tfstate.tflock", "one")]));
    let mut watch = Watch::start(&store, &["--jsonl"]);
    assert_eq!(watch.event(), told("present", "s3://tfstate/a.tfstate"));
    store.change(|bucket| {
        bucket.objects.insert("b.tfstate.tflock".into(), a_lock("two"));
    });
    assert_eq!(watch.event(), told("held", "s3://tfstate/b.tfstate"));
    store.change(|bucket| {
        bucket.objects.remove("a.tfstate.tflock");
    });
    assert_eq!(watch.event(), told("released", "s3://tfstate/a.tfstate"));
    // The same state by another holder is another lock.
    store.change(|bucket| {
        bucket.objects.insert("b.tfstate.tflock".into(), a_lock("three"));
    });
    assert_eq!(watch.event(), told("held", "s3://tfstate/b.tfstate"));
    assert_eq!(watch.event(), told("released", "s3://tfstate/b.tfstate"));
}

#[test]
fn what_cannot_be_seen_for_a_while_is_not_released() {
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let breaks = std::sync::Arc::clone(&broken);
    let order = std::sync::atomic::Ordering::SeqCst;
    let store = FakeStore::start(holdings(&[("a.tfstate.tflock", "one")]), move |asked| {
        (asked.operation == "ListObjectsV2" && breaks.load(order)).then_some((503, "SlowDown"))
    });
    let mut watch = Watch::start(&store, &[]);
    assert!(watch.line().contains("  held"));
    broken.store(true, order);
    let mut errors = BufReader::new(watch.child.stderr.take().expect("a pipe"));
    let mut warning = String::new();
    errors.read_line(&mut warning).expect("a line");
    assert!(warning.starts_with("warning: could not look, and tries again"), "{warning}");
    store.change(|bucket| {
        bucket.objects.insert("b.tfstate.tflock".into(), a_lock("two"));
    });
    broken.store(false, order);
    let next = watch.line();
    assert!(next.contains("+ held") && next.contains("s3://tfstate/b.tfstate"), "{next}");
}
