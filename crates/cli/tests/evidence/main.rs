//! The stamp in a lock, as the real, unmodified `terraform` shows it and gets along with it.

#[path = "../bucket/mod.rs"]
mod bucket;
mod shown;
