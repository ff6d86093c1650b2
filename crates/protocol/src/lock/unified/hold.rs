//! Who holds a lock.

use super::{Facet, FacetSet, GIVE_BACK_GRACE_MICROS};
use crate::lock::{CreatedAt, LockId, LockInfo};

/// One holder of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The lock ID; `None` if the body of the lockfile is no lock info.
    pub id: Option<LockId>,
    /// The lock info, exactly as its holder sent it.
    pub info: Vec<u8>,
    /// The facet through which that came.
    pub taken_through: Facet,
    /// The facets that the holder took and did not give back.
    pub facets: FacetSet,
    /// When it was taken, in microseconds.
    pub since_micros: u64,
    /// When the first of its facets was given back, if one was.
    pub giving_back_since_micros: Option<u64>,
}

impl Hold {
    /// Whether its time is over: a facet was given back long ago, and the others count no more.
    pub fn is_over(&self, now_micros: u64) -> bool {
        self.given_back_at_micros().is_some_and(|end| end <= now_micros)
    }

    /// When a hold that is being given back is over.
    pub fn given_back_at_micros(&self) -> Option<u64> {
        self.giving_back_since_micros.map(|since| since.saturating_add(GIVE_BACK_GRACE_MICROS))
    }

    /// Whether this lock ID holds. What has no readable ID is nobody's.
    pub fn is_held_by(&self, id: Option<&LockId>) -> bool {
        id.is_some() && self.id.as_ref() == id
    }

    /// The lock info as a reader through `facet` sees it.
    ///
    /// The bytes as sent, through the facet on which they came; through others as Go marshals them,
    /// because OpenTofu removes an item on the condition of just those bytes. A lockfile without a
    /// readable lock info is shown through others as a lock info under the ID `unreadable`, so
    /// that it can be seen and force-unlocked there.
    pub fn shown_through(&self, facet: Facet) -> Vec<u8> {
        if facet == self.taken_through {
            return self.info.clone();
        }
        LockInfo::parse(&self.info).unwrap_or_else(|_| stand_in()).marshal()
    }

    /// The lock ID as a reader through `facet` sees it.
    pub fn shown_id(&self, facet: Facet) -> Option<LockId> {
        match (&self.id, facet == self.taken_through) {
            (Some(id), _) => Some(id.clone()),
            (None, true) => None,
            (None, false) => Some(LockId::unreadable()),
        }
    }
}

fn stand_in() -> LockInfo {
    LockInfo {
        id: LockId::unreadable(),
        operation: String::new(),
        info: "the lockfile has no lock info that can be read".to_owned(),
        who: String::new(),
        version: String::new(),
        created: CreatedAt::go_zero(),
        path: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(info: &str, taken_through: Facet) -> Hold {
        Hold {
            id: LockInfo::parse(info.as_bytes()).ok().map(|info| info.id),
            info: info.as_bytes().to_vec(),
            taken_through,
            facets: FacetSet::of(taken_through),
            since_micros: 0,
            giving_back_since_micros: None,
        }
    }

    #[test]
    fn p11_other_facets_show_the_lock_info_as_go_marshals_it() {
        let sent = r#"{ "ID": "a", "Who": "<x>", "More": 1 }"#;
        let hold = hold(sent, Facet::Lockfile);
        assert_eq!(hold.shown_through(Facet::Lockfile), sent.as_bytes());
        let canonical = concat!(
            r#"{"ID":"a","Operation":"","Info":"","Who":"\u003cx\u003e","Version":"","#,
            r#""Created":"0001-01-01T00:00:00Z","Path":""}"#
        );
        assert_eq!(hold.shown_through(Facet::LockTable), canonical.as_bytes());
        assert_eq!(hold.shown_through(Facet::Http), canonical.as_bytes());
    }

    #[test]
    fn an_unreadable_lockfile_is_shown_to_others_under_an_id_that_they_can_type() {
        let hold = hold("garbage", Facet::Lockfile);
        assert_eq!(hold.shown_through(Facet::Lockfile), b"garbage");
        let shown = LockInfo::parse(&hold.shown_through(Facet::LockTable)).unwrap();
        assert_eq!(Some(shown.id), hold.shown_id(Facet::LockTable));
        assert_eq!(hold.shown_id(Facet::Lockfile), None);
        assert!(!hold.is_held_by(hold.shown_id(Facet::Lockfile).as_ref()));
    }

    #[test]
    fn a_hold_is_over_when_its_time_to_give_back_is() {
        let given = Hold { giving_back_since_micros: Some(7), ..hold("{}", Facet::Lockfile) };
        assert!(!given.is_over(7 + GIVE_BACK_GRACE_MICROS - 1));
        assert!(given.is_over(7 + GIVE_BACK_GRACE_MICROS));
        assert!(!hold("{}", Facet::Lockfile).is_over(u64::MAX));
    }
}
