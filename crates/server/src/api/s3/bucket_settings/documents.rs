//! Settings as XML, in the schema that S3 publishes.

use s3s::S3Result;
use s3s::xml::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::s3::error::internal;

/// The document of a setting.
pub(super) fn write<T: Serialize>(setting: &T) -> S3Result<String> {
    let mut bytes = Vec::new();
    let written = setting.serialize(&mut Serializer::new(&mut bytes));
    match (written, String::from_utf8(bytes)) {
        (Ok(()), Ok(text)) => Ok(text),
        (Err(_), _) | (_, Err(_)) => {
            tracing::error!("a bucket setting cannot be written as XML");
            Err(internal())
        }
    }
}

/// The setting of a stored document.
pub(super) fn read<T: for<'xml> Deserialize<'xml>>(document: &str) -> S3Result<T> {
    T::deserialize(&mut Deserializer::new(document.as_bytes())).map_err(|error| {
        tracing::error!(%error, "a stored bucket setting does not parse");
        internal()
    })
}

#[cfg(test)]
mod tests {
    use s3s::dto::{OwnershipControls, OwnershipControlsRule};

    use super::{read, write};

    #[test]
    fn a_setting_comes_back_and_damage_is_noticed() {
        let rule = OwnershipControlsRule { object_ownership: "a<b & \"c\"".to_owned().into() };
        let setting = OwnershipControls { rules: vec![rule] };
        let document = write(&setting).unwrap();
        assert_eq!(
            document,
            "<OwnershipControls><Rule><ObjectOwnership>a&lt;b &amp; &quot;c&quot;</ObjectOwnership>\
             </Rule></OwnershipControls>"
        );
        assert_eq!(read::<OwnershipControls>(&document).unwrap(), setting);
        for damaged in ["", "<OwnershipControls>", "<Other></Other>"] {
            assert!(read::<OwnershipControls>(damaged).is_err(), "{damaged}");
        }
    }
}
