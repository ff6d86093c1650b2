//! The hashes of Signature Version 4.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::claim::{ALGORITHM, Claim};
use super::timestamp::Timestamp;

/// Whether the claimed signature is the one that `secret` makes, compared in constant time.
pub(super) fn matches(claim: &Claim, stamp: &Timestamp, secret: &str, canonical: &[u8]) -> bool {
    let expected = sign(claim, stamp, secret, canonical);
    expected.as_bytes().ct_eq(claim.signature.as_bytes()).into()
}

/// The signature that `secret` makes for a canonical request in the claimed scope.
pub(super) fn sign(claim: &Claim, stamp: &Timestamp, secret: &str, canonical: &[u8]) -> String {
    let scope = claim.scope.signed_part();
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", sha256_hex(canonical));
    let first_key = format!("AWS4{secret}");
    // The key is bound to day, region, service and version: the parts of the scope, in order.
    let key = scope.split('/').fold(first_key.into_bytes(), |key, part| mac(&key, part));
    hex(&mac(&key, &to_sign))
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
