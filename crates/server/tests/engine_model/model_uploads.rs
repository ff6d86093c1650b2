//! The model's multipart uploads.

use std::collections::BTreeMap;

use bytes::Bytes;
use md5::{Digest, Md5};
use statelock_protocol::store::Precondition;
use statelock_server::engine::EngineError;
use statelock_server::records::{UploadId, VersionId};

use crate::harness::{Call, HOUR};
use crate::model::Model;
use crate::model_types::{Answer, Object, Request, hex, refused};

const PART_SIZE_MIN: usize = 5 << 20;

/// An upload, whatever became of it.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: UploadId,
    pub(crate) key: String,
    pub(crate) parts: BTreeMap<u16, Bytes>,
    state: State,
}

#[derive(Debug)]
enum State {
    Open,
    /// When, the ETag and the answer.
    Completed(u64, String, Answer),
    Gone,
}

impl Upload {
    pub(crate) fn new(id: UploadId, key: &str) -> Self {
        Self { id, key: key.to_owned(), parts: BTreeMap::new(), state: State::Open }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(crate) fn sweep(&mut self, now: u64) {
        if matches!(self.state, State::Completed(at, ..) if at + HOUR < now) {
            self.state = State::Gone;
        }
    }

    pub(crate) fn forget(&mut self) {
        self.state = State::Gone;
    }
}

pub(crate) fn etag_of(body: &Bytes) -> String {
    hex(&Md5::digest(body))
}

fn etag_of_parts(etags: &[String]) -> String {
    let digits: Vec<_> = etags.concat().into_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let raw: Vec<u8> = digits.chunks(2).map(byte).collect();
    format!("{}-{}", hex(&Md5::digest(raw)), etags.len())
}

impl Model {
    pub(crate) fn part(&mut self, upload: usize, number: u16, body: Bytes) -> Answer {
        let upload = &mut self.uploads[upload];
        if !upload.is_open() {
            return refused(&EngineError::NoSuchUpload);
        }
        let etag = etag_of(&body);
        upload.parts.insert(number, body);
        Answer::Part(etag)
    }

    pub(crate) fn abort(&mut self, upload: usize) -> Answer {
        let upload = &mut self.uploads[upload];
        if !upload.is_open() {
            return refused(&EngineError::NoSuchUpload);
        }
        upload.forget();
        Answer::Done
    }

    pub(crate) fn complete(
        &mut self,
        upload: usize,
        named: &[(i32, String)],
        condition: Precondition,
        call: Call,
        chosen: Option<VersionId>,
    ) -> Answer {
        let etags: Vec<_> = named.iter().map(|(_, etag)| etag.clone()).collect();
        let etag = etag_of_parts(&etags);
        let gone = refused(&EngineError::NoSuchUpload);
        match &self.uploads[upload].state {
            State::Completed(_, done, answer) if *done == etag => return answer.clone(),
            State::Gone | State::Completed(..) => return gone,
            State::Open => {}
        }
        let pieces = match chosen_parts(&self.uploads[upload], named) {
            Ok(pieces) => pieces,
            Err(error) => return refused(&error),
        };
        let key = self.uploads[upload].key.clone();
        let object = Object { pieces, etag: etag.clone(), tag: None, lock_id: None };
        let answer = self.put(Request { key: &key, condition, call, chosen }, object);
        if !matches!(answer, Answer::Refused(_)) {
            self.uploads[upload].state = State::Completed(self.now, etag, answer.clone());
        }
        answer
    }
}

fn chosen_parts(upload: &Upload, named: &[(i32, String)]) -> Result<Vec<Bytes>, EngineError> {
    if !named.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(EngineError::InvalidPartOrder);
    }
    let mut pieces = Vec::new();
    for (position, (number, etag)) in named.iter().enumerate() {
        let found = upload.parts.iter().find(|(stored, _)| i32::from(**stored) == *number);
        let Some((stored, body)) = found.filter(|(_, body)| etag_of(body) == *etag) else {
            return Err(EngineError::InvalidPart(*number));
        };
        if position + 1 < named.len() && body.len() < PART_SIZE_MIN {
            let size = u64::try_from(body.len()).unwrap();
            return Err(EngineError::PartTooSmall { number: *stored, size });
        }
        pieces.push(body.clone());
    }
    if pieces.is_empty() { Err(EngineError::InvalidPart(0)) } else { Ok(pieces) }
}
