//! Splits a line into words as Terraform splits `TF_CLI_ARGS…`, and keeps where each stood.
//!
//! As in a shell, but without variables: blanks separate, quotes and backslashes keep together, and
//! what follows an unquoted `;`, `&`, `|`, `<` or `>` is not read.

use std::ops::Range;

/// A word, unquoted, and the bytes of the line that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// The words that Terraform would see. What is left after an open quote is one more word; Terraform
/// itself refuses such a line.
pub(super) fn split(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in line.char_indices() {
        let is_open = quote.is_some() || is_escaped;
        match character {
            ' ' | '\t' | '\r' | '\n' if !is_open => {
                words.extend(word.take());
                continue;
            }
            ';' | '&' | '|' | '<' | '>' if !is_open => break,
            _ => {}
        }
        let current = word.get_or_insert_with(|| Word { text: String::new(), span: at..at });
        current.span.end = at + character.len_utf8();
        match (character, quote) {
            _ if is_escaped => {
                current.text.push(character);
                is_escaped = false;
            }
            ('\\', None | Some('"')) => is_escaped = true,
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            (_, None | Some(_)) => current.text.push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    fn texts(line: &str) -> Vec<String> {
        split(line).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn blanks_separate_and_quotes_keep_together() {
        assert_eq!(
            texts(" -a  -b=c\t'd e' \"f 'g'\" h\\ i "),
            ["-a", "-b=c", "d e", "f 'g'", "h i"]
        );
        assert_eq!(texts("-lo\\ck=\"tr\"'ue'"), ["-lock=true"]);
        assert_eq!(texts("'a\\b' \"c\\\"d\" ''"), ["a\\b", "c\"d", ""]);
        assert_eq!(texts(""), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_read_behind_an_operator_of_the_shell() {
        assert_eq!(texts("-a ; -b"), ["-a"]);
        assert_eq!(texts("-a';'b -c"), ["-a;b", "-c"]);
        for operator in ["&", "|", "<", ">"] {
            assert_eq!(texts(&format!("-a {operator} -b")), ["-a"]);
        }
    }

    #[test]
    fn each_word_knows_where_it_stood() {
        let line = "ä 'b c' d";
        let spans: Vec<_> = split(line).into_iter().map(|word| word.span).collect();
        let parts: Vec<_> = spans.into_iter().filter_map(|span| line.get(span)).collect();
        assert_eq!(parts, ["ä", "'b c'", "d"]);
    }
}
