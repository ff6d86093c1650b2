//! `statelock migrate plan`, `apply`, `status` and `rollback` on a tree of many styles, without any store.

mod applied;
mod branches;
mod documented;
mod excluded;
mod inits;
mod online;
mod shown;
mod stage;
mod stopped;
mod told;
