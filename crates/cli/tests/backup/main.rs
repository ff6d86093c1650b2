//! `statelock backup` on the data directories of real servers: what is in a backup, what one is restored to,
//! and that there is either a whole one or none.

#[path = "../bucket/mod.rs"]
mod bucket;
mod damage;
mod interrupted;
mod made;
mod refused;
mod small_disk;
mod stage;
mod under_load;
