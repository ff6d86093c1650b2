//! `docs/operations/permissions.md` shows what the verb prints.

use std::path::Path;

use tempfile::TempDir;

use crate::command::run_in;

/// The blocks of the page: language and text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("```");
    parts.next();
    let mut blocks = Vec::new();
    while let Some(block) = parts.next() {
        blocks.push(block.split_once('\n').expect("a block"));
        parts.next();
    }
    blocks
}

#[test]
fn every_command_on_the_page_prints_what_it_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/permissions.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let scratch = TempDir::with_prefix("statelock-iam-").expect("a directory");
    let mut commands = 0;
    for (language, text) in blocks(&page) {
        match language {
            "json" => std::fs::write(scratch.path().join("policy.json"), text).expect("a file"),
            "console" => {
                let (command, shown) = text.split_once('\n').expect("a command");
                let words: Vec<_> =
                    command.strip_prefix("$ statelock ").expect("ours").split(' ').collect();
                let run = run_in(scratch.path(), &words);
                let said = [run.stdout, run.stderr].concat();
                assert_eq!(said, shown, "{command} printed\n{said}");
                commands += 1;
            }
            _ => {}
        }
    }
    assert!(commands >= 4, "{commands}");
}
