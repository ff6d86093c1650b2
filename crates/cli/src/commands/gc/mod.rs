//! `statelock gc`: removes what lockfiles leave behind in a bucket that keeps versions.

mod error;
mod report;
mod running;
mod sweep;

use std::ffi::OsString;

use clap::Args;
use statelock_client::bucket::Bucket;
use statelock_client::listing::ListingScope;
use statelock_client::without_user;

pub(crate) use error::GcError;

use crate::backend::{self, BackendArgs, ResolvedBucket, StopSignals};
use crate::{output, shell, span};
use report::Asked;
use running::Outcome;
use sweep::{Rules, Sweep};

/// Remove old versions and delete markers of lockfiles.
///
/// Each lock that is taken and released leaves a version and a delete marker in a bucket that keeps versions.
/// They are removed by their version id. States are never touched, nor is a lock that is held. Without --yes
/// it is only counted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statelock gc s3://tfstate                  # counts; removes nothing
  statelock gc s3://tfstate --yes
  statelock gc s3://tfstate/network/ --older-than 30d --keep-last 5 --yes
  statelock gc                               # the workspaces of the Terraform directory here

Exit code 0: all of it is gone, or only Object Lock keeps it. 9: not permitted.")]
pub(crate) struct GcArgs {
    /// Bucket, or beginning of keys in it: s3://BUCKET[/PREFIX]; or a Terraform directory, for all its
    /// workspaces [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Remove it.
    #[arg(long)]
    yes: bool,

    /// Leave so many of the newest old versions of each lockfile: who held the lock last.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    keep_last: u64,

    /// Only what was written longer ago than a span such as 12h, 30d, 8w.
    #[arg(long, value_name = "SPAN", value_parser = span::duration)]
    older_than: Option<std::time::Duration>,

