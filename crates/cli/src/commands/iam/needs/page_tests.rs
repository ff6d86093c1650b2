//! The table of roles and actions in `docs/operations/permissions.md` says what is generated.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser as _;

use super::*;
use crate::commands::iam::options::NeedArgs;

const PAGE: &str = include_str!("../../../../../../docs/operations/permissions.md");
/// The columns that say who needs it.
const COLUMNS: [(&str, Role, &[&str]); 5] = [
    ("plan", Role::Plan, &[]),
    ("plan `--no-lock`", Role::Plan, &["--role", "plan", "--no-lock"]),
    ("apply", Role::Apply, &[]),
    ("unlock", Role::Unlock, &[]),
    ("migrate", Role::Migrate, &[]),
];
const MODES: [&str; 3] = ["lockfile", "lock_table", "dual"];
const CLIENTS: [&str; 2] = ["terraform", "tofu"];

/// Cells by action and what it is on, in the order of the columns.
type Table = BTreeMap<(String, String), Vec<String>>;

fn on_the_page() -> Table {
    let chapter = PAGE.split("## Which role needs what").nth(1).unwrap();
    let mut rows = chapter.lines().filter(|line| line.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let head = cells(rows.next().unwrap());
    assert_eq!(head[2..7], COLUMNS.map(|column| column.0));
    let mut table = Table::new();
    for row in rows.skip(1).take_while(|row| row.starts_with("| `")).map(cells) {
        assert!(!row[7].is_empty(), "what happens without {}", row[0]);
        for action in row[0].split(", ") {
            let key = (action.trim_matches('`').to_owned(), row[1].clone());
            assert_eq!(table.insert(key.clone(), row[2..7].to_vec()), None, "{key:?} twice");
        }
    }
    table
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    needs: NeedArgs,
}

fn target_of(options: &[&str], mode: &str, client: &str) -> Target {
    let named: &[&str] = if mode == "lockfile" { &[] } else { &["--dynamodb-table", "locks"] };
    let always = ["iam", "--mode", mode, "--client", client, "--kms-key", "mrk-1"];
    let words = [&always[..], named, options].concat();
    Target::of(&Line::try_parse_from(words).unwrap().needs, Some("s3://b/k")).unwrap()
}

/// What a request is on, in the words of the page.
fn on(target: &Target, ask: &Ask) -> &'static str {
    let states = target.objects_at(&target.states());
    let resource = ask.resource.shown();
    let value = ask.value.as_ref().map(|(_, value)| value.shown()).unwrap_or_default();
    if ask.action == "s3:ListBucket" {
        "bucket, by prefix"
    } else if ask.resource == target.bucket() {
        "bucket"
    } else if resource.contains("/.statelock-") {
        // Locks of proofs are locks; only what is removed of them is something else.
        if ask.action == "s3:DeleteObjectVersion" {
            "`KEY.tflock` of a proof"
        } else {
            "`KEY.tflock`"
        }
    } else if resource.ends_with(".tflock") {
        "`KEY.tflock`"
    } else if ask.action == "s3:DeleteObject" {
        assert_eq!(Some(&ask.resource), target.objects_at(&target.workspace_states()).first());
        "states of workspaces"
    } else if states.contains(&ask.resource) {
        "state"
    } else if Some(&ask.resource) == target.key().as_ref() {
        "key"
    } else if value.ends_with("-md5") {
        "item of the digest"
    } else if !value.is_empty() {
        "item of the lock"
    } else {
        assert_eq!(Some(&ask.resource), target.table().as_ref(), "{ask:?}");
        "table"
    }
}

/// Mode and client, and whether it is the whole bucket.
type When = BTreeSet<(&'static str, &'static str, bool)>;

/// In which modes and by which clients each is needed by a role.
fn needed(role: Role, options: &[&str]) -> BTreeMap<(String, String), When> {
    let mut needed: BTreeMap<_, When> = BTreeMap::new();
    for mode in MODES {
        for client in CLIENTS {
            let target = target_of(options, mode, client);
            for ask in of(&target, role).iter().flat_map(Need::asks) {
                let key = (ask.action.to_owned(), on(&target, &ask).to_owned());
                let is_whole = ask.action == "s3:ListBucket" && ask.value.is_none();
                needed.entry(key).or_default().insert((mode, client, is_whole));
            }
        }
    }
    needed
}

/// The word for it.
fn cell(when: &When) -> String {
    let modes: BTreeSet<_> = when.iter().map(|one| one.0).collect();
    let clients: BTreeSet<_> = when.iter().map(|one| one.1).collect();
    let word = match (Vec::from_iter(modes).as_slice(), Vec::from_iter(clients).as_slice()) {
        (["dual", "lock_table", "lockfile"], ["terraform", "tofu"])
            if when.iter().all(|one| one.2) =>
        {
            "whole bucket"
        }
        (["dual", "lock_table", "lockfile"], ["terraform", "tofu"]) => "yes",
        (["dual", "lock_table", "lockfile"], ["terraform"]) => "Terraform",
        (["dual", "lockfile"], ["terraform", "tofu"]) => "lockfile",
        (["dual", "lock_table"], ["terraform", "tofu"]) => "table",
        odd => return format!("{odd:?}"),
    };
    word.to_owned()
}

fn in_code() -> Table {
    let mut table = Table::new();
    for (column, (_, role, options)) in COLUMNS.iter().enumerate() {
        for (key, when) in needed(*role, options) {
            let cells = table.entry(key).or_insert_with(|| vec![String::new(); COLUMNS.len()]);
            cells[column] = cell(&when);
        }
    }
    table
}

#[test]
fn the_page_says_which_role_needs_what() {
    let (page, code) = (on_the_page(), in_code());
    let rows = |table: &Table| -> Vec<String> {
        table
            .iter()
            .map(|((action, on), cells)| format!("{action} | {on} | {}", cells.join(" | ")))
            .collect()
    };
    assert_eq!(rows(&page).join("\n"), rows(&code).join("\n"));
    assert!(page.len() >= 20, "{}", page.len());
}
