//! Asks the engine and the model the same.

use proptest::sample::Index;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::{DeleteCondition, DeleteRequest, PutRequest, Staged};
use statelock_server::records::{VersionId, Versioning};

use crate::harness::{BUCKET, HOUR, Harness, START, delete_request, put_request, sender};
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
}

/// Both answers to one request: the engine's, then the model's.
pub(crate) type Answers = (Answer, Answer);

impl Pair {
    pub(crate) fn advance(&mut self, micros: u64) {
        self.test.clock.advance(micros);
        self.model.now += micros;
    }

    pub(crate) async fn apply(&mut self, op: &Op) -> Answers {
        match op.clone() {
            Op::Put { key, body, condition, call } => {
                let object = Object::whole(body.bytes(), body.lock_id());
                let staged = self.test.stage(&body.bytes()).await;
                self.put(KEYS[key], condition, call, (staged, object)).await
            }
            Op::Receive { body } => self.receive(body).await,
            Op::PutReceived { received, key, condition, call } => {
                self.put_received(received, KEYS[key], condition, call).await
            }
            Op::Delete { key, which, condition, call } => {
                self.delete(KEYS[key], which, condition, call).await
            }
            Op::Versioning { enabled } => self.versioning(enabled).await,
            Op::Tag { key, which, tag } => self.tag(KEYS[key], which, tag).await,
            Op::Begin { key } => self.begin(KEYS[key]).await,
            Op::Part { upload, number, body } => self.part(upload, number, body).await,
            Op::Complete { upload, parts, condition, call } => {
                self.complete(upload, parts, condition, call).await
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
        call: Option<u8>,
        (staged, object): (Staged, Object),
    ) -> Answers {
        let condition = self.write_condition(key, condition);
        let request = PutRequest {
            precondition: condition.clone(),
            sender: sender(call.map(invocation)),
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
        call: Option<u8>,
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
        let request = PutRequest { sender: sender(call.map(invocation)), ..put_request(key) };
        match self.test.engine.put(request, staged).await {
            Err(_) => nothing(),
            Ok(written) if written.version.is_none() && self.is_remembered(key, call, &body) => {
                nothing()
            }
            Ok(written) => (Answer::Written(written.etag, written.version), Answer::Done),
        }
    }

    /// Whether the write is a repetition, which needs no body.
    fn is_remembered(&mut self, key: &str, call: Option<u8>, body: &Received) -> bool {
        let before = format!("{:?}", self.model.keys);
        let request = Request { key, condition: Precondition::None, call, chosen: None };
        drop(self.model.put(request, body.object.clone()));
        before == format!("{:?}", self.model.keys)
    }

    async fn delete(
        &mut self,
        key: &str,
        which: Which,
        condition: Condition,
        call: Option<u8>,
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
            sender: sender(call.map(invocation)),
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
        let change = self.test.engine.change_bucket(BUCKET.to_owned(), sender(None), move |bucket| {
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
            for (key, versions) in std::mem::take(&mut self.model.keys) {
                for version in versions {
                    self.test.delete(&key, Some(version.id)).await;
                }
            }
        }
        let answer = self.test.engine.delete_bucket(BUCKET.to_owned(), sender(None)).await;
        let answers =
            (answer.map_or_else(|e| refused(&e), |()| Answer::Done), self.model.delete_bucket());
        if answers.1 == Answer::Done && answers.0 == Answer::Done {
            let versioning = if versioned { Versioning::Enabled } else { Versioning::Unversioned };
            let made = self.test.engine.create_bucket(BUCKET.to_owned(), String::new(), versioning, None);
            made.await.unwrap();
            self.model.versioning = versioning;
        }
        answers
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

pub(crate) fn invocation(call: u8) -> String {
    format!("call-{call}")
}

/// For what has no answer to compare.
pub(crate) fn nothing() -> Answers {
    (Answer::Done, Answer::Done)
}