    /// Print what was found and done as JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Removes, or counts.
///
/// # Errors
/// [`GcError`]
pub(crate) fn run(args: &GcArgs) -> Result<(), GcError> {
    let resolved = args.backend.resolve_bucket(args.address.as_deref())?;
    let runtime = backend::runtime()?;
    let outcome = runtime.block_on(sweep(args, &resolved))?;
    // What is on its way when a second signal comes is not waited for.
    runtime.shutdown_background();
    tell(args, &resolved, outcome)
}

async fn sweep(args: &GcArgs, resolved: &ResolvedBucket) -> Result<Outcome, GcError> {
    let mut stops = StopSignals::catch().map_err(GcError::Signals)?;
    let bucket = Bucket::new(resolved.connect().await?, resolved.bucket.clone());
    let rules = Rules {
        keep_last: args.keep_last,
        written_before: args.older_than.map(|span| {
            let span = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
            super::force_unlock::now_seconds().saturating_sub(span)
        }),
        has_safe_null: bucket.gives_version_ids().await,
    };
    let sweep = Sweep::new(rules, args.yes);
    Ok(running::run(&bucket, &resolved.scope, sweep, &mut stops).await)
}

fn tell(args: &GcArgs, resolved: &ResolvedBucket, outcome: Outcome) -> Result<(), GcError> {
    let place = match &resolved.scope {
        ListingScope::Prefix(prefix) if prefix.is_empty() => format!("s3://{}", resolved.bucket),
        ListingScope::Prefix(prefix) => format!("s3://{}/{prefix}", resolved.bucket),
        ListingScope::Workspaces { key, .. } => {
            format!("s3://{}/{} and its workspaces", resolved.bucket, key.as_str())
        }
    };
    let place = output::printable(&place);
    let command = again(std::env::args_os());
    let asked = Asked { place: &place, removes: args.yes, command: &command };
    let text = if args.json {
        report::json(asked, &outcome).map_err(GcError::Json)?
    } else {
        report::text(asked, &outcome)
    };
    // Where nothing could be listed, zeroes would say what is not known.
    if args.json || outcome.listed > 0 || outcome.stopped.is_none() {
        output::data(&text).map_err(GcError::Stdout)?;
    }
    if let Some(note) = report::note(asked, &outcome) {
        output::note(&note);
    }
    let progress = report::progress(&outcome);
    match outcome.stopped {
        Some(stopped) => Err(GcError::of(stopped, progress)),
        None if outcome.refused > 0 => Err(GcError::SomeRefused(refused(outcome.refused))),
        None => Ok(()),
    }
}

fn refused(count: u64) -> String {
    let what = if count == 1 { "1 version was" } else { "versions were" };
    if count == 1 {
        format!("{what} not removed; it is named above")
    } else {
        format!("{count} {what} not removed; the first are named above")
    }
}

/// The same command line, to remove what was counted. Without its secrets: it goes to logs.
fn again(words: impl Iterator<Item = OsString>) -> String {
    let mut said = vec!["statelock".to_owned()];
    let mut awaiting = None;
    for word in words.skip(1) {
        let text = word.to_str();
        let option = text.and_then(|text| text.strip_prefix("--"));
        said.push(match (awaiting.take(), option, text) {
            (Some(name), _, Some(value)) => shell::quoted(&without_secret(name, value)),
            (_, Some(option), _) => {
                let (name, value) = option
                    .split_once('=')
                    .map_or((option, None), |(name, value)| (name, Some(value)));
                let secret = WITH_SECRETS.into_iter().find(|known| *known == name);
                match (secret, value) {
                    (Some(name), Some(value)) => {
                        format!(
                            "--{}",
                            shell::quoted(&format!("{name}={}", without_secret(name, value)))
                        )
                    }
                    (secret, _) => {
                        awaiting = secret;
                        format!("--{}", shell::quoted(option))
                    }
                }
            }
            (_, None, _) => shell::quoted_os(&word),
        });
    }
    format!("{} --yes", said.join(" "))
}

/// The options whose values may hold secrets.
const WITH_SECRETS: [&str; 2] = ["backend-config", "endpoint-url"];

/// What can be shown of such a value: of a configuration the name, of a URL all but the password.
fn without_secret(option: &str, value: &str) -> String {
    match (option, value.split_once('=')) {
        ("backend-config", Some((name, _))) => format!("{name}=…"),
        _ => without_user(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_command_line_removes_what_was_counted() {
        let said = |words: &[&str]| again(words.iter().map(OsString::from));
        assert_eq!(said(&["/bin/statelock", "gc", "s3://b"]), "statelock gc s3://b --yes");
        assert_eq!(
            said(&["s", "gc", "--region=a b", "-q"]),
            "statelock gc --'region=a b' '-q' --yes"
        );
    }

    #[test]
    fn the_command_line_is_said_without_its_secrets() {
        let said = |words: &[&str]| again(["s", "gc"].iter().chain(words).map(OsString::from));
        for words in [
            &["--backend-config", "secret_key=hunter2"][..],
            &["--backend-config=secret_key=hunter2"],
            &["--endpoint-url", "https://user:hunter2@host"],
            &["--endpoint-url=https://user:hunter2@host/"],
        ] {
            let said = said(words);
            assert!(!said.contains("hunter2"), "{said}");
            assert!(said.contains("secret_key=…") || said.contains("https://host"), "{said}");
        }
        assert_eq!(
            said(&["--backend-config", "prod.s3.tfbackend", "--region", "a=b"]),
            "statelock gc --backend-config prod.s3.tfbackend --region a=b --yes"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_word_need_be_no_text() {
        use std::os::unix::ffi::OsStringExt as _;

        let words = [b"\xff".to_vec(), b"gc".to_vec(), b"--custom-ca-bundle=\xff".to_vec()];
        let said = again(words.into_iter().map(OsString::from_vec));
        assert_eq!(said, r"statelock gc $'--custom-ca-bundle=\377' --yes");
    }
}
