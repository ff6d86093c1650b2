//! Texts in heredocs, read from their source.
//!
//! The parser has taken the indentation away by its own rule, which differs from Terraform's: that
//! one looks over lines of blanks, and keeps CRLF.

/// The text of the heredoc whose source, from `<<` to its last delimiter, is `source`.
pub(crate) fn text(source: &str) -> Option<String> {
    let (opening, rest) = source.split_once('\n')?;
    let is_flush = opening.strip_prefix("<<")?.starts_with('-');
    // The last line holds the delimiter only; without another line before it the text is empty.
    let body = rest.rfind('\n').and_then(|end| rest.get(..=end)).unwrap_or("");
    let body = if is_flush { without_indentation(body) } else { body.to_owned() };
    Some(body.replace("$${", "${").replace("%%{", "%{"))
}

fn without_indentation(body: &str) -> String {
    let indentation = body.split_inclusive('\n').filter_map(indentation_of).min().unwrap_or(0);
    let mut text = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        match indentation_of(line) {
            Some(_) => text.extend(line.chars().skip(indentation)),
            None => text.push_str(line),
        }
    }
    text
}

/// How many blanks a line begins with; `None` for a line of blanks, which does not count.
fn indentation_of(line: &str) -> Option<usize> {
    line.chars().position(|c| !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heredoc_keeps_its_lines() {
        for (source, expected) in [
            ("<<E\nab\nE", "ab\n"),
            ("<<E\n ab\n\n  E", " ab\n\n"),
            ("<<E\nEE\nE1\n E x\nE", "EE\nE1\n E x\n"),
            ("<<E\nE", ""),
            ("<<E\na\\n\"q\"$${x}%%{y}$5%\nE", "a\\n\"q\"${x}%{y}$5%\n"),
            ("<<E\r\nab\r\n E", "ab\r\n"),
        ] {
            assert_eq!(text(source).as_deref(), Some(expected), "{source:?}");
        }
    }

    #[test]
    fn a_flush_heredoc_loses_its_common_indentation() {
        for (source, expected) in [
            ("<<-E\n   ab\n     c\n  E", "ab\n  c\n"),
            ("<<-E\n\t\tab\n\t c\n\n\tE", "ab\nc\n\n"),
            ("<<-E\n    a\n\n    b\n  \n    E", "a\n\nb\n  \n"),
            ("<<-E\r\n  a\r\n  b\r\n  E", "a\r\nb\r\n"),
        ] {
            assert_eq!(text(source).as_deref(), Some(expected), "{source:?}");
        }
    }
}
