//! What one writer knows about its objects: acknowledged, or sent and cut off.

use std::collections::BTreeMap;

use object_store::{ObjectStore, ObjectStoreExt, PutMode};

/// Bytes that differ for every write, small enough to be remembered by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    writer: usize,
    number: usize,
}

impl Body {
    /// Sizes of lock info, of an ordinary state and of a large one.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let line = format!("writer {} number {}\n", self.writer, self.number);
        let size = [200, 10_000, 300_000][self.number % 3];
        let mut bytes = line.repeat(size / line.len() + 1).into_bytes();
        bytes.truncate(size);
        bytes
    }
}

/// One request that changes something.
#[derive(Debug)]
pub(crate) enum Operation {
    Put { key: String, body: Body },
    Create { key: String, body: Body },
    Delete { key: String },
}

impl Operation {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Create { key, .. } | Self::Delete { key } => key,
        }
    }

    fn value(&self) -> Option<Body> {
        match self {
            Self::Put { body, .. } | Self::Create { body, .. } => Some(*body),
            Self::Delete { .. } => None,
        }
    }
}

/// One object's history, as far as it still matters. `None` is "no object".
#[derive(Default)]
struct History {
    acknowledged: Option<Body>,
    etag: Option<String>,
    /// Sent after the last acknowledged one, and cut off: may have happened or not.
    cut_off: Vec<Option<Body>>,
}

/// The histories of one writer's objects.
pub(crate) struct Ledger {
    writer: usize,
    number: usize,
    histories: BTreeMap<String, History>,
    /// How many requests were acknowledged.
    pub(crate) acknowledged: usize,
    /// How many requests were cut off.
    pub(crate) cut_off: usize,
}

impl Ledger {
    pub(crate) fn new(writer: usize) -> Self {
        Self { writer, number: 0, histories: BTreeMap::new(), acknowledged: 0, cut_off: 0 }
    }

    /// Overwrites and deletes a few objects in turn, and creates a new one every fifth time.
    pub(crate) fn next_operation(&mut self) -> Operation {
        self.number += 1;
        let (writer, number) = (self.writer, self.number);
        let body = Body { writer, number };
        let overwritten = format!("load/{writer}/{}", number % 4);
        match number % 10 {
            0 | 5 => Operation::Create { key: format!("created/{writer}/{number}"), body },
            7 => Operation::Delete { key: overwritten },
            _ => Operation::Put { key: overwritten, body },
        }
    }

    pub(crate) fn acknowledge(&mut self, operation: &Operation, etag: Option<String>) {
        self.acknowledged += 1;
        let acknowledged = operation.value();
        let history = History { acknowledged, etag, cut_off: Vec::new() };
        self.histories.insert(operation.key().to_owned(), history);
    }

    pub(crate) fn cut_off(&mut self, operation: &Operation) {
        self.cut_off += 1;
        let history = self.histories.entry(operation.key().to_owned()).or_default();
        history.cut_off.push(operation.value());
    }

    /// Compares every object with its history; what is found becomes the acknowledged value.
    pub(crate) async fn verify(&mut self, store: &dyn ObjectStore) -> Result<(), String> {
        for (key, history) in &mut self.histories {
            let found = read(store, key).await?;
            let (bytes, etag) = found.unzip();
            let is = |body: &Option<Body>| body.map(Body::bytes) == bytes;
            if is(&history.acknowledged) {
                if history.etag.is_some() && history.etag != etag {
                    return Err(format!("{key} has entity tag {etag:?}, not {:?}", history.etag));
                }
            } else {
                let late = history.cut_off.iter().copied().find(is);
                let seen = bytes.as_deref().map(beginning);
                history.acknowledged = late.ok_or_else(|| {
                    format!("{key} should hold {:?}, found {seen:?}", history.acknowledged)
                })?;
            }
            history.etag = etag;
            history.cut_off.clear();
            if key.starts_with("created/") && bytes.is_some() {
                assert_taken(store, key).await?;
            }
        }
        Ok(())
    }
}

/// A create that was acknowledged excludes every later one.
async fn assert_taken(store: &dyn ObjectStore, key: &str) -> Result<(), String> {
    match store.put_opts(&key.into(), "again".into(), PutMode::Create.into()).await {
        Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
        other => Err(format!("a second create of {key} was answered {other:?}")),
    }
}

async fn read(store: &dyn ObjectStore, key: &str) -> Result<Option<(Vec<u8>, String)>, String> {
    let found = match store.get(&key.into()).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(format!("{key} cannot be read: {error}")),
    };
    let etag = found.meta.e_tag.clone().unwrap_or_default();
    let bytes = found.bytes().await.map_err(|error| format!("{key}: {error}"))?;
    Ok(Some((bytes.to_vec(), etag)))
}

fn beginning(bytes: &[u8]) -> String {
    let start: Vec<u8> = bytes.iter().copied().take(40).collect();
    format!("{} bytes: {}", bytes.len(), String::from_utf8_lossy(&start))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use tokio::runtime::Runtime;

    use super::*;

    const FIRST: Body = Body { writer: 0, number: 1 };
    const SECOND: Body = Body { writer: 0, number: 2 };
    const THIRD: Body = Body { writer: 0, number: 3 };

    fn put(body: Body) -> Operation {
        Operation::Put { key: "k".to_owned(), body }
    }

    /// The verdict on a store that holds `held`, when FIRST was acknowledged and SECOND cut off.
    fn verdict(held: Option<Body>) -> Result<(), String> {
        let mut ledger = Ledger::new(0);
        ledger.acknowledge(&put(FIRST), None);
        ledger.cut_off(&put(SECOND));
        let store = InMemory::new();
        Runtime::new().unwrap().block_on(async {
            if let Some(body) = held {
                store.put(&"k".into(), body.bytes().into()).await.unwrap();
            }
            ledger.verify(&store).await
        })
    }

    #[test]
    fn the_acknowledged_value_or_a_later_one_passes_and_nothing_else_does() {
        assert_eq!(verdict(Some(FIRST)), Ok(()));
        assert_eq!(verdict(Some(SECOND)), Ok(()));
        assert!(verdict(Some(THIRD)).unwrap_err().contains("should hold"));
        assert!(verdict(None).unwrap_err().contains("found None"));
    }
}
