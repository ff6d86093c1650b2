//! `migrate scan`: a fleet in many styles, as a table, as JSON and as a page; what cannot be read; the stores.

#[path = "../bucket/mod.rs"]
mod bucket;
mod documented;
mod ends;
mod fleet_report;
mod online;
mod page;
mod prices;
mod requests;
mod stage;
mod styles;
