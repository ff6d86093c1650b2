//! The page about backups says what the verb says, and its steps lead to a restored server.

use std::fs;
use std::process::{Command, Stdio};

use statelock_testkit::command::Run;

use crate::stage::{Stage, contents, state, statelock};

const PAGE: &str = include_str!("../../../../docs/operations/backup.md");

/// With every number and every run of hex digits as `#`.
fn numberless(text: &str) -> String {
    let word = |word: &str| {
        let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash {
            return "#".to_owned();
        }
        let mut shown = String::new();
        for one in word.chars() {
            if !one.is_ascii_digit() {
                shown.push(one);
            } else if !shown.ends_with('#') {
                shown.push('#');
            }
        }
        shown
    };
    text.lines()
        .map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n")
        .collect()
}

/// What the page shows below a command.
fn shown(command: &str) -> String {
    let (_, rest) = PAGE.split_once(&format!("\n$ {command}\n")).expect("the page has the command");
    let lines = rest.lines().take_while(|line| !line.starts_with("```") && !line.starts_with("$ "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn the_page_shows_what_is_printed_and_its_steps_restore() {
    let stage = Stage::new();
    let mut running = stage.serve();
    for key in ["network", "dns", "app"] {
        running.put(&format!("{key}/terraform.tfstate"), state(key, 1));
    }
    assert!(running.acquire("app/terraform.tfstate", "1de601c9-1b26-64cd-3813-cbb15acf3040"));
    let (data, backup) = (stage.data(), stage.path("statelock-2026-11-22"));
    let of_page = |text: &str| {
        let text = text.replace(&backup.display().to_string(), "/backup/statelock-2026-11-22");
        numberless(&text)
    };
    let made = stage.backup("statelock-2026-11-22");
    let documented =
        shown("statelock backup --data /var/lib/statelock /backup/statelock-2026-11-22");
    assert_eq!(of_page(&made.stdout), numberless(&documented));
    let verified = stage.verify("statelock-2026-11-22");
    let (_, again) = PAGE.split_once("## Check it again").expect("the section");
    let (_, documented) = again.split_once("2026-11-22\n").expect("its command");
    let documented = documented.split("```").next().expect("its output");
    assert_eq!(of_page(&verified.stdout), numberless(documented));

    assert!(running.server.terminate().success());
    let (_, restore) = PAGE.split_once("## Restore").expect("the section");
    let block = restore.split("```console\n").nth(1).and_then(|rest| rest.split("```").next());
    let commands: Vec<_> = block
        .expect("a block of commands")
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(|line| {
            let ours = line.replace("/var/lib/statelock", &data.display().to_string());
            ours.replace("/backup/statelock-2026-11-22", &backup.display().to_string())
        })
        .collect();
    assert_eq!(commands.len(), 6, "{commands:?}");
    for command in &commands[1..4] {
        let command = if let Some(arguments) = command.strip_prefix("statelock ") {
            statelock(&arguments.split(' ').collect::<Vec<_>>())
        } else {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).stdin(Stdio::null());
            shell
        };
        Run::of(command).ended(0, "");
    }
    assert!(fs::exists(stage.path("data.lost")).unwrap());
    // Without the step before it, it changes nothing.
    let before = contents(&data);
    let mut again = Command::new("sh");
    again.args(["-c", &commands[3]]).stdin(Stdio::null());
    let again = Run::of(again);
    assert_ne!(again.code, Some(0), "{again:?}");
    assert_eq!(contents(&data), before);
    let restored = stage.serve();
    assert_eq!(commands[5], "statelock audit --verify");
    let verified = restored.client(&["audit", "--verify"]);
    assert_eq!(numberless(&verified.stdout), numberless(&shown("statelock audit --verify")));
    assert_eq!(restored.get("dns/terraform.tfstate"), Some(state("dns", 1)));
}

#[test]
fn the_page_has_each_flag_and_no_other() {
    let help = Run::of(statelock(&["backup", "--help"]));
    for flag in ["--data", "--json"] {
        let line = format!("      {flag}");
        let is_there = |shown: &str| shown.trim_end().split(" <").next() == Some(&line);
        assert!(help.stdout.lines().any(is_there), "{}", help.stdout);
        assert!(PAGE.contains(&format!("| `{flag}")), "{flag}");
    }
    assert_eq!(help.stdout.matches("\n      --").count(), 2, "{}", help.stdout);
    for file in ["statelock.db", "credentials", "backup.json", "lock"] {
        assert!(PAGE.contains(&format!("| `{file}` |")), "{file}");
    }
}
