//! The obvious model of a lockfile: at most one holder, and everything that lately happened.

use std::collections::BTreeMap;

use statelock_protocol::store::Precondition;
use statelock_server::engine::{DeleteCondition, EngineError};
use statelock_server::records::VersionId;

use crate::harness::{Call, MINUTE};
use crate::model::{Model, delete_refusal, write_refusal};
use crate::model_types::{Answer, Object, Request, Version, refused};

const LOCKFILE_SIZE_MAX: usize = 64 << 10;

/// Everything that happened to lockfiles, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    happened: Vec<Happened>,
    sightings: Vec<Sighting>,
    /// When each lockfile was last taken by somebody new.
    since: BTreeMap<String, u64>,
}

/// Something that the server remembers for a while.
#[derive(Debug)]
struct Happened {
    key: String,
    call: Option<u8>,
    /// The lock ID that it was about.
    id: Option<String>,
    what: What,
    at: u64,
}

#[derive(Debug, PartialEq)]
enum What {
    /// With a lockfile of this ETag.
    Took(String),
    /// With a lockfile of this ETag.
    Refused(String),
    /// Or found nothing to release.
    Released,
    /// Was refused the release.
    Spared,
}

/// What a connection was shown; a release shows it on none.
#[derive(Debug)]
struct Sighting {
    key: String,
    connection: Option<u64>,
    id: Option<String>,
    at: u64,
}

impl Locks {
    /// What happened to a lockfile is forgotten together: whatever is recent keeps the rest, and so
    /// does a lock that is held.
    pub(crate) fn sweep(&mut self, now: u64, is_held: impl Fn(&str) -> bool) {
        let recent = self.happened.iter().filter(|happened| is_recent(happened.at, now));
        let kept: Vec<_> = recent.map(|happened| happened.key.clone()).collect();
        self.happened.retain(|happened| kept.contains(&happened.key) || is_held(&happened.key));
    }

    /// What this call did, or tried in vain, and the server remembers.
    fn by_call(&self, key: &str, call: Call, now: u64) -> impl Iterator<Item = &What> {
        let known = self.happened.iter().filter(move |known| {
            known.key == key
                && call.id.is_some()
                && known.call == call.id
                && is_recent(known.at, now)
        });
        known.map(|known| &known.what)
    }

    fn add(&mut self, key: &str, call: Call, id: Option<String>, what: What, now: u64) {
        self.happened.retain(|known| known.key != key || is_recent(known.at, now));
        self.happened.push(Happened { key: key.to_owned(), call: call.id, id, what, at: now });
    }

    fn see(&mut self, key: &str, connection: Option<u64>, id: Option<String>, at: u64) {
        self.sightings.push(Sighting { key: key.to_owned(), connection, id, at });
    }

    /// Whether a release does not mean the lock that is held: its connection, or anybody who may be the
    /// same client, was shown another one.
    fn saw_another(&self, key: &str, call: Call, id: Option<&String>, now: u64) -> bool {
        let of_key = || self.sightings.iter().filter(|seen| seen.key == key);
        let own = of_key().rfind(|seen| seen.connection == Some(call.connection()));
        if let Some(own) = own {
            return own.id.as_ref() != id;
        }
        // All clients look alike here, so what any of them was shown within a minute may be its own, if
        // that was before it sent this.
        let is_its = |seen: &&Sighting| {
            seen.connection.is_some() && seen.at <= call.sent_after && seen.at + MINUTE >= now
        };
        let mut late = of_key().filter(is_its).peekable();
        late.peek().is_some() && late.all(|seen| seen.id.as_ref() != id)
    }

    /// Whether a release may have been sent before the lock was taken.
    fn is_older(&self, key: &str, call: Call, now: u64) -> bool {
        let since = self.since.get(key).copied().unwrap_or_default();
        call.sent_after < since && since <= now
    }
}

