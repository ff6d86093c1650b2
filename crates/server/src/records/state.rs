//! What a body says about itself: whether it is a state, and which.

use serde::{Deserialize, Serialize};
use statelock_protocol::state::{
    Digest, Lineage, Serial, StateContent, StateFormat, StateHeader, StateReadError,
};

/// What was read from a body, all of it, while it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyFacts {
    /// The MD5 of its bytes.
    #[serde(with = "hex_digest")]
    pub digest: Digest,
    /// What it is.
    #[serde(flatten)]
    pub kind: BodyKind,
}

/// What a body is. Never why in words: a parser's words may quote the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BodyKind {
    /// A state.
    State(StateFacts),
    /// No bytes at all. Terraform takes such an object for "no state".
    Empty,
    /// It begins as a state and goes wrong.
    DamagedState,
    /// A state of a format version that is newer than this program.
    UnknownVersion {
        /// The version that it declares.
        version: u64,
    },
    /// Anything else.
    Other,
}

/// A state's header, as a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFacts {
    /// The version of Terraform's own format; `None` for OpenTofu's encrypted envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<u8>,
    /// Its lineage; empty if it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
    /// Whether it describes anything.
    pub content: ContentFacts,
    /// Who wrote it; empty if it does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub terraform_version: String,
}

/// Whether a state describes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentFacts {
    /// No resources and no outputs.
    Empty,
    /// At least one resource or output.
    Present,
    /// Encrypted.
    Hidden,
}

impl BodyFacts {
    /// The facts of a body whose header was read like this.
    pub fn new(digest: Digest, size: u64, read: Result<StateHeader, StateReadError>) -> Self {
        let kind = match read {
            Ok(header) => BodyKind::State(StateFacts::new(&header)),
            Err(_) if size == 0 => BodyKind::Empty,
            Err(StateReadError::Damaged { .. }) => BodyKind::DamagedState,
            Err(StateReadError::UnknownVersion { version }) => BodyKind::UnknownVersion { version },
            Err(StateReadError::NotAState { .. } | StateReadError::SourceFailed { .. }) => {
                BodyKind::Other
            }
        };
        Self { digest, kind }
    }

    /// The state that the body is, if it is one.
    pub fn state(&self) -> Option<&StateFacts> {
        match &self.kind {
            BodyKind::State(state) => Some(state),
            BodyKind::Empty
            | BodyKind::DamagedState
            | BodyKind::UnknownVersion { .. }
            | BodyKind::Other => None,
        }
    }
}

impl StateFacts {
    fn new(header: &StateHeader) -> Self {
        Self {
            format_version: match header.format {
                StateFormat::Plain { version } => Some(version),
                StateFormat::Encrypted => None,
            },
            lineage: header.lineage.as_str().to_owned(),
            serial: header.serial.0,
            content: match header.content {
                StateContent::Empty => ContentFacts::Empty,
                StateContent::Present => ContentFacts::Present,
                StateContent::Hidden => ContentFacts::Hidden,
            },
            terraform_version: header.terraform_version.clone(),
        }
    }

    /// The header, as the write rule wants it.
    pub fn header(&self) -> StateHeader {
        StateHeader {
            format: match self.format_version {
                Some(version) => StateFormat::Plain { version },
                None => StateFormat::Encrypted,
            },
            lineage: Lineage::new(self.lineage.clone()),
            serial: Serial(self.serial),
            terraform_version: self.terraform_version.clone(),
            content: match self.content {
                ContentFacts::Empty => StateContent::Empty,
                ContentFacts::Present => StateContent::Present,
                ContentFacts::Hidden => StateContent::Hidden,
            },
        }
    }
}

mod hex_digest {
    //! A digest as 32 hex digits.

    use serde::{Deserialize, Deserializer, Serializer};
    use statelock_protocol::state::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        Digest::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(bytes: &[u8]) -> BodyFacts {
        let size = u64::try_from(bytes.len()).unwrap();
        BodyFacts::new(Digest::of(bytes), size, StateHeader::read(bytes))
    }

    const STATE: &[u8] = br#"{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"L","outputs":{},"resources":[]}"#;
    const ENVELOPE: &[u8] =
        br#"{"serial":3,"lineage":"L","encryption_version":"v0","encrypted_data":"x"}"#;

    #[test]
    fn a_states_header_comes_back_from_its_row() {
        for bytes in [STATE, ENVELOPE] {
            let facts = facts(bytes);
            let json = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<BodyFacts>(&json).unwrap(), facts, "{json}");
            let header = StateHeader::read(bytes).unwrap();
            assert_eq!(facts.state().unwrap().header(), header);
        }
        assert_eq!(
            serde_json::to_string(&facts(STATE)).unwrap(),
            format!(
                "{{\"digest\":\"{}\",\"kind\":\"state\",\"format_version\":4,\"lineage\":\"L\",\
                 \"serial\":7,\"content\":\"empty\",\"terraform_version\":\"1.11.4\"}}",
                Digest::of(STATE)
            )
        );
    }

    #[test]
    fn what_is_no_state_is_told_apart_and_never_quoted() {
        let secret = br#"{"version":4,"lineage":"L","serial":"hunter2"}"#;
        for (bytes, kind) in [
            (&b""[..], BodyKind::Empty),
            (b"text", BodyKind::Other),
            (b"\"hunter2\"", BodyKind::Other),
            (secret, BodyKind::DamagedState),
            (br#"{"version":4,"serial":7,"li"#, BodyKind::DamagedState),
            (br#"{"version":5,"serial":7}"#, BodyKind::UnknownVersion { version: 5 }),
        ] {
            let facts = facts(bytes);
            assert_eq!(facts.kind, kind);
            assert_eq!(facts.state(), None);
            let json = serde_json::to_string(&facts).unwrap();
            assert_eq!(serde_json::from_str::<BodyFacts>(&json).unwrap(), facts, "{json}");
            assert!(!json.contains("hunter2"), "{json}");
        }
    }
}
