//! What `statelock serve` answers, and the other verbs.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "write-refused-not-holder",
        title: "The server refused a state write: somebody else holds the lock",
        patterns: &[
            "statelock refused this write of … the lock is held … Next: when the lock is free",
            "statelock refused this write of … the lock is held",
        ],
        cause: "The write came from a client that does not hold the lock, usually because its own lock was removed by \
                force. Nothing was replaced. What was sent is kept by the server, and Terraform keeps it in \
                errored.tfstate.",
        danger: Some(
            "do not remove the other lock to get this write through: its holder works on the stored state.",
        ),
        next: &[
            run("Wait for the holder.", "statelock wait {address}"),
            run("See what was written meanwhile.", "terraform plan"),
            run("If this write is still wanted.", "terraform state push errored.tfstate"),
            run("See what the server keeps.", "statelock state quarantine list {address}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "write-refused-lock-gone",
        title: "The server refused a state write: its lock is gone",
        patterns: &["statelock refused this write of … and nobody holds the lock any more"],
        cause: "The write names a lock that nobody holds any more: it was removed while this run worked. Nothing was \
                replaced. What was sent is kept by the server, and Terraform keeps it in errored.tfstate.",
        next: &[
            run("See who removed the lock.", "statelock audit {address} --since 1d"),
            run("See what was written meanwhile.", "terraform plan"),
            run("If this write is still wanted.", "terraform state push errored.tfstate"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "write-refused-conflict",
        title: "The server refused a state write that would have lost an update",
        patterns: &["statelock refused this write of", "StateWriteRefused"],
        cause: "The stored state is newer than the one that was offered, has another lineage, or what was offered is no \
                state. The two are in the text. Nothing was replaced. What was sent is kept by the server, and \
                Terraform keeps it in errored.tfstate.",
        possible: &[
            maybe(
                "Another run wrote since this one began.",
                "The stored serial is the same or higher.",
            ),
            maybe("It is meant to be a rollback or a push -force.", "You know."),
            maybe("It is another directory's state.", "The lineages differ."),
        ],
        next: &[
            run("See who wrote the stored state.", "statelock audit {address} --since 1d"),
            run("Begin again from the stored state.", "terraform plan"),
            run(
                "See what was refused.",
                "statelock state quarantine get {address} --version-id {version_id} > refused.tfstate",
            ),
            run(
                "Only if it shall be overwritten: permit one write, then write again.",
                "statelock state allow-overwrite {address} --for 5m --reason TEXT",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-object-held",
        title: "The server refused to replace or delete a lock object",
        patterns: &["The lock on … is held with lock ID", "comes after its lock was released"],
        cause: "The lock object is another lock's now, or was released before the request came. Nothing was changed.",
        next: &[
            run("See who holds it.", "statelock status {address}"),
            run("See what happened to it.", "statelock audit {address} --since 1h"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "server-unreachable",
        title: "No statelock server answers",
        patterns: &["could not reach the server at"],
        cause: "The command asked a server of the address in the text, and nothing answered. Nothing was changed.",
        possible: &[
            maybe("It is not running.", "Nothing listens on that port."),
            maybe("The address is another.", "It comes from --endpoint-url or AWS_ENDPOINT_URL."),
        ],
        next: &[
            say("Look whether the server runs, and at the last lines of its log."),
            run("Ask whether it is well.", "curl -fsS http://127.0.0.1:9000/_statelock/health"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "server-data-in-use",
        title: "Another process uses the server's data directory",
        patterns: &["data directory `… is in use by"],
        cause: "One directory belongs to one server. The one that was started has ended; the other one goes on.",
        next: &[say(
            "Stop the process that the text names, or start this one with another --data.",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "server-data-corrupt",
        title: "Data of the server is damaged",
        patterns: &[
            "database `… is corrupt:",
            "stored data is corrupt:",
            "the audit log was tampered with or damaged",
        ],
        cause: "A stored record is not as it was written. The server changes nothing of it, and does not guess.",
        danger: Some("keep a copy of the whole data directory before anything is tried."),
        next: &[
            say("Stop the server and copy its data directory."),
            say("Restore the last good backup of it."),
            run("See how far the audit log is as it was written.", "statelock audit --verify"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "server-disk-full",
        title: "The server's disk is full",
        patterns: &["the disk is full:"],
        cause: "The server refused the write, because it was not able to make it durable. Nothing was changed; what is \
                stored is whole. Locks cannot be taken until there is space.",
        next: &[
            say("Make space on the disk of --data."),
            run("See that it is well.", "curl -fsS http://127.0.0.1:9000/_statelock/health"),
        ],
        ..Rule::BASE
    },
];
