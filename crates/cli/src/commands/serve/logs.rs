//! Structured logs on stderr.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::ServeError;

/// The S3 framework is never heard, whatever the filter says: at its finer levels it logs whole heads
/// of requests, with signatures and query strings, and it logs a refused lock as an error.
const FRAMEWORK: &str = "s3s";

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
/// [`ServeError::LogFilter`] and [`ServeError::LogLevel`] if the filter cannot be meant so.
pub(super) fn start(format: LogFormat, filter: &str) -> Result<(), ServeError> {
    check_levels(filter)?;
    let levels = EnvFilter::try_new(filter)
        .map_err(|source| ServeError::LogFilter { filter: filter.to_owned(), source })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let registry = tracing_subscriber::registry()
        .with(levels)
        .with(filter_fn(|metadata| !metadata.target().starts_with(FRAMEWORK)));
    match format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
    Ok(())
}

/// The filter takes a word that is no level for the name of a module, and then logs nothing at all.
fn check_levels(filter: &str) -> Result<(), ServeError> {
    let is_name = |word: &&str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let words = filter.split(',').map(str::trim).filter(is_name);
    match words.into_iter().find(|word| word.parse::<LevelFilter>().is_err()) {
        None => Ok(()),
        Some(word) => {
            Err(ServeError::LogLevel { filter: filter.to_owned(), word: word.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_levels;

    #[test]
    fn a_misspelt_level_is_refused_and_directives_are_not() {
        for good in
            ["info", "WARN", "off", "info,statelock_server=debug", "hyper::proto=trace,warn"]
        {
            assert!(check_levels(good).is_ok(), "{good}");
        }
        for bad in ["verbose", "inof", "info,debgu", "statelock_server"] {
            assert!(check_levels(bad).is_err(), "{bad}");
        }
    }
}
