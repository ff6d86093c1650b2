//! `statelock iam`: which permissions a backend needs, as a policy; and what a given policy lacks of them or
//! has too much. Nothing is sent anywhere.

mod check;
mod error;
mod explanation;
mod needs;
mod options;
mod policy_document;
mod target;
mod terraform;

use clap::{Args, Subcommand};
use serde::Serialize;

pub(crate) use error::IamError;

use crate::output;
use needs::Need;
use options::{NeedArgs, Role};
use target::Target;

/// The version of the JSON documents; members are added without a new one.
const SCHEMA: u32 = 1;

/// What a managed policy may have, without blanks.
const MANAGED_POLICY_CHARACTERS_MAX: usize = 6144;

/// Print the least policy with which Terraform, OpenTofu and statelock can work on a state, ready to paste.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  statelock iam --role apply                                    # the backend of this directory
  statelock iam s3://tfstate/network/terraform.tfstate --role plan --explain
  statelock iam --role apply --mode dual --dynamodb-table locks --account 111122223333
  statelock iam --role unlock --terraform > unlock.tf
  statelock iam check policy.json --role apply

Nothing is sent anywhere, and no credentials are needed."
)]
pub(crate) struct IamArgs {
    #[command(subcommand)]
    verb: Option<IamVerb>,

    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Print a data source `aws_iam_policy_document` of Terraform instead of JSON.
    #[arg(long, conflicts_with = "json")]
    terraform: bool,

    /// Explain each statement on standard error: which request needs it, and what fails without it.
    #[arg(long)]
    explain: bool,

    /// Print the policy together with its explanation as a JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    needs: NeedArgs,
}

#[derive(Debug, Subcommand)]
enum IamVerb {
    Check(check::CheckArgs),
}

/// Prints a policy, or checks one.
///
/// # Errors
/// [`IamError`]: bad input, or a policy that lacks something.
pub(crate) fn run(args: &IamArgs) -> Result<(), IamError> {
    let result = match &args.verb {
        Some(IamVerb::Check(args)) => check::run(args),
        None => generate(args),
    };
    match result {
        // Whoever reads has seen enough.
        Err(IamError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The policy with its explanation.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    address: String,
    role: &'static str,
    mode: String,
    policy: policy_document::PolicyDocument,
    statements: Vec<explanation::Explained<'a>>,
    notes: Vec<String>,
}

fn generate(args: &IamArgs) -> Result<(), IamError> {
    let role = args.needs.role().ok_or(IamError::NoRole)?;
    let target = Target::of(&args.needs, args.address.as_deref())?;
    let needs = needs::of(&target, role);
    let policy = policy_document::of(&needs);
    let compact = serde_json::to_string(&policy).map_err(IamError::Json)?;
    let notes = notes(&target, role, compact.chars().count());
    for note in &notes {
        output::note(&output::printable(note));
    }
    if args.explain {
        output::text(&explanation::text(&needs));
    }
    let text = if args.terraform {
        terraform::of(role.name(), &needs)
    } else if args.json {
        let document = Document {
            schema: SCHEMA,
            address: target.shown(),
            role: role.name(),
            mode: target.mode.to_string(),
            policy,
            statements: needs.iter().map(Need::explained).collect(),
            notes,
        };
        serde_json::to_string(&document).map_err(IamError::Json)? + "\n"
    } else {
        serde_json::to_string_pretty(&policy).map_err(IamError::Json)? + "\n"
    };
    output::data(&text).map_err(IamError::Stdout)
}

/// What the policy leaves open, and how to close it.
fn notes(target: &Target, role: Role, characters: usize) -> Vec<String> {
    let mut notes = target.notes();
    // bootstrap is about the bucket and the table alone.
    if role != Role::Bootstrap {
        notes.extend(target.reach_note());
    }
    if characters > MANAGED_POLICY_CHARACTERS_MAX {
        notes.push(format!(
            "the policy has {characters} characters, and a managed policy may have \
             {MANAGED_POLICY_CHARACTERS_MAX}: name fewer --workspaces, or use `--workspaces all`"
        ));
    }
    notes
}
