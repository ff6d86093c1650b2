//! What goes wrong between the client library and a store, in each lock mode, on two servers that are
//! not each other: what is reported is held against what is stored.

mod matrix;
mod stage;
