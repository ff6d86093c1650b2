//! How objects are encrypted by the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::Secret;

/// The encryption that is asked for with each object.
///
/// Terraform sends none of these headers unless `encrypt = true`, whatever else is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// No header: the bucket decides.
    #[default]
    Bucket,
    /// `AES256`, with a key of the store.
    Store,
    /// `aws:kms`, with this key.
    Kms(String),
    /// `aws:kms:dsse`, with this key. Nothing asks for it but that a state is stored so.
    KmsDualLayer(String),
    /// With a key of ours (SSE-C), in base64; it goes along with every read as well.
    Customer(Secret),
}

/// The three headers of a key of ours.
pub(crate) struct CustomerKey {
    pub(crate) key: String,
    pub(crate) key_md5: String,
}

impl Encryption {
    /// What reads have to send along too.
    pub(crate) fn customer_key(&self) -> Option<CustomerKey> {
        match self {
            Self::Bucket | Self::Store | Self::Kms(_) | Self::KmsDualLayer(_) => None,
            Self::Customer(key) => {
                // A key that is no base64 is refused by the store; its MD5 does not matter then.
                let bytes = STANDARD.decode(key.reveal()).unwrap_or_default();
                let key_md5 = STANDARD.encode(Md5::digest(bytes));
                Some(CustomerKey { key: key.reveal().to_owned(), key_md5 })
            }
        }
    }
}
