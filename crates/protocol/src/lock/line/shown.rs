//! What somebody in line is shown.

use crate::lock::LockInfo;
use crate::lock::unified::{Facet, Hold};

/// A lock ID's place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its place; the first is 1.
    pub place: usize,
    /// How many places there are.
    pub of: usize,
}

impl Standing {
    /// The lock info of `hold`, with a sentence in its `Info` for somebody who stands here.
    ///
    /// Everything else stays the holder's. `None` if the hold has no lock info that can be read.
    pub fn annotate(standing: Option<Self>, hold: &Hold, facet: Facet) -> Option<Vec<u8>> {
        let info = LockInfo::parse(&hold.shown_through(facet)).ok()?;
        let text = Self::prefix(standing, &info, "held by");
        Some(LockInfo { info: text, ..info }.marshal())
    }

    /// The lock info of who is next, for somebody who stands here and asks for a holder while the
    /// lock is free.
    pub fn annotate_next(standing: Option<Self>, next: &Hold, facet: Facet) -> Option<Vec<u8>> {
        let info = LockInfo::parse(&next.shown_through(facet)).ok()?;
        let text = Self::prefix(standing, &info, "just released; next is");
        Some(LockInfo { info: text, ..info }.marshal())
    }

    fn prefix(standing: Option<Self>, info: &LockInfo, relation: &str) -> String {
        let holder = format!("{relation} ID {}", info.id);
        let holder = if info.who.is_empty() { holder } else { format!("{holder} ({})", info.who) };
        // What the holder said in this field itself is not lost.
        let said = if info.info.is_empty() { String::new() } else { format!(": {}", info.info) };
        match standing {
            Some(Self { place, of }) => format!("place {place} of {of} in line; {holder}{said}"),
            None => format!("{holder}{said}"),
        }
    }
}
