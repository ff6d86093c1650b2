//! States and both kinds of lock, on one line each.

use serde_json::{Value, json};
use statelock_testkit::fake_store::Holdings;

use crate::stage::{a_lock, holdings, item, lock_info, ls, store};

const TABLE: [&str; 2] = ["--dynamodb-table", "locks"];

fn with_table(objects: &[(&str, &str)], items: &[(&str, &str)]) -> Holdings {
    let items = items.iter().map(|(key, id)| ((*key).to_owned(), item(id))).collect();
    Holdings { items, ..holdings(objects) }
}

/// Key, whether there is a state, facets by lock ID, whether half.
fn told(line: &Value) -> Value {
    let locks = line["locks"].as_array().expect("locks");
    let locks: Vec<_> = locks.iter().map(|lock| json!([lock["facets"], lock["id"]])).collect();
    json!([line["key"], line["exists"], locks, line["half"]])
}

fn listed(holdings: Holdings, options: &[&str]) -> Vec<Value> {
    let store = store(holdings);
    let arguments = [&["s3://tfstate", "--jsonl"], options].concat();
    let said = ls(&store.client_env(), &arguments).ended(0);
    said.lines().iter().map(told).collect()
}

#[test]
fn a_state_is_shown_with_its_lockfile_whatever_stands_between() {
    let objects = [
        ("a/b.tfstate", ""),
        ("a/b.tfstate-old", ""),
        ("a/b.tfstate.bak", ""),
        ("a/b.tfstate.tflock", "one"),
        ("a/free.tfstate", ""),
        ("new.tfstate.tflock", "two"),
        ("notes.txt", ""),
        ("plain", ""),
        ("plain.tflock", "three"),
    ];
    assert_eq!(
        listed(holdings(&objects), &[]),
        [
            json!(["a/b.tfstate", true, [[["lockfile"], "one"]], false]),
            json!(["a/free.tfstate", true, [], false]),
            json!(["new.tfstate", false, [[["lockfile"], "two"]], false]),
            json!(["plain", true, [[["lockfile"], "three"]], false]),
        ]
    );
    let all = listed(holdings(&objects), &["--all"]);
    let keys: Vec<_> = all.iter().map(|line| line[0].as_str().expect("a key")).collect();
    let more = ["a/b.tfstate-old", "a/b.tfstate.bak", "notes.txt"];
    assert_eq!(all.len(), 7);
    assert!(more.iter().all(|key| keys.contains(key)), "{keys:?}");
}

#[test]
fn both_kinds_of_lock_are_joined_and_digests_are_no_locks() {
    let mut holdings = with_table(
        &[("both.tfstate", ""), ("both.tfstate.tflock", "one"), ("free.tfstate", "")],
        &[("tfstate/both.tfstate", "one"), ("tfstate/gone.tfstate", "two"), ("other/x", "three")],
    );
    let digest = vec![("Digest", "d41d8cd98f00b204e9800998ecf8427e".to_owned())];
    holdings.items.insert("tfstate/free.tfstate-md5".into(), digest);
    // A lock on a state whose key only looks like a digest's.
    holdings.items.insert("tfstate/odd-md5".into(), item("four"));
    holdings.items_per_page = 2;
    let store = store(holdings);
    let arguments = [&["s3://tfstate", "--jsonl"][..], &TABLE].concat();
    let said = ls(&store.client_env(), &arguments).ended(0);
    assert_eq!(
        said.lines().iter().map(told).collect::<Vec<_>>(),
        [
            json!(["both.tfstate", true, [[["lockfile", "lock_table"], "one"]], false]),
            json!(["free.tfstate", true, [], false]),
            json!(["gone.tfstate", false, [[["lock_table"], "two"]], false]),
            json!(["odd-md5", false, [[["lock_table"], "four"]], false]),
        ]
    );
    assert!(said.stderr.contains("1 lock of other buckets in the lock table"), "{}", said.stderr);
    assert_eq!(store.count("Scan"), 3);
}

#[test]
fn half_locks_are_marked_where_both_kinds_are_asked_for() {
    let bucket = || {
        with_table(
            &[
                ("a.tfstate", ""),
                ("a.tfstate.tflock", "one"),
                ("b.tfstate", ""),
                ("c.tfstate", ""),
                ("c.tfstate.tflock", "three"),
                ("d.tfstate", ""),
                ("d.tfstate.tflock", "five"),
            ],
            &[
                ("tfstate/b.tfstate", "two"),
                ("tfstate/c.tfstate", "four"),
                ("tfstate/d.tfstate", "five"),
            ],
        )
    };
    let dual = [&TABLE[..], &["--use-lockfile"]].concat();
    let two = json!([[["lockfile"], "three"], [["lock_table"], "four"]]);
    assert_eq!(
        listed(bucket(), &dual),
        [
            json!(["a.tfstate", true, [[["lockfile"], "one"]], true]),
            json!(["b.tfstate", true, [[["lock_table"], "two"]], true]),
            json!(["c.tfstate", true, two, true]),
            json!(["d.tfstate", true, [[["lockfile", "lock_table"], "five"]], false]),
        ]
    );
    // Otherwise each state has its own kind of lock, but never two holders.
    let halves: Vec<_> = listed(bucket(), &TABLE).iter().map(|line| line[3].clone()).collect();
    assert_eq!(halves, [false, false, true, false]);
}

