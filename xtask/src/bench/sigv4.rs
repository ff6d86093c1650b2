//! Signs requests with AWS Signature Version 4 in the `Authorization` header, for one service: S3.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const REGION: &str = "us-east-1";

/// Whose requests are signed.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    access_key: String,
    secret_key: String,
}

/// What a signature covers. The path needs no encoding: our keys have plain characters only.
#[derive(Debug)]
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    pub(super) if_none_match: bool,
    pub(super) body: &'a [u8],
}

impl Signer {
    pub(super) fn new(access_key: String, secret_key: String) -> Self {
        Self { access_key, secret_key }
    }

    /// Request line and headers, with the empty line at the end.
    pub(super) fn head(&self, request: &Unsigned<'_>) -> String {
        self.head_at(request, &timestamp(now()))
    }

    fn head_at(&self, request: &Unsigned<'_>, time: &str) -> String {
        let Unsigned { method, path, host, if_none_match, body } = request;
        let payload = hex(&Sha256::digest(body));
        let condition = if *if_none_match { "if-none-match:*\n" } else { "" };
        let names = if *if_none_match {
            "host;if-none-match;x-amz-content-sha256;x-amz-date"
        } else {
            "host;x-amz-content-sha256;x-amz-date"
        };
        let headers =
            format!("host:{host}\n{condition}x-amz-content-sha256:{payload}\nx-amz-date:{time}\n");
        let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{payload}");
        let (day, _) = time.split_once('T').unwrap_or((time, ""));
        let scope = format!("{day}/{REGION}/s3/aws4_request");
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
        let signature = hex(&keyed(&self.key_of(day), &to_sign));
        let headers = headers.replace('\n', "\r\n");
        format!(
            "{method} {path} HTTP/1.1\r\n{headers}content-length: {}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, \
             Signature={signature}\r\n\r\n",
            body.len(),
            self.access_key,
        )
    }

    fn key_of(&self, day: &str) -> Vec<u8> {
        let secret = format!("AWS4{}", self.secret_key);
        [day, REGION, "s3", "aws4_request"]
            .into_iter()
            .fold(secret.into_bytes(), |key, part| keyed(&key, part))
    }
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
}
