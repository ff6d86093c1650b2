//! Reads who holds a lock.

use super::place::{LockReply, Looked, Place};
use super::places::Places;
use super::{LockMachine, Step, TRIES_MAX};
use crate::store::Refusal;

/// Looks at every place of a lock, one after the other. Never changes anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inspect {
    left: Vec<Place>,
    is_started: bool,
    tries: u8,
    seen: Inspection,
}

/// What each place showed, in the order of the places. Not a snapshot: between two looks a lock may
/// have been released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inspection {
    /// Place and what it showed.
    pub places: Vec<(Place, Looked)>,
}

impl Inspect {
    /// Looks at these places.
    pub fn new(places: &Places) -> Self {
        let mut left: Vec<_> = places.iter().cloned().collect();
        left.reverse();
        Self { left, is_started: false, tries: 0, seen: Inspection::default() }
    }
}

impl LockMachine for Inspect {
    type Outcome = Inspection;

    fn next(&mut self, reply: Option<LockReply>) -> Step<Inspection> {
        let is_answer = std::mem::replace(&mut self.is_started, true);
        if let (true, Some(place)) = (is_answer, self.left.last()) {
            let looked = reply.map_or(Looked::Unknown, |reply| place.looked(reply));
            self.tries += 1;
            let again = matches!(looked, Looked::Unknown | Looked::Refused(Refusal::Unavailable));
            if again && self.tries < TRIES_MAX {
                return Step::after(self.tries, place.look());
            }
            self.tries = 0;
            self.seen.places.extend(self.left.pop().map(|place| (place, looked)));
        }
        match self.left.last() {
            Some(place) => Step::at_once(place.look()),
            None => Step::Done(std::mem::take(&mut self.seen)),
        }
    }
}
