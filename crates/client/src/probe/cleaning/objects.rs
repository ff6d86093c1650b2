//! Objects of a bucket without versions.

use futures::StreamExt as _;
use futures::stream;

use super::{Cleaned, Cleaning, JOURNAL, Left, LeftThing, PASSES};
use crate::error::StoreError;
use crate::probe::checks::seeing::AT_ONCE;
use crate::probe::stage::Written;
use crate::system;
use crate::transport::failure::failed;

impl Cleaning<'_> {
    /// Removes objects of a bucket without versions, the journal last.
    pub(super) async fn objects(
        &self,
        written: &Written,
        is_meant: &dyn Fn(&str) -> bool,
        cleaned: &mut Cleaned,
    ) {
        let journal = format!("{}{JOURNAL}", self.base);
        let mut left = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let listed = self.listed_objects().await;
            let mut keys = match &listed {
                Ok(listed) => listed.clone(),
                Err(_) => Vec::new(),
            };
            if pass == 0 {
                // A listing may be late.
                keys.extend(written.keys.iter().cloned());
            }
            keys.retain(|key| is_meant(key));
            keys.sort_unstable();
            keys.dedup();
            keys.sort_by_key(|key| *key == journal);
            if keys.is_empty() {
                if let Err(error) = listed {
                    let what = LeftThing::Everything { prefix: self.base.to_owned() };
                    // What was written is removed by then; only what others left is not known.
                    tracing::debug!(%error, ?what, "a probe's prefix cannot be listed");
                }
                return;
            }
            left = self.remove_objects(&keys, cleaned).await;
            if listed.is_err() && left.is_empty() {
                return;
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

    async fn remove_objects(&self, keys: &[String], cleaned: &mut Cleaned) -> Vec<Left> {
        let removals = keys.iter().map(|key| async move {
            let call = self.connection().reads().delete_object();
            let sent = Box::pin(call.bucket(self.bucket.name().as_str()).key(key).send()).await;
            (key, sent.map_err(|error| failed("S3", "DeleteObject", &error)).err())
        });
        let mut left = Vec::new();
        let mut ends = stream::iter(removals).buffered(AT_ONCE);
        while let Some((key, failure)) = ends.next().await {
            match failure {
                None => cleaned.objects += 1,
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
