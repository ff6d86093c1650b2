//! `cargo xtask bench server`: our server beside those of others, on one machine, in one run.
//!
//! One server runs at a time, on loopback, with an empty directory. The output is Markdown, for
//! `docs/performance.md`.

mod growth;
mod locks;
mod long_run;
mod process;
mod states;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use statelock_testkit::peers::{Build, Durability, Peer, PeerKind};
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::server_process::ServerProcess;

use super::load::{BUCKET, Target};
use super::{disk, servers};
use crate::tidy::target_directory;

/// What is measured, and how long.
#[derive(Debug, Args)]
pub(crate) struct ServerBench {
    /// Length of each measurement of lock cycles
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Numbers of clients at once
    #[arg(long, value_delimiter = ',', default_value = "1,8,64,256")]
    clients: Vec<usize>,
    /// Sizes of states, in KiB
    #[arg(long, value_name = "KIB", value_delimiter = ',', default_value = "10,1024,102400")]
    sizes: Vec<usize>,
    /// How many states our server has when its latency is measured
    #[arg(long, value_name = "COUNT", value_delimiter = ',', default_value = "100,10000,100000")]
    states: Vec<usize>,
    /// Cycles of the long run: one a second, for a day
    #[arg(long, default_value_t = 86_400)]
    cycles: usize,
    /// Measures only this; may be repeated
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Measures, beside ours, only servers with this in their names; may be repeated
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// Measures this binary instead of building one for release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Lock cycles per second
    Locks,
    /// States of several sizes, and memory
    States,
    /// Latency with few and with many states
    Growth,
    /// Many cycles: do memory and files grow?
    LongRun,
}

/// A server that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contestant {
    Ours,
    Other(PeerKind),
}

/// A server that runs; dropping it ends it.
#[derive(Debug)]
enum Running {
    Ours(Box<ServerProcess>),
    Other(Peer),
}

/// Where everything is for a run.
#[derive(Debug)]
struct Site {
    program: PathBuf,
    directory: PathBuf,
    build: Build,
}

/// Runs the benchmark and prints its tables.
pub(crate) fn run(root: &Path, bench: &ServerBench) -> Result<()> {
    if cfg!(debug_assertions) && bench.program.is_none() {
        return super::again_in_release(root);
    }
    let directory = target_directory(root).join("bench/server");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).context("could not empty the benchmark's directory")?;
    }
    std::fs::create_dir_all(&directory)?;
    let (program, build) = match &bench.program {
        Some(program) => (program.canonicalize().context("no such program")?, Build::Debug),
        None => (servers::build_statelock(root)?, Build::Release),
    };
    let site = Site { program, directory, build };
    if build == Build::Debug {
        println!("**A trial**: these are not release builds, and the figures say nothing.\n");
    }
    let time = Duration::from_secs(bench.seconds);
    let contestants = contestants(&bench.server);
    let wants = |part: Part| bench.only.is_empty() || bench.only.contains(&part);
    if wants(Part::Locks) {
        disk_rates(&site, time)?;
        locks::run(&site, &contestants, &bench.clients, time)?;
    }
    if wants(Part::States) {
        states::run(&site, &contestants, &bench.sizes)?;
    }
    if wants(Part::Growth) {
        growth::run(&site, &bench.states, time)?;
    }
    if wants(Part::LongRun) {
        long_run::run(&site, bench.cycles)?;
    }
    Ok(())
}

/// What the disk itself can do, as a reference for who waits for it.
fn disk_rates(site: &Site, time: Duration) -> Result<()> {
    let directory = site.directory.join("disk");
    let one = disk::syncs_per_second(&directory, 1, time)?;
    let many = disk::syncs_per_second(&directory, 64, time)?;
    std::fs::remove_dir_all(&directory)?;
    println!(
        "The disk: {one:.0} appends of 4 KiB with `fdatasync` a second from 1 thread, {many:.0} from 64 \
         threads.\n"
    );
    Ok(())
}

fn contestants(names: &[String]) -> Vec<Contestant> {
    let is_wanted = |kind: &PeerKind| {
        let name = kind.name().to_lowercase();
        names.is_empty() || names.iter().any(|part| name.contains(&part.to_lowercase()))
    };
    let others = PeerKind::ALL.into_iter().filter(is_wanted).map(Contestant::Other);
    std::iter::once(Contestant::Ours).chain(others).collect()
}

impl Contestant {
    fn title(self) -> String {
        match self {
            Self::Ours => format!("statelock {}", env!("CARGO_PKG_VERSION")),
            Self::Other(kind) => format!("{} {}", kind.name(), kind.version()),
        }
    }

    /// Whether an acknowledged write is stored.
    fn durable(self) -> &'static str {
        match self {
            Self::Ours => "yes, synced before the answer",
            Self::Other(kind) => match kind.durability() {
                Durability::Memory => "no, in memory",
                Durability::UnsyncedFiles => "no, answers without a sync",
            },
        }
    }

    /// Starts it with an empty bucket and an empty lock table, as far as it has any.
    fn start(self, site: &Site) -> Result<Running> {
        match self {
            Self::Ours => Ok(Running::Ours(Box::new(site.start_ours("ours")?))),
            Self::Other(kind) => {
                let peer = Peer::start_built(kind, site.build)?;
                if peer.s3().is_some() {
                    peer.create_bucket(BUCKET);
                }
                if peer.dynamodb().is_some() {
                    peer.create_lock_table(LOCK_TABLE);
                }
                Ok(Running::Other(peer))
            }
        }
    }
}

impl Site {
    /// Starts our server on an empty directory with this name.
    fn start_ours(&self, name: &str) -> Result<ServerProcess> {
        let data = self.data(name);
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        Ok(ServerProcess::start(&self.program, &data, &[]))
    }

    fn data(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Running {
    fn objects(&self) -> Option<Target> {
        match self {
            Self::Ours(server) => Some(target(server)),
            Self::Other(peer) => peer.s3().map(target_of_peer),
        }
    }

    fn tables(&self) -> Option<Target> {
        match self {
            Self::Ours(server) => Some(target(server)),
            Self::Other(peer) => peer.dynamodb().map(target_of_peer),
        }
    }

    fn process_id(&self) -> Option<u32> {
        match self {
            Self::Ours(server) => server.process_id(),
            Self::Other(peer) => Some(peer.process_id()),
        }
    }
}

fn target(server: &ServerProcess) -> Target {
    let (access_key, secret_key) = server.credentials();
    Target::new(server.address(), &access_key, &secret_key)
}

fn target_of_peer(address: std::net::SocketAddr) -> Target {
    let (access_key, secret_key) = Peer::credentials();
    Target::new(address, access_key, secret_key)
}
