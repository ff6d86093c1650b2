//! `statelock ls`, against a store that lists what a test wants, and against the real server.

mod ends;
mod joined;
mod many;
mod real;
mod stage;
mod watched;
