//! Acquiring a lock: the store or the table did not do what was asked.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "lock-cleanup-failed",
        title: "Half a lock was taken, and could not be given back",
        patterns: &["failed to clean up file lock after DynamoDB lock error"],
        cause: "With use_lockfile and dynamodb_table together, Terraform took the lockfile, did not get the item in \
                the table, and was not able to delete the lockfile again. The lockfile of this run is left over and \
                blocks everybody. The state was not touched.",
        danger: Some(
            "the item in the table may be another run's real lock. Remove only the lockfile with this run's ID.",
        ),
        next: &[
            run("See both halves, and whose they are.", "statelock status {address}"),
            run(
                "Remove the half that is left over, by its ID.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-conflict",
        title: "Two requests for the lock met in the store; none of the two was decided for this run",
        patterns: &["ConditionalRequestConflict"],
        cause: "S3 answers 409 when two conditional writes of one object meet, and asks to repeat. Terraform does not \
                repeat it and fails. This run took no lock and changed nothing.",
        next: &[
            run("See whether somebody got the lock.", "statelock status {address}"),
            say("Run the same command again."),
            run(
                "statelock repeats such a request itself.",
                "statelock run --wait 10m -- terraform apply",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "conditional-write-unsupported",
        title: "This store does not know conditional writes, so it cannot lock",
        patterns: &[
            "PutObject … StatusCode: 501 … NotImplemented",
            "NotImplemented: A header you provided implies functionality that is not implemented",
        ],
        cause: "use_lockfile writes the lock with `If-None-Match: *`, and the store refuses that header. That is the \
                honest answer: it took no lock. The state was not touched.",
        possible: &[
            maybe(
                "The store has no conditional writes (Backblaze B2, for one).",
                "The request was a lock: `.tflock` is in the text.",
            ),
            maybe(
                "The store does not know a checksum header of newer SDKs.",
                "The refused request was no lock.",
            ),
        ],
        danger: Some(
            "a store that ignores the header instead would let two runs lock at once. Test a store before trusting it.",
        ),
        next: &[
            say(
                "Lock in a DynamoDB table (dynamodb_table), or keep the state in a store that has conditional writes.",
            ),
            run("Or run a state server that locks.", "statelock serve"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-put-denied",
        title: "These credentials may not write the lock",
        patterns: &[
            "Error acquiring the state lock … operation error S3: PutObject … AccessDenied",
            "failed to lock s3 state: … operation error S3: PutObject … AccessDenied",
            ".tflock … with an explicit deny",
            "s3:PutObject on resource: … .tflock",
            "Error acquiring the state lock … operation error DynamoDB: PutItem … AccessDeniedException",
        ],
        cause: "The store refused to write the lock. This run took no lock and did not touch the state. (A 404 or \
                NoSuchKey after it only says that nobody else holds one.)",
        possible: &[
            maybe(
                "The role's policy has no s3:PutObject on the key with .tflock at its end (or no dynamodb:PutItem on the table).",
                "The policy names the state's key only. `is not authorized to perform` names the action.",
            ),
            maybe(
                "The bucket policy denies it: no encryption header, no TLS, another network.",
                "The text says `explicit deny in a resource-based policy`.",
            ),
            maybe(
                "The credentials are those of another account or role.",
                "`aws sts get-caller-identity` names it.",
            ),
        ],
        next: &[
            run("See who you are for the store.", "aws sts get-caller-identity"),
            say(
                "Allow s3:GetObject, s3:PutObject and s3:DeleteObject on the lock object; with a table, dynamodb:GetItem, \
                 PutItem and DeleteItem. Without DeleteObject the lock could be taken and not released.",
            ),
            run(
                "Look at the bucket policy for a Deny.",
                "aws s3api get-bucket-policy --bucket {bucket}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-table-missing",
        title: "The lock table does not exist",
        patterns: &[
            "operation error DynamoDB: PutItem … ResourceNotFoundException",
            "operation error DynamoDB: GetItem … ResourceNotFoundException",
            "ResourceNotFoundException: Requested resource not found",
        ],
        cause: "The DynamoDB table of dynamodb_table is not there, in this region and account. No lock was taken; a \
                lockfile that was taken first was given back. The state was not touched.",
        possible: &[
            maybe(
                "The name or the region is wrong.",
                "`aws dynamodb list-tables` shows another name, or none.",
            ),
            maybe(
                "The credentials are those of another account.",
                "`aws sts get-caller-identity` shows it.",
            ),
            maybe(
                "The table was deleted.",
                "Then nothing locks this state for clients that still use it.",
            ),
        ],
        danger: Some(
            "if the table was deleted, make sure that every client has moved to use_lockfile before anybody works without it.",
        ),
        next: &[
            run("See what tables there are.", "aws dynamodb list-tables"),
            run(
                "Make it, if it should be there.",
                "aws dynamodb create-table --table-name {table} --attribute-definitions AttributeName=LockID,AttributeType=S \
                 --key-schema AttributeName=LockID,KeyType=HASH --billing-mode PAY_PER_REQUEST",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "lock-outcome-unknown",
        title: "The store failed while the lock was asked for: it may have been taken",
        patterns: &[
            "Error acquiring the state lock … operation error S3: PutObject, exceeded maximum number of attempts",
            "Error acquiring the state lock … operation error DynamoDB: PutItem, exceeded maximum number of attempts",
            "Error acquiring the state lock … PutObject … StatusCode: 50",
            "Error acquiring the state lock … PutItem … StatusCode: 50",
        ],
        cause: "The store answered each attempt with an error of its own. Such an answer does not say whether the \
                lock was written. This run has ended and did not touch the state; a lock of it may be left over.",
        danger: Some("remove a lock only if its `Who` and `Created` are this run's."),
        next: &[
            run("See whether a lock is there, and whose.", "statelock status {address}"),
            say("If it is free: run the command again, when the store is well."),
            run(
                "If it is this run's own: remove it.",
                "statelock force-unlock {address} {lock_id}",
            ),
        ],
        ..Rule::BASE
    },
];
