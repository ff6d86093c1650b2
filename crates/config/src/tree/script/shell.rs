//! Splits command lines into words, as far as shells, make, CI services and template languages agree.

use std::iter::Peekable;
use std::str::Chars;

use super::word::{Piece, Word};

/// What a command line consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// The end of a command: `;`, `&&`, `|`, …
    End,
    /// The end of a line.
    Newline,
    /// The beginning of a subshell.
    Open,
    /// Its end.
    Close,
}

/// The tokens of a text that begins at `line`.
pub(super) fn tokens(text: &str, line: usize) -> Vec<Token> {
    let mut lexer =
        Lexer { rest: text.chars().peekable(), line, word: None, tokens: Vec::new(), lists: 0 };
    lexer.run();
    lexer.tokens
}

/// The whole text as one word.
pub(super) fn word(text: &str, line: usize) -> Word {
    let mut lexer = Lexer {
        rest: text.chars().peekable(),
        line,
        word: Some(Word { pieces: Vec::new(), line }),
        tokens: Vec::new(),
        lists: 0,
    };
    while let Some(c) = lexer.next() {
        lexer.inside(c);
    }
    lexer.word.take().unwrap_or_default()
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    word: Option<Word>,
    tokens: Vec<Token>,
    /// How many lists of words, `NAME=(…)`, are open.
    lists: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let is_there = self.rest.peek() == Some(&wanted);
        if is_there {
            self.next();
        }
        is_there
    }

    fn word(&mut self) -> &mut Word {
        let line = self.line;
        self.word.get_or_insert_with(|| Word { pieces: Vec::new(), line })
    }

    fn end_word(&mut self) {
        self.tokens.extend(self.word.take().map(Token::Word));
    }

    fn end(&mut self, token: Token) {
        self.end_word();
        self.tokens.push(token);
    }

    fn run(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c) => self.word().push(c),
                },
                '\n' if self.lists > 0 => self.end_word(),
                '\n' => self.end(Token::Newline),
                ' ' | '\t' | '\r' | '<' | '>' => self.end_word(),
                ';' | '&' | '|' => self.end(Token::End),
                '(' if self.word.as_ref().is_some_and(ends_with_equals) => {
                    self.lists += 1;
                    self.end_word();
                }
                '(' => self.end(Token::Open),
                ')' if self.lists > 0 => {
                    self.lists -= 1;
                    self.end(Token::End);
                }
                ')' => self.end(Token::Close),
                '#' if self.word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                c => self.inside(c),
            }
        }
        self.end_word();
    }

    fn single_quoted(&mut self) {
        self.word();
        while let Some(c) = self.next().filter(|c| *c != '\'') {
            self.word().push(c);
        }
    }

    fn double_quoted(&mut self) {
        self.word();
        while let Some(c) = self.next() {
            match c {
                '"' => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.word().push(c),
                    Some(c) => {
                        self.word().push('\\');
                        self.word().push(c);
                    }
                },
                c => self.inside(c),
            }
        }
    }

    /// A character that means the same with quotes and without.
    fn inside(&mut self, c: char) {
        match c {
            '$' => self.dollar(),
            '`' => {
                let mut name = String::new();
                while let Some(c) = self.next().filter(|c| *c != '`') {
                    name.push(c);
                }
                self.variable(name);
            }
            '{' if self.next_if('{') => {
                let name = self.until_closed('{', '}', 2);
                self.variable(name);
            }
            c => self.word().push(c),
        }
    }

    fn dollar(&mut self) {
        // make writes a shell's `$` as `$$`.
        while self.next_if('$') {}
        match self.rest.peek().copied() {
            Some('{') => {
                self.next();
                let depth = if self.next_if('{') { 2 } else { 1 };
                let name = self.until_closed('{', '}', depth);
                self.variable(name);
            }
            Some('(') => {
                self.next();
                let name = self.until_closed('(', ')', 1);
                self.variable(name);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                self.variable(name);
            }
            Some(c) if c.is_ascii_digit() || "@*#?!-".contains(c) => {
                self.next();
                self.variable(c.into());
            }
            Some(_) | None => self.word().push('$'),
        }
    }

    /// Everything up to the sign that closes the `depth`th open one.
    fn until_closed(&mut self, open: char, close: char, mut depth: usize) -> String {
        let mut content = String::new();
        while let Some(c) = self.next() {
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            content.push(c);
        }
        content.trim_end_matches(close).trim().to_owned()
    }

    fn variable(&mut self, name: String) {
        if is_own_directory(&name) {
            return self.word().push('.');
        }
        self.word().pieces.push(Piece::Variable(name));
    }
}

/// Whether this is how a script names the directory that it lies in: `$(dirname "$0")`, `${0%/*}`.
fn is_own_directory(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !"\"'${} ".contains(*c)).collect();
    matches!(plain.as_str(), "0%/*" | "BASH_SOURCE%/*" | "BASH_SOURCE[0]%/*")
        || plain.strip_prefix("dirname").is_some_and(|of| {
            let of = of.trim_start_matches("--");
            matches!(of, "0" | "BASH_SOURCE" | "BASH_SOURCE[0]")
        })
        || plain.strip_prefix("cd(dirname").is_some_and(|rest| {
            let ends = [")&&pwd", ")&&pwd-P", ");pwd", ")>/dev/null&&pwd", ")>/dev/null2>&1&&pwd"];
            let of = ends.iter().find_map(|end| rest.strip_suffix(end));
            of.is_some_and(|of| {
                matches!(of.trim_start_matches("--"), "0" | "BASH_SOURCE" | "BASH_SOURCE[0]")
            })
        })
}

fn ends_with_equals(word: &Word) -> bool {
    matches!(word.pieces.last(), Some(Piece::Text(text)) if text.ends_with('='))
}
