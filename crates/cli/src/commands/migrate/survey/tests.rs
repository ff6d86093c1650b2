//! What is found of small trees of files.

use std::fs;

use super::*;

const TABLE: &str = "    dynamodb_table = \"locks\"\n";
const LOCKFILE: &str = "    use_lockfile = true\n";

fn block(key: &str, rest: &str) -> String {
    format!(
        "terraform {{\n  required_version = \">= 1.10.0\"\n  backend \"s3\" {{\n    bucket = \"b\"\n    key = \"{key}\"\n    \
         region = \"eu-west-1\"\n{rest}  }}\n}}\n"
    )
}

/// Each unit, with its phase and the findings that say that it is not alone on its state.
fn sharing(files: &[(&str, &str)]) -> Vec<String> {
    let top = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = top.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let survey = Survey::take(vec![top.path().to_owned()], false, &[]);
    let shown = |unit: &Unit| {
        let ids = unit.findings.iter().map(|finding| finding.id);
        let ids = ids.filter(|id| matches!(id, FindingId::NotExclusive | FindingId::SharedState));
        let name = unit.name.replace(&format!("{}/", top.path().display()), "");
        let phase = unit.phase.map_or("unknown", LockPhase::name);
        let mut words = vec![name, phase.to_owned()];
        words.extend(ids.map(|id| id.name().to_owned()));
        words.join(" ")
    };
    survey.units.iter().map(shown).collect()
}

#[test]
fn a_whole_block_is_seen_however_it_may_be_completed() {
    let (both, table) = (block("same", &(TABLE.to_owned() + LOCKFILE)), block("same", TABLE));
    for completion in [
        ("a/sandbox.tfbackend", "key = \"sandbox\"\n"),
        ("a/Makefile", "init:\n\tterraform init -backend-config=key=ci-test\n"),
    ] {
        let found = sharing(&[("a/main.tf", &both), ("b/main.tf", &table), completion]);
        let [_, plain, other] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(plain, "a (a/main.tf:3) dual shared_state");
        assert_eq!(other, "b lock_table shared_state");
    }
}

#[test]
fn all_share_the_default_workspace_whatever_the_others_are_called() {
    let other = block("same", &format!("    workspace_key_prefix = \"w\"\n{LOCKFILE}"));
    let found = sharing(&[("a/main.tf", &block("same", TABLE)), ("b/main.tf", &other)]);
    assert_eq!(found, ["a lock_table not_exclusive", "b lockfile not_exclusive"]);
}

#[test]
fn two_ways_of_one_directory_keep_each_other_out_or_it_is_told() {
    let main = ("a/main.tf", &*block("same", ""));
    let one = ("a/one.tfbackend", "dynamodb_table = \"locks\"\nuse_lockfile = false\n");
    let found = |two: &str| -> Vec<String> {
        let all = sharing(&[main, one, ("a/two.tfbackend", two)]);
        all.into_iter().filter(|unit| unit.contains("tfbackend")).collect()
    };
    assert_eq!(
        found("use_lockfile = true\n"),
        ["a (one.tfbackend) lock_table not_exclusive", "a (two.tfbackend) lockfile not_exclusive"]
    );
}
