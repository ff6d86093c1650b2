//! Constraints on versions, as `required_version` has them: `>= 1.5, < 2.0.0`.
//!
//! What a constraint admits is what Terraform and OpenTofu make of it. Two things surprise: `~> 1` has
//! no upper bound, and a version with a prerelease is admitted only by a constraint that has one for
//! the same version.

use std::cmp::Ordering;
use std::fmt;

pub use version::Version;

mod version;

/// The first version that knows `use_lockfile`: of Terraform and, by chance, of OpenTofu as well.
/// Prereleases of it are not counted, since not all of them know it.
const FIRST_WITH_LOCKFILE: [u64; 3] = [1, 10, 0];

/// The operators, those first that begin like another one.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::Not),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("~>", Operator::Pessimistic),
    ("=", Operator::Exactly),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// A text that is no constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is no version constraint")]
pub struct NoConstraint {
    /// The part between two commas that cannot be understood.
    pub part: String,
}

impl NoConstraint {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "write it like `>= 1.10.0, < 2.0.0`"
    }
}

/// Which versions may run. Without any term: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionConstraint {
    terms: Vec<Term>,
}

/// Whether the versions that a constraint admits know `use_lockfile`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockfileSupport {
    /// Each of them does.
    Always {
        /// The lowest that is admitted.
        lowest: Version,
    },
    /// Some do; the lowest does not.
    Sometimes {
        /// The lowest that is admitted.
        lowest: Version,
    },
    /// None of them does.
    Never {
        /// The lowest that is admitted; `None` if the constraint admits no version at all.
        lowest: Option<Version>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    operator: Operator,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Exactly,
    Not,
    Above,
    AtLeast,
    Below,
    AtMost,
    /// `~>`: only the last number that is written may grow.
    Pessimistic,
}

impl VersionConstraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// [`NoConstraint`] if Terraform would not take it either.
    pub fn parse(text: &str) -> Result<Self, NoConstraint> {
        let terms: Result<Vec<_>, _> = text.split(',').map(Term::parse).collect();
        Ok(Self { terms: terms? })
    }

    /// The constraint that admits what each of `constraints` admits.
    pub fn all(constraints: impl IntoIterator<Item = Self>) -> Self {
        Self { terms: constraints.into_iter().flat_map(|constraint| constraint.terms).collect() }
    }

    /// Whether that version may run.
    pub fn admits(&self, version: &Version) -> bool {
        self.terms.iter().all(|term| term.admits(version))
    }

    /// Whether what it admits knows `use_lockfile`.
    pub fn lockfile_support(&self) -> LockfileSupport {
        let first = Version::of(FIRST_WITH_LOCKFILE);
        let mut admitted: Vec<_> =
            self.candidates().into_iter().filter(|version| self.admits(version)).collect();
        admitted.sort();
        let has_new = admitted.iter().any(|version| *version >= first);
        match admitted.into_iter().next() {
            Some(lowest) if lowest >= first => LockfileSupport::Always { lowest },
            Some(lowest) if has_new => LockfileSupport::Sometimes { lowest },
            lowest => LockfileSupport::Never { lowest },
        }
    }

    /// Versions among which are the lowest that is admitted and the lowest that is and knows the
    /// lockfile: terms begin to admit at their own version or right behind it, or admit from the start.
    fn candidates(&self) -> Vec<Version> {
        let mut candidates = vec![Version::of([0, 0, 0]), Version::of(FIRST_WITH_LOCKFILE)];
        for term in &self.terms {
            candidates.extend(term.version.release());
            candidates.extend(term.version.next_release());
            candidates.push(term.version.clone());
            candidates.extend(term.version.next_prerelease());
        }
        candidates.retain(Version::has_three_numbers);
        candidates
    }
}

impl Term {
    fn parse(part: &str) -> Result<Self, NoConstraint> {
        let text = part.trim();
        let (rest, operator) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, *operator)))
            .unwrap_or((text, Operator::Exactly));
        let version = Version::parse(rest.trim_start());
        let version = version.ok_or_else(|| NoConstraint { part: text.to_owned() })?;
        Ok(Self { operator, version })
    }

    fn admits(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.operator {
            Operator::Exactly => order == Ordering::Equal,
            Operator::Not => order != Ordering::Equal,
            Operator::Above => self.is_comparable(version) && order == Ordering::Greater,
            Operator::AtLeast => self.is_comparable(version) && order != Ordering::Less,
            Operator::Below => self.is_comparable(version) && order == Ordering::Less,
            Operator::AtMost => self.is_comparable(version) && order != Ordering::Greater,
            Operator::Pessimistic => {
                self.is_comparable(version)
                    && (version.is_prerelease() || !self.version.is_prerelease())
                    && order != Ordering::Less
                    && version.continues(&self.version)
            }
        }
    }

    /// A prerelease is compared only with prereleases of the same version.
    fn is_comparable(&self, version: &Version) -> bool {
        !version.is_prerelease()
            || (self.version.is_prerelease() && version.has_numbers_of(&self.version))
    }
}

impl fmt::Display for VersionConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, term) in self.terms.iter().enumerate() {
            if number > 0 {
                f.write_str(", ")?;
            }
            let sign = OPERATORS.iter().find(|(_, operator)| *operator == term.operator);
            write!(f, "{} {}", sign.map_or("=", |(sign, _)| *sign), term.version)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
