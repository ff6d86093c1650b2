//! `docs/operations/doctor.md` shows what the verb prints.

use statelock_testkit::command::Run;

use crate::clients::install;
use crate::good::make_good;
use crate::raw::remove;
use crate::stage::Stage;

const PAGE: &str = include_str!("../../../../docs/operations/doctor.md");
/// What every trial is called differently.
const TRIAL: &str = ".statelock-verify-";
const ID_LENGTH: usize = 36;

/// The first block of code: the command, and what it prints.
fn example() -> (Vec<&'static str>, &'static str) {
    let block =
        PAGE.split("```console\n$ statelock ").nth(1).and_then(|rest| rest.split("```").next());
    let (command, printed) =
        block.and_then(|block| block.split_once('\n')).expect("a block of code");
    (command.split(' ').collect(), printed)
}

/// With one id for all trials.
fn normalised(text: &str) -> String {
    let mut parts = text.split(TRIAL);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_at(ID_LENGTH);
        assert!(id.chars().all(|c| c.is_ascii_hexdigit() || c == '-'), "{id} is no id");
        whole = format!("{whole}{TRIAL}53ab28a9-5084-64d2-2e22-2ab66f340cfa{rest}");
    }
    whole
}

#[test]
fn the_page_shows_what_is_printed() {
    let stage = Stage::statelock();
    make_good(&stage);
    // So that there is something to put right.
    remove(&stage, "encryption");
    let (words, shown) = example();
    let mut command = stage.command_through(&stage.server.endpoint(), &words);
    command.env("PATH", install(&stage, "terraform", "1.11.4"));
    let run = Run::of(command);
    let said = normalised(&(run.stderr + &run.stdout));
    assert_eq!(said, normalised(shown), "if that is right, write it into the page:\n{said}");
}
