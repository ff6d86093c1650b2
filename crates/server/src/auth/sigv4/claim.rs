//! What a request says about its own signature, in the `Authorization` header or in its query.
//!
//! Parsing believes nothing: a [`Claim`] is only what was claimed.

use super::query::Query;

/// The one algorithm that is verified here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signed, for what, and which headers the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The algorithm as written.
    pub algorithm: String,
    /// Access key id, date, region and service.
    pub scope: Scope,
    /// The names in `SignedHeaders`, as written.
    pub signed_headers: Vec<String>,
    /// The signature as written.
    pub signature: String,
}

/// The parts of a `Credential`: `id/date/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key id.
    pub access_key_id: String,
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The region; any, but not empty.
    pub region: String,
    /// The service.
    pub service: String,
}

/// Why a claim could not be read, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ClaimError(pub String);

impl Scope {
    /// Splits a credential into its five parts.
    ///
    /// # Errors
    ///
    /// When there are not exactly five, one is empty, or the last is not `aws4_request`.
    pub fn parse(credential: &str) -> Result<Self, ClaimError> {
        let parts: Vec<&str> = credential.split('/').collect();
        match parts.as_slice() {
            [id, date, region, service, "aws4_request"]
                if ![id, date, region, service].iter().any(|part| part.is_empty()) =>
            {
                Ok(Self {
                    access_key_id: (*id).to_owned(),
                    date: (*date).to_owned(),
                    region: (*region).to_owned(),
                    service: (*service).to_owned(),
                })
            }
            _ => Err(ClaimError(
                "the Credential is mal-formed; expecting \
                 \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
                    .to_owned(),
            )),
        }
    }

    /// The scope without the access key id, as it is signed.
    pub fn signed_part(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

impl Claim {
    /// Parses an `Authorization` header: `Credential`, `SignedHeaders` and `Signature` in any order,
    /// with or without a space after the commas, each once.
    ///
    /// White space inside a value is refused and not trimmed away. Another reader of the same header
    /// may keep it, see a header name with a space at its end, find no such header, and leave it out
    /// of the signature.
    ///
    /// # Errors
    ///
    /// With the sentence AWS answers for the same mistake.
    pub fn from_header(value: &str) -> Result<Self, ClaimError> {
        let (algorithm, rest) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',').map(str::trim_start).filter(|part| !part.is_empty()) {
            let slot = match part.split_once('=') {
                Some(("Credential", value)) => (&mut credential, value),
                Some(("SignedHeaders", value)) => (&mut signed_headers, value),
                Some(("Signature", value)) => (&mut signature, value),
                _ => {
                    return Err(ClaimError(format!("unexpected part `{part}` in Authorization.")));
                }
            };
            let (slot, value) = slot;
            if value.contains(char::is_whitespace) || slot.replace(value).is_some() {
                return Err(ClaimError(format!("malformed part `{part}` in Authorization.")));
            }
        }
        let required = |name: &str, found: Option<&str>| match found {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            _ => Err(ClaimError(format!("Authorization header requires '{name}' parameter."))),
        };
        let scope = Scope::parse(&required("Credential", credential)?)?;
        let signature = required("Signature", signature)?;
        let signed_headers = required("SignedHeaders", signed_headers)?;
        Ok(Self {
            algorithm: algorithm.to_owned(),
            scope,
            signed_headers: split(&signed_headers),
            signature,
        })
    }

    /// Reads the claim of a presigned query.
    ///
    /// # Errors
    ///
    /// When a parameter is missing, repeated, or not text.
    pub fn from_query(query: &Query) -> Result<Self, ClaimError> {
        let required = |name: &str| match query.only(name) {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            _ => Err(ClaimError(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, \
                 X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and \
                 X-Amz-Expires parameters."
                    .to_owned(),
            )),
        };
        Ok(Self {
            algorithm: required("X-Amz-Algorithm")?,
            signed_headers: split(&required("X-Amz-SignedHeaders")?),
            signature: required("X-Amz-Signature")?,
            scope: Scope::parse(&required("X-Amz-Credential")?)?,
        })
    }

    /// Whether the signature claims to cover this header, given in lower case.
    pub fn covers(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }
}

fn split(signed_headers: &str) -> Vec<String> {
    signed_headers.split(';').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: &str = "Credential=AKID/20150830/us-east-1/sts/aws4_request";

    #[test]
    fn order_and_spacing_are_free() {
        let expected = Claim::from_header(&format!(
            "AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=ab"
        ))
        .unwrap();
        assert_eq!(expected.scope.signed_part(), "20150830/us-east-1/sts/aws4_request");
        assert_eq!(expected.signed_headers, ["host", "x-amz-date"]);
        for header in [
            format!("AWS4-HMAC-SHA256 {CREDENTIAL},SignedHeaders=host;x-amz-date,Signature=ab"),
            format!(
                "AWS4-HMAC-SHA256  Signature=ab,  {CREDENTIAL},\tSignedHeaders=host;x-amz-date"
            ),
            format!(
                " AWS4-HMAC-SHA256\t{CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=ab "
            ),
        ] {
            assert_eq!(Claim::from_header(&header).unwrap(), expected, "{header}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for header in [
            "",
            "AWS4-HMAC-SHA256",
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host"),
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, Signature=ab"),
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab",
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=, Signature=ab"),
            &format!(
                "AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=ab, Signature=cd"
            ),
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host, Signature=ab, X=1"),
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders=host;a ;b, Signature=ab"),
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL}, SignedHeaders= host, Signature=ab"),
            &format!("AWS4-HMAC-SHA256 {CREDENTIAL} SignedHeaders=host Signature=ab"),
            "AWS4-HMAC-SHA256 Credential=A/20150830/us/sts, SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=A/20150830//sts/aws4_request, SignedHeaders=host, Signature=a",
            "AWS4-HMAC-SHA256 Credential=A/2/r/s/aws4_request2, SignedHeaders=host, Signature=ab",
            "AWS4-HMAC-SHA256 Credential=A/B/2/r/s/aws4_request, SignedHeaders=host, Signature=ab",
        ] {
            assert!(Claim::from_header(header).is_err(), "{header}");
        }
    }
}
