//! Acquiring a lock: somebody holds it, held it a moment ago, or nobody can read who holds it.

use crate::commands::explain::rule::{Rule, Weight, maybe, run, say};

const NEVER_BLIND: &str = "force-unlock while the holder still runs lets two runs write the same state, and one of them \
     loses its changes. Make sure that the holder is gone first.";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "lock-gone-while-waiting",
        title: "The lock was held, and its holder released it before Terraform could read who that was",
        patterns: &[
            "PreconditionFailed … operation error S3: GetObject … StatusCode: 404",
            "PreconditionFailed … failed to retrieve s3 lock info: … NoSuchKey",
            "ConditionalCheckFailedException: … unexpected end of JSON input",
            "ConditionalCheckFailedException: … no lock info found for:",
            "Error acquiring the state lock … 412 … storage: object doesn't exist",
        ],
        cause: "The request for the lock was refused because somebody held it. When Terraform then read the lock \
                to say whose it is, it was released already. Terraform gives up at once in this case, whatever \
                -lock-timeout says. Nothing was written, and nothing is lost; the lock is probably free now.",
        possible: &[
            maybe(
                "The holder finished between the two requests: usual where many runs wait for one lock, or where a \
                 client with both use_lockfile and dynamodb_table tries and takes its lockfile back.",
                "A second try works.",
            ),
            maybe(
                "The store refuses a new lock object after an old one was deleted: it takes a delete marker of a \
                 versioned bucket for an object.",
                "Each try fails in the same way, and no lock object is there.",
            ),
        ],
        danger: None,
        next: &[
            run(
                "See that the lock is free, and what was written meanwhile.",
                "statelock status {address}",
            ),
            say("Run the same command again. It makes a new plan from what is stored now."),
            run(
                "Let something wait that does not give up here.",
                "statelock run --wait 10m -- terraform apply",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-unreadable",
        title: "There is a lock, and what is stored in it is no lock info",
        patterns: &[
            "PreconditionFailed … failed to unmarshal JSON data into LockInfo struct",
            "PreconditionFailed … unable to json parse the lock info",
            "ConditionalCheckFailedException: … invalid character",
        ],
        cause: "A lock is stored, but it is empty or not JSON, so nobody can tell who holds it. Terraform can \
                neither wait for such a lock nor remove it. The state was not touched.",
        possible: &[
            maybe(
                "Something that is no Terraform wrote the object or item.",
                "Its bytes show what it is.",
            ),
            maybe("A write of it was cut off.", "It is empty, or stops in the middle."),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("Look at the lock and when it was written.", "statelock status {address}"),
            run("With use_lockfile: look at its bytes.", "aws s3 cp s3://{bucket}/{key}.tflock -"),
            say("Make sure that no run works on this state: CI jobs, colleagues, scheduled plans."),
            run(
                "Then remove it; statelock removes unreadable locks, if they are still the ones that it showed.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-held-unreadable",
        title: "Somebody holds the lock, and these credentials may not read who",
        patterns: &[
            "PreconditionFailed … operation error S3: GetObject … StatusCode: 403",
            "PreconditionFailed … operation error S3: GetObject … StatusCode: 400",
            "PreconditionFailed … failed to retrieve s3 lock info: … AccessDenied",
            "ConditionalCheckFailedException: … operation error DynamoDB: GetItem … AccessDenied",
        ],
        cause: "The lock is held. Terraform was not able to read the holder's lock info, so it cannot wait for it: \
                -lock-timeout has no effect. Nothing was written, and nothing is lost.",
        possible: &[
            maybe(
                "The role lacks s3:GetObject on the lock object (or dynamodb:GetItem on the table).",
                "The status of GetObject is 403.",
            ),
            maybe(
                "The bucket is used with customer-provided keys (SSE-C), and Terraform reads the lock without the key.",
                "The status of GetObject is 400.",
            ),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("See the holder with credentials that may read it.", "statelock status {address}"),
            say("Allow s3:GetObject on the state's key with .tflock at its end."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-held",
        title: "Somebody else holds the lock",
        patterns: &[
            "PreconditionFailed … Lock Info: ID:",
            "ConditionalCheckFailedException … Lock Info: ID:",
        ],
        cause: "Terraform asked for the lock of this state and found it held. The lock info in the text is the \
                holder's. This run changed nothing, and nothing is lost. With -lock-timeout Terraform tries again \
                until that time is over; without it, it gives up at once.",
        possible: &[
            maybe("The holder still works.", "Its CI job or process runs; the lock is young."),
            maybe(
                "The holder was killed (a cancelled CI job, a lost runner) and left its lock.",
                "The job has ended, and its log does not end with a release. Locks do not expire.",
            ),
            maybe(
                "It is this run's own lock: the answer to its request was lost, and the repeated request was refused \
                 because of the first one.",
                "`Created` lies seconds before this error and after this run began, and `Who` is this machine.",
            ),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("See whether the holder still lives.", "statelock status {address}"),
            run("If it does: wait for it.", "statelock wait {address}"),
            run(
                "If it is gone: remove exactly this lock. statelock shows the evidence first.",
                "statelock force-unlock {address} {lock_id}",
            ),
            run(
                "The same with Terraform, which checks nothing but the ID.",
                "terraform force-unlock {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "own-lock-after-lost-answer",
        title: "The lock that is in the way is probably this run's own",
        // Its words are those of a lock that somebody else holds; `refine` tells by the facts.
        patterns: &[],
        cause: "The store took the lock, but its answer was lost or was an error, so the client repeated the \
                request and was refused because of its own first one. Terraform does not compare the IDs and reports \
                the lock as held. The run has ended and wrote nothing; its lock is left over and stays until it is \
                removed.",
        possible: &[
            maybe(
                "It is this run's own lock.",
                "`Created` lies between the beginning of this run and the error, and `Who` is this machine. With the \
                 http backend of Terraform before 1.15 both IDs in the text are the same.",
            ),
            maybe(
                "Another run began in the same moments and holds it.",
                "`Who` or the operation is another's.",
            ),
        ],
        danger: Some(
            "remove it only if `Who` and `Created` are this run's: otherwise another run is working under this lock.",
        ),
        next: &[
            run("Compare the holder with this run.", "statelock status {address}"),
            run("If it is this run's: remove it.", "statelock force-unlock {address} {lock_id}"),
            run("The same with Terraform.", "terraform force-unlock {lock_id}"),
            say(
                "Then run the command again. statelock run compares the IDs itself and does not fail like this.",
            ),
        ],
        ..Rule::BASE
    },
];

/// What is left of lock errors.
pub(super) const OTHERWISE: &[Rule] = &[
    Rule {
        id: "lock-request-failed",
        title: "The request for the lock failed",
        patterns: &["Error acquiring the state lock", "failed to lock s3 state:"],
        cause: "Terraform did not get the lock, for a reason that is not known here; the words after `Error message:` \
                say which. The state was not touched.",
        possible: &[
            maybe(
                "The request never reached the store.",
                "The text names a connection, a name or a certificate.",
            ),
            maybe(
                "The store refused it.",
                "The text has a StatusCode of 4xx and a code after `api error`.",
            ),
            maybe(
                "The store took the lock and its answer was lost: then this run's lock is left over.",
                "The text has a StatusCode of 5xx or a timeout, and a lock with this run's time is there.",
            ),
        ],
        danger: Some(NEVER_BLIND),
        next: &[
            run("See whether a lock is there, and whose.", "statelock status {address}"),
            run("Find the request that failed.", "TF_LOG=debug terraform plan"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "waiting-for-lock",
        title: "Terraform waits for the lock",
        patterns: &["Acquiring state lock. This may take a few moments"],
        cause: "Terraform has asked for the lock and has no answer yet, or waits because somebody holds it \
                (-lock-timeout). This is no error. Nothing was changed so far.",
        next: &[run("See who holds it.", "statelock status {address}")],
        weight: Weight::Alone,
        ..Rule::BASE
    },
];
