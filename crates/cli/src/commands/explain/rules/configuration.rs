//! What a version of Terraform does not know, or does not want any more.

use crate::commands::explain::rule::{Rule, Weight, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "use-lockfile-unknown",
        title: "This Terraform is too old for use_lockfile",
        patterns: &[
            "An argument named \"use_lockfile\" is not expected",
            "Unsupported argument … use_lockfile",
            "Unsupported argument: use_lockfile",
            "Invalid backend configuration argument … use_lockfile",
        ],
        cause: "use_lockfile came with Terraform 1.10 and OpenTofu 1.10. An older one refuses the whole backend block. \
                Nothing was changed, and nothing was locked.",
        danger: Some(
            "do not only remove it here: this client would then lock otherwise than its colleagues, or not at all, and two \
             runs could write at once.",
        ),
        next: &[
            run("See the version.", "terraform version"),
            say(
                "Use Terraform 1.10 or newer everywhere; until then set dynamodb_table beside use_lockfile where both are known.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "dynamodb-table-deprecated",
        title: "dynamodb_table will go away",
        patterns: &[
            "The parameter \"dynamodb_table\" is deprecated",
            "dynamodb_table\" is deprecated",
        ],
        cause: "This is a warning. The lock in the table still works. A client with use_lockfile alone does not see a lock \
                that is only in the table, and the other way round.",
        danger: Some(
            "set both for a time, until every client of the state takes both; only then remove dynamodb_table.",
        ),
        next: &[
            say(
                "Add `use_lockfile = true` beside dynamodb_table, and run `terraform init -reconfigure`.",
            ),
            say(
                "The warning stands on standard output and breaks what reads it as JSON: use `terraform output -json` after init, or `-no-color` and a filter.",
            ),
        ],
        weight: Weight::Full,
        ..Rule::BASE
    },
    Rule {
        id: "backend-not-initialised",
        title: "The backend of this directory is not set up, or has changed",
        patterns: &["Backend initialization required", "Backend configuration changed"],
        cause: "The backend block is not the one that `terraform init` was run with. Terraform stops before it reads or \
                locks anything.",
        next: &[
            run("To use the state of the new block as it is.", "terraform init -reconfigure"),
            run("To take the state along to the new one.", "terraform init -migrate-state"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "region-missing",
        title: "No region is set",
        patterns: &[
            "Missing region",
            "You must specify a region",
            "Invalid AWS Region",
            "MissingRegion",
            "\"region\" attribute or the AWS_REGION",
            "The \"region\" attribute value must not be empty",
            "A region must be set when sending requests",
            "MissingEndpoint",
        ],
        cause: "The client does not know which region to ask, so it asked nothing.",
        next: &[say(
            "Set `region` in the backend block, or AWS_REGION. For other stores any name will do (us-east-1), with skip_region_validation = true.",
        )],
        ..Rule::BASE
    },
];
