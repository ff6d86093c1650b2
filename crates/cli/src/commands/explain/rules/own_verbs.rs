//! What statelock's own verbs say. A test feeds the real errors, so that the patterns follow their texts.

use crate::commands::explain::rule::{Rule, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "statelock-lock-held",
        title: "statelock did not get the lock: somebody else holds it",
        patterns: &["error: the lock is held"],
        cause: "The verb asked for the lock of this state and found it held. The lock info in the text is the holder's. Nothing was changed, nothing of this run is left, and a command that was to run under the lock was not started.",
        danger: Some(
            "removing a lock whose holder still works lets two runs write the same state.",
        ),
        next: &[
            run("See whether the holder still lives.", "statelock status {address}"),
            run("If it does: wait for it.", "statelock wait {address}"),
            run(
                "If it is gone: remove exactly this lock.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-lock-unknown",
        title: "Whether statelock took the lock is not known",
        patterns: &[
            "whether lock … was taken is not known",
            "; whether lock … is left is not known",
        ],
        cause: "The request for the lock was sent, and its answer was lost. The lock may stand, or may still come. No command was started under it.",
        danger: Some(
            "run the verb again only after this lock is looked for: it may be your own that is in the way.",
        ),
        next: &[
            run("See whether a lock stands, and whose.", "statelock status {address}"),
            run(
                "If its ID is the one in the text: remove it.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-lock-refused",
        title: "The store did not let statelock take the lock",
        patterns: &[
            "the store does not let us take the lock … could not be sent to",
            "the store does not let us take the lock … got no answer",
            "the store does not let us take the lock … SlowDown",
            "the store refuses to make a lock although it shows none",
        ],
        cause: "The store refused the request for the lock, or could not be reached. Nothing of this run is left there, and no command was started under the lock.",
        next: &[
            run("See what stands at each place.", "statelock status {address}"),
            run("Examine the bucket, the permissions and the lock.", "statelock doctor {address}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-lock-lost",
        title: "The lock was removed while statelock worked under it",
        patterns: &[
            "the lock was lost before the write",
            "somebody removed the lock while the command runs",
        ],
        cause: "Somebody removed the lock of this run while it worked. A state push writes nothing then; a command that `run` started may have written on a plain S3 store, and another run may have worked at the same time.",
        danger: Some("do not repeat the work before you know what was written since."),
        next: &[
            run("See who holds the lock now.", "statelock status {address}"),
            run("See what was written.", "statelock state list-versions {address}"),
            run(
                "On a statelock server, see who removed it.",
                "statelock audit {address} --since 1d",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-write-conflict",
        title: "statelock did not replace the state: what is stored is not what it was to replace",
        patterns: &[
            "the state was written by somebody else meanwhile; nothing was replaced",
            "something else is stored than what was read before",
            "; nothing was replaced Stored:",
        ],
        cause: "The stored state is another one than expected: somebody wrote it meanwhile, it is newer, or it has another lineage. Nothing was replaced.",
        danger: Some(
            "what was to be written lacks what the stored state has. With --force that would be lost.",
        ),
        next: &[
            run("See who wrote when.", "statelock state list-versions {address}"),
            run("Take what is stored, and start from it.", "statelock state pull {address}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-write-unknown",
        title: "Whether statelock wrote the state is not known",
        patterns: &["whether the state was written is not known"],
        cause: "The answers to the write were lost. The state may be stored, or may still come, but only in the place of the one that was to be replaced: nothing newer is overwritten by it.",
        next: &[
            run(
                "When the store answers again: see what is stored.",
                "statelock state pull {address}",
            ),
            run("See whether the lock still stands.", "statelock status {address}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-digest-mismatch",
        title: "The state does not have the digest that the lock table says",
        patterns: &["the lock table has the digest … but the state that is stored has"],
        cause: "The lock table keeps an MD5 of the state, and the stored state has another one: somebody wrote the state without the table, or a write stopped half-way. Clients that use the lock table refuse to read it. Nothing was changed.",
        danger: Some("write the digest only if the stored state is the right one."),
        next: &[
            run("See which versions there are.", "statelock state list-versions {address}"),
            run("Look at the stored state.", "statelock state pull {address} --ignore-digest"),
            run("Examine both.", "statelock doctor {address}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-digest-not-written",
        title: "The state was written, but not its digest",
        patterns: &[
            "the state was written, but not its digest",
            "the state is stored, but not its digest",
        ],
        cause: "The state is stored and whole. Its digest in the lock table is still the one from before, so clients that use the table refuse the state until the digest is there.",
        next: &[run(
            "Push the same bytes again: that writes the digest.",
            "statelock state pull {address} --ignore-digest | statelock state push {address} -",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "statelock-bucket-in-host",
        title: "The bucket's name stands before the endpoint's, and no such host is known",
        patterns: &["the bucket's name stands before the endpoint's"],
        cause: "Without path style the bucket is a part of the host's name, and this endpoint has no name for each bucket. Nothing was sent.",
        next: &[say(
            "Give --use-path-style, or write `use_path_style = true` into the backend block.",
        )],
        ..Rule::BASE
    },
];
