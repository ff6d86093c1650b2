//! Structured logs on stderr.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::ServeError;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging.
///
/// # Errors
/// [`ServeError::LogFilter`] if the filter does not parse.
pub(super) fn start(format: LogFormat, filter: &str) -> Result<(), ServeError> {
    // The S3 framework logs every refusal as an error, and a refused lock is none: one line per
    // request says it all. Who asks for the framework's lines by name gets them.
    let quiet =
        if filter.contains("s3s") { filter.to_owned() } else { format!("{filter},s3s=off") };
    let filter = EnvFilter::try_new(quiet)
        .map_err(|source| ServeError::LogFilter { filter: filter.to_owned(), source })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
