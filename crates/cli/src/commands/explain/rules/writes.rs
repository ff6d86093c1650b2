//! Writing the state.

use crate::commands::explain::rule::{Rule, maybe, run, say};

const NO_SECOND_APPLY: &str = "do not run apply again before the state is saved: it would make a second history, and what \
     this run made would be in no state. errored.tfstate is the only copy, and it holds secrets.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "state-not-saved-credentials-expired",
        title: "The credentials expired during the run; its state was not saved",
        patterns: &[
            "Failed to save state … ExpiredToken",
            "Failed to save state … security token included in the request is expired",
        ],
        cause: "The run changed infrastructure, and when it wanted to save the state its credentials were too old. The \
                store still has the state from before. What should have been saved is in errored.tfstate, in the \
                directory of the run. Its lock is probably left over, for the same reason.",
        danger: Some(NO_SECOND_APPLY),
        next: &[
            say(
                "Keep errored.tfstate: copy it from the CI job's directory before that is thrown away.",
            ),
            say("Get new credentials; use a longer session, or begin it after the approval."),
            run(
                "See what is stored, and whether the lock still stands.",
                "statelock status {address}",
            ),
            run("Save it.", "terraform state push errored.tfstate"),
            run(
                "If this run's lock is left over: remove it.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-write-denied",
        title: "These credentials may not write the state",
        patterns: &[
            "Failed to save state … AccessDenied",
            "failed to upload state: … AccessDenied",
        ],
        cause: "The store refused the state. It still has the one from before; what should have been saved is in \
                errored.tfstate, in the directory of the run. The infrastructure was changed. The lock was released.",
        possible: &[
            maybe(
                "The role lacks s3:PutObject on the state's key.",
                "A plan works with this role, and an apply never did.",
            ),
            maybe(
                "The bucket policy wants encryption, TLS or a condition that Terraform does not send.",
                "The text says `explicit deny`.",
            ),
            maybe("The role may not use the KMS key.", "The text names kms:GenerateDataKey."),
        ],
        danger: Some(NO_SECOND_APPLY),
        next: &[
            run("See who you are for the store.", "aws sts get-caller-identity"),
            say("Allow s3:PutObject on the state's key."),
            run("See that nobody wrote meanwhile.", "statelock status {address}"),
            run("Save it.", "terraform state push errored.tfstate"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-write-unavailable",
        title: "The store failed while the state was written",
        patterns: &[
            "Failed to save state … exceeded maximum number of attempts",
            "Failed to save state … StatusCode: 50",
            "Failed to save state … giving up after",
        ],
        cause: "The store answered each attempt with an error of its own. Such an answer does not say whether the state \
                was written. It is in errored.tfstate in any case, in the directory of the run. The infrastructure was \
                changed. The lock was released, if the store was well again by then.",
        danger: Some(NO_SECOND_APPLY),
        next: &[
            run(
                "See which serial is stored, and whether a lock stands.",
                "statelock status {address}",
            ),
            run(
                "Save it, when the store is well. If it was written already, this says so or changes nothing.",
                "terraform state push errored.tfstate",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-push-lower-serial",
        title: "The stored state is newer than the one that was pushed",
        patterns: &["cannot import state with serial … over newer state with serial"],
        cause: "Terraform compares serials before it pushes, and the stored one is higher: the file was made before the \
                stored state. Nothing was written.",
        possible: &[
            maybe(
                "Somebody wrote the state since the file was made.",
                "`state list-versions` shows a write after the file's time.",
            ),
            maybe("It is meant to be a rollback.", "The file is an old version on purpose."),
        ],
        danger: Some(
            "state push -force throws away what was written since. Compare the two first.",
        ),
        next: &[
            run("See who wrote last.", "statelock state list-versions {address}"),
            run(
                "Get the stored one, and compare.",
                "statelock state pull {address} > stored.tfstate",
            ),
            say(
                "For a rollback: `statelock state restore` writes the old content with a new serial, under the lock.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-push-same-serial",
        title: "Two different states have the same serial",
        patterns: &[
            "cannot overwrite existing state with serial … with a different state that has the same serial",
        ],
        cause: "The pushed file and the stored state began with the same state and both changed it. Nothing was \
                written. One of the two lacks what the other did.",
        danger: Some("state push -force throws away the other run's changes."),
        next: &[
            run("See who wrote the stored one.", "statelock state list-versions {address}"),
            run("Get it, and compare.", "statelock state pull {address} > stored.tfstate"),
            run("Usually the stored one stays, and what is missing is imported.", "terraform plan"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-push-other-lineage",
        title: "The pushed state has nothing to do with the stored one",
        patterns: &["cannot import state with lineage … over unrelated state with lineage"],
        cause: "The lineage is made once with each state, and these two differ: the file is the state of something else, \
                or of a second beginning. Nothing was written.",
        possible: &[
            maybe(
                "It is another directory's, workspace's or account's file.",
                "The resources in it are others.",
            ),
            maybe(
                "The state was begun anew after it had been lost.",
                "The resources are the same.",
            ),
        ],
        danger: Some(
            "state push -force would replace the state of all these resources by that of others.",
        ),
        next: &[
            run("See where this directory's state is.", "statelock status {address}"),
            run(
                "Get the stored one, and compare the resources.",
                "statelock state pull {address} > stored.tfstate",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "state-corrupt",
        title: "The stored state cannot be read",
        patterns: &[
            "Unsupported state file format",
            "The state file could not be parsed as JSON",
            "does not have a \"version\" attribute, which is required to",
        ],
        cause: "What is stored in the state's place is no state: cut off, empty, or something else. Terraform stops before \
                it changes anything. In a versioned bucket the last good one is still there.",
        possible: &[
            maybe(
                "A write was cut off, or a tool wrote something else there.",
                "The object's size and time differ from the version before.",
            ),
            maybe("The key is not that of a state.", "It never worked with this key."),
            maybe("OpenTofu encrypted it.", "The object has a member encrypted_data."),
        ],
        danger: Some(
            "do not delete it and begin anew: Terraform would make everything a second time.",
        ),
        next: &[
            run("See the versions.", "statelock state list-versions {address}"),
            run("Keep a copy of what is there.", "aws s3 cp s3://{bucket}/{key} damaged.tfstate"),
            run(
                "Restore the last good one.",
                "statelock state restore {address} --version-id VERSION_ID",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "saved-plan-stale",
        title: "The state has changed since the plan was made",
        patterns: &["Saved plan is stale", "saved plan has a different state lineage"],
        cause: "A saved plan belongs to one serial, and another run has written the state since. Nothing was applied. \
                Some versions of Terraform leave the lock behind here.",
        next: &[
            run("See who wrote, and that no lock is left over.", "statelock status {address}"),
            run("Make the plan again.", "terraform plan -out=tfplan"),
            run(
                "Hold the lock from plan to apply.",
                "statelock run -- sh -c 'terraform plan -out=tfplan && terraform apply tfplan'",
            ),
        ],
        ..Rule::BASE
    },
];

/// What is left of write errors.
pub(super) const OTHERWISE: &[Rule] = &[Rule {
    id: "state-not-saved",
    title: "The state was not saved",
    patterns: &["Failed to save state", "Failed to persist state to backend"],
    cause: "Terraform changed infrastructure and was not able to save the state, for a reason that is not known here. \
            The store has the state from before, or the new one if only the answer was lost. It is in errored.tfstate \
            in any case, in the directory of the run.",
    possible: &[
        maybe("The write was refused.", "The text has a StatusCode of 4xx."),
        maybe("The answer was lost.", "The text has a timeout or a StatusCode of 5xx."),
    ],
    danger: Some(NO_SECOND_APPLY),
    next: &[
        say(
            "Keep errored.tfstate: copy it from the CI job's directory before that is thrown away.",
        ),
        run("See which serial is stored.", "statelock status {address}"),
        run("Save it.", "terraform state push errored.tfstate"),
    ],
    ..Rule::BASE
}];
