//! The page about the verb says what the verb says.

use crate::stage::{env, run, store};
use crate::versioned_store::Versions;

const PAGE: &str = include_str!("../../../../docs/operations/gc.md");

/// The lines of a block of code, after its command, with every number as `#`.
fn output(number: usize) -> String {
    let block = PAGE.split("```console\n").nth(number).and_then(|rest| rest.split("```").next());
    let (_, output) = block.and_then(|block| block.split_once('\n')).expect("a block of code");
    numberless(output)
}

fn numberless(text: &str) -> String {
    let mut shown = String::new();
    for one in text.chars() {
        let is_number = one.is_ascii_digit() || (one == ',' && shown.ends_with('#'));
        if !is_number {
            shown.push(one);
        } else if !shown.ends_with('#') {
            shown.push('#');
        }
    }
    shown
}

#[test]
fn the_page_shows_what_is_printed() {
    let mut versions = Versions::default();
    versions.cycles("app/terraform.tfstate.tflock", 4);
    versions.cycles("network/terraform.tfstate.tflock", 4);
    versions.write("network/terraform.tfstate.tflock", Some(226));
    let store = store(versions);
    let env = env(&store.endpoint());
    let dry = run(&env, &["gc", "s3://acme-tfstate"]).having_said(0, "");
    assert_eq!(numberless(&(dry.stdout + &dry.stderr)), output(1));
    let real =
        run(&env, &["gc", "s3://acme-tfstate", "--yes", "--keep-last", "1"]).having_said(0, "");
    assert_eq!(numberless(&(real.stdout + &real.stderr)), output(2));
}

#[test]
fn the_page_has_each_flag_and_no_other() {
    let help = run(&[], &["gc", "--help"]).having_said(0, "s3://tfstate").stdout;
    let own = help.split("Options:").nth(1).and_then(|rest| rest.split("Backend:").next());
    let own = own.expect("options");
    for flag in ["--yes", "--keep-last", "--older-than", "--json"] {
        assert!(own.contains(&format!("{flag} ")) || own.contains(&format!("{flag}\n")), "{own}");
        assert!(PAGE.contains(&format!("| `{flag}")), "{flag}");
    }
    assert_eq!(own.matches("\n      --").count(), 4, "{own}");
}
