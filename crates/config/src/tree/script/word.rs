//! Words of a command line, in which variables stay what they are.

use std::fmt;

/// A word, as the shell would see it before variables are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) pieces: Vec<Piece>,
    /// Where it begins, counted from 1.
    pub(crate) line: usize,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// What stands between the signs of the variable, of the command or of the template.
    Variable(String),
}

impl Word {
    pub(super) fn push(&mut self, c: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(c),
            Some(Piece::Variable(_)) | None => self.pieces.push(Piece::Text(c.into())),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text, if there is no variable in it.
    pub(crate) fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Variable(_) => None,
            })
            .collect()
    }

    /// The text up to the first variable.
    pub(crate) fn beginning(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            Some(Piece::Variable(_)) | None => "",
        }
    }

    /// What follows `prefix`, if the word begins with it.
    pub(super) fn without_prefix(&self, prefix: &str) -> Option<Self> {
        let rest = self.beginning().strip_prefix(prefix)?.to_owned();
        let first = (!rest.is_empty()).then_some(Piece::Text(rest));
        let pieces = first.into_iter().chain(self.pieces.iter().skip(1).cloned()).collect();
        Some(Self { pieces, line: self.line })
    }

    /// The two sides of the first `=` in front of any variable.
    pub(crate) fn split_at_equals(&self) -> Option<(String, Self)> {
        let (name, _) = self.beginning().split_once('=')?;
        let value = self.without_prefix(&format!("{name}="))?;
        Some((name.to_owned(), value))
    }

    /// This directory below another one.
    pub(super) fn below(&self, directory: Option<&Self>) -> Self {
        let Some(directory) = directory else { return self.clone() };
        if self.beginning().starts_with('/') {
            return self.clone();
        }
        let mut joined = directory.clone();
        joined.push('/');
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => text.chars().for_each(|c| joined.push(c)),
                Piece::Variable(_) => joined.pieces.push(piece.clone()),
            }
        }
        joined
    }
}

/// As it may be written, with `${…}` for every variable.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Variable(name) => write!(f, "${{{name}}}"),
        })
    }
}
