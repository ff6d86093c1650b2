//! `cargo xtask bench lock-cycle`: what one lock cycle costs, ours beside moto's, beside the disk's.
//!
//! A cycle is what an apply does: take the lock (`PUT` with `If-None-Match: *`), write the state
//! (10 KB), release the lock (`DELETE`). Each client works on a state of its own, so that the number
//! says what the server can do, not how clients wait for each other.

pub(crate) mod cli;
mod disk;
mod load;
pub(crate) mod queue;
mod report;
pub(crate) mod scan;
pub(crate) mod server;
pub(crate) mod servers;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use statelock_testkit::moto::Moto;

use crate::tidy::target_directory;
use load::{End, Load, Protocol, Target};
use report::Row;

/// Numbers of clients that are measured.
const CLIENTS: [usize; 3] = [1, 8, 64];

/// Runs the benchmark and prints its table.
pub(crate) fn lock_cycle(root: &Path, seconds: u64) -> Result<()> {
    if cfg!(debug_assertions) {
        return again_in_release(root);
    }
    let time = Duration::from_secs(seconds);
    let directory = target_directory(root).join("bench/lock-cycle");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).context("could not empty the benchmark's directory")?;
    }
    std::fs::create_dir_all(&directory)?;

    let disk = [
        disk::syncs_per_second(&directory.join("disk"), 1, time)?,
        disk::syncs_per_second(&directory.join("disk"), 64, time)?,
    ];
    let ours = {
        let server = servers::start_statelock(root, &directory.join("statelock"))?;
        let (access_key, secret_key) = server.credentials();
        let target = Target::new(server.address(), &access_key, &secret_key);
        measure("statelock", &target, time)?
    };
    let moto = match Moto::start() {
        Ok(server) => {
            let target = Target::new(server.address(), "bench", "bench");
            target.create_bucket()?;
            Ok(measure("moto", &target, time)?)
        }
        Err(missing) => Err(anyhow::Error::new(missing)),
    };
    report::print(time, &disk, &ours, &moto);
    Ok(())
}

fn measure(name: &str, target: &Target, time: Duration) -> Result<Vec<Row>> {
    CLIENTS
        .into_iter()
        .map(|clients| {
            let load = Load { protocol: Protocol::Lockfile, clients, end: End::After(time) };
            let row = load::run(target, load);
            let row = row.with_context(|| format!("{clients} clients on {name}"))?;
            ensure!(row.failed == 0, "{} cycles failed on {name}: {}", row.failed, row.complaint);
            Ok(row)
        })
        .collect()
}

/// The load generator must not be what is measured, so it runs optimised, with the same arguments.
fn again_in_release(root: &Path) -> Result<()> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    ensure!(status.success(), "the benchmark ended with {status}");
    Ok(())
}
