//! Workspaces.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "workspace-not-empty",
        title: "The workspace still has resources",
        patterns: &[
            "Workspace is not empty",
            "is currently tracking the following resource instances",
        ],
        cause: "Terraform does not delete a workspace whose state has resources. Nothing was deleted.",
        danger: Some(
            "-force deletes the state and leaves the resources, which nobody then manages.",
        ),
        next: &[
            run("Destroy them first.", "terraform destroy"),
            run("Or keep a copy of the state.", "statelock state pull > {workspace}.tfstate"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "workspace-deleted-with-resources",
        title: "A workspace was deleted, and its resources are left",
        patterns: &[
            "was non-empty. The resources managed by the deleted workspace may still exist",
        ],
        cause: "The state of the workspace was deleted by -force. Its resources still exist, and nothing manages them. In a \
                versioned bucket the state can be brought back.",
        next: &[
            run(
                "See the versions of its state.",
                "statelock state list-versions --workspace {workspace}",
            ),
            say(
                "Restore the last one with `statelock state restore`, and destroy the resources in order.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "workspace-exists",
        title: "The workspace exists already",
        patterns: &["Workspace \" … \" already exists"],
        cause: "The backend has a state of this workspace already. Nothing was changed.",
        next: &[run("Use it.", "terraform workspace select {workspace}")],
        ..Rule::BASE
    },
    Rule {
        id: "workspace-missing",
        title: "There is no such workspace",
        patterns: &["Workspace \" … \" doesn't exist"],
        cause: "No state of this workspace is in the backend. Nothing was changed.",
        possible: &[
            maybe("The name is spelt otherwise.", "`terraform workspace list` shows it."),
            maybe(
                "It was made in another backend or with another workspace_key_prefix.",
                "The list is empty, or another's.",
            ),
            maybe("It was not made yet.", "It is new."),
        ],
        next: &[
            run("See what there is.", "terraform workspace list"),
            run("Make it.", "terraform workspace select -or-create {workspace}"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "workspaces-unsupported",
        title: "This backend has no workspaces",
        patterns: &["workspaces not supported"],
        cause: "The http backend has one state for each address. Nothing was changed.",
        next: &[say(
            "Use one address for each environment (-backend-config), or the s3 backend, which has workspaces.",
        )],
        ..Rule::BASE
    },
];
