//! Listings that lag behind.

use std::collections::{HashMap, HashSet};

use crate::fault_proxy::http::{Body, Head};

use super::aws_chunked;
use super::upstream::Reply;

/// What the listings of a lagging store know.
#[derive(Debug, Default)]
pub(super) struct Listings {
    /// Keys that were written and not listed since.
    written: HashSet<String>,
    /// Keys that were deleted and not listed since.
    deleted: HashSet<String>,
    /// The entries that were seen last, by key.
    entries: HashMap<String, String>,
}

impl Listings {
    pub(super) fn written(&mut self, path: &str) {
        let key = key_of(path);
        self.deleted.remove(&key);
        self.written.insert(key);
    }

    pub(super) fn deleted(&mut self, path: &str) {
        let key = key_of(path);
        if !self.written.remove(&key) {
            self.deleted.insert(key);
        }
    }

    /// The listing as it was before the last writes and deletions, which the next one knows.
    pub(super) fn stale(&mut self, reply: &Reply) -> Reply {
        let Some(text) = text_of(reply) else { return reply.clone() };
        let (mut stale, mut rest) = (String::new(), text.as_str());
        let prefix = element(&text, "Prefix").unwrap_or_default().to_owned();
        while let Some((before, after)) = rest.split_once("<Contents>") {
            let Some((entry, after)) = after.split_once("</Contents>") else { break };
            stale.push_str(before);
            rest = after;
            let key = element(entry, "Key").unwrap_or_default().to_owned();
            let entry = format!("<Contents>{entry}</Contents>");
            if !self.written.remove(&key) {
                stale.push_str(&entry);
            }
            self.entries.insert(key, entry);
        }
        let ghosts: Vec<_> =
            self.deleted.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        for key in ghosts {
            self.deleted.remove(&key);
            stale.push_str(self.entries.get(&key).map_or("", String::as_str));
        }
        stale.push_str(rest);
        Reply::with_body(reply.status, &stale)
    }
}

/// The key of an object's path. Keys of tests need no decoding.
fn key_of(path: &str) -> String {
    let path = path.trim_start_matches('/');
    path.split_once('/').map_or(path, |(_, key)| key).to_owned()
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    Some(after.split_once(&format!("</{name}>"))?.0)
}

fn text_of(reply: &Reply) -> Option<String> {
    let head = Head::new(reply.bytes.get(..reply.head_length)?.to_vec());
    let body = match head.response_body("GET") {
        Body::Chunked => aws_chunked::decoded(reply.body())?.0,
        Body::Absent | Body::Length(_) | Body::UntilClose => reply.body().to_vec(),
    };
    String::from_utf8(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(keys: &[&str]) -> Reply {
        let entry = |key: &&str| format!("<Contents><Key>{key}</Key></Contents>");
        let entries = keys.iter().map(entry).collect::<Vec<_>>().concat();
        let body = format!("<ListBucketResult><Prefix>a/</Prefix>{entries}</ListBucketResult>");
        Reply::with_body(200, &body)
    }

    fn keys(reply: &Reply) -> Vec<String> {
        let text = text_of(reply).unwrap();
        let keys = text.split("<Key>").skip(1);
        keys.map(|part| part.split('<').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_listing_is_as_it_was_before_and_the_next_one_is_right() {
        let mut listings = Listings::default();
        listings.written("/bucket/a/1");
        listings.written("/bucket/a/2");
        let real = listing(&["a/1", "a/2", "a/3"]);
        assert_eq!(keys(&listings.stale(&real)), ["a/3"]);
        assert_eq!(keys(&listings.stale(&real)), ["a/1", "a/2", "a/3"]);
        listings.deleted("/bucket/a/2");
        listings.deleted("/bucket/b/2");
        let real = listing(&["a/1", "a/3"]);
        let stale = keys(&listings.stale(&real));
        assert_eq!(stale, ["a/1", "a/3", "a/2"]);
        assert_eq!(keys(&listings.stale(&real)), ["a/1", "a/3"]);
    }

    #[test]
    fn what_came_and_went_was_never_listed() {
        let mut listings = Listings::default();
        listings.written("/bucket/a/1");
        listings.deleted("/bucket/a/1");
        assert_eq!(keys(&listings.stale(&listing(&[]))), Vec::<String>::new());
    }
}