#[test]
fn a_lock_that_was_whole_when_looked_at_again_is_no_half() {
    // The item comes after the scan, as when a client takes its lock meanwhile.
    let store = store(with_table(&[("a.tfstate", ""), ("a.tfstate.tflock", "one")], &[]));
    let scanned = store.clone();
    let late = std::thread::spawn(move || {
        let seen = || scanned.count("Scan").checked_sub(1);
        statelock_testkit::server_process::wait_until(std::time::Duration::from_secs(20), seen);
        scanned.change(|holdings| {
            holdings.items.insert("tfstate/a.tfstate".into(), item("one"));
        });
    });
    let arguments = ["s3://tfstate", "--jsonl", "--use-lockfile", TABLE[0], TABLE[1]];
    let said = ls(&store.client_env(), &arguments).ended(0);
    late.join().expect("it was changed");
    let line = told(said.lines().first().expect("a line"));
    let half = json!(["a.tfstate", true, [[["lockfile"], "one"]], true]);
    let whole = json!(["a.tfstate", true, [[["lockfile", "lock_table"], "one"]], false]);
    assert!(line == whole || line == half, "{line}");
    assert_eq!(store.count("GetItem"), 1, "what seems half is looked at again");
}

#[test]
fn odd_keys_are_what_they_are() {
    let keys = [
        "a b/ü ö.tfstate",
        "env:/dev+eu/a%20b.tfstate",
        "日本/terraform.tfstate",
        "q?a=1&b#c.tfstate",
        "tab\there.tfstate",
        "one\u{1}two.tfstate",
    ];
    let mut objects: Vec<_> = keys.iter().map(|key| ((*key).to_owned(), Vec::new())).collect();
    for (number, key) in keys.iter().enumerate() {
        objects.push((format!("{key}.tflock"), a_lock(&format!("id-{number}"))));
    }
    // A lockfile of nothing, and the end of a digest's key.
    objects.push((".tflock".into(), Vec::new()));
    objects.push(("x/.tflock".into(), Vec::new()));
    objects.push(("x-md5".into(), Vec::new()));
    let store = store(Holdings { objects: objects.into_iter().collect(), ..Holdings::default() });
    let said = ls(&store.client_env(), &["s3://tfstate", "--jsonl"]).ended(0);
    let mut expected: Vec<_> = keys.iter().map(ToString::to_string).collect();
    expected.sort();
    assert_eq!(said.keys(), expected);
    for line in said.lines() {
        let number = keys.iter().position(|key| line["key"] == *key).expect("one of ours");
        assert_eq!(line["locks"][0]["id"], format!("id-{number}"), "{line}");
    }
    let text = ls(&store.client_env(), &["s3://tfstate"]).ended(0).stdout;
    assert_eq!(text.lines().count(), 1 + keys.len(), "{text}");
    assert!(text.contains("tab\\there.tfstate") && !text.contains('\u{1}'), "{text}");
}

#[test]
fn a_store_that_does_not_encode_keys_is_understood_too() {
    let plain = Holdings {
        is_plain: true,
        ..holdings(&[("a+b %20.tfstate", ""), ("a+b %20.tfstate.tflock", "one")])
    };
    let expected = json!(["a+b %20.tfstate", true, [[["lockfile"], "one"]], false]);
    assert_eq!(listed(plain, &[]), [expected]);
}

#[test]
fn locks_that_cannot_be_read_are_locks() {
    let mut bucket = holdings(&[("a.tfstate.tflock", ""), ("b.tfstate.tflock", "")]);
    bucket.objects.insert("b.tfstate.tflock".into(), b"locked by hand".to_vec());
    bucket.objects.insert("c.tfstate.tflock".into(), vec![b'x'; 70_000]);
    bucket.items.insert("tfstate/d.tfstate".into(), Vec::new());
    let store = store(bucket);
    let arguments = [&["s3://tfstate", "--held", "--jsonl"][..], &TABLE].concat();
    let lines = ls(&store.client_env(), &arguments).ended(0).lines();
    let problems: Vec<_> =
        lines.iter().map(|line| line["locks"][0]["problem"].as_str().expect("a problem")).collect();
    assert_eq!(
        problems,
        [
            "the lock info is empty",
            "could not read the lock info",
            "70000 bytes are no lock info",
            "the lock info is empty",
        ]
    );
    assert!(lines.iter().all(|line| line["held"] == true && line["locks"][0]["id"].is_null()));
    assert_eq!(store.count("GetObject"), 2, "what is too large is not read");
}

