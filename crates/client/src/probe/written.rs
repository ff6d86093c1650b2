//! What may be there because of a probe.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, Outcome};
use statelock_protocol::store::Refusal;

/// Objects, uploads and items.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) keys: Names,
    /// Key and upload id.
    pub(super) uploads: BTreeSet<(String, String)>,
    pub(super) items: Names,
}

impl Written {
    /// Whether nothing can be there.
    pub(super) fn is_nothing(&self) -> bool {
        self.keys.0.is_empty() && self.uploads.is_empty() && self.items.0.is_empty()
    }
}

/// Names of things, each with how many requests there were that may have made it.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<String, usize>);

impl Names {
    /// Before a request that may make it; or where it was seen, whatever was said about it.
    pub(super) fn note(&mut self, name: &str) {
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    /// After a request that was noted: one that was certainly refused made nothing.
    pub(super) fn answered(&mut self, name: &str, answer: &Answer) {
        if !made_nothing(answer) {
            return;
        }
        let left = self.0.remove(name).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            self.0.insert(name.to_owned(), left);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(|name| (name, 1)).collect())
    }
}

/// Whether an answer says that the request was not looked at any further. One that lost to another is no such answer.
fn made_nothing(answer: &Answer) -> bool {
    match answer.outcome {
        Outcome::Refused(refusal) => match refusal {
            Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unsupported
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable => true,
            // Without an answer it says that nobody could be reached.
            Refusal::Unavailable => answer.is_unreached(),
            Refusal::PreconditionFailed | Refusal::Conflict | Refusal::NoSuchKey => false,
        },
        Outcome::NotSent(_) => true,
        Outcome::Done | Outcome::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_refused_each_time_is_not_there() {
        let told = |outcome| Answer { outcome, ..Answer::done(None) };
        let denied = told(Outcome::Refused(Refusal::Denied));
        let busy = Answer { status: Some(503), ..told(Outcome::Refused(Refusal::Unavailable)) };
        for (other, is_there) in [
            (denied.clone(), false),
            (told(Outcome::Refused(Refusal::Invalid)), false),
            (told(Outcome::Refused(Refusal::PreconditionFailed)), true),
            (told(Outcome::Refused(Refusal::Unavailable)), false),
            (busy, true),
            (told(Outcome::Unknown), true),
            (told(Outcome::Done), true),
        ] {
            let mut written = Written::default();
            written.keys.note("a");
            written.keys.note("a");
            written.keys.answered("a", &denied);
            assert_eq!(written.keys.iter().collect::<Vec<_>>(), ["a"], "one is on its way");
            written.keys.answered("a", &other);
            assert_eq!(!written.is_nothing(), is_there, "{other:?}");
        }
    }

    #[test]
    fn what_was_seen_is_there_whatever_was_said() {
        let mut written = Written::default();
        written.keys.note("a");
        written.keys.note("a");
        let refused = Outcome::Refused(Refusal::Invalid);
        written.keys.answered("a", &Answer { outcome: refused, ..Answer::done(None) });
        assert!(!written.is_nothing());
    }
}
