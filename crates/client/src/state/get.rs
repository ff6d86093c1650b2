//! One transfer of an object from the store, whole and of one moment.

use std::time::Duration;

use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::types::ServerSideEncryption;
use md5::{Digest as _, Md5};
use statelock_protocol::state::Digest;
use statelock_protocol::store::{ETag, Refusal};

use super::StateObject;
use super::error::ReadError;
use super::header::HeaderReader;
use super::read::StateRead;
use super::sink::StateSink;
use crate::connection::headers::with_customer_key;
use crate::error::{StoreError, Trouble};
use crate::settings::Encryption;
use crate::system;
use crate::transport::failure::{Failed, failed};

/// Attempts in a row that bring nothing.
const ATTEMPTS_MAX: u8 = 6;
/// How often a reading may begin anew because the object was replaced.
const RESTARTS_MAX: u8 = 8;

/// Reads the object, or one version of it; `None` if there is none.
pub(super) async fn get(
    object: &StateObject,
    version: Option<&str>,
    sink: &mut dyn StateSink,
) -> Result<Option<StateRead>, ReadError> {
    let mut last = None;
    for restart in 0..RESTARTS_MAX {
        system::pause(restart).await;
        sink.restart().map_err(ReadError::Sink)?;
        let transfer = Transfer { object, version, failures: 0 };
        match transfer.run(sink).await? {
            End::Whole(read) => return Ok(Some(*read)),
            End::Absent => return Ok(None),
            End::Void(trouble) => last = trouble,
        }
    }
    Err(last.map_or(ReadError::Changing, |trouble| StoreError::Unknown(trouble).into()))
}

enum End {
    Whole(Box<StateRead>),
    Absent,
    /// What came cannot be used: the object was replaced meanwhile, or the bytes are not right.
    Void(Option<Trouble>),
}

struct Transfer<'a> {
    object: &'a StateObject,
    version: Option<&'a str>,
    failures: u8,
}

/// What the bytes so far make.
struct Taken {
    size_bytes: u64,
    md5: Md5,
    header: HeaderReader,
}

/// What the first answer says of the object.
struct Head {
    etag: ETag,
    size_bytes: Option<u64>,
    version_id: Option<String>,
    last_modified: Option<Duration>,
    encryption: Encryption,
}

impl Transfer<'_> {
    async fn run(mut self, sink: &mut dyn StateSink) -> Result<End, ReadError> {
        let Some(mut output) = self.open(self.call()).await? else { return Ok(End::Absent) };
        let head = Head::of(&output);
        let mut taken = Taken { size_bytes: 0, md5: Md5::new(), header: HeaderReader::start() };
        loop {
            let before = taken.size_bytes;
            let broken = taken.all_of(output, sink).await?;
            let is_whole = head.size_bytes.is_none_or(|size| size == taken.size_bytes);
            let Some(message) = broken.or_else(|| (!is_whole).then(ends_early)) else {
                return Ok(End::Whole(Box::new(head.read(taken).await)));
            };
            if taken.size_bytes > before {
                self.failures = 0;
            }
            let broken = broke_off(&message);
            // All bytes came, and a checksum or the end of the message is wrong: they cannot be trusted.
            if is_whole {
                return Ok(End::Void(Some(broken.trouble)));
            }
            self.failed(broken).await?;
            let call = self.rest(&head.etag, taken.size_bytes);
            output = match self.open(call).await? {
                Some(output) if continues(&output, &head.etag, taken.size_bytes) => output,
                Some(_) | None => return Ok(End::Void(None)),
            };
        }
    }

    fn call(&self) -> GetObjectFluentBuilder {
        let StateObject { connection, bucket, key, .. } = self.object;
        let call = connection.bodies().get_object().bucket(bucket.as_str()).key(key.as_str());
        let call = call.set_version_id(self.version.map(str::to_owned));
        with_customer_key!(call, connection.objects())
    }

    /// What is left, if the object is still the same.
    fn rest(&self, etag: &ETag, from: u64) -> GetObjectFluentBuilder {
        self.call().if_match(etag.quoted()).range(format!("bytes={from}-"))
    }

    /// Sends until there is an answer; `None` if there is no object, or not that one any more.
    async fn open(
        &mut self,
        call: GetObjectFluentBuilder,
    ) -> Result<Option<GetObjectOutput>, ReadError> {
        let is_part = call.get_range().is_some();
        let validates = !is_part && !self.object.connection.objects().skip_checksum;
        loop {
            // A checksum is of the whole object; some stores send it with a part of it too.
            let mut config = aws_sdk_s3::config::Builder::new();
            if !validates {
                config.set_response_checksum_validation(Some(
                    ResponseChecksumValidation::WhenRequired,
                ));
            }
            let sent = call.clone().customize().config_override(config).send().await;
            let error = match sent {
                Ok(output) => return Ok(Some(output)),
                Err(error) => failed("S3", "GetObject", &error),
            };
            match error.refusal {
                None | Some(Refusal::Unavailable | Refusal::Conflict) => self.failed(error).await?,
                Some(Refusal::PreconditionFailed) if is_part => return Ok(None),
                // Somebody made it shorter: the range is outside.
                Some(Refusal::Invalid) if is_part && error.trouble.status == Some(416) => {
                    return Ok(None);
                }
                Some(Refusal::NoSuchKey) if self.version.is_none() => return Ok(None),
                Some(
                    Refusal::NoSuchKey
                    | Refusal::PreconditionFailed
                    | Refusal::NoSuchBucket
                    | Refusal::NoSuchTable
                    | Refusal::Denied
                    | Refusal::Invalid
                    | Refusal::Unsupported,
                ) => return Err(self.refused(error)),
            }
        }
    }

    fn refused(&self, error: Failed) -> ReadError {
        let Some(version) = self.version else { return ReadError::Store(error.into()) };
        match (error.trouble.status, error.trouble.code.as_deref()) {
            (Some(405), _) => ReadError::DeleteMarker(version.to_owned()),
            (Some(404), Some("NoSuchVersion" | "NoSuchKey"))
            | (Some(400), Some("InvalidArgument")) => ReadError::NoSuchVersion(version.to_owned()),
            _ => ReadError::Store(error.into()),
        }
    }

    /// Counts a failure and waits, or gives up.
    async fn failed(&mut self, error: Failed) -> Result<(), ReadError> {
        self.failures += 1;
        tracing::debug!(trouble = %error.trouble, "a state is being read");
        if self.failures >= ATTEMPTS_MAX {
            return Err(ReadError::Store(error.into()));
        }
        system::pause(self.failures).await;
        Ok(())
    }
}

