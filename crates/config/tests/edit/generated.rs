//! What must be so of every file, shown on generated ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use statelock_config::edit::{ArgumentChange, Form};
use statelock_config::{Value, WorkingDirectory};

use crate::phases::{DUAL, REMOVE_LOCKFILE, REMOVE_TABLE, SET_LOCKFILE, edit, must_edit};
use crate::ugly::{Style, Ugly, ugly};

/// What the reader of configurations finds in a file.
fn arguments(text: &str) -> BTreeMap<String, Value> {
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::write(directory.path().join("main.tf"), text).expect("write");
    let environment = BTreeMap::new();
    let open = WorkingDirectory::open(directory.path(), &environment).expect("open");
    let backend = open.backend().expect(text);
    assert_eq!(backend.kind, "s3");
    backend.arguments.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn after(text: &str, change: &ArgumentChange) -> String {
    must_edit("main.tf", Form::Terraform, text, std::slice::from_ref(change))
}

/// The lines without those that hold an argument. What only looks like one stands behind other text.
fn without(text: &str, argument: &str) -> String {
    let is_it = |line: &str| line.trim_start().starts_with(argument);
    text.split_inclusive('\n').filter(|line| !is_it(line)).collect()
}

/// The text with every run of blanks as one.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    for c in text.chars() {
        if c != ' ' || !squeezed.ends_with(' ') {
            squeezed.push(c);
        }
    }
    squeezed
}

fn assert_same(Ugly { style, .. }: &Ugly, one: &str, other: &str) {
    match style {
        Style::Ragged => assert_eq!(one, other),
        Style::Tidy => assert_eq!(squeezed(one), squeezed(other)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_added_argument_is_one_more_line(ugly in ugly()) {
        let set = after(&ugly.text, &SET_LOCKFILE);
        assert_eq!(set.lines().count(), ugly.text.lines().count() + 1);
        assert_same(&ugly, &without(&set, "use_lockfile"), &ugly.text);

        let mut expected = arguments(&ugly.text);
        expected.insert("use_lockfile".to_owned(), Value::Bool(true));
        assert_eq!(arguments(&set), expected);
        assert_eq!(after(&set, &SET_LOCKFILE), set);
        assert_eq!(after(&set, &REMOVE_LOCKFILE), ugly.text, "there and back");
    }

    #[test]
    fn a_removed_argument_is_one_line_less(ugly in ugly()) {
        let removed = after(&ugly.text, &REMOVE_TABLE);
        assert_same(&ugly, &removed, &without(&ugly.text, "dynamodb_table"));

        let mut expected = arguments(&ugly.text);
        expected.remove("dynamodb_table");
        assert_eq!(arguments(&removed), expected);
        assert_eq!(after(&removed, &REMOVE_TABLE), removed);
    }

    #[test]
    fn an_attribute_goes_out_of_its_object(ugly in ugly()) {
        let change = ArgumentChange::Remove { path: &["endpoints", "dynamodb"] };
        let removed = after(&ugly.text, &change);
        let mut expected = arguments(&ugly.text);
        if let Some(Value::Map(endpoints)) = expected.get_mut("endpoints") {
            endpoints.remove("dynamodb");
            assert!(removed.contains("{ s3 = \"x\"\n sts") || removed.contains("{ s3 = \"x\"\r\n sts"));
        }
        assert_eq!(arguments(&removed), expected);
    }

    #[test]
    fn a_value_is_replaced_in_its_place(ugly in ugly()) {
        let off = ugly.text.replace("encrypt", "use_lockfile").replace("= true", "= false").replace("=true", "=false");
        let on = after(&off, &SET_LOCKFILE);
        if off.contains("use_lockfile=") || off.contains("use_lockfile ") {
            let mut expected = arguments(&off);
            expected.insert("use_lockfile".to_owned(), Value::Bool(true));
            assert_eq!(arguments(&on), expected);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,60}", middle in "(?s)[ \\t\\r\\n{}=\",:#/*<E$\\[\\]a-c]{0,40}") {
        let block = format!("terraform {{\n backend \"s3\" {{\n{middle}}}\n}}\n");
        let remote_state = format!("remote_state {{\n backend = \"s3\"\n config = {{{middle}}}\n}}\n");
        for text in [&text, &middle, &block, &remote_state] {
            for form in [Form::Terraform, Form::BackendConfig, Form::Terragrunt, Form::TerraformJson, Form::BackendConfigJson] {
                for changes in [DUAL, &[REMOVE_TABLE]] {
                    if let Ok(edited) = edit("x", form, text, changes) {
                        assert_eq!(must_edit("x", form, &edited.text, changes), edited.text);
                    }
                }
            }
        }
    }
}
