//! Differences between two contents of a file, as `diff -u` and `git diff` show them.

use std::borrow::Cow;
use std::io::IsTerminal as _;

use similar::{ChangeTag, TextDiff};

use super::secrets;
use crate::output::printable;

/// Whether differences are shown in colour: on a terminal, unless `NO_COLOR` is set.
pub(super) fn is_coloured() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_refused && std::io::stdout().is_terminal()
}

/// Whether a difference shows `(hidden)` in place of a secret: `git apply` does not take it.
pub(super) fn hides(before: &[u8], after: &[u8]) -> bool {
    let has_one = |bytes| secrets::hidden(&String::from_utf8_lossy(bytes)).is_some();
    if !has_one(before) && !has_one(after) {
        return false;
    }
    let (shown, written) = (unified("", before, after), bytes_as_they_are(before, after));
    shown != written
}

fn bytes_as_they_are(before: &[u8], after: &[u8]) -> String {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    diff.unified_diff().context_radius(3).header("a/", "b/").to_string()
}

/// What is shown of a file: all but secrets.
fn shown(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    match secrets::hidden(&text) {
        Some(hidden) => Cow::Owned(hidden),
        None => text,
    }
}

/// The unified difference, with three lines around each change, without secrets; `git apply` takes it unless it
/// [`hides`] something.
pub(super) fn unified(name: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (shown(before), shown(after));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    diff.unified_diff().context_radius(3).header(&old, &new).to_string()
}

/// The same for a terminal: removed lines are red, added ones green, and nothing in a file reaches the
/// terminal as a command.
pub(super) fn coloured(name: &str, before: &[u8], after: &[u8]) -> String {
    use std::fmt::Write as _;
    let (before, after) = (shown(before), shown(after));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    let name = printable(name);
    let mut text = format!("\x1b[1m--- a/{name}\n+++ b/{name}\x1b[0m\n");
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        // Writing to a string cannot fail.
        writeln!(text, "\x1b[36m{}\x1b[0m", hunk.header()).unwrap_or_default();
        for change in hunk.iter_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ('-', "\x1b[31m"),
                ChangeTag::Insert => ('+', "\x1b[32m"),
                ChangeTag::Equal => (' ', ""),
            };
            let line = change.value().trim_end_matches(['\r', '\n']).replace('\t', "        ");
            let end = if colour.is_empty() { "" } else { "\x1b[0m" };
            writeln!(text, "{colour}{sign}{}{end}", printable(&line)).unwrap_or_default();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &[u8] = b"a\r\nb\r\nc\r\nd\r\ne";
    const AFTER: &[u8] = b"a\r\nb\r\nc\r\nnew\r\nd\r\ne";

    #[test]
    fn line_ends_and_a_missing_last_one_are_kept() {
        assert_eq!(
            unified("x/main.tf", BEFORE, AFTER),
            "--- a/x/main.tf\n+++ b/x/main.tf\n@@ -1,5 +1,6 @@\n a\r\n b\r\n c\r\n+new\r\n d\r\n e\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("x", BEFORE, BEFORE), "");
    }

    #[test]
    fn no_secret_is_in_a_difference() {
        let before = b"secret_key = \"hunter2\"\ndynamodb_table = \"locks\"\n";
        let after = b"secret_key = \"hunter2\"\ndynamodb_table = \"locks\"\nuse_lockfile = true\n";
        for text in [unified("x", before, after), coloured("x", before, after)] {
            assert!(!text.contains("hunter2") && text.contains("secret_key = (hidden)"), "{text}");
            assert!(text.contains("+use_lockfile = true"), "{text}");
        }
        assert!(hides(before, after));
        assert!(!hides(BEFORE, AFTER));
        // One that is far from every change is not shown anyway.
        let far = [before.as_slice(), b"\n\n\n\n"].concat();
        assert!(!hides(&far, &[far.as_slice(), b"new\n"].concat()));
    }

    #[test]
    fn nothing_in_a_file_reaches_the_terminal_as_a_command() {
        let text = coloured("x", b"\x1b]0;owned\x07\n", b"\x1b]0;owned\x07\nnew\n");
        assert!(text.contains("\x1b[32m+new\x1b[0m\n"), "{text:?}");
        assert!(text.contains("\\u{1b}]0;owned\\u{7}"), "{text:?}");
    }
}
