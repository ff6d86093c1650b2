//! Whether the lock may go: by proof, by `--yes`, or by a person's answer.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use statelock_protocol::lock::evidence::Life;

use crate::backend::command;
use crate::commands::lock_error::LockVerbError;

/// What to do with a lock whose holder is in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Remove,
    Ask,
    /// With what keeps it.
    Refuse(&'static str),
}

/// `life` is `None` for a lock that does not say whose it is.
fn decide(life: Option<&Life>, yes: bool, is_terminal: bool) -> Decision {
    match life {
        Some(Life::Dead { .. }) => Decision::Remove,
        Some(Life::Alive { .. } | Life::Unknown { .. }) | None if yes => Decision::Remove,
        Some(Life::Alive { .. }) => Decision::Refuse("its holder is alive"),
        Some(Life::Unknown { .. }) | None if is_terminal => Decision::Ask,
        Some(Life::Unknown { .. }) | None => Decision::Refuse("its holder is not shown to be gone"),
    }
}

/// Lets the lock go, or says why not.
///
/// # Errors
/// [`LockVerbError::Held`]
pub(super) fn obtain(life: Option<&Life>, yes: bool, named: &str) -> Result<(), LockVerbError> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let refusal = match decide(life, yes, is_terminal) {
        Decision::Remove => return Ok(()),
        Decision::Ask if says_yes() => return Ok(()),
        Decision::Ask => "that was not a yes",
        Decision::Refuse(why) => why,
    };
    Err(LockVerbError::Held {
        what: format!("the lock was left alone: {refusal}"),
        hint: match life {
            Some(Life::Alive { .. }) => format!(
                "wait for it: {}. With --yes it is removed nevertheless; the holder goes on, and overwrites what \
                 others write",
                command("wait", named, "")
            ),
            Some(Life::Unknown { .. } | Life::Dead { .. }) | None => {
                "when you are sure that its holder is gone, add --yes".to_owned()
            }
        },
    })
}

fn says_yes() -> bool {
    let question = "Is its holder certainly gone? Only `yes` removes the lock: ";
    let mut stderr = io::stderr().lock();
    let asked = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok() && io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proof_or_a_persons_word_removes_a_lock() {
        let dead = Life::Dead { proof: String::new() };
        let alive = Life::Alive { how: String::new() };
        let unknown = Life::Unknown { why: String::new() };
        for terminal in [true, false] {
            assert_eq!(decide(Some(&dead), false, terminal), Decision::Remove);
            assert!(matches!(decide(Some(&alive), false, terminal), Decision::Refuse(_)));
            for life in [Some(&alive), Some(&unknown), None] {
                assert_eq!(decide(life, true, terminal), Decision::Remove);
            }
        }
        for life in [Some(&unknown), None] {
            assert_eq!(decide(life, false, true), Decision::Ask);
            assert!(matches!(decide(life, false, false), Decision::Refuse(_)));
        }
    }
}
