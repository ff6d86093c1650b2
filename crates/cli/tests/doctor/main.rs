//! `doctor`: each finding shows, and does not show, on the state server, on moto and with scripted answers.

#[path = "../bucket/mod.rs"]
mod bucket;
mod clients;
mod good;
mod locks;
mod page;
mod policies;
mod raw;
mod settings;
mod stage;
mod tables;
mod transport;
mod trials;
