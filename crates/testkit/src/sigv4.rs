//! Signs requests with AWS Signature Version 4 in the `Authorization` header.
//!
//! For clients that have to say each byte themselves: a load generator, a proxy that changes requests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const REGION: &str = "us-east-1";

/// Whose requests are signed.
#[derive(Clone, Debug)]
pub struct Signer {
    access_key: String,
    secret_key: String,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// `s3` or `dynamodb`.
    pub service: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Path and query as they are sent: each part percent-encoded already.
    pub path: &'a str,
    /// The server's `host:port`.
    pub host: &'a str,
    /// Further headers; all of them are signed.
    pub headers: &'a [(String, String)],
    /// The payload's hash, see [`payload_hash`], or one of S3's words in its place.
    pub payload: &'a str,
    /// The payload's length in bytes.
    pub length: usize,
}

impl Signer {
    /// Signs for this access key.
    pub fn new(access_key: &str, secret_key: &str) -> Self {
        Self { access_key: access_key.to_owned(), secret_key: secret_key.to_owned() }
    }

    /// Request line and headers, with the empty line at the end.
    pub fn head(&self, request: &Unsigned<'_>) -> String {
        self.head_at(request, &timestamp(now()))
    }

    fn head_at(&self, request: &Unsigned<'_>, time: &str) -> String {
        let Unsigned { service, method, path, host, headers, payload, length } = request;
        let headers = signed_headers(headers, &[host, payload, time]);
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines = |end: &str| -> String {
            headers.iter().flat_map(|(name, value)| [name, ":", value.trim(), end]).collect()
        };
        let (plain, query) = path.split_once('?').unwrap_or((path, ""));
        let query = canonical_query(query);
        let canonical = format!("{method}\n{plain}\n{query}\n{}\n{names}\n{payload}", lines("\n"));
        let (day, _) = time.split_once('T').unwrap_or((time, ""));
        let scope = format!("{day}/{REGION}/{service}/aws4_request");
        let digest = payload_hash(canonical.as_bytes());
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
        let signature = hex(&keyed(&self.key_of(day, service), &to_sign));
        format!(
            "{method} {path} HTTP/1.1\r\n{}content-length: {length}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, \
             Signature={signature}\r\n\r\n",
            lines("\r\n"),
            self.access_key,
        )
    }

    fn key_of(&self, day: &str, service: &str) -> Vec<u8> {
        let secret = format!("AWS4{}", self.secret_key);
        [day, REGION, service, "aws4_request"]
            .into_iter()
            .fold(secret.into_bytes(), |key, part| keyed(&key, part))
    }
}

/// All headers that are signed, in the order of their names.
fn signed_headers(more: &[(String, String)], always: &[&str; 3]) -> Vec<(String, String)> {
    let names = ["host", "x-amz-content-sha256", "x-amz-date"];
    let always = names.into_iter().zip(always).map(|(name, value)| (name, (*value).to_owned()));
    let more = more.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut all: Vec<_> =
        always.map(|(name, value)| (name.to_owned(), value)).chain(more).collect();
    all.sort();
    all
}

/// Parameters in order, each with an equals sign.
fn canonical_query(query: &str) -> String {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let mut pairs: Vec<_> = parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// SHA-256 in hexadecimal digits.
pub fn payload_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[expect(clippy::disallowed_methods, reason = "a signature needs the real time")]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `YYYYMMDDTHHMMSSZ`. The calendar is the proleptic Gregorian one, counted from 1 March of year 0.
fn timestamp(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (days, second_of_day) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) =
        (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_right_across_leap_days() {
        let at = |seconds| timestamp(Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        assert_eq!(at(951_782_399), "20000228T235959Z");
        assert_eq!(at(951_782_400), "20000229T000000Z");
        assert_eq!(at(1_709_251_199), "20240229T235959Z");
        assert_eq!(at(1_767_225_599), "20251231T235959Z");
    }

    #[test]
    fn the_signing_key_is_that_of_the_published_derivation() {
        // The example of AWS's documentation signs for `iam`; the first three steps are the same.
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = ["20120215", "us-east-1", "iam", "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| keyed(&key, part));
        let published = "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d";
        assert_eq!(hex(&key), published);
    }

    #[test]
    fn parameters_are_put_in_order() {
        assert_eq!(
            canonical_query("versions&prefix=b&delimiter="),
            "delimiter=&prefix=b&versions="
        );
        assert_eq!(canonical_query(""), "");
    }

    #[test]
    fn a_request_is_signed_as_in_the_published_example() {
        // "GET Bucket Lifecycle" of AWS's documentation; only the host is covered beside the usual.
        let signer =
            Signer::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let request = Unsigned {
            service: "s3",
            method: "GET",
            path: "/?lifecycle",
            host: "examplebucket.s3.amazonaws.com",
            headers: &[],
            payload: &payload_hash(b""),
            length: 0,
        };
        let head = signer.head_at(&request, "20130524T000000Z");
        let published = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
        assert!(head.contains(&format!("Signature={published}\r\n")), "{head}");
    }
}
