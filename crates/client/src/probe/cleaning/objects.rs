//! Objects of a bucket without versions.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream;

use super::{Cleaned, Cleaning, JOURNAL, Left, LeftThing, PASSES};
use crate::error::StoreError;
use crate::probe::checks::seeing::AT_ONCE;
use crate::probe::written::Written;
use crate::system;
use crate::transport::failure::failed;

/// What the next pass removes, each key once: what is listed, or without a listing what the pass before left.
///
/// The first pass takes what was written too where that is harmless, because a listing may be late. Where versions
/// are kept, to delete what is gone already would make one more delete marker.
fn due(listed: Option<&[String]>, first: Option<(&Written, bool)>, left: &[Left]) -> Vec<String> {
    let mut keys = BTreeSet::new();
    match listed {
        Some(listed) => keys.extend(listed.iter().cloned()),
        None => keys.extend(left.iter().filter_map(|one| match &one.what {
            LeftThing::Object { key, .. } => Some(key.clone()),
            LeftThing::Upload { .. } | LeftThing::Item { .. } | LeftThing::Everything { .. } => {
                None
            }
        })),
    }
    if let Some((written, is_harmless)) = first
        && (is_harmless || listed.is_none())
    {
        keys.extend(written.keys.iter().cloned());
    }
    keys.into_iter().collect()
}

impl Cleaning<'_> {
    /// Removes objects of a bucket without versions, the journal last.
    pub(super) async fn objects(
        &self,
        written: &Written,
        is_meant: &dyn Fn(&str) -> bool,
        cleaned: &mut Cleaned,
    ) {
        let journal = format!("{}{JOURNAL}", self.base);
        let mut left: Vec<Left> = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let listed = self.listed_objects().await;
            let is_harmless = self.keeps_versions == Some(false) && !self.is_further;
            let first = (pass == 0).then_some((written, is_harmless));
            let mut keys = due(listed.as_deref().ok(), first, &left);
            keys.retain(|key| is_meant(key));
            keys.sort_by_key(|key| *key == journal);
            left = self.remove_objects(&keys, listed.as_deref().ok(), cleaned).await;
            match listed {
                Ok(_) if keys.is_empty() => return,
                Ok(_) => {}
                Err(_) if !left.is_empty() => {}
                Err(error) => {
                    // Who knows what was written knows now that it is gone.
                    let unseen = (!self.knows_written).then(|| self.everything(error.to_string()));
                    cleaned.left.extend(unseen);
                    return;
                }
            }
        }
        if left.is_empty() {
            let listed = self.listed_objects().await.unwrap_or_default();
            let still = listed.into_iter().filter(|key| is_meant(key));
            left.extend(still.map(|key| Left {
                what: LeftThing::Object { key, version_id: None },
                why: "it is listed after it was removed".to_owned(),
            }));
        }
        cleaned.left.append(&mut left);
    }

    async fn listed_objects(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = self.connection().reads().list_objects_v2();
            let call = call.bucket(self.bucket.name().as_str()).prefix(self.base);
            let sent = Box::pin(call.set_continuation_token(token.clone()).send()).await;
            let output =
                sent.map_err(|error| StoreError::from(failed("S3", "ListObjectsV2", &error)))?;
            let contents = output.contents.unwrap_or_default().into_iter();
            let found = contents.filter_map(|one| one.key);
            keys.extend(found.filter(|key| key.starts_with(self.base)));
            token = output.next_continuation_token.filter(|next| Some(next) != token.as_ref());
            if output.is_truncated != Some(true) || token.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Removes them; counts those that were there, as far as a listing says it.
    async fn remove_objects(
        &self,
        keys: &[String],
        listed: Option<&[String]>,
        cleaned: &mut Cleaned,
    ) -> Vec<Left> {
        let was_there = |key| listed.is_none_or(|listed| listed.contains(key));
        let removals = keys.iter().map(|key| async move {
            let call = self.connection().reads().delete_object();
            let sent = Box::pin(call.bucket(self.bucket.name().as_str()).key(key).send()).await;
            (key, sent.map_err(|error| failed("S3", "DeleteObject", &error)).err())
        });
        let mut left = Vec::new();
        let mut ends = stream::iter(removals).buffered(AT_ONCE);
        while let Some((key, failure)) = ends.next().await {
            match failure {
                None => cleaned.objects += u64::from(was_there(key)),
                Some(error) if error.trouble.status == Some(404) => {}
                Some(error) => left.push(Left {
                    what: LeftThing::Object { key: key.clone(), version_id: None },
                    why: error.trouble.to_string(),
                }),
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn left(key: &str) -> Left {
        let key = key.to_owned();
        Left { what: LeftThing::Object { key, version_id: None }, why: "denied".to_owned() }
    }

    #[test]
    fn what_a_pass_left_is_due_again_where_nothing_can_be_listed() {
        let left = [left("a"), left("b")];
        assert_eq!(due(None, None, &left), keys(&["a", "b"]));
        assert_eq!(due(Some(&keys(&["b"])), None, &left), keys(&["b"]), "a is gone");
        assert_eq!(due(None, None, &[]), keys(&[]));
    }

    #[test]
    fn the_first_pass_takes_what_was_written_where_no_listing_or_no_version_forbids_it() {
        let written =
            Written { keys: keys(&["a", "b"]).into_iter().collect(), ..Written::default() };
        let listed = keys(&["b", "c"]);
        assert_eq!(due(Some(&listed), Some((&written, true)), &[]), keys(&["a", "b", "c"]));
        assert_eq!(due(Some(&listed), Some((&written, false)), &[]), keys(&["b", "c"]));
        assert_eq!(due(None, Some((&written, false)), &[]), keys(&["a", "b"]));
    }
}
