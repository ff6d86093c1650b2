//! In which order the engine closes what it has open.

use std::pin::pin;
use std::sync::mpsc;

use futures::poll;

use super::*;
use crate::storage::{Table, Verdict};

/// Else the last checkpoint is made beside a reader, and the log stays.
#[tokio::test]
async fn the_writer_goes_on_until_the_last_reader_has_closed() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
    let write = engine.write(Box::new(|transaction| {
        transaction.put(Table::Records, b"k", b"v")?;
        Ok(Verdict::Commit)
    }));
    write.await.unwrap();
    let (begin, has_begun) = oneshot::channel();
    let (end, ends) = mpsc::channel::<()>();
    let (reader, mut begin) = (Arc::clone(&engine), Some(begin));
    let reading = tokio::spawn(async move {
        let read = reader.read(Box::new(move |transaction| {
            assert_eq!(transaction.get(Table::Records, b"k")?, Some(b"v".to_vec()));
            begin.take().unwrap().send(()).unwrap();
            ends.recv().unwrap();
            Ok(())
        }));
        read.await
    });
    has_begun.await.unwrap();
    // The writer ends as soon as nobody has its queue any more.
    let queue = lock(&engine.queue).as_ref().unwrap().downgrade();
    {
        let mut closing = pin!(engine.close());
        assert!(poll!(&mut closing).is_pending());
        assert!(queue.upgrade().is_some(), "the writer closes beside a reader");
        end.send(()).unwrap();
        reading.await.unwrap().unwrap();
        closing.await.unwrap();
    }
    assert!(queue.upgrade().is_none());
    drop(engine);
    let entries = std::fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "statelock.db"]);
}
