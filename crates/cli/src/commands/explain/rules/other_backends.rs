//! Locks of backends other than S3, DynamoDB and `http`.

use crate::commands::explain::rule::{Rule, maybe, run, say};

const NEVER_BLIND: &str = "force-unlock while the holder still runs lets two runs write the same state, and one of them \
     loses its changes. Make sure that the holder is gone first.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "local-lock-held",
        title: "Another process on this machine works on the local state file",
        patterns: &[
            "Error acquiring the state lock … resource temporarily unavailable … Lock Info:",
            "Error acquiring the state lock … another process has locked",
        ],
        cause: "The state is a local file, and another process has it locked. Such a lock ends with its process. \
                Nothing was changed.",
        next: &[
            say(
                "Wait for the other terraform, or end it with Ctrl-C once, so that it stops in order.",
            ),
            say("force-unlock does nothing here: a local lock belongs to its process."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "local-unlock",
        title: "A lock of a local state file cannot be removed",
        patterns: &["Local state cannot be unlocked by another process"],
        cause: "The state is a local file. Its lock belongs to the process that took it and ends with it. Nothing was \
                changed.",
        possible: &[
            maybe("A local terraform still runs.", "It is in the list of processes."),
            maybe(
                "The directory is not initialised, so Terraform does not see its backend.",
                "There is no .terraform directory.",
            ),
        ],
        next: &[
            run("See where the state is.", "statelock status"),
            run("Set the backend up.", "terraform init"),
        ],
        ..Rule::BASE
    },
];

/// Any other lock info.
pub(super) const OTHERWISE: &[Rule] = &[Rule {
    id: "lock-held-elsewhere",
    title: "Somebody else holds the lock",
    patterns: &["Error acquiring the state lock … Lock Info: ID:", "state blob is already locked"],
    cause: "Terraform asked for the lock of this state and was refused, and the lock info in the text is that \
                of the lock that is there. This run changed nothing, and nothing is lost.",
    possible: &[
        maybe("The holder still works.", "Its CI job or process runs."),
        maybe("The holder was killed and left its lock.", "Its job has ended."),
    ],
    danger: Some(NEVER_BLIND),
    next: &[
        say("Ask whoever `Who` names, and look whether their run has ended."),
        run("If it is gone: remove exactly this lock.", "terraform force-unlock {lock_id}"),
    ],
    ..Rule::BASE
}];
