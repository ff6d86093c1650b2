//! Releasing a lock.

use crate::commands::explain::rule::{Rule, maybe, run, say};

const NEVER_BLIND: &str = "the lock that is there now belongs to somebody else. Removing it while they work lets two \
     runs write the same state.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "half-unlocked",
        title: "Of the two locks one was released and the other was not",
        patterns: &[
            "failed to unlock S3:",
            "failed to unlock DynamoDB:",
            "dynamoDB lock released but s3 failed",
            "s3 lock released but dynamoDB failed",
        ],
        cause: "With use_lockfile and dynamodb_table together, Terraform always tries to release both. One is \
                released; the one that the text names is not, and blocks everybody. If this came at the end of an \
                apply, its state was written.",
        possible: &[
            maybe("The credentials may not delete there.", "The text says AccessDenied."),
            maybe(
                "Only one of the two was there, or it has another ID.",
                "The text says NoSuchKey, unexpected end of JSON input, or does not match.",
            ),
        ],
        danger: Some(
            "a half with another ID is another run's lock. A second terraform force-unlock fails on both.",
        ),
        next: &[
            run("See which half stands, and whose it is.", "statelock status {address}"),
            run(
                "Remove the half that is left, by its ID.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "unlock-info-differs",
        title: "OpenTofu cannot delete the item: its lock info is not byte for byte what OpenTofu would write",
        patterns: &["DeleteItem … ConditionalCheckFailedException"],
        cause: "OpenTofu deletes the item of a lock table only if its Info is exactly the JSON that OpenTofu makes of \
                it. The ID matches, and something wrote it in another form, or it changed in between. The lock stands.",
        danger: Some("remove the item only if its ID is still the one that you mean."),
        next: &[
            run("See who holds it now.", "statelock status {address}"),
            run("Remove it by its ID.", "statelock force-unlock {address} {lock_id}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-replaced",
        title: "This run's lock was removed while it worked, and somebody else holds the lock now",
        patterns: &[
            "Error releasing the state lock … does not match the existing lock ID",
            "Error releasing the state lock … does not match existing lock",
        ],
        cause: "Somebody force-unlocked this run, and another run took the lock. Both worked at the same time. On a \
                plain S3 store this run's state WAS written all the same, and the other run may have replaced it, or \
                will; then what one of the two made is in no state. The lock in the text is the other run's.",
        possible: &[
            maybe(
                "The lock was removed by force.",
                "Somebody ran force-unlock, or a job deletes locks.",
            ),
            maybe(
                "The store does not lock: it accepted two lock objects.",
                "Nobody removed anything, and it happens again.",
            ),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("Wait until the other run is done.", "statelock wait {address}"),
            run("See the versions that both wrote.", "statelock state list-versions {address}"),
            run("See what is in no state any more.", "terraform plan"),
            say(
                "Import what is missing, or restore the better version with `statelock state restore`.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-removed-meanwhile",
        title: "This run's lock was gone when it wanted to release it",
        patterns: &[
            "Error releasing the state lock … unable to retrieve file from S3 bucket … NoSuchKey",
            "Error releasing the state lock … failed to retrieve s3 lock info … NoSuchKey",
            "Error releasing the state lock … failed to retrieve lock info … unexpected end of JSON input",
            "Error releasing the state lock … no lock info found for",
        ],
        cause: "The work is done and its state WAS written; only the release found no lock. So for a part of this run \
                nothing kept others out, and another run may have written in between. There is nothing to unlock.",
        possible: &[
            maybe(
                "Somebody removed it by force, and whoever took it then is done already.",
                "The state has versions that are not this run's.",
            ),
            maybe(
                "A release whose answer was lost was repeated.",
                "No version of another run is there.",
            ),
            maybe(
                "The store lost it, or does not lock.",
                "It happens again, and nobody removed anything.",
            ),
        ],
        danger: Some(
            "do not follow Terraform's advice to force-unlock here: a lock that is there now is another run's.",
        ),
        next: &[
            run("See whether somebody holds it now.", "statelock status {address}"),
            run("See who wrote meanwhile.", "statelock state list-versions {address}"),
            run("See whether anything is missing.", "terraform plan"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "unlock-credentials-expired",
        title: "The credentials expired during the run; the lock is left over",
        patterns: &[
            "Error releasing the state lock … ExpiredToken",
            "Error releasing the state lock … security token included in the request is expired",
        ],
        cause: "The run was longer than its credentials live. Its lock could not be deleted and blocks everybody. \
                Whether the state was saved is said by an error before this one; if there is none, it was.",
        danger: Some(
            "if the state was not saved, keep errored.tfstate and push it before anybody else works.",
        ),
        next: &[
            say("Get new credentials."),
            run("See the lock, and the last write of the state.", "statelock status {address}"),
            run(
                "If the state was not saved: save it first.",
                "terraform state push errored.tfstate",
            ),
            run("Remove this run's lock.", "statelock force-unlock {address} {lock_id}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "unlock-denied",
        title: "These credentials may take the lock and not release it",
        patterns: &[
            "Error releasing the state lock … DeleteObject … AccessDenied",
            "Error releasing the state lock … DeleteItem … AccessDenied",
            "Failed to unlock state: … AccessDenied",
        ],
        cause: "The store refused to delete the lock. The work itself was done: if this was an apply, its state was \
                written. The lock still stands and blocks everybody, this run's successor included.",
        next: &[
            say(
                "Allow s3:DeleteObject on the key with .tflock at its end; with a table, dynamodb:DeleteItem.",
            ),
            run("See that the lock is still this run's.", "statelock status {address}"),
            run(
                "Remove it with credentials that may.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
];

/// What is left of release errors.
pub(super) const OTHERWISE: &[Rule] = &[Rule {
    id: "unlock-failed",
    title: "The lock was perhaps not released",
    patterns: &[
        "Error releasing the state lock",
        "Failed to unlock state:",
        "Error unlocking S3 state. Lock ID:",
    ],
    cause: "The release failed, for a reason that is not known here; the words after `Error message:` say which. \
                If this was the end of an apply, its state was written. The lock may stand or not.",
    possible: &[
        maybe(
            "The request never reached the store: the lock stands.",
            "The text names a connection, or was cancelled.",
        ),
        maybe(
            "It was done, and its answer was lost: the lock is free.",
            "The text has a timeout or a StatusCode of 5xx.",
        ),
    ],
    danger: Some(
        "a lock that is there now may be another run's already. Compare its ID before removing it.",
    ),
    next: &[
        run("See whether it stands, and whose it is.", "statelock status {address}"),
        run("If it is this run's: remove it.", "statelock force-unlock {address} {lock_id}"),
    ],
    ..Rule::BASE
}];
