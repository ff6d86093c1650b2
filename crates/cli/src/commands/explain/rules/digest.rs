//! The digest in the lock table and the stored state disagree.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "digest-without-state",
        title: "The lock table has a digest, and there is no state",
        patterns: &[
            "state data in S3 does not have the expected content … remove the Digest value",
        ],
        cause: "The lock table keeps an MD5 of the state, and the state that it belongs to is not in the bucket. \
                Terraform refuses to go on as if there never was one. Nothing was changed.",
        possible: &[
            maybe(
                "The state was deleted or moved by hand.",
                "A version or delete marker of it is in the bucket.",
            ),
            maybe("The bucket or key is another than before.", "The state is under another key."),
        ],
        danger: Some(
            "if the state was lost, restore it. With the digest removed Terraform begins anew and makes everything twice.",
        ),
        next: &[
            run("See what versions there are.", "statelock state list-versions {address}"),
            run(
                "If the state is really meant to be gone: remove the digest.",
                "aws dynamodb delete-item --table-name {table} --key {digest_item}",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "digest-mismatch",
        title: "The state is not the one whose digest is in the lock table",
        patterns: &[
            "state data in S3 does not have the expected content",
            "The checksum calculated for the state stored in S3 does not match the checksum stored in DynamoDB",
        ],
        cause: "With dynamodb_table Terraform keeps an MD5 of the state in the table, and the stored state has another \
                one. The state itself is whole; one of the two was written without the other. Terraform refuses to work \
                until they agree. This run changed nothing.",
        possible: &[
            maybe(
                "Something wrote the state without the table: a client with use_lockfile only, `aws s3 cp`, a restore.",
                "The newest version of the state is good, and newer than the digest.",
            ),
            maybe(
                "A run was killed, or was denied, between writing the state and the digest.",
                "That run's log ends there.",
            ),
            maybe(
                "The newest write of the state was lost or was put back: the digest is that of a newer or older version.",
                "The stored checksum is the MD5 of another version in the bucket.",
            ),
        ],
        danger: Some(
            "the calculated checksum is right only if the stored state is the good one. Compare the versions first; \
             otherwise a lost write is made final.",
        ),
        next: &[
            run("See state, serial, digest and last write.", "statelock status {address}"),
            run(
                "See which version the stored checksum belongs to.",
                "statelock state list-versions {address}",
            ),
            run(
                "If an older version is the good one: restore it; that writes the digest too.",
                "statelock state restore {address} --version-id VERSION_ID",
            ),
            run(
                "If the stored state is the good one: make the digest agree.",
                "aws dynamodb update-item --table-name {table} --key {digest_item} --update-expression 'SET Digest = :d' \
                 --expression-attribute-values {digest_value}",
            ),
            say("Then let every client of this state use the same kind of lock."),
        ],
        ..Rule::BASE
    },
];
