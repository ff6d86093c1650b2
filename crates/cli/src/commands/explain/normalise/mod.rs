//! A pasted text as the program wrote it: without colours, boxes, prefixes of a CI system and line ends.
//!
//! Terraform wraps messages at the width of the terminal, only at blanks, and puts `│ ` before each line.
//! So after the prefixes are gone, words joined by one blank are the same at every width.

mod escape;
mod json_line;
mod prefix;

/// A text in its normal form.
#[derive(Debug, Default)]
pub(super) struct Normal {
    /// All words, with one blank between any two.
    pub(super) text: String,
    /// Where each line that has words begins.
    pub(super) lines: Vec<Line>,
}

/// A line of the text that was given.
#[derive(Debug)]
pub(super) struct Line {
    /// Where its first word stands in the normal text.
    pub(super) offset: usize,
    /// Counted from 1.
    pub(super) number: usize,
    /// When it was written, in seconds since 1970, if a prefix says so.
    pub(super) unix_seconds: Option<i64>,
}

impl Normal {
    /// The line to which a place belongs.
    pub(super) fn line_at(&self, offset: usize) -> Option<&Line> {
        let after = self.lines.partition_point(|line| line.offset <= offset);
        self.lines.get(after.checked_sub(1)?)
    }

    fn push(&mut self, text: &str, number: usize, unix_seconds: Option<i64>) {
        let mut words = text.split_whitespace().peekable();
        if words.peek().is_none() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.lines.push(Line { offset: self.text.len(), number, unix_seconds });
        for (index, word) in words.enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
    }
}

/// The normal form of a text before which `skipped_lines` lines stood.
pub(super) fn normalise(text: &str, skipped_lines: usize) -> Normal {
    let plain = escape::strip(text);
    let mut normal = Normal::default();
    for (index, line) in plain.split(['\n', '\r']).enumerate() {
        let number = skipped_lines + index + 1;
        let stripped = prefix::strip(line, &normal.text);
        match json_line::messages(stripped.rest) {
            Some(messages) => {
                for message in messages.lines() {
                    normal.push(message, number, stripped.unix_seconds);
                }
            }
            None => normal.push(stripped.rest, number, stripped.unix_seconds),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn it_is_the_text_as_the_program_wrote_it() {
        let shown = "\u{1b}[31m╷\u{1b}[0m\r\n\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: \u{1b}[0mone\r\n│ \r\n│ two\tthree\r\n╵\r\n";
        let normal = normalise(shown, 0);
        assert_eq!(normal.text, "Error: one two three");
        let lines: Vec<_> = normal.lines.iter().map(|line| (line.number, line.offset)).collect();
        assert_eq!(lines, [(2, 0), (4, 11)]);
    }

    #[test]
    fn lines_are_counted_as_they_were_given() {
        let normal = normalise("a\n\nb", 10);
        assert_eq!(normal.line_at(2).unwrap().number, 13);
        assert_eq!(normal.line_at(0).unwrap().number, 11);
        assert!(normalise("", 0).line_at(0).is_none());
    }

    #[test]
    fn messages_in_json_are_read() {
        let line = r#"{"@level":"error","@message":"Error: x","diagnostic":{"summary":"x","detail":"a\nLock Info:\n  ID: 1"}}"#;
        assert_eq!(normalise(line, 0).text, "Error: x a Lock Info: ID: 1");
        let log = r#"level=error msg="Error: x\n\nLock Info:\n  ID: \"1\"""#;
        assert!(normalise(log, 0).text.contains("Error: x Lock Info: ID: \"1\""));
    }
}
