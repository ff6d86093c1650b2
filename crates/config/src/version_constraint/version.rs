//! Versions of Terraform and OpenTofu.

use std::cmp::Ordering;
use std::fmt;

/// How many numbers a version has when it is compared; missing ones are zero.
const NUMBERS: usize = 3;

/// A version: numbers, and possibly a prerelease such as `rc1`. What stands behind a `+` means nothing.
#[derive(Clone, Debug)]
pub struct Version {
    /// At least three.
    numbers: Vec<u64>,
    /// How many of them were written.
    written: usize,
    prerelease: String,
}

impl Version {
    /// A version with three numbers.
    pub fn of(numbers: [u64; NUMBERS]) -> Self {
        Self { numbers: numbers.to_vec(), written: NUMBERS, prerelease: String::new() }
    }

    /// Reads `1.5`, `v1.5.7`, `1.10.0-rc1`; `None` if it is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text
            .split_once('+')
            .map_or(Some(text), |(version, metadata)| are_parts(metadata).then_some(version))?;
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, rest) = text.split_at_checked(end)?;
        let mut numbers: Vec<u64> =
            numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let prerelease = rest.strip_prefix('-').unwrap_or(rest);
        if !rest.is_empty() && !are_parts(prerelease) {
            return None;
        }
        let written = numbers.len();
        numbers.resize(written.max(NUMBERS), 0);
        Some(Self { numbers, written, prerelease: prerelease.to_owned() })
    }

    pub(super) fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    pub(super) fn has_three_numbers(&self) -> bool {
        self.numbers.len() == NUMBERS
    }

    pub(super) fn has_numbers_of(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }

    /// Whether it differs from `base` only from the last number on that is written there.
    pub(super) fn continues(&self, base: &Self) -> bool {
        let fixed = base.written.saturating_sub(1);
        self.numbers.len() >= base.numbers.len()
            && self.numbers.iter().zip(&base.numbers).take(fixed).all(|(a, b)| a == b)
    }

    /// The release with its first three numbers.
    pub(super) fn release(&self) -> Option<Self> {
        let numbers = self.numbers.first_chunk::<NUMBERS>()?;
        Some(Self::of(*numbers))
    }

    /// The first release behind [`Self::release`].
    pub(super) fn next_release(&self) -> Option<Self> {
        let [major, minor, patch] = *self.numbers.first_chunk::<NUMBERS>()?;
        Some(Self::of([major, minor, patch.checked_add(1)?]))
    }

    /// The first prerelease behind this one, if this is one.
    pub(super) fn next_prerelease(&self) -> Option<Self> {
        self.is_prerelease()
            .then(|| Self { prerelease: format!("{}.0", self.prerelease), ..self.clone() })
    }
}

/// Whether it is letters, digits and a few signs, in parts with a dot between them.
fn are_parts(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '~';
    text.split('.').all(|part| !part.is_empty() && part.chars().all(is_sign))
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let number = |version: &Self, at: usize| version.numbers.get(at).copied().unwrap_or(0);
        (0..length)
            .map(|at| number(self, at).cmp(&number(other, at)))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }
}

/// A release comes behind all its prereleases.
fn compare_prereleases(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let (mut ones, mut others) = (one.split('.'), other.split('.'));
            loop {
                match (ones.next(), others.next()) {
                    (None, None) => return Ordering::Equal,
                    (None, Some(_)) => return Ordering::Less,
                    (Some(_), None) => return Ordering::Greater,
                    (Some(a), Some(b)) => match compare_parts(a, b) {
                        Ordering::Equal => {}
                        order @ (Ordering::Less | Ordering::Greater) => return order,
                    },
                }
            }
        }
    }
}

/// Numbers come before words.
fn compare_parts(one: &str, other: &str) -> Ordering {
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => one.cmp(other),
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.numbers.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join("."))?;
        if self.is_prerelease() {
            write!(f, "-{}", self.prerelease)?;
        }
        Ok(())
    }
}
