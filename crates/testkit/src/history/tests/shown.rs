//! What is said of a history that fails, and histories as lines.

use super::super::{examine, journal};
use super::*;

use Outcome::{Done, Refused};

/// Two holders, after and among much that has nothing to do with it.
fn two_holders() -> Script {
    let mut all = script();
    for serial in 1..4 {
        let lock = format!("early {serial}");
        all = all
            .then(acquire(TABLE, &lock), Done)
            .then(write(serial), Done)
            .then(release(TABLE, &lock), Done)
            .then(read(), state(serial));
    }
    all.then(acquire(LOCKFILE, "first"), Done)
        .then(look(TABLE), holder("first"))
        .then(acquire(HTTP, "refused"), Refused)
        .and_maybe(acquire(HTTP, "unknown"))
        .then(acquire(TABLE, "second"), Done)
        .then(release(TABLE, "second"), Done)
        .then(release(LOCKFILE, "first"), Done)
}

#[test]
fn the_table_has_what_fails_by_itself() {
    let findings = examine(&two_holders().history);
    assert_eq!((findings.addresses, findings.operations), (1, 19));
    let [breach] = findings.breaches.as_slice() else { panic!("{findings:?}") };
    let lines: Vec<_> = breach.report.lines().collect();
    assert_eq!(lines.len(), 4, "{}", breach.report);
    assert!(lines[3].starts_with("no order explains all of these"), "{}", breach.report);
    assert!(lines[0].starts_with("client  from ms"), "{}", breach.report);
    let [first, second] = [lines[1], lines[2]];
    assert!(
        first.contains("acquire first (lockfile)") && first.ends_with("done"),
        "{}",
        breach.report
    );
    assert!(second.contains("acquire second (lock_table)"), "{}", breach.report);
    assert!(second.ends_with("done"), "{}", breach.report);
    assert!(lines[3].contains("and then first holds (lockfile)"), "{}", breach.report);
}

#[test]
fn addresses_are_checked_apart() {
    let mut history = script().then(acquire(LOCKFILE, "a"), Done).history;
    let other = script().then(acquire(LOCKFILE, "b"), Done).history;
    history.extend(other.into_iter().map(|one| Operation { address: "other".to_owned(), ..one }));
    let findings = examine(&history);
    assert_eq!((findings.breaches.len(), findings.addresses), (0, 2));
}

#[test]
fn a_history_comes_back_from_its_lines() {
    let history = two_holders()
        .then(post(9, None), Refused)
        .then(attempt_to_release("x", Naming::Blind), HUNG_UP)
        .then(Action::ReadDigest, Outcome::Digest(Some("d".to_owned())))
        .history;
    let mut lines = Vec::new();
    journal::write(&history, &mut lines).unwrap();
    let text = format!("# seed 1\n\n{}", String::from_utf8(lines).unwrap());
    assert_eq!(journal::read(text.as_bytes()).unwrap(), history);
    assert!(text.contains(r#""do":"acquire","facet":"lockfile","lock":"first""#), "{text}");
    let wrong = journal::read("# seed 1\n{\"client\":1}\n".as_bytes()).unwrap_err();
    assert_eq!(wrong.to_string(), "line 2 is no operation");
    let facet = text.replace("lock_table", "table");
    let wrong = format!("{:#}", journal::read(facet.as_bytes()).unwrap_err());
    assert!(wrong.contains("no facet is `table`"), "{wrong}");
}

#[test]
fn what_is_too_long_is_not_called_good() {
    let mut all = script();
    for _ in 0..200 {
        all = all.then(look(LOCKFILE), NOBODY);
    }
    assert_eq!(check(&all.history), Verdict::Undecided);
    assert_eq!(examine(&all.history).undecided, ["s3://b/k"]);
}
