//! Each text has its explanation, and each explanation its text and its place in the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixture::{all, explain, found};

#[test]
fn each_text_is_recognised() {
    for fixture in all() {
        let found = found(&fixture.text);
        let ids: Vec<_> = found.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids, fixture.ids, "{}", fixture.name);
        for (name, value) in &fixture.facts {
            let shown = found.first().and_then(|(_, facts)| facts.get(name));
            assert_eq!(shown, Some(value), "{}: {name}", fixture.name);
        }
    }
}

#[test]
fn each_id_has_a_text_and_is_documented() {
    let known = known();
    let hit: BTreeSet<String> = all().into_iter().flat_map(|fixture| fixture.ids).collect();
    assert_eq!(known.difference(&hit).collect::<Vec<_>>(), Vec::<&String>::new(), "without a text");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/explain.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<String> = rows.map(|(id, _)| id.to_owned()).collect();
    assert_eq!(known, documented, "docs/operations/explain.md");
}

/// Several errors of one log are explained in their order, each once.
#[test]
fn a_log_of_all_errors_is_explained_in_order() {
    let fixtures: Vec<_> = all().into_iter().filter(|fixture| fixture.ids.len() == 1).collect();
    for pair in fixtures.chunks(2) {
        let [one, other] = pair else { continue };
        let ids: Vec<_> = pair.iter().filter(|it| it.ids != ["waiting-for-lock"]).collect();
        let log = format!("begin\n{}\nexit status 1\n\n{}\nexit status 1\n", one.text, other.text);
        let found = found(&log);
        let mut shown: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
        shown.dedup();
        let mut wanted: Vec<_> = ids.iter().map(|it| it.ids[0].as_str()).collect();
        wanted.dedup();
        assert_eq!(shown, wanted, "{} and {}", one.name, other.name);
        let twice = crate::fixture::found(&format!("{log}{log}"));
        assert_eq!(twice, found, "{} and {}, twice", one.name, other.name);
    }
}

fn known() -> BTreeSet<String> {
    let output = explain(&["--list", "--json"], b"");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let known = document["known"].as_array().expect("an array").iter();
    known.map(|rule| rule["id"].as_str().expect("an id").to_owned()).collect()
}
