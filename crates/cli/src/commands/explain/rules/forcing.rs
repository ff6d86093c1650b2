//! Removing another's lock with `force-unlock`.

use crate::commands::explain::rule::{Rule, maybe, run, say};

const NEVER_BLIND: &str = "the lock that is there now belongs to somebody else. Removing it while they work lets two \
     runs write the same state.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "force-unlock-wrong-id",
        title: "The lock has another ID than the one that was given",
        patterns: &[
            "Failed to unlock state: … does not match the existing lock ID",
            "Failed to unlock state: … does not match existing lock",
        ],
        cause: "force-unlock compares the given ID with the stored one, and they differ. Nothing was removed: the \
                lock in the text still stands.",
        possible: &[
            maybe(
                "The lock was released and taken again since the ID was read.",
                "`Created` is newer than the error that the ID came from.",
            ),
            maybe(
                "The ID comes from another state or workspace.",
                "`Path` is not the state that was meant.",
            ),
            maybe(
                "It comes from a text of the http backend, whose lock info was the caller's own.",
                "That text has an `ID=` beside it.",
            ),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("See who holds it now, and whether they live.", "statelock status {address}"),
            run(
                "Only if that holder is gone: remove that lock.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "force-unlock-not-held",
        title: "There is no lock to remove",
        patterns: &[
            "Failed to unlock state: … NoSuchKey",
            "Failed to unlock state: … unexpected end of JSON input DynamoDB",
            "Failed to unlock state: failed to retrieve lock info … unexpected end of JSON input",
            "Failed to unlock state: failed to retrieve lock info: … no lock info found for",
        ],
        cause: "Where Terraform looked, no lock is stored. Nothing was removed.",
        possible: &[
            maybe("The lock was released meanwhile.", "The next command gets it."),
            maybe(
                "Terraform looked elsewhere: another workspace, another backend block, or the other kind of lock (a \
                 configuration with use_lockfile does not see an item of dynamodb_table, and the other way round).",
                "`statelock status` shows each kind.",
            ),
            maybe(
                "The item in the table has no Info (its lock info is empty).",
                "The text speaks of JSON, and the item is there.",
            ),
        ],
        next: &[
            run("See each kind of lock of this state.", "statelock status {address}"),
            run("See all locks of the bucket.", "statelock ls s3://{bucket} --held"),
            say("If it is free: run your command."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "force-unlock-unreadable",
        title: "Terraform cannot read the lock, so it cannot remove it",
        patterns: &[
            "Failed to unlock state: … failed to unmarshal JSON data into LockInfo struct",
            "Failed to unlock state: … unable to json parse the lock info",
            "Failed to unlock state: … invalid character",
        ],
        cause: "A lock is stored, but it is empty or not JSON. Terraform wants to compare its ID and cannot. Nothing \
                was removed, and the lock blocks everybody.",
        danger: Some(
            "make sure that no run works on this state: nobody can tell from the lock who took it.",
        ),
        next: &[
            run("See when it was written.", "statelock status {address}"),
            run(
                "Remove it, if it is still what was shown.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "locking-disabled",
        title: "This backend is not configured to lock",
        patterns: &["Locking is disabled for this backend"],
        cause: "The backend block has neither use_lockfile nor dynamodb_table (or lock_address), so there is no lock to \
                remove. It also means that nothing keeps two runs of this configuration apart.",
        next: &[
            run("See whether somebody else's lock is there.", "statelock status {address}"),
            say(
                "Set `use_lockfile = true` in the backend block, and run `terraform init -reconfigure`.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "force-unlock-reported-done",
        title: "Terraform says that the state was unlocked; that may not be so",
        patterns: &[
            "Terraform state has been successfully unlocked",
            "OpenTofu state has been successfully unlocked",
        ],
        cause: "This is no error. With S3 and DynamoDB the lock with this ID was removed. But Terraform says the same \
                where no locking is configured, and its http backend sends no ID: there, any lock was removed, or none.",
        next: &[run("See that it is free.", "statelock status {address}")],
        ..Rule::BASE
    },
];
