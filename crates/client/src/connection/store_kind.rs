//! Which store answers, as far as it matters for what may be relied on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::http::Headers;
use statelock_protocol::lock::steps::ConditionalDelete;

use super::answer_head::HearsHead;

/// What is known of the object store.
#[derive(Clone, Debug)]
pub(super) struct StoreKind {
    /// Whether it is named by an endpoint, so that it may be any store.
    is_custom: bool,
    /// Whether it said that it is a statelock server, or Amazon S3 without an endpoint of its own.
    is_known: Arc<AtomicBool>,
    /// Whether it said that it is a statelock server.
    says_statelock: Arc<AtomicBool>,
}

impl StoreKind {
    pub(super) fn new(is_custom: bool) -> Self {
        Self { is_custom, is_known: Arc::default(), says_statelock: Arc::default() }
    }

    /// Whether what answered so far said that it is a statelock server.
    pub(super) fn is_statelock(&self) -> bool {
        self.says_statelock.load(Ordering::Relaxed)
    }

    /// Whether it is named by an endpoint: it may be any store.
    pub(super) fn is_custom(&self) -> bool {
        self.is_custom
    }

    /// Amazon S3 and the state server remove only what matches. Others may ignore the condition. What
    /// answers is believed, and not the settings alone: an endpoint may be named in a profile too.
    pub(super) fn conditional_delete(&self) -> ConditionalDelete {
        if self.is_known.load(Ordering::Relaxed) {
            ConditionalDelete::Enforced
        } else {
            ConditionalDelete::Unproven
        }
    }
}

impl HearsHead for StoreKind {
    fn hear(&self, headers: &Headers) {
        let is_known = match headers.get("server") {
            Some("AmazonS3") => !self.is_custom,
            Some("statelock") => {
                self.says_statelock.store(true, Ordering::Relaxed);
                true
            }
            Some(_) | None => false,
        };
        if is_known {
            self.is_known.store(true, Ordering::Relaxed);
        }
    }
}
