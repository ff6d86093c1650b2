//! Checkpoints: moving committed pages from the log into the database file.
//!
//! The writer makes them itself, between batches and after the answers, so that no caller waits
//! for one, and so that their failures are seen: SQLite drops the errors of its automatic ones.

use std::time::Duration;

use rusqlite::Connection;

/// Pages in the log that start a checkpoint: 16 MiB, as much as one segment of the `-shm` index
/// holds, and read in a few hundredths of a second at the next start.
const DUE_PAGES: i64 = 4_000;

/// Pages in the log at which the writer waits for readers, so that the log can begin anew. Below,
/// a reader that is always there could make the log grow forever.
const OVERDUE_PAGES: i64 = 4 * DUE_PAGES;

/// How long the writer waits for readers then. Jobs wait with it.
const RESTART_WAIT: Duration = Duration::from_secs(1);

/// How long a statement waits for another process otherwise; SQLite's users expect that.
const BUSY_WAIT: Duration = Duration::from_secs(5);

struct LogPages {
    is_blocked: bool,
    total: i64,
    moved: i64,
}

/// When the writer makes checkpoints.
#[derive(Debug)]
pub(super) struct Checkpoints {
    /// Pages in the log at which it waits for readers next.
    overdue_pages: i64,
    /// Pages in the log at which it tries to move some next, after it could move none.
    due_pages: i64,
    /// Pages that were in the log when it was looked at last.
    total: i64,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self { overdue_pages: OVERDUE_PAGES, due_pages: 0, total: 0 }
    }

    /// Makes a checkpoint if one is due, and answers whether it did.
    pub(super) fn if_due(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let log = run(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        if log.total < self.total {
            // It began anew: whoever was in the way has gone.
            *self = Self::new();
        }
        self.total = log.total;
        let after = if log.total >= self.overdue_pages {
            self.restart(connection)?
        } else if log.total - log.moved >= DUE_PAGES && log.total >= self.due_pages {
            run(connection, "PRAGMA wal_checkpoint(PASSIVE)")?
        } else {
            return Ok(false);
        };
        // A reader that began when all was moved lets nothing be moved. Each attempt sorts the index of the
        // whole log first, so it is not made after each group of jobs.
        let has_moved = after.moved > log.moved;
        self.due_pages = if has_moved { 0 } else { after.total + DUE_PAGES };
        Ok(true)
    }

    /// A reader that outlasts the wait is a long one, such as a backup. Waiting for it again after each
    /// group of jobs would nearly stop all writing; the log grows instead.
    fn restart(&mut self, connection: &Connection) -> rusqlite::Result<LogPages> {
        connection.busy_timeout(RESTART_WAIT)?;
        let restarted = run(connection, "PRAGMA wal_checkpoint(RESTART)");
        connection.busy_timeout(BUSY_WAIT)?;
        let log = restarted?;
        let grown = if log.is_blocked { log.total } else { 0 };
        self.overdue_pages = grown + OVERDUE_PAGES;
        Ok(log)
    }
}

/// On a full disk: moves what can be moved, so that the log's own space is used again.
pub(super) fn reclaim(connection: &Connection) {
    // It may well fail on a full disk; then the jobs are told that the disk is full.
    if let Err(error) = run(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
        tracing::warn!(%error, "could not reclaim the space of the log");
    }
}

/// Moves everything and empties the log.
pub(super) fn complete(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "PRAGMA wal_checkpoint(TRUNCATE)").map(|_| ())
}

fn run(connection: &Connection, pragma: &str) -> rusqlite::Result<LogPages> {
    connection.prepare_cached(pragma)?.query_row([], |row| {
        Ok(LogPages { is_blocked: row.get(0)?, total: row.get(1)?, moved: row.get(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUE_BYTES: i64 = DUE_PAGES * 4096;

    fn write(connection: &Connection, bytes: i64) {
        connection.execute("INSERT INTO bodies VALUES (zeroblob(?1))", [bytes]).unwrap();
    }

    #[test]
    fn a_reader_that_lets_nothing_be_moved_is_not_tried_after_each_commit() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("database");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; \
                 PRAGMA wal_autocheckpoint = 0; CREATE TABLE bodies(body BLOB)",
            )
            .unwrap();
        // All is moved when the reader begins: it needs nothing of the log, and the file as it is.
        run(&writer, "PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM bodies").unwrap();

        let mut checkpoints = Checkpoints::new();
        write(&writer, DUE_BYTES);
        assert!(checkpoints.if_due(&writer).unwrap(), "it is tried once");
        for _ in 0..3 {
            write(&writer, 1);
            assert!(!checkpoints.if_due(&writer).unwrap(), "nothing can be moved");
        }
        write(&writer, DUE_BYTES);
        assert!(checkpoints.if_due(&writer).unwrap(), "it is tried again");
        for _ in 0..2 {
            write(&writer, DUE_BYTES);
            assert!(checkpoints.if_due(&writer).unwrap(), "it waits for the reader, at last");
        }
        assert!(checkpoints.overdue_pages > OVERDUE_PAGES);

        reader.execute_batch("COMMIT").unwrap();
        write(&writer, DUE_BYTES);
        assert!(checkpoints.if_due(&writer).unwrap(), "all is moved");
        write(&writer, 1);
        assert!(!checkpoints.if_due(&writer).unwrap(), "the log began anew");
        assert_eq!((checkpoints.overdue_pages, checkpoints.due_pages), (OVERDUE_PAGES, 0));
        write(&writer, DUE_BYTES);
        assert!(checkpoints.if_due(&writer).unwrap(), "it is as if there had been no reader");
    }
}
