//! Lock cycles per second, by lockfile and by lock table, for several numbers of clients.

use std::time::Duration;

use anyhow::Result;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;

use super::{Contestant, Running, Site};
use crate::bench::load::{self, End, Load, Protocol, Target};
use crate::bench::report::Row;

/// What is printed of a server: a cell for each number of clients, and what went wrong.
struct Line {
    contestant: Contestant,
    cells: Vec<String>,
    complaints: Vec<String>,
}

pub(super) fn run(
    site: &Site,
    contestants: &[Contestant],
    clients: &[usize],
    time: Duration,
) -> Result<()> {
    let (mut by_object, mut by_item) = (Vec::new(), Vec::new());
    for contestant in contestants {
        let running = match contestant.start(site) {
            Ok(running) => running,
            // Without ours there is nothing to compare; without another one the rest goes on.
            Err(error) if *contestant == Contestant::Ours => return Err(error),
            Err(error) => {
                println!("{} was not measured: {error:#}\n", contestant.title());
                continue;
            }
        };
        let measure =
            |target: Target, protocol| line(*contestant, &target, protocol, (clients, time));
        by_object.extend(running.objects().map(|target| measure(target, Protocol::Lockfile)));
        let table = Protocol::LockTable(LOCK_TABLE);
        by_item.extend(running.tables().map(|target| measure(target, table)));
        drop::<Running>(running);
    }
    println!("### Lock cycles by lockfile\n");
    println!(
        "PutObject of the lock with `If-None-Match: *`, PutObject of a state of 10 KB, DeleteObject of \
         the lock. {time:?} each, after one second that is not counted.\n"
    );
    print(&by_object, clients);
    println!("### Lock cycles by lock table\n");
    println!(
        "PutItem of the lock with `attribute_not_exists(LockID)`, PutItem of the digest, DeleteItem of \
         the lock.\n"
    );
    print(&by_item, clients);
    Ok(())
}

fn line(
    contestant: Contestant,
    target: &Target,
    protocol: Protocol<'_>,
    (clients, time): (&[usize], Duration),
) -> Line {
    let mut line = Line { contestant, cells: Vec::new(), complaints: Vec::new() };
    for clients in clients.iter().copied() {
        match load::run(target, Load { protocol, clients, end: End::After(time) }) {
            Ok(row) => {
                line.cells.push(cell(&row));
                if row.failed > 0 {
                    line.complaints.push(format!("{clients} clients: {}", row.complaint));
                }
            }
            Err(error) => {
                line.cells.push("failed".to_owned());
                line.complaints.push(format!("{clients} clients: {error:#}"));
            }
        }
    }
    line
}

/// Cycles a second, and the time in which 99 of 100 cycles end.
fn cell(row: &Row) -> String {
    let millis = row.p99.as_secs_f64() * 1000.0;
    let failed = match row.failed {
        0 => String::new(),
        count => format!(", {count} failed"),
    };
    format!("{:.0}/s, p99 {millis:.1} ms{failed}", row.cycles_per_second)
}

fn print(lines: &[Line], clients: &[usize]) {
    let heads: Vec<_> = clients
        .iter()
        .map(|count| if *count == 1 { "1 client".to_owned() } else { format!("{count} clients") })
        .collect();
    println!("| server | durable on commit | {} |", heads.join(" | "));
    println!("|---|---|{}", "---|".repeat(clients.len()));
    for Line { contestant, cells, .. } in lines {
        let (title, durable) = (contestant.title(), contestant.durable());
        println!("| {title} | {durable} | {} |", cells.join(" | "));
    }
    println!();
    for Line { contestant, complaints, .. } in lines {
        for complaint in complaints {
            println!("{}, {complaint}\n", contestant.title());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_tells_failures() {
        let mut row = Row {
            clients: 8,
            cycles_per_second: 499.6,
            median: Duration::from_millis(2),
            p99: Duration::from_micros(12_340),
            failed: 0,
            complaint: String::new(),
        };
        assert_eq!(cell(&row), "500/s, p99 12.3 ms");
        row.failed = 3;
        assert_eq!(cell(&row), "500/s, p99 12.3 ms, 3 failed");
    }
}
