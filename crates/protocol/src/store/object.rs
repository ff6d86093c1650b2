//! Requests to an object store and what they return.

use std::fmt;

/// The name of a bucket, as S3 spells it. Not validated: stores differ in what they accept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

/// The key of an object: any UTF-8 text. `/` has no special meaning, and a trailing `/` is legal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// A store's tag of one stored value, without the surrounding quotes.
///
/// Opaque: only equality means anything. It is *not* assumed to be an MD5.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(String);

macro_rules! text_newtype {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("Takes ", $what, " as it stands.")]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text, exactly as given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_newtype!(BucketName, "a bucket name");
text_newtype!(ObjectKey, "an object key");

impl ETag {
    /// Takes an ETag with or without its surrounding double quotes; S3 accepts both in conditions.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref().trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Self(bare.to_owned())
    }

    /// The tag without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag as it stands in an `ETag` header: in double quotes.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A condition that a write carries. It is evaluated at the moment the write takes effect, against
/// the current version of the object; a delete marker counts as "no object".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Precondition {
    /// The write applies whatever is stored.
    None,
    /// `If-None-Match: *`: the write applies only if there is no object.
    IfAbsent,
    /// `If-Match: <etag>`: the write applies only if the object has this tag.
    IfMatch(ETag),
}

/// One request to an object store. Every request names one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectRequest {
    /// Reads the current version.
    Read {
        /// The bucket.
        bucket: BucketName,
        /// The object.
        key: ObjectKey,
    },
    /// Stores `body` as the current version.
    Write {
        /// The bucket.
        bucket: BucketName,
        /// The object.
        key: ObjectKey,
        /// The exact bytes.
        body: Vec<u8>,
        /// When the write applies.
        precondition: Precondition,
    },
    /// Removes the object. Removing what is not there succeeds when there is no precondition.
    Delete {
        /// The bucket.
        bucket: BucketName,
        /// The object.
        key: ObjectKey,
        /// When the removal applies. `IfAbsent` is meaningless here and is refused as invalid.
        precondition: Precondition,
    },
    /// Lists current objects whose key starts with `prefix`, in order of their key's UTF-8 bytes.
    List {
        /// The bucket.
        bucket: BucketName,
        /// Only keys that start with this.
        prefix: String,
        /// Only keys strictly greater than this.
        after: Option<ObjectKey>,
        /// At most this many. A shorter answer means that there are no more.
        limit: usize,
    },
}

/// What an applied request returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectSuccess {
    /// The object that was read.
    Read(StoredObject),
    /// The tag of what was written.
    Written(ETag),
    /// The object is gone, or was not there.
    Deleted,
    /// One page of a listing.
    Listed(Vec<ListedObject>),
}

/// An object's current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Their tag.
    pub etag: ETag,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// The object's key.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
}

#[cfg(test)]
mod tests {
    use super::ETag;

    #[test]
    fn an_etag_is_the_same_with_and_without_quotes() {
        assert_eq!(ETag::new("\"abc\""), ETag::new("abc"));
        assert_eq!(ETag::new("abc").quoted(), "\"abc\"");
        assert_eq!(ETag::new("\"").as_str(), "\"", "one quote is not a pair");
    }
}
