//! `statelock explain`: every known error text, in every form in which it reaches a reader.

mod command;
mod fixture;
mod recognised;
mod variants;
