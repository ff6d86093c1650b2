//! The page about the verb says what the verb says.

use crate::stage::{BUCKET, Stage};

const PAGE: &str = include_str!("../../../../docs/operations/bootstrap.md");

/// The lines of the first block of code, after its command.
fn first_output() -> String {
    let block = PAGE.split("```console\n").nth(1).and_then(|rest| rest.split("```").next());
    let (_, output) = block.and_then(|block| block.split_once('\n')).expect("a block of code");
    output.to_owned()
}

#[test]
fn the_page_shows_what_is_printed() {
    let Some(stage) = Stage::moto("the page") else { return };
    let table = ["--dynamodb-table", "acme-locks", "--tls-only"];
    let said = stage.bootstrap(&[&["--region", "eu-central-1"], &table]).having_said(0, "");
    assert_eq!(said.stdout, first_output());
}

#[test]
fn the_page_has_each_flag_and_no_other() {
    let stage = Stage::statelock();
    let help = stage.run(&["bootstrap", "--help"]).having_said(0, BUCKET).stdout;
    let own = help.split("Options:").nth(1).and_then(|rest| rest.split("Backend:").next());
    let flags = |text: &str, begin: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(begin));
        let name = |line: &str| {
            let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
            line.chars().take_while(|c| is_name(*c)).collect::<String>()
        };
        let mut names: Vec<_> = lines.map(name).collect();
        names.sort();
        names
    };
    let in_help = flags(own.expect("options"), "--");
    assert_eq!(flags(PAGE, "| `--"), in_help);
    assert_eq!(in_help.len(), 10, "{in_help:?}");
}