#[test]
fn locks_are_chosen_by_age_and_by_whether_their_holder_is_gone() {
    let mut bucket = holdings(&[("free.tfstate", "")]);
    let mut lock = |key: &str, created: &str| {
        let lock = lock_info(key, "ci@elsewhere", created);
        bucket.objects.insert(format!("{key}.tfstate.tflock"), lock);
    };
    lock("old", "2024-01-01T00:00:00Z");
    lock("to-come", "2999-01-01T00:00:00Z");
    let store = store(bucket);
    let shown = |options: &[&str]| {
        let arguments = [&["s3://tfstate", "--jsonl"], options].concat();
        ls(&store.client_env(), &arguments).ended(0)
    };
    assert_eq!(shown(&["--held"]).keys(), ["old.tfstate", "to-come.tfstate"]);
    assert_eq!(shown(&["--older-than", "1h"]).keys(), ["old.tfstate"]);
    let orphaned = shown(&["--orphaned"]);
    assert_eq!(orphaned.keys(), [""; 0]);
    let note = "2 locks not shown, as nobody here can tell whether their holders live";
    assert!(orphaned.stderr.contains(note), "{}", orphaned.stderr);
}

#[test]
fn a_lock_of_a_process_that_is_gone_is_an_orphan() {
    let mut bucket = holdings(&[("other.tfstate.tflock", "one")]);
    let read = |path: &str| std::fs::read_to_string(path).expect("a Linux machine");
    let boot = read("/proc/sys/kernel/random/boot_id");
    let namespace = std::fs::read_link("/proc/self/ns/pid").expect("a Linux machine");
    let namespace = namespace.to_string_lossy().replace("pid:[", "").replace(']', "");
    // No process of this machine started at its very beginning, but the first.
    let stamp = format!("nightly; process 4000000 since 1 in {namespace} on {}", boot.trim());
    let info = String::from_utf8(a_lock("gone")).expect("text");
    let info = info.replace("\"Info\":\"\"", &format!("\"Info\":\"{stamp}\""));
    bucket.objects.insert("gone.tfstate.tflock".into(), info.into_bytes());
    let store = store(bucket);
    let said = ls(&store.client_env(), &["s3://tfstate", "--orphaned", "--jsonl"]).ended(0);
    assert_eq!(said.keys(), ["gone.tfstate"]);
    let lock = said.lines()[0]["locks"][0].clone();
    assert_eq!((&lock["life"], &lock["reason"]), (&json!("dead"), &json!("nightly")), "{lock}");
    let text = ls(&store.client_env(), &["s3://tfstate", "--held"]).ended(0).stdout;
    let words = |key: &str| {
        let line = text.lines().find(|line| line.contains(key)).expect("a line");
        line.split_whitespace().nth(2).expect("a word").to_owned()
    };
    assert_eq!((words("gone.tfstate"), words("other.tfstate")), ("dead".into(), "unknown".into()));
}

#[test]
fn lines_for_people_stand_below_each_other() {
    let mut bucket = with_table(&[("a.tfstate", "")], &[("tfstate/b", "two")]);
    let id = "d0d7fbe6-e907-5504-520e-ce1b6ee7b800";
    // By a clock that is ahead of ours, the lock is new.
    let lock = || lock_info(id, "ci@runner-7", "2999-01-01T00:00:00Z");
    bucket.objects.insert("a.tfstate.tflock".into(), lock());
    bucket.objects.insert("free.tfstate".into(), Vec::new());
    bucket.objects.insert("x.tflock".into(), Vec::new());
    let info = String::from_utf8(lock()).expect("text");
    bucket.items = [("tfstate/a.tfstate".to_owned(), vec![("Info", info)])].into();
    let store = store(bucket);
    let said = ls(&store.client_env(), &[&["s3://tfstate"][..], &TABLE].concat()).ended(0);
    let (title, rest) = said.stdout.split_once('\n').expect("a title");
    let rows: Vec<_> = rest.lines().collect();
    assert_eq!(
        title,
        "LOCK        AGE     HOLDER   OPERATION           WHO               \
         LOCK ID                               STATE"
    );
    assert_eq!(
        rows[..2],
        [
            "both        0s      unknown  OperationTypeApply  ci@runner-7       \
             d0d7fbe6-e907-5504-520e-ce1b6ee7b800  s3://tfstate/a.tfstate",
            "free        -       -        -                   -                 \
             -                                     s3://tfstate/free.tfstate",
        ]
    );
    assert!(
        rows[2].ends_with("  s3://tfstate/x  (no state)  (the lock info is empty)"),
        "{}",
        rows[2]
    );
    assert_eq!(rows.len(), 3);
}

#[test]
fn only_states_costs_no_look_at_locks() {
    let store = store(with_table(
        &[("a.tfstate", ""), ("a.tfstate.tflock", "one"), ("b.tfstate.tflock", "two")],
        &[("tfstate/c.tfstate", "three")],
    ));
    let arguments = [&["s3://tfstate", "--states"][..], &TABLE].concat();
    let said = ls(&store.client_env(), &arguments).ended(0);
    let expected = "\
SIZE        LAST WRITE (UTC)     STATE
0           2026-11-22 09:30:00  s3://tfstate/a.tfstate
";
    assert_eq!(said.stdout, expected);
    assert_eq!(store.asked().len(), 1, "{:?}", store.asked());
}
