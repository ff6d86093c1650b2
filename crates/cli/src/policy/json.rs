//! JSON with the place of everything in it, so that an error can say where it is.
//!
//! Strict: no comments, no trailing commas, and no name twice in an object, which other readers silently
//! settle in one way or the other.

use std::fmt;

/// Objects and lists inside each other; no policy comes near.
const DEPTH_MAX: usize = 32;

/// A place in a text, both counted from 1. Columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub(crate) struct SyntaxError {
    pub(crate) at: Position,
    pub(crate) problem: String,
}

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) at: Position,
    pub(super) name: String,
    pub(super) node: Node,
}

impl Value {
    /// What kind it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    // Editors of Windows write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, at: Position { line: 1, column: 1 } };
    reader.blank();
    let node = reader.value(0)?;
    reader.blank();
    if reader.rest.is_empty() {
        Ok(node)
    } else {
        Err(reader.error("something follows the end of the JSON"))
    }
}

struct Reader<'a> {
    rest: &'a str,
    at: Position,
}

impl Reader<'_> {
    fn error(&self, problem: &str) -> SyntaxError {
        let problem = if self.rest.is_empty() { "the text ends too early" } else { problem };
        SyntaxError { at: self.at, problem: problem.to_owned() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let next = rest.next()?;
        self.rest = rest.as_str();
        if next == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(next)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.next();
        }
    }

    /// Takes this character, if it is the next.
    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.next();
        }
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        let at = self.at;
        if depth > DEPTH_MAX {
            return Err(self.error("lists and objects are nested too deeply"));
        }
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Value::Text(self.text()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('t') => self.word("true", Value::Bool(true))?,
            Some('f') => self.word("false", Value::Bool(false))?,
            Some('n') => self.word("null", Value::Null)?,
            Some(_) | None => return Err(self.error("this is no JSON value")),
        };
        Ok(Node { at, value })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, SyntaxError> {
        if !self.rest.starts_with(word) {
            return Err(self.error("this is no JSON value"));
        }
        for _ in word.chars() {
            self.next();
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        let mut text = String::new();
        while let Some(next) = self.peek().filter(|c| c.is_ascii_digit() || "+-.eE".contains(*c)) {
            text.push(next);
            self.next();
        }
        // Whoever knows the rules of numbers.
        match serde_json::from_str::<serde_json::Number>(&text) {
            Ok(_) => Ok(Value::Number(text)),
            Err(_) => Err(SyntaxError { at: start, problem: format!("`{text}` is no number") }),
        }
    }

    fn text(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        self.next();
        let mut raw = String::from('"');
        loop {
            match self.peek() {
                None => {
                    return Err(SyntaxError {
                        at: start,
                        problem: "this text does not end".to_owned(),
                    });
                }
                Some('\n') => return Err(self.error("a text goes over the end of its line")),
                Some('"') => break,
                Some('\\') => {
                    raw.extend(self.next());
                    raw.extend(self.next());
                }
                Some(_) => raw.extend(self.next()),
            }
        }
        raw.extend(self.next());
        serde_json::from_str(&raw).map_err(|_| SyntaxError {
            at: start,
            problem: "this text has an escape or a character that JSON does not know".to_owned(),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.next();
        let mut nodes = Vec::new();
        self.blank();
        if self.take(']') {
            return Ok(Value::List(nodes));
        }
        loop {
            self.blank();
            nodes.push(self.value(depth + 1)?);
            self.blank();
            if self.take(']') {
                return Ok(Value::List(nodes));
            }
            if !self.take(',') {
                return Err(self.error("a `,` or `]` is missing before this"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, SyntaxError> {
        self.next();
        let mut members: Vec<Member> = Vec::new();
        self.blank();
        if self.take('}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.blank();
            let at = self.at;
            if self.peek() != Some('"') {
                return Err(self.error("a name in quotes is missing here"));
            }
            let name = self.text()?;
            if members.iter().any(|member| member.name == name) {
                return Err(SyntaxError {
                    at,
                    problem: format!("`{name}` stands here a second time"),
                });
            }
            self.blank();
            if !self.take(':') {
                return Err(self.error("a `:` is missing before this"));
            }
            self.blank();
            let node = self.value(depth + 1)?;
            members.push(Member { at, name, node });
            self.blank();
            if self.take('}') {
                return Ok(Value::Object(members));
            }
            if !self.take(',') {
                return Err(self.error("a `,` or `}` is missing before this"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn everything_knows_where_it_is() {
        let node = parse("{\n  \"ä\": [1, \"x\\n\\u0041\"]\n}\n").unwrap();
        let Value::Object(members) = node.value else { unreachable!("an object") };
        assert_eq!(
            (members[0].at, members[0].name.as_str()),
            (Position { line: 2, column: 3 }, "ä")
        );
        let Value::List(nodes) = &members[0].node.value else { unreachable!("a list") };
        assert_eq!(nodes[1].at, Position { line: 2, column: 12 });
        assert!(matches!(&nodes[1].value, Value::Text(text) if text == "x\nA"));
        assert!(matches!(&nodes[0].value, Value::Number(text) if text == "1"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("", "line 1, column 1: the text ends too early"),
            ("{\"a\": 1,}", "line 1, column 9: a name in quotes is missing here"),
            ("{\"a\": 1\n \"b\": 2}", "line 2, column 2: a `,` or `}` is missing before this"),
            ("{\"a\": 1, \"a\": 2}", "line 1, column 10: `a` stands here a second time"),
            ("{\"a\" 1}", "line 1, column 6: a `:` is missing before this"),
            ("[1 2]", "line 1, column 4: a `,` or `]` is missing before this"),
            ("[1] x", "line 1, column 5: something follows the end of the JSON"),
            ("\"abc", "line 1, column 1: this text does not end"),
            ("\"a\nb\"", "line 1, column 3: a text goes over the end of its line"),
            ("\"\\q\"", "line 1, column 1: this text has an escape"),
            ("// policy", "line 1, column 1: this is no JSON value"),
            ("[01]", "line 1, column 2: `01` is no number"),
            ("tru", "line 1, column 1: this is no JSON value"),
        ] {
            let said = problem(text);
            assert!(said.starts_with(expected), "{text:?}: {said}");
        }
        assert!(problem(&"[".repeat(1000)).contains("too deeply"));
        assert_eq!(problem("\u{feff}{}"), "");
    }
}
