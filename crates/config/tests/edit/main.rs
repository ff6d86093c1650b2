//! Edits of backend arguments in whole files: a corpus with its results, generated and damaged files, and
//! what the real terraform says to the results.

mod corpus;
mod damaged;
mod generated;
mod phases;
mod real_terraform;
mod ugly;
