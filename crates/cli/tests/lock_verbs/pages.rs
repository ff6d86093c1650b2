//! Completions and manual pages, made of the same definitions as the command line.

use crate::stage::Stage;

const VERBS: [&str; 5] = ["lock", "unlock", "status", "force-unlock", "wait"];

#[test]
fn completions_know_every_verb() {
    let stage = Stage::statelock();
    for shell in ["bash", "zsh", "fish"] {
        let script = stage.run(&["completions", shell]);
        script.ended(0, "");
        for verb in VERBS {
            assert!(script.stdout.contains(verb), "{verb} for {shell}");
        }
    }
    stage.run(&["completions", "cmd.exe"]).ended(2, "bash");
}

#[test]
fn each_verb_has_a_manual_page() {
    let stage = Stage::statelock();
    let page = stage.run(&["man"]);
    page.ended(0, "");
    assert!(page.stdout.starts_with(".ie"), "roff: {}", page.stdout);
    let directory = stage.scratch.path().join("man1");
    let name = directory.display().to_string();
    stage.run(&["man", "--dir", &name]).ended(2, "name a directory that exists");
    std::fs::create_dir(&directory).expect("a directory");
    stage.run(&["man", "--dir", &name]).ended(0, "");
    for verb in VERBS {
        let page = std::fs::read_to_string(directory.join(format!("statelock-{verb}.1")));
        let page = page.expect(verb);
        assert!(page.contains("dynamodb") && page.contains("Examples"), "{verb}: {page}");
    }
    assert!(directory.join("statelock.1").exists());
    assert!(directory.join("statelock-state-pull.1").exists());
}
