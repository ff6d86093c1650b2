//! `statelock explain`: paste an error text, get its cause and the next step. No network, no credentials:
//! the text is all that is looked at.

mod address;
mod error;
mod explanation;
mod facts;
mod input;
mod matching;
mod normalise;
mod recognise;
mod refine;
mod rule;
mod rules;
mod secrets;
mod segment;
mod show;
mod template;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

pub(crate) use error::ExplainError;

use crate::output;
use crate::shell::quoted;

/// Explain an error text of Terraform, OpenTofu, Terragrunt, an S3 or DynamoDB store, or statelock:
/// what happened, what is stored now, what to do next.
///
/// The text may be a whole CI log. Nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  terraform plan 2>&1 | statelock explain
  statelock explain --file job.log
  statelock explain 'Error: Error acquiring the state lock ...'
  statelock explain --list   # every error that is known

Exit code 6 if nothing in the text is known.")]
pub(crate) struct ExplainArgs {
    /// The text; - or nothing reads standard input.
    #[arg(value_name = "TEXT", conflicts_with = "file")]
    text: Vec<String>,

    /// Read the text from a file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// List what is known instead.
    #[arg(long, conflicts_with_all = ["text", "file"])]
    list: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Explains a text.
///
/// # Errors
/// [`ExplainError`].
pub(crate) fn run(args: &ExplainArgs) -> Result<(), ExplainError> {
    match explain(args) {
        // Whoever reads has seen enough.
        Err(ExplainError::Stdout(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn explain(args: &ExplainArgs) -> Result<(), ExplainError> {
    if args.list {
        return print(&show::list(args.json)?);
    }
    let input = input::read(&args.text, args.file.as_deref())?;
    if input.skipped_lines > 0 || input.is_cut {
        output::note(&format!(
            "the text is longer than {} MiB; only its end was looked at",
            input::BYTES_MAX / (1024 * 1024)
        ));
    }
    if input.text.trim().is_empty() {
        return Err(ExplainError::NoText);
    }
    let explanations = recognise::recognise(&input.text, input.skipped_lines);
    if explanations.is_empty()
        && let [name] = args.text.as_slice()
        && Path::new(name).is_file()
    {
        let hint = format!("to read it: statelock explain --file {}", quoted(name));
        return Err(ExplainError::FileAsText { name: output::printable(name), hint });
    }
    if args.json {
        print(&show::json(&explanations)?)?;
    }
    if explanations.is_empty() {
        return Err(ExplainError::NothingKnown);
    }
    if args.json { Ok(()) } else { print(&show::text(&explanations)) }
}

fn print(text: &str) -> Result<(), ExplainError> {
    output::data(text).map_err(ExplainError::Stdout)
}
