//! The page of `probe` says what the verb does.

use statelock_client::probe::{Operation, Verdict};

use crate::stage::{PLACE, Stage};

const PAGE: &str = include_str!("../../../../docs/operations/probe.md");

/// The rows of the table of operations: id, title.
fn rows() -> Vec<(&'static str, &'static str)> {
    let cells = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        let id = cells.next()?.trim().trim_end_matches('`');
        Some((id, cells.next()?.trim()))
    };
    PAGE.lines().filter_map(cells).collect()
}

#[test]
fn every_operation_is_on_the_page() {
    let listed: Vec<_> = rows();
    for operation in Operation::ALL {
        let row = (operation.id(), operation.title());
        assert!(listed.contains(&row), "no row {row:?} in docs/operations/probe.md");
    }
}

#[test]
fn every_verdict_is_on_the_page() {
    for verdict in
        [Verdict::Enforced, Verdict::Rejected, Verdict::Ignored, Verdict::Racy, Verdict::NotKnown]
    {
        assert!(rows().iter().any(|(id, _)| *id == verdict.id()), "{verdict}");
    }
}

#[test]
fn the_announcement_on_the_page_is_the_one_that_is_made() {
    let stage = Stage::statelock();
    let run = stage.run(&["probe", PLACE, "--dynamodb-table", "locks", "--dry-run"]);
    run.ended(0, "");
    let without_name = |line: &str| match line.split_once(".statelock-probe/") {
        Some((before, after)) => {
            let after = after.split_once('/').map_or(after, |(_, after)| after);
            format!("{before}.statelock-probe/NAME/{after}")
        }
        None => line.to_owned(),
    };
    let page: Vec<_> = PAGE.lines().map(without_name).collect();
    for line in run.stderr.lines() {
        let line = without_name(line);
        assert!(page.contains(&line), "the page lacks {line:?}");
    }
}
