//! Takes out what terminals obey: colours, cursor movements, titles, links.

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// The text without escape sequences, as a terminal would show it. `\r\n` becomes `\n`.
pub(super) fn strip(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                Some('[') => skip_control(&mut characters),
                Some(']' | '_' | 'P' | '^' | 'X') => skip_string(&mut characters),
                // Two characters are the whole sequence, or the text ends.
                Some(_) | None => {}
            },
            // The same as `ESC [` in one character.
            '\u{9b}' => skip_control(&mut characters),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\u{feff}' | '\u{200b}' => {}
            // No white space for Rust's `split_whitespace`, and a blank for a reader.
            '\u{0}'..='\u{8}' | '\u{e}'..='\u{1a}' | '\u{7f}' => plain.push(' '),
            other => plain.push(other),
        }
    }
    without_visible_colours(plain)
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// `ESC [` … up to a letter.
fn skip_control(characters: &mut Characters<'_>) {
    while let Some(next) = characters.peek() {
        if *next == '\n' || *next == ESCAPE {
            return;
        }
        let is_end = ('@'..='~').contains(next);
        characters.next();
        if is_end {
            return;
        }
    }
}

/// `ESC ]` … up to a bell or `ESC \`; a line's end ends it too, because some logs lose the bell.
fn skip_string(characters: &mut Characters<'_>) {
    while let Some(next) = characters.peek() {
        match *next {
            '\n' => return,
            BELL => {
                characters.next();
                return;
            }
            ESCAPE => {
                characters.next();
                characters.next_if_eq(&'\\');
                return;
            }
            _ => {
                characters.next();
            }
        }
    }
}

/// Colours whose escape character was lost on the way stay as `[31m`.
fn without_visible_colours(text: String) -> String {
    if !text.contains("[0m") {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        let digits = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match digits.strip_prefix('m') {
            Some(shown) if digits.len() < after.len() => rest = shown,
            Some(_) | None => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn escape_sequences_are_gone() {
        assert_eq!(strip("\u{1b}[1;31ma\u{1b}[0mb\u{1b}[K"), "ab");
        assert_eq!(strip("\u{1b}]0;title\u{7}a\u{1b}]8;;http://x\u{1b}\\b"), "ab");
        assert_eq!(strip("\u{1b}_bk;t=1\u{7}a\r\nb\u{9b}31mc"), "a\nbc");
        assert_eq!(strip("[31m│[0m [1mError[0m a[0]"), "│ Error a[0]");
    }

    #[test]
    fn a_sequence_that_does_not_end_takes_no_other_line() {
        assert_eq!(strip("\u{1b}]0;title\nError"), "\nError");
        assert_eq!(strip("\u{1b}[31\nError"), "\nError");
        assert_eq!(strip("a\u{1b}"), "a");
    }
}
