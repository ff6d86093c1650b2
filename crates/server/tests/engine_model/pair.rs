//! Asks the engine and the model the same.

use proptest::sample::Index;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::{DeleteCondition, DeleteRequest, PutRequest, Sender, Staged};
use statelock_server::records::{VersionId, Versioning};

use crate::harness::{BUCKET, Call, HOUR, Harness, START, delete_request, put_request, sender};
use crate::model::Model;
use crate::model_types::{Answer, Object, Received, Request, refused};
use crate::ops::{Body, Condition, KEYS, Op, Which};

const PIECE: usize = 1 << 20;
pub(crate) const OTHER_ETAG: &str = "00000000000000000000000000000000";

/// The engine and the model, side by side.
pub(crate) struct Pair {
    pub(crate) test: Harness,
    pub(crate) model: Model,
    pub(crate) staged: Vec<Option<Staged>>,
    /// What the engine is not told about senders.
    pub(crate) blur: fn(Sender) -> Sender,
}

/// Both answers to one request: the engine's, then the model's.
pub(crate) type Answers = (Answer, Answer);

impl Pair {
    pub(crate) fn advance(&mut self, micros: u64) {
        self.test.clock.advance(micros);
        self.model.now += micros;
    }

    /// Asks both; a request that is delivered again may have been sent long ago.
    pub(crate) async fn apply(&mut self, op: &Op, is_late: bool) -> Answers {
        let sent_after = if is_late { START } else { self.model.now };
        let call = |id: Option<u8>| Call { id, sent_after };
        match op.clone() {
            Op::Put { key, body, condition, call: id } => {
                let object = Object::whole(body.bytes(), body.lock_id());
                let staged = self.test.stage(&body.bytes()).await;
                self.put(KEYS[key], condition, call(id), (staged, object)).await
            }
            Op::Receive { body } => self.receive(body).await,
            Op::PutReceived { received, key, condition, call: id } => {
                self.put_received(received, KEYS[key], condition, call(id)).await
            }
            Op::Delete { key, which, condition, call: id } => {
                self.delete(KEYS[key], which, condition, call(id)).await
            }
            Op::Versioning { enabled } => self.versioning(enabled).await,
            Op::Tag { key, which, tag } => self.tag(KEYS[key], which, tag).await,
            Op::Begin { key } => self.begin(KEYS[key]).await,
            Op::Part { upload, number, body } => self.part(upload, number, body).await,
            Op::Complete { upload, parts, condition, call: id } => {
                self.complete(upload, parts, condition, call(id)).await
            }
            Op::Abort { upload } => self.abort(upload).await,
            Op::Forward { micros } => self.set_clock(self.model.now + micros),
            Op::Back { micros } => self.set_clock(self.model.now - micros),
            // Nothing came before it.
            Op::Again { .. } => nothing(),
            Op::Sweep => self.sweep().await,
            Op::Pause => {
                self.advance(2 * HOUR);
                self.sweep().await
            }
            Op::DeleteBucket { empty_first, versioned } => {
                self.delete_bucket(empty_first, versioned).await
            }
        }
    }

    fn set_clock(&mut self, now: u64) -> Answers {
        self.test.clock.set(now);
        self.model.now = now;
        nothing()
    }

    async fn sweep(&mut self) -> Answers {
        self.test.engine.sweep().await.unwrap();
        self.model.sweep();
        nothing()
    }

    async fn put(
        &mut self,
        key: &str,
        condition: Condition,
        call: Call,
        (staged, object): (Staged, Object),
    ) -> Answers {
        let condition = self.write_condition(key, condition);
        let request = PutRequest {
            precondition: condition.clone(),
            sender: self.sender(call),
            ..put_request(key)
        };
        let answer = self.test.engine.put(request, staged).await;
        let chosen = answer.as_ref().ok().and_then(|written| written.version);
        let engine = answer.map_or_else(|e| refused(&e), |w| Answer::Written(w.etag, w.version));
        (engine, self.model.put(Request { key, condition, call, chosen }, object))
    }

    async fn receive(&mut self, body: Body) -> Answers {
        let object = Object::whole(body.bytes(), body.lock_id());
        let stored_at = (body.bytes().len() > PIECE).then_some(self.model.now);
        self.staged.push(Some(self.test.stage(&body.bytes()).await));
        self.model.received.push(Some(Received { object, stored_at, swept: false }));
        nothing()
    }

    async fn put_received(
        &mut self,
        received: Index,
        key: &str,
        condition: Condition,
        call: Call,
    ) -> Answers {
        let waiting: Vec<_> =
            (0..self.staged.len()).filter(|at| self.staged[*at].is_some()).collect();
        if waiting.is_empty() {
            return nothing();
        }
        let at = *received.get(&waiting);
        let (Some(staged), Some(body)) = (self.staged[at].take(), self.model.received[at].take())
        else {
            return nothing();
        };
        if !body.swept {
            return self.put(key, condition, call, (staged, body.object)).await;
        }
        // Whatever else would be said about the write, it must not take effect.
        let request = PutRequest { sender: self.sender(call), ..put_request(key) };
        match self.test.engine.put(request, staged).await {
            Err(_) => nothing(),
            Ok(written) => (Answer::Written(written.etag, written.version), Answer::Done),
        }
    }

