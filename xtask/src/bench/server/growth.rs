//! Whether a lock takes longer where there are many states.
//!
//! The servers run side by side, idle but for one, and are measured in turn: what else the machine does
//! meanwhile then meets all of them.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use statelock_testkit::server_process::ServerProcess;

use super::{Site, target};
use crate::bench::load::{self, BUCKET, End, Load, Protocol, Target};

/// How often each server is measured; the figure is the median.
const ROUNDS: usize = 5;
/// Clients that fill a server at once.
const FILLERS: usize = 32;

pub(super) fn run(site: &Site, counts: &[usize], time: Duration) -> Result<()> {
    println!("### Few states and many\n");
    println!(
        "One client's lock cycles on our server, {ROUNDS} times {time:?} on each in turn, the median.\n"
    );
    let servers: Vec<_> = counts
        .iter()
        .map(|count| {
            let server = site.start_ours(&format!("with-{count}"))?;
            fill(&target(&server), *count).with_context(|| format!("{count} states"))?;
            Ok(server)
        })
        .collect::<Result<_>>()?;
    let mut rows = vec![Vec::new(); servers.len()];
    for _ in 0..ROUNDS {
        for (server, rows) in servers.iter().zip(&mut rows) {
            rows.push(measure(server, time)?);
        }
    }
    println!("| states | median | p99 | median to that of the first |");
    println!("|---|---|---|---|");
    let mut first = None;
    for (count, rows) in counts.iter().zip(rows) {
        let (median, p99) = middle(rows);
        let ratio = median / *first.get_or_insert(median);
        println!("| {count} | {median:.2} ms | {p99:.2} ms | {ratio:.2}× |");
    }
    println!();
    Ok(())
}

/// Median and p99 in milliseconds.
fn measure(server: &ServerProcess, time: Duration) -> Result<(f64, f64)> {
    let load = Load { protocol: Protocol::Lockfile, clients: 1, end: End::After(time) };
    let row = load::run(&target(server), load)?;
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    Ok((millis(row.median), millis(row.p99)))
}

/// The middle of each figure by itself.
fn middle(rows: Vec<(f64, f64)>) -> (f64, f64) {
    let of = |mut figures: Vec<f64>| {
        figures.sort_unstable_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let (medians, p99s): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    (of(medians), of(p99s))
}

/// Writes so many small states.
fn fill(target: &Target, count: usize) -> Result<()> {
    let results: Vec<_> = std::thread::scope(|scope| {
        let start = |first| scope.spawn(move || fill_every(target, first, count));
        let running: Vec<_> = (0..FILLERS).map(start).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    for result in results {
        result.map_err(|_| anyhow!("a client died"))??;
    }
    Ok(())
}

fn fill_every(target: &Target, first: usize, count: usize) -> Result<()> {
    let mut client = target.client();
    for number in (first..count).step_by(FILLERS) {
        let path = format!("/{BUCKET}/fleet/team-{}/app-{number}/terraform.tfstate", number % 100);
        let state = format!(
            "{{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\
             \"{number:08}-1111-2222-3333-555555555555\",\"outputs\":{{}},\"resources\":[],\
             \"check_results\":null}}"
        );
        let put = client.s3("PUT", &path, &[], state.as_bytes())?;
        load::expect(&put, 200, "put")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_own_middle() {
        assert_eq!(middle(vec![(1.0, 9.0), (3.0, 7.0), (2.0, 8.0)]), (2.0, 8.0));
    }
}
