//! A log whose end was not written, or not as it should be: the commits before it are there, the one that
//! it cuts is not, whatever the place.

use std::fs;
use std::path::Path;

use statelock_server::storage::Table;

use crate::rows::{all, noise, open, put};

const ROWS: u8 = 12;
/// Before the first frame, and before each frame's page.
const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const PAGE_BYTES: usize = 4096;
const FRAME_BYTES: usize = FRAME_HEADER_BYTES + PAGE_BYTES;

/// A store with rows that are only in the log, as a machine that loses its power leaves it.
struct Left {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Left {
    async fn by_rows() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(directory.path()).unwrap();
        for n in 0..ROWS {
            put(&engine, Table::Records, &[n], &value(n)).await.unwrap();
        }
        let read = |name| fs::read(directory.path().join(name)).unwrap();
        let left = Self { database: read("statelock.db"), log: read("statelock.db-wal") };
        assert_eq!((left.log.len() - LOG_HEADER_BYTES) % FRAME_BYTES, 0, "whole frames");
        left
    }

    /// Where each commit ends: after a frame that says how large the database is then.
    fn commits(&self) -> Vec<usize> {
        let frames = (LOG_HEADER_BYTES..self.log.len()).step_by(FRAME_BYTES);
        let is_last = |at: &usize| self.log[at + 4..at + 8] != [0; 4];
        frames.filter(is_last).map(|at| at + FRAME_BYTES).collect()
    }

    /// Every border, and places within each frame.
    fn places(&self) -> Vec<usize> {
        let borders = (LOG_HEADER_BYTES..=self.log.len()).step_by(FRAME_BYTES);
        let within = [0, 7, FRAME_HEADER_BYTES, 600, FRAME_BYTES - 1];
        let inside = borders.flat_map(|border| within.map(|offset| border + offset));
        let header = [0, 1, 16, 31];
        header.into_iter().chain(inside).filter(|place| *place <= self.log.len()).collect()
    }

    async fn rows_with(&self, log: &[u8]) -> usize {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("statelock.db"), &self.database).unwrap();
        fs::write(directory.path().join("statelock.db-wal"), log).unwrap();
        rows(directory.path()).await
    }
}

fn value(n: u8) -> Vec<u8> {
    noise(n.into(), 300 + 1_500 * usize::from(n % 4))
}

/// How many rows there are; they must be the first ones, as they were written.
async fn rows(directory: &Path) -> usize {
    let engine = open(directory).unwrap();
    let rows = all(&engine, Table::Records).await;
    for (n, row) in (0..ROWS).zip(&rows) {
        assert_eq!(*row, (vec![n], value(n)));
    }
    rows.len()
}

#[tokio::test]
async fn p12_a_log_that_is_cut_anywhere_holds_every_commit_before_the_cut() {
    let left = Left::by_rows().await;
    let commits = left.commits();
    assert_eq!(commits.len(), usize::from(ROWS));
    for place in left.places() {
        let whole = commits.iter().filter(|end| **end <= place).count();
        assert_eq!(left.rows_with(&left.log[..place]).await, whole, "cut to {place}");
    }
}

#[tokio::test]
async fn p12_a_log_whose_end_is_garbage_holds_every_commit_before_it() {
    let left = Left::by_rows().await;
    let commits = left.commits();
    let noise = noise(99, left.log.len());
    for place in left.places() {
        for garbage in [vec![0; left.log.len() - place], noise[place..].to_vec()] {
            let log = [&left.log[..place], &garbage].concat();
            // The end of a page may be zeros already.
            let same = left.log.iter().zip(&log).take_while(|(one, other)| one == other).count();
            let whole = commits.iter().filter(|end| **end <= same).count();
            assert_eq!(left.rows_with(&log).await, whole, "garbage from {place}");
        }
    }
}

/// What was cut off does not come back when the log goes on behind it.
#[tokio::test]
async fn p12_a_store_goes_on_behind_a_torn_log() {
    let left = Left::by_rows().await;
    let commits = left.commits();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("statelock.db"), &left.database).unwrap();
    let torn = [&left.log[..commits[5] + 2_000], &left.log[commits[6]..]].concat();
    fs::write(directory.path().join("statelock.db-wal"), torn).unwrap();
    let engine = open(directory.path()).unwrap();
    put(&engine, Table::Records, &[6], &value(6)).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    assert_eq!(rows(directory.path()).await, 7);
}
