//! The waiting line of one lock: who asked for it, in which order, and who waits this very moment.
//!
//! **Purpose.** Stock clients wait by asking again and again: after 1, 2, 4, 8, 16, 16, … seconds, always
//! under the same lock ID. Left alone, whoever happens to ask next gets the lock. The line remembers
//! the order of first attempts, so that a server can hold a returning request open and grant the lock
//! to the earliest.
//!
//! **Shape.** A [`Place`] per lock ID, earliest first attempt first. A place is *present* while a
//! request of that lock ID is held open, and *away* between two tries.
//!
//! **Rules.**
//!
//! 1. *First come.* A free lock goes to the earliest lock ID that is present: nobody else may take it.
//! 2. *No reservation.* Who is away keeps its place and blocks nobody. If nobody is present, whoever asks
//!    may take the lock.
//! 3. *Forgotten.* Who is away for [`AWAY_MICROS_MAX`] gave up: its place is gone.
//! 4. *Bounded.* A line has at most [`PLACES_MAX`] places, each with a lock info of at most
//!    [`INFO_SIZE_BYTES_MAX`] bytes. Who finds no place asks as if for the first time every time.
//!
//! The line has no clock and makes no lock: it says who may take one.

mod place;
mod shown;
#[cfg(test)]
mod tests;

pub use place::{Asker, Place};
pub use shown::Standing;

use super::LockId;

/// How long a place is kept for a client that is between two tries.
///
/// Terraform's longest pause is 16 seconds; the rest is for a busy machine.
pub const AWAY_MICROS_MAX: u64 = 20_000_000;
/// Places in one line.
pub const PLACES_MAX: usize = 1024;
/// The largest lock info with which one can stand in line. Stock clients send about 200 bytes.
pub const INFO_SIZE_BYTES_MAX: usize = 4096;

/// Whether a lock ID asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It did not: its client may have no patience, and wants to be told at once.
    First,
    /// It did, and was refused: its client waits.
    Returning,
}

/// There is no place for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Those who want one lock, earliest first attempt first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    places: Vec<Place>,
}

impl Line {
    /// Whether a request with this lock ID is a first attempt.
    pub fn arrival(&mut self, id: &LockId, now_micros: u64) -> Arrival {
        self.expire(now_micros);
        if self.place(id).is_some() { Arrival::Returning } else { Arrival::First }
    }

    /// A request is held open from now on.
    ///
    /// # Errors
    /// [`Full`] if there is no place for it; nothing changes.
    pub fn stay(&mut self, asker: &Asker<'_>, now_micros: u64) -> Result<(), Full> {
        self.expire(now_micros);
        self.keep(asker, now_micros)?.came();
        Ok(())
    }

    /// A request is not held open any more, and was not granted: its client may come back.
    pub fn leave(&mut self, id: &LockId, now_micros: u64) {
        if let Some(place) = self.place_mut(id) {
            place.went(now_micros);
        }
    }

    /// A request was refused: its client may come back. It gets a place, if there is one.
    pub fn refused(&mut self, asker: &Asker<'_>, now_micros: u64) {
        self.expire(now_micros);
        if let Ok(place) = self.keep(asker, now_micros) {
            place.stays_away(now_micros);
        }
    }

    /// The lock ID has the lock: it stands in line no more. Returns its place.
    pub fn granted(&mut self, id: &LockId) -> Option<Place> {
        let at = self.places.iter().position(|place| place.id == *id)?;
        Some(self.places.remove(at))
    }

    /// Who is to have a free lock before this lock ID; nobody, if the lock ID may take it.
    pub fn before(&self, id: Option<&LockId>) -> Option<&Place> {
        self.first_present().filter(|first| Some(&first.id) != id)
    }

    /// The earliest of those who are present.
    pub fn first_present(&self) -> Option<&Place> {
        self.places.iter().find(|place| place.is_present())
    }

    /// Who most likely is to have the lock next: the earliest present, else the earliest.
    pub fn next(&self) -> Option<&Place> {
        self.first_present().or_else(|| self.places.first())
    }

    /// Where this lock ID stands.
    pub fn standing(&self, id: &LockId) -> Option<Standing> {
        let at = self.places.iter().position(|place| place.id == *id)?;
        Some(Standing { place: at.saturating_add(1), of: self.places.len() })
    }

    /// Forgets who did not come back.
    pub fn expire(&mut self, now_micros: u64) {
        self.places.retain(|place| !place.is_over(now_micros));
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody stands in line.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn keep(&mut self, asker: &Asker<'_>, now_micros: u64) -> Result<&mut Place, Full> {
        let at = match self.places.iter().position(|place| place.id == *asker.id) {
            Some(at) => at,
            None if self.places.len() >= PLACES_MAX => return Err(Full),
            None if asker.info.len() > INFO_SIZE_BYTES_MAX => return Err(Full),
            None => {
                self.places.push(Place::new(asker, now_micros));
                self.places.len().saturating_sub(1)
            }
        };
        self.places.get_mut(at).ok_or(Full)
    }

    fn place(&self, id: &LockId) -> Option<&Place> {
        self.places.iter().find(|place| place.id == *id)
    }

    fn place_mut(&mut self, id: &LockId) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| place.id == *id)
    }
}
