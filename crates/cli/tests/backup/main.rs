//! `statelock backup` on the data directories of real servers: what is in a backup, what one is restored to,
//! and that there is either a whole one or none.

#[path = "../bucket/mod.rs"]
mod bucket;
mod damage;
mod disks;
mod interrupted;
mod made;
mod page;
mod refused;

mod stage;
mod under_load;
