//! What is written is read: keys, values, ranges and tables.

use statelock_server::storage::{self, CHUNK_SIZE_BYTES_MAX, Table, Verdict};

use crate::rows::{Engine, all, delete, get, noise, put, scan};

const RECORDS: Table = Table::Records;

pub(crate) async fn committed_rows_are_read_back(engine: Engine) {
    put(&engine, RECORDS, b"k", b"one").await.unwrap();
    put(&engine, RECORDS, b"k", b"two").await.unwrap();

    assert_eq!(get(&engine, RECORDS, b"k").await.unwrap().unwrap(), b"two");
    assert_eq!(get(&engine, RECORDS, b"other").await.unwrap(), None);
}

pub(crate) async fn a_transaction_sees_its_own_writes(engine: Engine) {
    put(&engine, RECORDS, b"old", b"1").await.unwrap();

    let seen = storage::write(&engine, |transaction| {
        transaction.put(RECORDS, b"new", b"2")?;
        transaction.delete(RECORDS, b"old")?;
        let rows = transaction.scan(RECORDS, b"", None, 10)?;
        let old = transaction.get(RECORDS, b"old")?;
        Ok((Verdict::Commit, (rows, old)))
    })
    .await
    .unwrap();

    assert_eq!(seen, (vec![(b"new".to_vec(), b"2".to_vec())], None));
}

pub(crate) async fn tables_are_separate(engine: Engine) {
    put(&engine, RECORDS, b"k", b"record").await.unwrap();
    put(&engine, Table::Chunks, b"k", b"chunk").await.unwrap();
    delete(&engine, RECORDS, b"k").await.unwrap();

    assert_eq!(get(&engine, RECORDS, b"k").await.unwrap(), None);
    let chunk = get(&engine, Table::Chunks, b"k").await.unwrap();
    assert_eq!(chunk.unwrap(), b"chunk");
}

pub(crate) async fn scans_keep_order_bounds_and_limits(engine: Engine) {
    for table in [RECORDS, Table::Chunks] {
        for key in ["b", "aa", "c", "a", "ab", "b\0"] {
            put(&engine, table, key.as_bytes(), b"v").await.unwrap();
        }
        let cases: [(&str, Option<&str>, usize, &[&str]); 9] = [
            ("", None, usize::MAX, &["a", "aa", "ab", "b", "b\0", "c"]),
            ("", None, 2, &["a", "aa"]),
            ("", None, 0, &[]),
            ("aa", Some("b"), 10, &["aa", "ab"]),
            ("aaa", Some("b\0"), 10, &["ab", "b"]),
            ("b", Some("b"), 10, &[]),
            ("c", Some("a"), 10, &[]),
            ("d", None, 10, &[]),
            ("", Some(""), 10, &[]),
        ];
        for (from, to, limit, expected) in cases {
            let to_bytes = to.map(str::as_bytes);
            let rows = scan(&engine, table, from.as_bytes(), to_bytes, limit).await.unwrap();
            let keys: Vec<_> = rows.iter().map(|(key, _)| key.as_slice()).collect();
            let expected: Vec<_> = expected.iter().map(|key| key.as_bytes()).collect();
            assert_eq!(keys, expected, "{table:?} from {from:?} to {to:?} limit {limit}");
        }
    }
}

pub(crate) async fn keys_are_any_bytes(engine: Engine) {
    let mut keys: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    keys.extend([vec![], vec![0; 2], vec![255; 3], noise(1, 2_000), b"a'\"%_\n".to_vec()]);
    keys.sort();
    for table in [RECORDS, Table::Chunks] {
        let job_keys = keys.clone();
        storage::write(&engine, move |transaction| {
            for key in job_keys.iter().rev() {
                transaction.put(table, key, key)?;
            }
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();

        let expected: Vec<_> = keys.iter().map(|key| (key.clone(), key.clone())).collect();
        assert!(all(&engine, table).await == expected, "{table:?}");
        for key in &keys {
            let value = get(&engine, table, key).await.unwrap();
            assert_eq!(value.as_ref(), Some(key), "{table:?}");
        }
    }
}

pub(crate) async fn values_are_any_size_up_to_a_chunk(engine: Engine) {
    let sizes = [0, 1, 4_000, 4_096, 65_536, CHUNK_SIZE_BYTES_MAX];
    for (seed, size) in (0..).zip(sizes) {
        for table in [RECORDS, Table::Chunks] {
            let value = noise(seed, size);
            put(&engine, table, &size.to_be_bytes(), &value).await.unwrap();
            let stored = get(&engine, table, &size.to_be_bytes()).await.unwrap();
            assert!(stored == Some(value), "{size} bytes in {table:?}");
        }
    }
}

pub(crate) async fn deleting_what_is_absent_does_nothing(engine: Engine) {
    put(&engine, RECORDS, b"k", b"v").await.unwrap();
    delete(&engine, RECORDS, b"absent").await.unwrap();
    delete(&engine, Table::Chunks, b"k").await.unwrap();

    assert_eq!(all(&engine, RECORDS).await.len(), 1);
}
