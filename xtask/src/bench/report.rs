//! The benchmark's table.

use std::time::Duration;

use anyhow::Result;

/// One measurement.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) clients: usize,
    pub(super) cycles_per_second: f64,
    pub(super) median: Duration,
    pub(super) p99: Duration,
    /// Cycles that failed.
    pub(super) failed: usize,
    /// Why the first of them failed.
    pub(super) complaint: String,
}

/// Events per second.
pub(super) fn rate(events: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// Prints both servers' rows side by side, the disk's own rate, and who keeps what.
pub(super) fn print(time: Duration, disk: &[f64; 2], ours: &[Row], moto: &Result<Vec<Row>>) {
    println!("lock cycle: PUT lock (If-None-Match: *), PUT 10 KB state, DELETE lock");
    println!("{time:?} each after 1 s of warm-up; every client on a state of its own\n");
    println!("            statelock                        moto");
    println!("clients   cycles/s   p50 ms   p99 ms   cycles/s   p50 ms   p99 ms    ratio");
    for (number, row) in ours.iter().enumerate() {
        let other = moto.as_ref().ok().and_then(|rows| rows.get(number));
        println!("{}", line(row, other));
    }
    if let Err(missing) = moto {
        println!("\nmoto was not measured: {missing:#}");
    }
    let [one, many] = disk;
    println!("\ndisk, 4 KiB append + fdatasync: {one:.0}/s on 1 thread, {many:.0}/s on 64 threads");
    println!("statelock answers each of the three requests after it is synced to that disk;");
    println!("moto keeps everything in memory, checks no signature, and closes every connection.");
}

fn line(ours: &Row, other: Option<&Row>) -> String {
    let theirs = other.map_or_else(
        || format!("{:>9}  {:>7}  {:>7}  {:>7}", "–", "–", "–", "–"),
        |other| {
            let ratio = ours.cycles_per_second / other.cycles_per_second;
            format!("{}  {ratio:>6.1}×", numbers(other))
        },
    );
    format!("{:>7}  {}  {theirs}", ours.clients, numbers(ours))
}

fn numbers(row: &Row) -> String {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let (median, p99) = (millis(row.median), millis(row.p99));
    format!("{:>9.1}  {median:>7.2}  {p99:>7.2}", row.cycles_per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_both_and_their_ratio() {
        let row = |rate| Row {
            clients: 8,
            cycles_per_second: rate,
            median: Duration::from_millis(2),
            p99: Duration::from_micros(12_340),
            failed: 0,
            complaint: String::new(),
        };
        assert_eq!(
            line(&row(500.0), Some(&row(100.0))),
            "      8      500.0     2.00    12.34      100.0     2.00    12.34     5.0×"
        );
        assert!(line(&row(500.0), None).ends_with('–'));
    }
}
