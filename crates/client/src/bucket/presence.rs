//! Whether a bucket is there, where, and what time it is there.

use statelock_protocol::store::Refusal;

use super::Bucket;
use super::heard::Heard;
use crate::error::{StoreError, Trouble};
use crate::system;
use crate::transport::failure::failed;

/// What a store says of a bucket without being asked for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whether it is there for us.
    pub access: Access,
    /// The region, where the store says it. Amazon S3 does even if it refuses everything else.
    pub region: Option<String>,
    /// How far the store's clock is ahead of ours, in seconds, if it says its time. Exact to about a second.
    pub clock_ahead_seconds: Option<i64>,
}

/// Whether a bucket may be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Yes.
    Granted,
    /// It is there, or may be; these credentials may not list it.
    Denied(Trouble),
    /// It is in another region than the one that was asked.
    Elsewhere(Trouble),
}

impl Bucket {
    /// Asks for the bucket itself. Needs `s3:ListBucket`. Changes nothing; may be dropped at any time.
    ///
    /// # Errors
    /// There is no such bucket, or no usable answer.
    pub async fn presence(&self) -> Result<Presence, StoreError> {
        let heard = Heard::default();
        let call = self.connection().reads().head_bucket().bucket(self.name().as_str());
        let before = system::now().unix_seconds();
        let sent = call.customize().interceptor(heard.hearing()).send().await;
        let after = system::now().unix_seconds();
        let answer = heard.head();
        let clock_ahead_seconds = answer.date_unix_seconds.map(|date| ahead(date, before, after));
        let region = answer.region.filter(|region| !region.is_empty());
        let access = match sent.map_err(|error| failed("S3", "HeadBucket", &error)) {
            Ok(_) => Access::Granted,
            Err(error) => match (error.refusal, error.trouble.status) {
                (Some(Refusal::Denied), _) => Access::Denied(error.trouble),
                (_, Some(301 | 307)) => Access::Elsewhere(error.trouble),
                // Without a body, S3's 404 has no code; whoever answers is believed to be the store.
                (_, Some(404)) => {
                    let refusal = Refusal::NoSuchBucket;
                    return Err(StoreError::Refused { refusal, trouble: error.trouble });
                }
                _ => return Err(error.into()),
            },
        };
        Ok(Presence { access, region, clock_ahead_seconds })
    }
}

/// How far `date` is after, or before, the time in which it was said; 0 within it.
fn ahead(date: i64, before: i64, after: i64) -> i64 {
    if date < before { date.saturating_sub(before) } else { date.saturating_sub(after).max(0) }
}

#[cfg(test)]
mod tests {
    use super::ahead;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(ahead(105, 100, 110), 0);
        assert_eq!(ahead(100, 100, 100), 0);
        assert_eq!(ahead(40, 100, 110), -60);
        assert_eq!(ahead(170, 100, 110), 60);
    }
}
