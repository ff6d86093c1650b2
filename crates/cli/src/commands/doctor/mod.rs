//! `statelock doctor`: examines a state's bucket, lock table, locks, permissions and clients.
//!
//! Each check only looks, except the trial, which takes and releases a lock beside the state.

mod checks;
mod document;
mod error;
mod finding;
mod subject;
mod text;

use std::path::PathBuf;
use std::process;

use clap::Args;
use statelock_client::StateBackend;

pub(crate) use error::DoctorError;

use crate::backend::{self, BackendArgs, StopSignal, StopSignals};
use crate::output;
use checks::clients::Surroundings;
use checks::{
    bucket_policy, clients, digests, exposure, keeping, lock_table, locks, presence, states, trial,
};
use finding::Findings;
use subject::Subject;

/// Examine a state's bucket, lock table, locks, permissions and clients.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "\
Examples:
  statelock doctor                                   # the state of this Terraform directory
  statelock doctor s3://tfstate/network/terraform.tfstate --dynamodb-table locks
  statelock doctor --no-write                        # looks only, and takes no lock
  statelock doctor --json | jq -r '.findings[] | select(.severity == \"critical\") | .id'

Ends with 0 if nothing is worse than a notice, else as the worst finding says: 2 for a setting, 9 for a
permission, 10 for a store that does not lock, 11 for a damaged state or a wrong digest.")]
pub(crate) struct DoctorArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Only look: take no lock.
    #[arg(long)]
    no_write: bool,

    /// Try the state's own lock instead of one beside it, for policies that name exactly that one.
    #[arg(long, conflicts_with = "no_write")]
    own_lock: bool,

    /// Say of everything that is right what was seen.
    #[arg(long)]
    verbose: bool,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Examines, and reports.
pub(crate) fn run(args: &DoctorArgs) -> process::ExitCode {
    match report(args) {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(DoctorError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            process::ExitCode::SUCCESS
        }
        Err(error) => crate::exit(Err::<(), _>(error)),
    }
}

fn report(args: &DoctorArgs) -> Result<process::ExitCode, DoctorError> {
    let runtime = backend::runtime()?;
    let done = runtime.block_on(examine(args));
    // A CI that is being asked need not be waited for when a signal came.
    runtime.shutdown_background();
    let (subject, findings) = done?;
    let text = if args.json {
        let document = document::of(&subject, &findings);
        serde_json::to_string(&document).map_err(DoctorError::Json)? + "\n"
    } else {
        text::of(&subject, &findings, args.verbose)
    };
    output::data(&text).map_err(DoctorError::Stdout)?;
    Ok(findings.exit_code().map_or(process::ExitCode::SUCCESS, Into::into))
}

async fn examine(args: &DoctorArgs) -> Result<(Subject, Findings), DoctorError> {
    let mut signals = StopSignals::catch().map_err(DoctorError::Signals)?;
    let mut findings = Findings::default();
    let looking = async {
        let subject = subject(args).await?;
        let is_usable = Box::pin(look(&subject, &mut findings)).await?;
        Ok::<_, DoctorError>((subject, is_usable))
    };
    let (subject, is_usable) = tokio::select! {
        looked = looking => looked?,
        signal = signals.next() => return Err(DoctorError::Stopped(signal)),
    };
    if args.no_write {
        trial::left_out(&mut findings);
    } else if is_usable {
        findings.extend(try_lock(args, &subject, &mut signals).await?);
    }
    findings.sort();
    Ok((subject, findings))
}

async fn subject(args: &DoctorArgs) -> Result<Subject, DoctorError> {
    let address = args.address.as_deref();
    let resolved = args.backend.resolve(address)?;
    let named = resolved.named.clone();
    let backend = resolved.connect().await?;
    let text = address.unwrap_or(".");
    let directory = (!text.contains("://")).then(|| PathBuf::from(text));
    Ok(Subject::new(backend, named, directory))
}

