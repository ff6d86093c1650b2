//! What the disk itself can do: append 4 KiB and wait until it is stored.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::report::rate;

/// Syncs per second of all threads together, each appending to a file of its own.
pub(super) fn syncs_per_second(directory: &Path, threads: usize, time: Duration) -> Result<f64> {
    fs::create_dir_all(directory)?;
    let started = Instant::now();
    let counts: Vec<_> = std::thread::scope(|scope| {
        let start = |number: usize| {
            let path = directory.join(format!("{threads}-{number}"));
            scope.spawn(move || append_and_sync(&path, started + time))
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let elapsed = started.elapsed();
    let mut syncs = 0;
    for count in counts {
        syncs += count.map_err(|_| anyhow!("a thread of the disk measurement died"))??;
    }
    Ok(rate(syncs, elapsed))
}

fn append_and_sync(path: &Path, until: Instant) -> Result<usize> {
    let mut file =
        File::create(path).with_context(|| format!("could not create `{}`", path.display()))?;
    let page = [7_u8; 4096];
    let mut syncs = 0;
    while Instant::now() < until {
        file.write_all(&page)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(syncs)
}