impl Taken {
    /// Takes a body to its end. What broke it off, if it did not end well.
    async fn all_of(
        &mut self,
        mut output: GetObjectOutput,
        sink: &mut dyn StateSink,
    ) -> Result<Option<String>, ReadError> {
        loop {
            match output.body.next().await {
                None => return Ok(None),
                Some(Err(error)) => return Ok(Some(causes(&error))),
                Some(Ok(piece)) => {
                    sink.take(&piece).map_err(ReadError::Sink)?;
                    self.size_bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                    self.md5.update(&piece);
                    self.header.take(piece).await;
                }
            }
        }
    }
}

impl Head {
    fn of(output: &GetObjectOutput) -> Self {
        let last_modified = output.last_modified().map(aws_sdk_s3::primitives::DateTime::secs);
        Self {
            etag: ETag::new(output.e_tag().unwrap_or_default()),
            size_bytes: output.content_length().and_then(|size| u64::try_from(size).ok()),
            version_id: output.version_id().map(str::to_owned),
            last_modified: last_modified
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
            encryption: encryption(output),
        }
    }

    async fn read(self, taken: Taken) -> StateRead {
        StateRead {
            etag: self.etag,
            digest: Digest::from_bytes(taken.md5.finalize().into()),
            size_bytes: taken.size_bytes,
            header: taken.header.finish().await,
            version_id: self.version_id,
            last_modified: self.last_modified,
            encryption: self.encryption,
        }
    }
}

/// How an object is encrypted, if with a KMS key.
fn encryption(output: &GetObjectOutput) -> Encryption {
    let key = output.ssekms_key_id().map(str::to_owned);
    match (output.server_side_encryption(), key) {
        (Some(ServerSideEncryption::AwsKms), Some(key)) => Encryption::Kms(key),
        (Some(ServerSideEncryption::AwsKmsDsse), Some(key)) => Encryption::KmsDualLayer(key),
        _ => Encryption::Bucket,
    }
}

/// Whether an answer is the rest of what came before, and not the whole again.
fn continues(output: &GetObjectOutput, etag: &ETag, from: u64) -> bool {
    let starts = format!("bytes {from}-");
    output.content_range().is_some_and(|range| range.starts_with(&starts))
        && output.e_tag().map(ETag::new).as_ref() == Some(etag)
}

fn ends_early() -> String {
    "it ended early".to_owned()
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = source.to_string();
        cause = source.source();
    }
    text
}

fn broke_off(message: &str) -> Failed {
    let trouble = Trouble {
        service: "S3",
        operation: "GetObject",
        endpoint: None,
        status: None,
        code: None,
        message: format!("the body broke off: {message}"),
        request_id: None,
        was_sent: true,
    };
    Failed { refusal: None, trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rest_of_the_same_object_continues_it() {
        let part = |range: Option<&str>, etag: &str| {
            let output = GetObjectOutput::builder().e_tag(etag);
            output.set_content_range(range.map(str::to_owned)).build()
        };
        let etag = ETag::new("a");
        assert!(continues(&part(Some("bytes 5-9/10"), "\"a\""), &etag, 5));
        assert!(!continues(&part(Some("bytes 0-9/10"), "\"a\""), &etag, 5), "another place");
        assert!(!continues(&part(Some("bytes 50-99/100"), "\"a\""), &etag, 5), "another place");
        assert!(!continues(&part(Some("bytes 5-9/10"), "\"b\""), &etag, 5), "another object");
        assert!(!continues(&part(None, "\"a\""), &etag, 5), "the whole again");
    }

    #[test]
    fn the_layers_of_encryption_are_known_with_their_key() {
        let of = |algorithm: ServerSideEncryption, key: Option<&str>| {
            let output = GetObjectOutput::builder().server_side_encryption(algorithm);
            encryption(&output.set_ssekms_key_id(key.map(str::to_owned)).build())
        };
        let key = || "k".to_owned();
        assert_eq!(of(ServerSideEncryption::AwsKms, Some("k")), Encryption::Kms(key()));
        assert_eq!(
            of(ServerSideEncryption::AwsKmsDsse, Some("k")),
            Encryption::KmsDualLayer(key())
        );
        assert_eq!(of(ServerSideEncryption::Aes256, None), Encryption::Bucket);
        assert_eq!(encryption(&GetObjectOutput::builder().build()), Encryption::Bucket);
    }
}