    async fn delete(
        &mut self,
        key: &str,
        which: Which,
        condition: Condition,
        call: Call,
    ) -> Answers {
        let version = self.which(key, which);
        let current = self.model.current(key).map(|object| object.etag.clone());
        let condition = match condition {
            Condition::None => DeleteCondition::None,
            Condition::Star => DeleteCondition::IfPresent,
            Condition::Current => {
                DeleteCondition::IfMatch(ETag::new(current.as_deref().unwrap_or(OTHER_ETAG)))
            }
            Condition::Other => DeleteCondition::IfMatch(ETag::new(OTHER_ETAG)),
        };
        let request = DeleteRequest {
            version,
            condition: condition.clone(),
            sender: self.sender(call),
            ..delete_request(key)
        };
        let answer = self.test.engine.delete(request).await;
        let chosen = answer.as_ref().ok().and_then(|deleted| deleted.version);
        let engine =
            answer.map_or_else(|e| refused(&e), |d| Answer::Deleted(d.version, d.is_marker));
        (engine, self.model.delete(Request { key, condition, call, chosen }, version))
    }

    async fn versioning(&mut self, enabled: bool) -> Answers {
        let versioning = if enabled { Versioning::Enabled } else { Versioning::Suspended };
        let change =
            self.test.engine.change_bucket(BUCKET.to_owned(), sender(None), move |bucket| {
                bucket.versioning = versioning;
            });
        change.await.unwrap();
        self.model.versioning = versioning;
        nothing()
    }

    async fn tag(&mut self, key: &str, which: Which, tag: u8) -> Answers {
        let version = self.which(key, which);
        let tags = vec![("tag".to_owned(), tag.to_string())];
        let (bucket, name) = (BUCKET.to_owned(), key.to_owned());
        let answer = self.test.engine.set_tags(bucket, name, version, tags, sender(None)).await;
        let engine = answer.map_or_else(|e| refused(&e), Answer::Tagged);
        (engine, self.model.tag(key, version, tag))
    }

    async fn delete_bucket(&mut self, empty_first: bool, versioned: bool) -> Answers {
        if empty_first {
            self.empty().await;
        }
        let answer = self.test.engine.delete_bucket(BUCKET.to_owned(), sender(None)).await;
        let answers =
            (answer.map_or_else(|e| refused(&e), |()| Answer::Done), self.model.delete_bucket());
        if answers.1 == Answer::Done && answers.0 == Answer::Done {
            let versioning = if versioned { Versioning::Enabled } else { Versioning::Unversioned };
            let made =
                self.test.engine.create_bucket(BUCKET.to_owned(), String::new(), versioning, None);
            made.await.unwrap();
            self.model.versioning = versioning;
        }
        answers
    }

    /// Deletes every version of everything, whoever holds what.
    async fn empty(&mut self) {
        let call = Call { id: None, sent_after: self.model.now };
        for (key, versions) in self.model.keys.clone() {
            for version in versions {
                // A condition says that it is meant, whatever was seen before; markers have none.
                let condition = match version.object {
                    Some(object) => DeleteCondition::IfMatch(ETag::new(object.etag)),
                    None => DeleteCondition::None,
                };
                let request = DeleteRequest {
                    version: Some(version.id),
                    condition: condition.clone(),
                    sender: self.sender(call),
                    ..delete_request(&key)
                };
                self.test.engine.delete(request).await.unwrap();
                let request = Request { key: &key, condition, call, chosen: None };
                self.model.delete(request, Some(version.id));
            }
        }
        self.model.keys.clear();
    }

    /// The sender as the engine sees it.
    pub(crate) fn sender(&self, call: Call) -> Sender {
        (self.blur)(call.sender())
    }

    pub(crate) fn write_condition(&self, key: &str, condition: Condition) -> Precondition {
        let current = self.model.current(key).map(|object| object.etag.as_str());
        match condition {
            Condition::None => Precondition::None,
            Condition::Star => Precondition::IfAbsent,
            Condition::Current => Precondition::IfMatch(ETag::new(current.unwrap_or(OTHER_ETAG))),
            Condition::Other => Precondition::IfMatch(ETag::new(OTHER_ETAG)),
        }
    }

    fn which(&self, key: &str, which: Which) -> Option<VersionId> {
        match which {
            Which::Newest => None,
            Which::Null => Some(VersionId::Null),
            Which::Stored(index) => {
                let versions = self.model.versions(key);
                (!versions.is_empty()).then(|| index.get(versions).id)
            }
            Which::Unknown => Some(VersionId::Id { sequence: START, nonce: u64::MAX }),
        }
    }
}

/// For what has no answer to compare.
pub(crate) fn nothing() -> Answers {
    (Answer::Done, Answer::Done)
}
