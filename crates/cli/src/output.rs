//! Where text goes: data to stdout, everything else to stderr.

pub(crate) mod progress_line;

use std::error::Error;
use std::io::{self, Write};

use statelock_client::BUCKET_IN_HOST;

/// Prints data.
///
/// # Errors
/// When stdout is closed or full.
pub(crate) fn data(text: &str) -> io::Result<()> {
    progress_line::erase();
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints data as it comes.
///
/// # Errors
/// When stdout is closed or full, or `source` fails.
pub(crate) fn stream(source: &mut impl io::Read) -> io::Result<()> {
    progress_line::erase();
    let mut stdout = io::stdout().lock();
    io::copy(source, &mut stdout)?;
    stdout.flush()
}

/// Prints lines for people beside the data.
pub(crate) fn text(text: &str) {
    to_stderr(text);
}

/// Prints something about what was printed.
pub(crate) fn note(text: &str) {
    to_stderr(&format!("note: {text}\n"));
}

/// Prints something that the user should know and that keeps nothing from being done.
pub(crate) fn warning(text: &str) {
    to_stderr(&format!("warning: {text}\n"));
}

fn to_stderr(text: &str) {
    progress_line::erase();
    // Nothing is left to tell when stderr is gone.
    io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
}

/// Text of others as it can be shown on one line of a terminal: what would move the cursor, change
/// colours or turn the direction of writing is escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let invisible = matches!(character,
            '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
        if character.is_control() || invisible {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
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
    if let Some(hint) = better_hint(&text).or(hint) {
        text = format!("{text}\nhint: {hint}\n");
    }
    to_stderr(&text);
}

/// What the reason of a request that failed tells, whatever it was a part of.
fn better_hint(text: &str) -> Option<&'static str> {
    text.contains(BUCKET_IN_HOST).then_some(
        "name the bucket in the path: --use-path-style, or `use_path_style = true` in the backend block; else check the \
         endpoint",
    )
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn text_of_others_stays_on_its_line() {
        assert_eq!(printable("you@läptop 日本"), "you@läptop 日本");
        assert_eq!(printable("a\x1b[31m\r\nb\tc\u{9b}"), "a\\u{1b}[31m\\r\\nb\\tc\\u{9b}");
        assert_eq!(printable("x\u{202e}y\u{feff}"), "x\\u{202e}y\\u{feff}");
    }
}