impl Model {
    pub(crate) fn put_lock(
        &mut self,
        request: &Request<'_, Precondition>,
        object: Object,
    ) -> Answer {
        let Request { key, condition, call, .. } = request;
        if object.pieces.concat().len() > LOCKFILE_SIZE_MAX {
            return refused(&EngineError::TooLarge(u64::try_from(LOCKFILE_SIZE_MAX).unwrap()));
        }
        let held = self.current(key).cloned();
        let took = What::Took(object.etag.clone());
        let is_copy = self
            .locks
            .by_call(key, *call, self.now)
            .any(|what| *what == took || *what == What::Refused(object.etag.clone()));
        let own =
            held.as_ref().filter(|held| held.lock_id.is_some() && held.lock_id == object.lock_id);
        let names_the_stored = match condition {
            Precondition::IfMatch(_) => write_refusal(condition, held.as_ref()).is_none(),
            Precondition::None | Precondition::IfAbsent => true,
        };
        if let Some(own) = own
            && (is_copy || (call.id.is_none() && own.pieces == object.pieces))
            && (names_the_stored || call.id.is_some())
        {
            return self.took(key, *call, own.clone());
        }
        if !names_the_stored {
            return refused(&write_refusal(condition, held.as_ref()).unwrap());
        }
        let replaces = matches!(condition, Precondition::IfMatch(_));
        if let Some(own) = own.filter(|_| !replaces) {
            self.locks.add(key, *call, object.lock_id, took, self.now);
            return self.took(key, *call, own.clone());
        }
        if own.is_none() && (is_copy || self.is_late(key, *call, &object)) {
            let what = What::Refused(object.etag);
            if call.id.is_some()
                && self.locks.by_call(key, *call, self.now).all(|known| *known != what)
            {
                // It is remembered of the call, and says nothing about the lock ID.
                self.locks.add(key, *call, None, what, self.now);
            }
            return lock_refusal(condition);
        }
        if held.is_some() && !replaces {
            let what = What::Refused(object.etag);
            self.locks.add(key, *call, object.lock_id, what, self.now);
            return lock_refusal(condition);
        }
        self.locks.add(key, *call, object.lock_id.clone(), took, self.now);
        if own.is_none() {
            self.locks.since.insert((*key).to_owned(), self.now);
        }
        let versions = self.versions_mut(key);
        versions.clear();
        versions.push(Version { id: VersionId::Null, object: Some(object.clone()) });
        self.took(key, *call, object)
    }

    fn took(&mut self, key: &str, call: Call, stored: Object) -> Answer {
        self.locks.see(key, Some(call.connection()), stored.lock_id, self.now);
        Answer::Written(stored.etag, None)
    }

    /// Whether this may have been sent before its lock ID was released or refused.
    fn is_late(&self, key: &str, call: Call, object: &Object) -> bool {
        object.lock_id.is_some()
            && self.locks.happened.iter().any(|known| {
                known.key == key
                    && known.id == object.lock_id
                    && is_recent(known.at, self.now)
                    && matches!(known.what, What::Refused(_) | What::Released)
                    && call.sent_after < known.at
            })
    }

    pub(crate) fn release(
        &mut self,
        request: &Request<'_, DeleteCondition>,
        version: Option<VersionId>,
    ) -> Answer {
        let Request { key, condition, call, .. } = request;
        let done = Answer::Deleted(version, false);
        if self.locks.by_call(key, *call, self.now).any(|what| *what == What::Released) {
            return done;
        }
        let held = self.current(key).cloned();
        if let Some(error) = delete_refusal(condition, held.is_some(), held.as_ref()) {
            return refused(&error);
        }
        let Some(held) = held else {
            let mut known = self.locks.happened.iter();
            if call.id.is_some()
                && known.any(|known| known.key == *key && is_recent(known.at, self.now))
            {
                self.locks.add(key, *call, None, What::Released, self.now);
            }
            return done;
        };
        let names_it = matches!(condition, DeleteCondition::IfMatch(_));
        let id = held.lock_id.as_ref();
        let spared = self.locks.by_call(key, *call, self.now).any(|what| *what == What::Spared);
        let saw_another = !names_it && self.locks.saw_another(key, *call, id, self.now);
        let means_another = spared || saw_another || self.locks.is_older(key, *call, self.now);
        if means_another && (!names_it || id.is_none()) {
            if call.id.is_some() && !spared {
                self.locks.add(key, *call, held.lock_id, What::Spared, self.now);
            }
            return refused(&EngineError::LockRefused(String::new()));
        }
        self.versions_mut(key).clear();
        self.locks.add(key, *call, held.lock_id.clone(), What::Released, self.now);
        self.locks.see(key, None, held.lock_id, self.now);
        done
    }
}

fn lock_refusal(condition: &Precondition) -> Answer {
    refused(&match condition {
        Precondition::None => EngineError::LockRefused(String::new()),
        Precondition::IfAbsent => EngineError::PreconditionFailed("If-None-Match"),
        Precondition::IfMatch(_) => EngineError::PreconditionFailed("If-Match"),
    })
}

pub(crate) fn is_lockfile(key: &str) -> bool {
    key.strip_suffix(".tflock").is_some_and(|state| !state.is_empty() && !state.ends_with('/'))
}

fn is_recent(at: u64, now: u64) -> bool {
    at + 15 * MINUTE >= now
}
