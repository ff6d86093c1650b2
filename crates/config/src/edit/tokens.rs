//! HCL as tokens with their places, comments and line ends included: what an edit is cut out of.
//!
//! The parser knows the structure, but not where every byte belongs. These tokens do, and they never
//! fail: what is no HCL has been refused by the parser before, or will be by the comparison afterwards.

use std::ops::Range;

/// Templates in templates beyond this depth are taken as plain text; the parser refuses them anyway.
const DEPTH_MAX: usize = 64;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `\n` or `\r\n`.
    Newline,
    /// A comment, without the line end after it.
    Comment,
    /// A name, a keyword or digits.
    Word,
    /// A quoted text with everything in it.
    Quoted,
    /// A heredoc from `<<` to its last delimiter.
    Heredoc,
    /// `{`, `[` or `(`.
    Open,
    /// `}`, `]` or `)`.
    Close,
    /// `=` alone.
    Equals,
    /// `:` alone.
    Colon,
    /// `,`.
    Comma,
    /// An operator, or what is no HCL.
    Other,
}

/// A token and its bytes in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Every token of `text`. Between them stand only blanks.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(|| lexer.next(0)).collect()
}

/// Where the first quoted text begins that is not closed on its line, within templates too. The parser
/// takes some of those, Terraform none.
pub(super) fn unclosed_text(text: &str) -> Option<usize> {
    let mut lexer = Lexer::new(text);
    while lexer.unclosed.is_none() && lexer.next(0).is_some() {}
    lexer.unclosed
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the first quoted text began that was not closed.
    unclosed: Option<usize>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, unclosed: None }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn sees(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    fn next(&mut self, depth: usize) -> Option<Token> {
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let start = self.at;
        let kind = self.token(self.peek(0)?, depth);
        // Never stands still, whatever the text.
        self.at = self.at.clamp(start + 1, self.bytes.len());
        Some(Token { kind, start, end: self.at })
    }

    fn token(&mut self, first: u8, depth: usize) -> Kind {
        match first {
            b'\n' => self.take(1, Kind::Newline),
            b'\r' if self.sees(b"\r\n") => self.take(2, Kind::Newline),
            b'#' => self.line_comment(),
            b'/' if self.sees(b"//") => self.line_comment(),
            b'/' if self.sees(b"/*") => self.block_comment(),
            b'"' => self.quoted(depth),
            b'<' if self.sees(b"<<") => self.heredoc(),
            b'{' | b'[' | b'(' => self.take(1, Kind::Open),
            b'}' | b']' | b')' => self.take(1, Kind::Close),
            b'=' if self.sees(b"==") || self.sees(b"=>") => self.take(2, Kind::Other),
            b'!' | b'<' | b'>' if self.peek(1) == Some(b'=') => self.take(2, Kind::Other),
            b'=' => self.take(1, Kind::Equals),
            b':' if self.sees(b"::") => self.take(2, Kind::Other),
            b':' => self.take(1, Kind::Colon),
            b',' => self.take(1, Kind::Comma),
            byte if is_word(byte) => {
                while self.peek(0).is_some_and(is_word) {
                    self.at += 1;
                }
                Kind::Word
            }
            _ => self.take(1, Kind::Other),
        }
    }

    fn take(&mut self, bytes: usize, kind: Kind) -> Kind {
        self.at += bytes;
        kind
    }

    fn line_comment(&mut self) -> Kind {
        while self.peek(0).is_some_and(|byte| byte != b'\n') && !self.sees(b"\r\n") {
            self.at += 1;
        }
        Kind::Comment
    }

    fn block_comment(&mut self) -> Kind {
        self.at += 2;
        while self.peek(0).is_some() && !self.sees(b"*/") {
            self.at += 1;
        }
        self.take(2, Kind::Comment)
    }

    fn quoted(&mut self, depth: usize) -> Kind {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => return self.take(1, Kind::Quoted),
                b'\n' => break,
                b'\\' => self.at += 2,
                _ if self.sees(b"$${") || self.sees(b"%%{") => self.at += 3,
                _ if depth < DEPTH_MAX && (self.sees(b"${") || self.sees(b"%{")) => {
                    self.at += 2;
                    self.interpolation(depth + 1);
                }
                _ => self.at += 1,
            }
        }
        self.unclosed.get_or_insert(start);
        Kind::Other
    }

    fn interpolation(&mut self, depth: usize) {
        let mut open = 1_usize;
        while open > 0
            && let Some(token) = self.next(depth)
        {
            match self.bytes.get(token.start) {
                Some(b'{') if token.kind == Kind::Open => open += 1,
                Some(b'}') if token.kind == Kind::Close => open -= 1,
                _ => {}
            }
        }
    }

    fn heredoc(&mut self) -> Kind {
        let start = self.at;
        let marker = start + if self.sees(b"<<-") { 3 } else { 2 };
        let mut lines = Lines { bytes: self.bytes, at: marker };
        let delimiter = lines.next().map(<[u8]>::trim_ascii);
        let Some(delimiter) = delimiter.filter(|name| !name.is_empty()) else {
            return self.take(2, Kind::Other);
        };
        if !delimiter.iter().copied().all(is_word) {
            return self.take(2, Kind::Other);
        }
        loop {
            let begin = lines.at;
            let Some(line) = lines.next() else {
                self.at = self.bytes.len();
                return Kind::Other;
            };
            if line.trim_ascii() == delimiter {
                self.at = begin + line.trim_ascii_end().len();
                return Kind::Heredoc;
            }
        }
    }
}

