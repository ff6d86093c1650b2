//! Where text goes: data to stdout, everything else to stderr.

use std::error::Error;
use std::io::{self, Write};

/// Prints data.
///
/// # Errors
/// When stdout is closed or full.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints an error with its causes on one line, and what to do next on its own.
pub(crate) fn error(error: &dyn Error, hint: Option<&str>) {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text.push('\n');
    if let Some(hint) = hint {
        text = format!("{text}\nhint: {hint}\n");
    }
    // Nothing is left to tell when stderr is gone.
    io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
}
