//! Whole trees of root modules: what is found in them, and what is not.

mod completions;
mod corpus;
mod goldens;
mod limits;
mod pins;
mod scratch;
