//! `statelock probe`: its verdicts, that it leaves nothing behind, and what other verbs make of a verdict.

mod bad_input;
mod kept;
mod left;
mod losses;
mod page;
mod passwords;
mod places;
mod planned;
mod stage;
mod stopped;
mod terminal;
mod verdicts;
