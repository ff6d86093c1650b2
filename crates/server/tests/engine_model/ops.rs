//! What a random client does.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use bytes::Bytes;
use proptest::sample::Index;

use crate::harness;

/// Few enough that requests meet, odd enough that orders and prefixes matter.
pub(crate) const KEYS: [&str; 10] = [
    "a",
    "a/",
    "a/b",
    "a/b/c",
    "a\0",
    "a\0b",
    "env:/dev/a",
    "env:/dev/a1.tflock",
    "x.tflock",
    "\u{ff}\u{10ffff}",
];

/// A body that is worth storing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Empty,
    Text(u8),
    /// A lock ID, and one of the lock infos that have it.
    Lock(u8, u8),
    /// Exactly one piece.
    Piece(u8),
    /// A little more than one piece.
    Pieces(u8),
    /// The smallest part that need not be the last.
    Part(u8),
}

impl Body {
    pub(crate) fn bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Text(seed) => format!("text {seed}").into(),
            Self::Lock(id, 0) => harness::lock_info(&format!("lock-{id}")),
            Self::Lock(id, other) => format!(r#"{{"ID":"lock-{id}","Info":"{other}"}}"#).into(),
            Self::Piece(seed) => large(1 << 20, seed),
            Self::Pieces(seed) => large((1 << 20) + 1 + usize::from(seed), seed),
            Self::Part(seed) => large(5 << 20, seed),
        }
    }

    pub(crate) fn lock_id(self) -> Option<String> {
        match self {
            Self::Lock(id, _) => Some(format!("lock-{id}")),
            _ => None,
        }
    }
}

/// Large bodies are made once.
fn large(size: usize, seed: u8) -> Bytes {
    static MADE: OnceLock<Mutex<BTreeMap<(usize, u8), Bytes>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap();
    made.entry((size, seed)).or_insert_with(|| harness::body(size, seed)).clone()
}

/// A condition, to be filled in from what is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    None,
    /// `If-None-Match: *` on a write, `If-Match: *` on a delete.
    Star,
    /// `If-Match` with the ETag of what is there.
    Current,
    /// `If-Match` with another ETag.
    Other,
}

/// Which version of a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Newest,
    Null,
    Stored(Index),
    Unknown,
}

/// Which parts a completion names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parts {
    All,
    First,
    Backwards,
    WrongEtag,
    NeverSent,
    None,
}

/// One request, or something that happens to the server.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Put {
        key: usize,
        body: Body,
        condition: Condition,
        call: Option<u8>,
    },
    /// Receives a body whose object comes later or never.
    Receive {
        body: Body,
    },
    PutReceived {
        received: Index,
        key: usize,
        condition: Condition,
        call: Option<u8>,
    },
    Delete {
        key: usize,
        which: Which,
        condition: Condition,
        call: Option<u8>,
    },
    Versioning {
        enabled: bool,
    },
    Tag {
        key: usize,
        which: Which,
        tag: u8,
    },
    Begin {
        key: usize,
    },
    Part {
        upload: Index,
        number: u16,
        body: Body,
    },
    Complete {
        upload: Index,
        parts: Parts,
        condition: Condition,
        call: Option<u8>,
    },
    Abort {
        upload: Index,
    },
    Forward {
        micros: u64,
    },
    Back {
        micros: u64,
    },
    Sweep,
    /// Long enough for everything to be forgotten, and then a sweep.
    Pause,
    /// An earlier request is delivered again.
    Again {
        earlier: Index,
    },
    DeleteBucket {
        empty_first: bool,
        versioned: bool,
    },
}
