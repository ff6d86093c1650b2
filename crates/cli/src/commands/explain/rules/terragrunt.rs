//! What Terragrunt says itself. The errors of the terraform that it runs are recognised as such.

use crate::commands::explain::rule::{Rule, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "terragrunt-bucket-missing",
        title: "Terragrunt wants to make the bucket for states",
        patterns: &[
            "Remote state S3 bucket … does not exist or you don't have permissions to access it",
            "does not exist or you don't have permissions to access it",
        ],
        cause: "Terragrunt did not find the bucket of remote_state, or may not see it. Without a terminal it cannot ask \
                whether to make it. Nothing was changed.",
        next: &[
            run("See who you are, and what there is.", "aws sts get-caller-identity; aws s3 ls"),
            run("If it should be made: let Terragrunt do it.", "terragrunt backend bootstrap"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "terragrunt-table-missing",
        title: "Terragrunt makes the lock table",
        patterns: &["Lock table … does not exist in DynamoDB"],
        cause: "Terragrunt did not find the table of dynamodb_table and is about to make it. If it stops after this, it may \
                not (dynamodb:CreateTable). No lock was taken.",
        next: &[
            run("See what tables there are.", "aws dynamodb list-tables"),
            say(
                "Without a table: set `use_lockfile = true` in remote_state and remove dynamodb_table, for all modules of a state at once.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "terragrunt-no-credentials",
        title: "Terragrunt finds no credentials that work",
        patterns: &["Error finding AWS credentials"],
        cause: "Terragrunt asks AWS who it is before it runs terraform, and got no answer that it could use. Nothing was \
                changed.",
        next: &[
            run("See what is found where.", "aws configure list"),
            run("See that it works.", "aws sts get-caller-identity"),
        ],
        ..Rule::BASE
    },
];
