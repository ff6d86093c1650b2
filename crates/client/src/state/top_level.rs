//! Finds the top-level fields of a state in its bytes, so that one of them can be changed and all other
//! bytes stay as they are.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use statelock_protocol::state::{Lineage, Serial};

use super::versions::HeaderGlimpse;

/// A longer name or value at the top level is none of those that are looked for.
const TOKEN_SIZE_BYTES_MAX: usize = 4096;
/// How much is read at a time.
const BUFFER_SIZE_BYTES: usize = 64 << 10;

/// Why the serial of a state cannot be changed in place.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// There is no field `serial` at the top level.
    #[error("the state has no serial")]
    Missing,
    /// There is more than one, and readers do not agree which counts.
    #[error("the state has {0} serials")]
    Ambiguous(usize),
    /// It is not written as plain digits.
    #[error("the serial is written as `{0}`, not as digits")]
    NotDigits(String),
    /// The bytes could not be read or written.
    #[error("could not copy the state")]
    Io(#[from] io::Error),
}

/// Copies a state from its beginning, with another serial. No other byte changes.
///
/// # Errors
/// [`SerialError`]; what was written until then is to be thrown away.
pub fn with_serial(
    from: &mut (impl Read + Seek),
    serial: Serial,
    to: &mut impl Write,
) -> Result<(), SerialError> {
    from.seek(SeekFrom::Start(0))?;
    let span = serial_span(from)?;
    from.seek(SeekFrom::Start(0))?;
    let mut to = BufWriter::with_capacity(BUFFER_SIZE_BYTES, to);
    let before = io::copy(&mut from.take(span.start), &mut to)?;
    if before != span.start {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    write!(to, "{serial}")?;
    from.seek(SeekFrom::Start(span.end))?;
    io::copy(from, &mut to)?;
    to.flush()?;
    Ok(())
}

/// Where the digits of the serial stand.
fn serial_span(from: &mut impl Read) -> Result<Range<u64>, SerialError> {
    let mut scanner = Scanner::default();
    let mut reader = BufReader::with_capacity(BUFFER_SIZE_BYTES, from);
    loop {
        let piece = io::BufRead::fill_buf(&mut reader)?;
        if piece.is_empty() {
            break;
        }
        let length = piece.len();
        scanner.take(piece);
        io::BufRead::consume(&mut reader, length);
    }
    // Go's parser, which Terraform uses, does not look at the case of names.
    let is_serial = |field: &&Field| field.name.eq_ignore_ascii_case("serial");
    let mut serials = scanner.fields.iter().filter(is_serial);
    let field = serials.next().ok_or(SerialError::Missing)?;
    match serials.count() {
        0 => {}
        more => return Err(SerialError::Ambiguous(more + 1)),
    }
    if field.value.is_empty() || !field.value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SerialError::NotDigits(field.value.clone()));
    }
    Ok(field.span.clone())
}

/// What the beginning of a state says about it. The bytes may end anywhere.
pub(super) fn glimpse(bytes: &[u8]) -> HeaderGlimpse {
    let mut scanner = Scanner::default();
    scanner.take(bytes);
    let value = |name: &str| {
        let field = scanner.fields.iter().find(|field| field.name == name);
        field.and_then(|field| serde_json::from_str::<serde_json::Value>(&field.value).ok())
    };
    let text = |name| value(name).and_then(|value| value.as_str().map(str::to_owned));
    HeaderGlimpse {
        lineage: text("lineage").map(Lineage::new),
        serial: value("serial").and_then(|value| value.as_u64()).map(Serial),
        terraform_version: text("terraform_version"),
    }
}

/// A field at the top level whose value is a text, a number or a word.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    /// As it is written, with the quotes of a text.
    value: String,
    span: Range<u64>,
}

