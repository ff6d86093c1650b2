//! A day's worth of lock cycles, one after the other: do memory and files grow?

use anyhow::{Result, ensure};

use super::process::{self, mebibytes};
use super::{Site, target};
use crate::bench::load::{self, BUCKET, End, Load, Protocol};

/// Clients at once, each on a state of its own.
const CLIENTS: usize = 8;
/// How often it is looked.
const LOOKS: usize = 10;
/// Without this each cycle would add a version of the state, as it should.
const NO_MORE_VERSIONS: &[u8] =
    b"<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
      <Status>Suspended</Status></VersioningConfiguration>";

pub(super) fn run(site: &Site, cycles: usize) -> Result<()> {
    let server = site.start_ours("long-run")?;
    let target = target(&server);
    let path = format!("/{BUCKET}?versioning=");
    let set = target.client().s3("PUT", &path, &[], NO_MORE_VERSIONS)?;
    load::expect(&set, 200, "versioning")?;
    println!("### A long run\n");
    println!(
        "{cycles} lock cycles of {CLIENTS} clients on {CLIENTS} states of 10 KB, in a bucket that keeps no \
         versions. What is added is the audit log.\n"
    );
    println!("| cycles | cycles/s | memory | files | files, bytes more per cycle |");
    println!("|---|---|---|---|---|");
    let Some(process) = server.process_id() else { anyhow::bail!("the server does not run") };
    let each = (cycles / LOOKS / CLIENTS).max(1);
    let mut before = process::size(&site.data("long-run"))?;
    for look in 1..=LOOKS {
        let load = Load { protocol: Protocol::Lockfile, clients: CLIENTS, end: End::Cycles(each) };
        let row = load::run(&target, load)?;
        ensure!(row.failed == 0, "{} cycles failed: {}", row.failed, row.complaint);
        let (memory, files) = (process::memory(process)?, process::size(&site.data("long-run"))?);
        let done = each * CLIENTS;
        let more = files.saturating_sub(before) / u64::try_from(done)?;
        before = files;
        println!(
            "| {} | {:.0} | {:.1} MiB | {:.1} MiB | {more} |",
            done * look,
            row.cycles_per_second,
            mebibytes(memory.now),
            mebibytes(files)
        );
    }
    println!();
    Ok(())
}
