//! `statelock iam check`: what given policies lack, what they have too much, and what hangs on conditions.

mod document;
mod excess;
mod grants;
mod input;
mod lacking;
mod old_table;
mod report;

use clap::Args;

use super::needs;
use super::options::NeedArgs;
use super::target::Target;
use super::{IamError, SCHEMA};
use crate::output;
use crate::policy::{Caller, Policy, Which};
use excess::Excess;
use lacking::Judgement;

/// Check whether policies are enough for a role, and whether they are more than that.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock iam check policy.json --role apply                  # for the backend of this directory
  statelock iam check policy.json --role plan --for s3://tfstate/network/terraform.tfstate
  aws iam get-role-policy --role-name ci --policy-name state | statelock iam check - --role apply
  statelock iam check a.json b.json --role migrate --json | jq '.lacks[].action'

Several files are the policies of one user or role. Nothing is sent anywhere.
Exit code 0: enough. 9: something is lacking. 2: not a policy.")]
pub(crate) struct CheckArgs {
    /// Policy documents; - reads standard input.
    #[arg(value_name = "POLICY", required = true)]
    policies: Vec<String>,

    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(long = "for", value_name = "ADDRESS")]
    address: Option<String>,

    /// What depends on a condition counts as lacking.
    #[arg(long)]
    strict: bool,

    /// Who sends the requests, for policies with a `Principal`: the ARN of a user, a role or a session.
    #[arg(long, value_name = "ARN")]
    principal: Option<String>,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    needs: NeedArgs,
}

/// Everything that was found.
struct Checked {
    address: String,
    role: &'static str,
    mode: String,
    files: Vec<String>,
    policies: Vec<Policy>,
    judgement: Judgement,
    excess: Vec<Excess>,
}

impl Checked {
    /// A statement's name for people, with its file if there are many.
    fn statement(&self, which: Which) -> String {
        let policy = self.policies.get(which.policy);
        let statement = policy.and_then(|policy| policy.statements.get(which.statement));
        let name = statement.map_or_else(String::new, crate::policy::Statement::name);
        let name = output::printable(&name);
        match self.files.get(which.policy) {
            Some(file) if self.files.len() > 1 => format!("{name} of {}", output::printable(file)),
            Some(_) | None => name,
        }
    }
}

/// Checks them.
///
/// # Errors
/// [`IamError`]: no policy, or one that lacks something.
pub(super) fn run(args: &CheckArgs) -> Result<(), IamError> {
    let role = args.needs.role().ok_or(IamError::NoRole)?;
    let caller = args.principal.as_deref().map(caller).transpose()?;
    let target = Target::of(&args.needs, args.address.as_deref())?;
    let policies =
        args.policies.iter().map(|name| input::read(name)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<_> = policies.iter().collect();
    let settled = target.settled(&all);
    let judgement = lacking::judge(&needs::of(&settled, role), &all, caller.as_ref());
    let excess = excess::of(&needs::of(&target, role), &target, &all);
    let address = target.shown();
    let mode = target.mode.to_string();
    let files = args.policies.clone();
    let checked = Checked { address, role: role.name(), mode, files, policies, judgement, excess };
    let lacking = checked.judgement.lacks.len()
        + if args.strict { checked.judgement.depends.len() } else { 0 };
    let text = if args.json {
        let document = document::of(&checked, lacking == 0);
        serde_json::to_string(&document).map_err(IamError::Json)? + "\n"
    } else {
        report::text(&checked)
    };
    output::data(&text).map_err(IamError::Stdout)?;
    if lacking > 0 {
        return Err(IamError::Lacking { lacking, all: checked.judgement.asked });
    }
    Ok(())
}

fn caller(arn: &str) -> Result<Caller, IamError> {
    Caller::of_arn(arn).ok_or_else(|| IamError::Value {
        value: arn.to_owned(),
        problem: "no ARN of a user, a role or a session",
        hint: "`aws sts get-caller-identity` shows yours",
    })
}

#[cfg(test)]
mod tests;