/// Goes through JSON byte by byte. It keeps no more than the fields at the top level, and says nothing
/// about whether the JSON is right.
#[derive(Debug, Default)]
struct Scanner {
    position: u64,
    depth: u64,
    token: Token,
    text: Vec<u8>,
    token_start: u64,
    name: Option<String>,
    /// After the colon at the top level.
    is_value: bool,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Token {
    /// None: between tokens.
    #[default]
    Outside,
    Text,
    /// In a text, after a backslash.
    Escape,
    /// A number or a word.
    Bare,
}

impl Scanner {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
            self.position += 1;
        }
    }

    fn byte(&mut self, byte: u8) {
        match self.token {
            Token::Outside => self.outside(byte),
            Token::Escape => {
                self.keep(byte);
                self.token = Token::Text;
            }
            Token::Text => {
                self.keep(byte);
                match byte {
                    b'\\' => self.token = Token::Escape,
                    b'"' => self.end(self.position + 1),
                    _ => {}
                }
            }
            Token::Bare => match byte {
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.end(self.position);
                    self.outside(byte);
                }
                _ => self.keep(byte),
            },
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' => self.is_value |= self.depth == 1,
            b',' => self.is_value &= self.depth != 1,
            _ => {
                self.token = if byte == b'"' { Token::Text } else { Token::Bare };
                self.token_start = self.position;
                self.text.clear();
                self.keep(byte);
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.text.len() <= TOKEN_SIZE_BYTES_MAX {
            self.text.push(byte);
        }
    }

    fn end(&mut self, position: u64) {
        self.token = Token::Outside;
        if self.depth != 1 {
            return;
        }
        let is_short = self.text.len() <= TOKEN_SIZE_BYTES_MAX;
        let text = String::from_utf8(std::mem::take(&mut self.text)).ok().filter(|_| is_short);
        if !self.is_value {
            self.name = text.and_then(|text| serde_json::from_str(&text).ok());
        } else if let (Some(name), Some(value)) = (self.name.take(), text) {
            self.fields.push(Field { name, value, span: self.token_start..position });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn changed(state: &str, serial: u64) -> Result<String, SerialError> {
        let mut to = Vec::new();
        with_serial(&mut Cursor::new(state), Serial(serial), &mut to)?;
        Ok(String::from_utf8(to).unwrap())
    }

    #[test]
    fn only_the_digits_of_the_serial_change() {
        for (state, expected) in [
            (
                r#"{"version":4,"serial":9,"lineage":"L"}"#,
                r#"{"version":4,"serial":10,"lineage":"L"}"#,
            ),
            ("{\n  \"serial\" :\t99\n}\n", "{\n  \"serial\" :\t10\n}\n"),
            (r#"{"outputs":{"serial":1},"serial":9}"#, r#"{"outputs":{"serial":1},"serial":10}"#),
            (
                r#"{"x":"\"serial\":5,{","a":[{"serial":2},"serial"],"serial":9 , "é":"\\"}"#,
                r#"{"x":"\"serial\":5,{","a":[{"serial":2},"serial"],"serial":10 , "é":"\\"}"#,
            ),
            (r#"{"ser\u0069al":9}"#, r#"{"ser\u0069al":10}"#),
            (r#"{"check_results":null,"serial":0}"#, r#"{"check_results":null,"serial":10}"#),
        ] {
            assert_eq!(changed(state, 10).unwrap(), expected);
        }
    }

    #[test]
    fn a_serial_that_cannot_be_changed_is_refused() {
        assert!(matches!(changed(r#"{"version":4}"#, 1), Err(SerialError::Missing)));
        assert!(matches!(changed(r#"{"a":{"serial":1}}"#, 1), Err(SerialError::Missing)));
        assert!(matches!(changed(r#"["serial",1]"#, 1), Err(SerialError::Missing)));
        let two = r#"{"serial":1,"Serial":2}"#;
        assert!(matches!(changed(two, 1), Err(SerialError::Ambiguous(2))));
        for odd in
            [r#"{"serial":1e3}"#, r#"{"serial":"1"}"#, r#"{"serial":-1}"#, r#"{"serial":null}"#]
        {
            assert!(matches!(changed(odd, 1), Err(SerialError::NotDigits(_))), "{odd}");
        }
    }

    #[test]
    fn a_glimpse_sees_what_came_whole() {
        let state = r#"{"version":4,"terraform_version":"1.11.4","serial":12,"lineage":"L\"1","#;
        let seen = glimpse(state.as_bytes());
        assert_eq!(seen.serial, Some(Serial(12)));
        assert_eq!(seen.lineage, Some(Lineage::new("L\"1")));
        assert_eq!(seen.terraform_version.as_deref(), Some("1.11.4"));
        let cut = state.split_at(state.find('2').unwrap());
        assert_eq!(glimpse(cut.0.as_bytes()).serial, None, "a number that may go on is none");
        assert_eq!(glimpse(b"\xff{{{]]]\"\"\""), HeaderGlimpse::default());
    }

    #[test]
    fn long_values_are_passed_over() {
        let long = "x".repeat(3 * TOKEN_SIZE_BYTES_MAX);
        let state = format!(r#"{{"encrypted_data":"{long}","serial":3,"{long}":4}}"#);
        assert_eq!(changed(&state, 4).unwrap(), state.replace("\"serial\":3", "\"serial\":4"));
    }
}