/// All checks that only look; whether a lock can be tried.
async fn look(subject: &Subject, findings: &mut Findings) -> Result<bool, DoctorError> {
    let here = presence::check(subject, findings).await?;
    let mut surroundings = Surroundings::default();
    let mut is_usable = here.is_reachable;
    let mut is_versioned = true;
    if here.is_reachable {
        let kept = keeping::check(subject, findings).await?;
        (surroundings.retains, is_versioned) = (kept.is_retained, kept.is_versioned);
        exposure::check(subject, findings).await?;
        let caller = here.caller_arn.as_deref();
        let verdict = bucket_policy::check(subject, caller, findings).await?;
        surroundings.denies_bare_lock = verdict.denies_bare_lock;
        is_usable = lock_table::check(subject, findings).await?;
    }
    let found = if is_usable { locks::check(subject, findings).await? } else { Vec::new() };
    if here.is_reachable {
        keeping::lifecycle(subject, (&found, is_versioned), findings).await?;
    }
    if is_usable {
        states::check(subject, &found, findings).await;
        digests::without_state(subject, &found, findings).await?;
        if subject.uses_lockfile() {
            states::lock_versions(subject, &found, findings).await?;
        }
    }
    clients::check(subject, surroundings, findings).await;
    Ok(is_usable)
}

/// Takes and releases a lock. At a signal that is brought to its end first; at the second one it is left.
async fn try_lock(
    args: &DoctorArgs,
    subject: &Subject,
    signals: &mut StopSignals,
) -> Result<Findings, DoctorError> {
    let locked = if args.own_lock {
        subject.backend.clone()
    } else {
        subject.backend.throwaway().map_err(DoctorError::NoName)?
    };
    let address = &locked.settings().address;
    output::note(&format!(
        "takes and releases the lock of {address} (mode {}), twice; --no-write leaves that out",
        locked.settings().mode
    ));
    let mut tried = Box::pin(trial::run(subject, &locked));
    let signal = tokio::select! {
        biased;
        findings = &mut tried => return Ok(findings),
        signal = signals.next() => signal,
    };
    output::note(&format!("{signal}: releasing the trial's lock; again to end at once"));
    tokio::select! {
        biased;
        findings = tried => {
            let is_left = findings.bad.iter().any(|one| one.kind.id == "trial-lock-left");
            Err(if is_left { maybe_left(signal, &locked) } else { DoctorError::Stopped(signal) })
        }
        _ = signals.next() => Err(maybe_left(signal, &locked)),
    }
}

fn maybe_left(signal: StopSignal, locked: &StateBackend) -> DoctorError {
    let address = locked.settings().address.to_string();
    let status = backend::command("status", &crate::shell::quoted(&address), "");
    DoctorError::MaybeLeft { signal, hint: format!("look, and remove it if it is there: {status}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::checks::kinds;

    #[test]
    fn the_page_lists_every_kind_of_finding() {
        let page = include_str!("../../../../../docs/operations/doctor.md");
        let rows: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| `")).collect();
        let shown: BTreeSet<_> = rows
            .iter()
            .filter_map(|row| {
                let (id, rest) = row.split_once("` | ")?;
                let (severity, rest) = rest.split_once(" | ")?;
                let (code, _) = rest.split_once(" | ")?;
                Some((id.to_owned(), severity.to_owned(), code.to_owned()))
            })
            .collect();
        let all: BTreeSet<_> = kinds()
            .into_iter()
            .map(|kind| {
                let code = kind.exit_code.map_or(0, crate::exit_code::ExitCode::number);
                (kind.id.to_owned(), kind.severity.name().to_owned(), code.to_string())
            })
            .collect();
        assert_eq!(shown, all);
    }

    #[test]
    fn no_two_kinds_have_one_id() {
        let all = kinds();
        let ids: BTreeSet<_> = all.iter().map(|kind| kind.id).collect();
        assert_eq!(ids.len(), all.len());
    }
}
