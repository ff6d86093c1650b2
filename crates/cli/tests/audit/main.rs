//! `statelock audit` against a real server: what it shows, what it checks, how it ends.

mod chain;
mod ends;
mod follow;
mod shows;
mod stage;
