//! The protocols through which one lock is taken.

use std::fmt;

/// One side of the unified lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The object `<key>.tflock`, made by a conditional write.
    Lockfile,
    /// The item `bucket/key` of a lock table.
    LockTable,
    /// LOCK and UNLOCK of an `http` backend.
    Http,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lockfile, Self::LockTable, Self::Http];

    /// The name in records, logs and pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lockfile => "lockfile",
            Self::LockTable => "lock_table",
            Self::Http => "http",
        }
    }

    /// The facet with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facet| facet.name() == name)
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of facets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FacetSet {
    lockfile: bool,
    lock_table: bool,
    http: bool,
}

impl FacetSet {
    /// The set of one.
    pub fn of(facet: Facet) -> Self {
        Self::default().with(facet)
    }

    /// Whether the facet is in it.
    pub fn contains(self, facet: Facet) -> bool {
        match facet {
            Facet::Lockfile => self.lockfile,
            Facet::LockTable => self.lock_table,
            Facet::Http => self.http,
        }
    }

    /// The set with this facet.
    #[must_use]
    pub fn with(self, facet: Facet) -> Self {
        self.set(facet, true)
    }

    /// The set without this facet.
    #[must_use]
    pub fn without(self, facet: Facet) -> Self {
        self.set(facet, false)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Its facets, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Facet> {
        Facet::ALL.into_iter().filter(move |facet| self.contains(*facet))
    }

    fn set(mut self, facet: Facet, is_in: bool) -> Self {
        match facet {
            Facet::Lockfile => self.lockfile = is_in,
            Facet::LockTable => self.lock_table = is_in,
            Facet::Http => self.http = is_in,
        }
        self
    }
}

impl FromIterator<Facet> for FacetSet {
    fn from_iter<I: IntoIterator<Item = Facet>>(facets: I) -> Self {
        facets.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::{Facet, FacetSet};

    #[test]
    fn facets_come_back_from_their_names() {
        for facet in Facet::ALL {
            assert_eq!(Facet::by_name(facet.name()), Some(facet));
        }
        assert_eq!(Facet::by_name("dual"), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let both = FacetSet::of(Facet::LockTable).with(Facet::Lockfile);
        assert_eq!(both.iter().collect::<Vec<_>>(), [Facet::Lockfile, Facet::LockTable]);
        assert_eq!(both.iter().collect::<FacetSet>(), both);
        assert!(!both.contains(Facet::Http));
        assert!(both.without(Facet::Lockfile).without(Facet::LockTable).is_empty());
    }
}
