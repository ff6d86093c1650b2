//! Where the text comes from: arguments, a file, or standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use super::ExplainError;

/// How much of a text is looked at. Of a longer one it is the end, where errors stand.
pub(super) const BYTES_MAX: usize = 4 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// A text, and what was left away before it.
pub(super) struct Input {
    pub(super) text: String,
    /// Whether its beginning was left away.
    pub(super) is_cut: bool,
    /// How many lines stood in what was left away.
    pub(super) skipped_lines: usize,
}

/// Reads the text.
pub(super) fn read(words: &[String], file: Option<&Path>) -> Result<Input, ExplainError> {
    if let Some(path) = file {
        let failed = |source| ExplainError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        return tail(file).map_err(failed);
    }
    let is_dash = words.first().is_some_and(|word| word == "-") && words.len() == 1;
    if !words.is_empty() && !is_dash {
        return tail(words.join(" ").as_bytes()).map_err(ExplainError::Stdin);
    }
    let stdin = io::stdin();
    if stdin.is_terminal() && !is_dash {
        return Err(ExplainError::NoText);
    }
    tail(stdin.lock()).map_err(ExplainError::Stdin)
}

/// The end of what `source` gives, in bounded memory.
fn tail(mut source: impl Read) -> io::Result<Input> {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut skipped_lines, mut is_cut, mut is_wide) = (0, false, None);
    loop {
        let count = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        kept.extend(chunk.iter().take(count));
        // PowerShell writes files like this.
        let wide = *is_wide.get_or_insert_with(|| starts_wide(&kept));
        let bytes_max = if wide { 2 * BYTES_MAX } else { BYTES_MAX };
        // Halves of a wide character stay together.
        let over = kept.len().saturating_sub(bytes_max).next_multiple_of(2).min(kept.len());
        if over > 0 {
            is_cut = true;
            skipped_lines += kept.drain(..over).filter(|byte| *byte == b'\n').count();
        }
    }
    let bytes = Vec::from(kept);
    let text = if is_wide == Some(true) { wide(&bytes) } else { lossy(&bytes) };
    Ok(Input { text, is_cut, skipped_lines })
}

fn starts_wide(bytes: &VecDeque<u8>) -> bool {
    bytes.iter().take(2).eq(&[0xFF, 0xFE])
}

fn wide(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16_lossy(&units)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, tail};

    #[test]
    fn of_a_long_text_the_end_is_kept() {
        let mut text = "a line\n".repeat(BYTES_MAX / 7 + 1000);
        text.push_str("the end");
        let input = tail(text.as_bytes()).unwrap();
        assert!(input.is_cut && input.text.len() <= BYTES_MAX);
        assert!(input.text.ends_with("a line\nthe end"));
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let kept = input.text.bytes().filter(|byte| *byte == b'\n').count();
        assert_eq!(input.skipped_lines + kept, lines);
    }

    #[test]
    fn bytes_that_are_no_text_and_wide_text_are_read() {
        assert_eq!(tail(&b"a\xFFb"[..]).unwrap().text, "a\u{fffd}b");
        let wide: Vec<u8> = "\u{feff}Error\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(tail(&wide[..]).unwrap().text, "\u{feff}Error\n");
        assert!(!tail(&b""[..]).unwrap().is_cut);
    }
}
