//! The record of a migration: what was changed and how it was before, what was verified, and what is
//! still to be done if a process was killed.
//!
//! It is a directory `.statelock` at the top of the git work tree that a file is in, else of the directory that
//! was named. It ignores itself, and only its owner can read it: originals may hold secrets.
//!
//! Nothing outside it is changed before the record says, on the disk, what the bytes were and what they
//! are to be. So the same command again ends where the killed one would have ended.

mod error;
mod home;
mod manifest;
mod open;
mod proven;
mod unit_name;

pub(super) use error::RecordError;
pub(super) use home::{Home, Homes};
pub(super) use manifest::{
    Change, Direction, Manifest, MovedUnit, OpenEnd, Run, Step, UnitRecord, Verified,
};
pub(super) use open::{OpenRecord, content, read};
pub(super) use proven::ProvenBackend;

#[cfg(test)]
mod tests;