/// Lines with their ends.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        self.at += length;
        rest.get(..length)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(Kind, &str)> {
        let shown = |token: Token| (token.kind, text.get(token.range()).expect("in the text"));
        tokens(text).into_iter().map(shown).collect()
    }

    #[test]
    fn every_kind_is_told_apart() {
        assert_eq!(
            shown("a-b = { \"x\" : 1, } # c\r\n// d\n/* e\n*/ y == z => n::f(1)\n"),
            [
                (Kind::Word, "a-b"),
                (Kind::Equals, "="),
                (Kind::Open, "{"),
                (Kind::Quoted, "\"x\""),
                (Kind::Colon, ":"),
                (Kind::Word, "1"),
                (Kind::Comma, ","),
                (Kind::Close, "}"),
                (Kind::Comment, "# c"),
                (Kind::Newline, "\r\n"),
                (Kind::Comment, "// d"),
                (Kind::Newline, "\n"),
                (Kind::Comment, "/* e\n*/"),
                (Kind::Word, "y"),
                (Kind::Other, "=="),
                (Kind::Word, "z"),
                (Kind::Other, "=>"),
                (Kind::Word, "n"),
                (Kind::Other, "::"),
                (Kind::Word, "f"),
                (Kind::Open, "("),
                (Kind::Word, "1"),
                (Kind::Close, ")"),
                (Kind::Newline, "\n"),
            ]
        );
    }

    #[test]
    fn texts_end_where_they_end() {
        for text in [
            r#""""#,
            r#""a\"b""#,
            r##""# no /* comment""##,
            r#""${f("}", { a = "b" })}c""#,
            r#""$${ \\""#,
            r#""%{ if true }x%{ endif }""#,
        ] {
            assert_eq!(shown(text), [(Kind::Quoted, text)]);
        }
        assert_eq!(
            shown("\"a\nb"),
            [(Kind::Other, "\"a"), (Kind::Newline, "\n"), (Kind::Word, "b")]
        );
    }

    #[test]
    fn a_text_that_is_not_closed_on_its_line_is_found() {
        for (text, unclosed) in [
            ("a = \"x\" # \"\nb = \"y\"", None),
            ("a = <<E\n\"\nE\n", None),
            ("a = \"${\n f(\"x\")\n}\"", None),
            ("a = \"x\nb = \"y\"", Some(4)),
            ("a = \"%%{\n\"", Some(4)),
            ("a = \"${f(\"%%{\n\")}\"", Some(9)),
            ("a = \"x", Some(4)),
        ] {
            assert_eq!(unclosed_text(text), unclosed, "{text:?}");
        }
    }

    #[test]
    fn heredocs_end_with_their_delimiter() {
        for text in ["<<E\n} \" # EE\n E", "<<-E_1\r\n a = \"\r\n\tE_1", "<<E\nE"] {
            assert_eq!(
                shown(&format!("{text} \n")),
                [(Kind::Heredoc, text), (Kind::Newline, "\n")]
            );
        }
        assert_eq!(shown("<<E\nx").first(), Some(&(Kind::Other, "<<E\nx")));
    }

    #[test]
    fn deep_nesting_is_bounded() {
        let text = "\"${".repeat(100_000);
        let all = tokens(&text);
        assert_eq!(all.last().map(|token| token.end), Some(text.len()));
    }
}
