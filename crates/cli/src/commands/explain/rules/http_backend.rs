//! Terraform's `http` backend.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "http-lock-held",
        title: "Somebody else holds the lock (http backend)",
        patterns: &["HTTP remote state already locked"],
        cause: "The state server answered that the lock is held. The holder's lock ID is the one after `ID=`. Terraform \
                before 1.15 shows its OWN lock info below it: then `own_…` in this explanation is the refused run, and who \
                the holder is does not stand in the text. This run changed nothing, and nothing is lost.",
        possible: &[
            maybe("The holder still works.", "The server's log or page shows its run."),
            maybe("The holder was killed and left its lock.", "Its job has ended."),
            maybe(
                "It is this run's own lock, after a lost answer.",
                "Both IDs are the same, and Terraform is older than 1.15.",
            ),
        ],
        danger: Some(
            "the force-unlock of Terraform's http backend sends no ID: it removes whatever lock is there. An ID from the \
             lock info of a Terraform before 1.15 is that of nobody's lock.",
        ),
        next: &[
            run("See the holder.", "statelock status {address}"),
            run("On a statelock server: see who took it.", "statelock audit --lock-id {lock_id}"),
            run(
                "If it is gone: remove exactly this lock.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-auth-missing",
        title: "The state server wants a user name and a password",
        patterns: &["HTTP remote state endpoint requires auth"],
        cause: "The server answered 401: the request had no credentials, or none that it could read. Nothing was changed.",
        next: &[
            say(
                "Set username and password in the backend block, or TF_HTTP_USERNAME and TF_HTTP_PASSWORD in the environment.",
            ),
            say(
                "On a statelock server they are the access key id and the secret of `DIR/credentials`.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-auth-wrong",
        title: "The state server does not take this user name and password",
        patterns: &["HTTP remote state endpoint invalid auth"],
        cause: "The server answered 403: it knows no such user, the password is wrong, or the user may not do that. \
                Nothing was changed.",
        next: &[
            say(
                "Compare TF_HTTP_USERNAME and TF_HTTP_PASSWORD, or username and password of the backend block, with the server's.",
            ),
            say(
                "A job token of a CI system may have expired: GitLab's CI_JOB_TOKEN ends with its job.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-unlock-refused",
        title: "The state server did not release the lock",
        patterns: &[
            "Error releasing the state lock … Unexpected HTTP response code",
            "Failed to unlock state: Unexpected HTTP response code",
            "Failed to unlock state: … unexpected HTTP response code",
        ],
        cause: "The server answered the release with another status than 200. If this came at the end of an apply, its \
                state was written.",
        possible: &[
            maybe(
                "Nobody holds the lock, or another ID does.",
                "The status is 409 or 423. Another run may have written meanwhile.",
            ),
            maybe("unlock_address or unlock_method is wrong.", "The status is 404 or 405."),
            maybe(
                "The server answers 204, which Terraform takes for an error.",
                "The status is 204; the lock is free.",
            ),
        ],
        danger: Some(
            "the force-unlock of Terraform's http backend removes whatever lock is there.",
        ),
        next: &[
            run("See whether a lock stands, and whose.", "statelock status {address}"),
            run("On a statelock server: see what happened.", "statelock audit --since 1h"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-unlock-unavailable",
        title: "The state server failed while the lock was released",
        patterns: &["Failed to unlock: UNLOCK … giving up after"],
        cause: "Each attempt failed. That does not say whether the lock was released. If this came at the end of an apply, \
                its state was written.",
        danger: Some(
            "a lock that is there now may be another run's already. Compare its ID with this run's.",
        ),
        next: &[
            run("See whether a lock stands, and whose.", "statelock status {address}"),
            run("If it is this run's: remove it.", "statelock force-unlock {address} {lock_id}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-lock-unavailable",
        title: "The state server failed while the lock was asked for",
        patterns: &["Failed to lock: LOCK … giving up after"],
        cause: "Each attempt failed; -lock-timeout has no effect on that. It does not say whether the lock was taken: one \
                of this run may be left over. The state was not touched.",
        possible: &[
            maybe("The server is down or cannot be reached.", "The text names a connection."),
            maybe("It answers 5xx or 429.", "Its log says why."),
        ],
        next: &[
            run(
                "See whether the server is well.",
                "curl -fsS http://127.0.0.1:9000/_statelock/health",
            ),
            run("See whether a lock stands, and whose.", "statelock status {address}"),
            say("Then run the command again."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-lock-status",
        title: "The state server does not answer LOCK as Terraform expects",
        patterns: &["Error acquiring the state lock … nexpected HTTP response code"],
        cause: "Terraform takes 200 for granted, 409 and 423 for held, and nothing else. No lock was taken, and the state \
                was not touched.",
        possible: &[
            maybe("lock_address or lock_method is wrong.", "The status is 404 or 405."),
            maybe(
                "A proxy does not let the method LOCK through.",
                "The status is 400, 405 or 501, and the server's log has no such request.",
            ),
        ],
        next: &[say(
            "Compare address, lock_address, unlock_address and their methods with what the server prints or documents.",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "http-write-unavailable",
        title: "The state server failed while the state was written",
        patterns: &[
            "Failed to upload state: POST … giving up after",
            "Failed to upload state: PUT … giving up after",
        ],
        cause: "Each attempt failed. That does not say whether the state was written; it is in errored.tfstate in any \
                case, in the directory of the run. The infrastructure was changed.",
        danger: Some(
            "do not run apply again before the state is saved. errored.tfstate is the only copy, and it holds secrets.",
        ),
        next: &[
            run(
                "See which serial is stored, and whether a lock stands.",
                "statelock status {address}",
            ),
            run("Save it, when the server is well.", "terraform state push errored.tfstate"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "http-write-refused",
        title: "The state server refused the state",
        patterns: &[
            "Error saving state: HTTP error:",
            "Failed to save state … HTTP error:",
            "Failed to write state: … HTTP error:",
        ],
        cause: "The server answered the write with an error, and Terraform shows no more than its status. The stored state \
                is the one from before. What should have been saved is in errored.tfstate, in the directory of the run.",
        possible: &[
            maybe("The lock is not this run's any more.", "The status is 409 or 423."),
            maybe(
                "The stored state is newer, or has another lineage.",
                "The status is 409; the server's log or audit says so.",
            ),
            maybe("The state is larger than the server takes.", "The status is 413."),
            maybe("The credentials may not write.", "The status is 401 or 403."),
        ],
        danger: Some(
            "do not run apply again before the state is saved. errored.tfstate is the only copy, and it holds secrets.",
        ),
        next: &[
            run("On a statelock server: see the reason in words.", "statelock audit --since 1h"),
            run("See what is stored, and who holds the lock.", "statelock status {address}"),
            run("If nobody wrote meanwhile: save it.", "terraform state push errored.tfstate"),
        ],
        ..Rule::BASE
    },
];
