//! Reads a state's header in one pass over its JSON, without keeping the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::de::Read;

use super::snapshot::{Lineage, Serial, StateContent, StateFormat, StateHeader, StateReadError};

/// The newest plain format that Terraform writes.
const VERSION_MAX: u64 = 4;

/// What has been seen so far. It outlives a failed parse, to tell damage from another kind of file.
#[derive(Default)]
struct Fields {
    version: Option<u64>,
    terraform_version: Option<String>,
    serial: Option<u64>,
    lineage: Option<String>,
    encryption_version: Option<String>,
    /// A `serial`, `lineage` or `terraform_version` was there, whatever its value.
    has_state_mark: bool,
    /// An `encrypted_data` was there. It comes before the version in an envelope that is cut off.
    has_encrypted_data: bool,
    has_content: bool,
}

/// Reads one JSON value to its end and judges what it is.
pub(super) fn read<'de, R: Read<'de>>(
    mut json: serde_json::Deserializer<R>,
) -> Result<StateHeader, StateReadError> {
    let mut fields = Fields::default();
    let parsed = FieldsSeed(&mut fields).deserialize(&mut json).and_then(|()| json.end());
    match parsed {
        Ok(()) => fields.into_header(),
        Err(error) if error.is_io() => {
            Err(StateReadError::SourceFailed { reason: error.to_string() })
        }
        Err(error) if fields.looks_like_a_state() => {
            Err(StateReadError::Damaged { reason: error.to_string() })
        }
        Err(error) => Err(StateReadError::NotAState { reason: error.to_string() }),
    }
}

impl Fields {
    fn is_encrypted(&self) -> bool {
        self.encryption_version.as_ref().is_some_and(|version| !version.is_empty())
    }

    fn looks_like_a_state(&self) -> bool {
        let plain = self.version.is_some() && self.has_state_mark;
        let encrypted = self.is_encrypted() || (self.has_encrypted_data && self.has_state_mark);
        plain || encrypted
    }

    fn into_header(self) -> Result<StateHeader, StateReadError> {
        let (format, content) = if self.is_encrypted() {
            (StateFormat::Encrypted, StateContent::Hidden)
        } else {
            let format = self.plain_format()?;
            (format, self.plain_content(format))
        };
        Ok(StateHeader {
            format,
            content,
            lineage: Lineage::new(self.lineage.unwrap_or_default()),
            serial: Serial(self.serial.unwrap_or_default()),
            terraform_version: self.terraform_version.unwrap_or_default(),
        })
    }

    fn plain_format(&self) -> Result<StateFormat, StateReadError> {
        let not_a_state = |reason: &str| StateReadError::NotAState { reason: reason.to_owned() };
        let version = self.version.ok_or_else(|| not_a_state("no `version`"))?;
        if !self.has_state_mark {
            return Err(not_a_state("none of `serial`, `lineage`, `terraform_version`"));
        }
        match u8::try_from(version) {
            Ok(0) => Err(not_a_state("version 0")),
            Ok(small) if version <= VERSION_MAX => Ok(StateFormat::Plain { version: small }),
            Ok(_) | Err(_) => Err(StateReadError::UnknownVersion { version }),
        }
    }

    /// Older formats nest their resources in modules; they are never taken for empty.
    fn plain_content(&self, format: StateFormat) -> StateContent {
        if format == (StateFormat::Plain { version: 4 }) && !self.has_content {
            StateContent::Empty
        } else {
            StateContent::Present
        }
    }

    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.has_state_mark |= matches!(name, "serial" | "lineage" | "terraform_version");
        match name {
            "version" => self.version = map.next_value()?,
            "terraform_version" => self.terraform_version = map.next_value()?,
            "serial" => self.serial = map.next_value()?,
            "lineage" => self.lineage = map.next_value()?,
            "encryption_version" => self.encryption_version = map.next_value()?,
            "resources" | "outputs" => self.has_content |= map.next_value_seed(HasElements)?,
            other => {
                self.has_encrypted_data |= other == "encrypted_data";
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct FieldsSeed<'a>(&'a mut Fields);

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            self.0.read_field(&name, &mut map)?;
        }
        Ok(())
    }
}

/// Reads a list or an object, and says whether it had elements. `null` has none.
struct HasElements;

impl<'de> DeserializeSeed<'de> for HasElements {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for HasElements {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let mut has_elements = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            has_elements = true;
        }
        Ok(has_elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut has_elements = false;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            has_elements = true;
        }
        Ok(has_elements)
    }
}
