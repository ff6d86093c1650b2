//! The recent calls on a lock, inside its row.
//!
//! Each is a list: what came of it, the facet, the lock ID, the call, when, and the digest if there is
//! one. A busy lock remembers 128 of them and its row is read and written with each request, so they
//! are read straight into the trail. Rows of earlier builds have an object for each.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{Facet, Trail, TrailEntry, TrailEvent};
use statelock_protocol::state::Digest;

const ACQUIRED: &str = "acquired";
const REFUSED: &str = "refused";
const RELEASED: &str = "released";
const FORCED: &str = "forced";
const SPARED: &str = "spared";

pub(super) fn is_empty(trail: &Trail) -> bool {
    trail.entries().next().is_none()
}

pub(super) fn serialize<S: Serializer>(trail: &Trail, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(trail.entries().map(ListRow::new))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Trail, D::Error> {
    let rows = Vec::<EntryRow>::deserialize(deserializer)?;
    Ok(Trail::new(rows.into_iter().map(|EntryRow(entry)| entry)))
}

/// A call as it is written.
#[derive(Serialize, Deserialize)]
struct ListRow<'a>(
    #[serde(borrow)] Text<'a>,
    #[serde(borrow)] Text<'a>,
    #[serde(borrow)] Option<Text<'a>>,
    #[serde(borrow)] Option<Text<'a>>,
    u64,
    Option<DigestText>,
);

/// A call as earlier builds wrote it.
#[derive(Deserialize)]
struct ObjectRow {
    #[serde(default)]
    call: Option<String>,
    facet: String,
    #[serde(default)]
    id: Option<String>,
    event: ObjectEvent,
    at_micros: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ObjectEvent {
    Acquired(DigestText),
    Refused(DigestText),
    Released,
    Forced,
    Spared,
}

/// Text that need not be copied to be looked at.
#[derive(Serialize, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct DigestText(Digest);

struct EntryRow(TrailEntry);

impl<'a> ListRow<'a> {
    fn new(entry: &'a TrailEntry) -> Self {
        let text = |text: &'a str| Text(Cow::Borrowed(text));
        let (event, digest) = match &entry.event {
            TrailEvent::Acquired(digest) => (ACQUIRED, Some(DigestText(*digest))),
            TrailEvent::Refused(digest) => (REFUSED, Some(DigestText(*digest))),
            TrailEvent::Released => (RELEASED, None),
            TrailEvent::Forced => (FORCED, None),
            TrailEvent::Spared => (SPARED, None),
        };
        Self(
            text(event),
            text(entry.facet.name()),
            entry.id.as_ref().map(|id| text(id.as_str())),
            entry.call.as_deref().map(text),
            entry.at_micros,
            digest,
        )
    }

    fn entry<E: Error>(self) -> Result<TrailEntry, E> {
        let Self(Text(event), Text(facet), id, call, at_micros, digest) = self;
        let event = match (&*event, digest) {
            (ACQUIRED, Some(DigestText(digest))) => TrailEvent::Acquired(digest),
            (REFUSED, Some(DigestText(digest))) => TrailEvent::Refused(digest),
            (RELEASED, None) => TrailEvent::Released,
            (FORCED, None) => TrailEvent::Forced,
            (SPARED, None) => TrailEvent::Spared,
            _ => return Err(E::custom("a call with an unknown outcome")),
        };
        let call = call.map(|Text(call)| call.into_owned());
        let id = id.map(|Text(id)| lock_id(id.into_owned())).transpose()?;
        Ok(TrailEntry { call, facet: facet_named(&facet)?, id, event, at_micros })
    }
}

impl ObjectRow {
    fn entry<E: Error>(self) -> Result<TrailEntry, E> {
        let Self { call, facet, id, event, at_micros } = self;
        let event = match event {
            ObjectEvent::Acquired(DigestText(digest)) => TrailEvent::Acquired(digest),
            ObjectEvent::Refused(DigestText(digest)) => TrailEvent::Refused(digest),
            ObjectEvent::Released => TrailEvent::Released,
            ObjectEvent::Forced => TrailEvent::Forced,
            ObjectEvent::Spared => TrailEvent::Spared,
        };
        let id = id.map(lock_id).transpose()?;
        Ok(TrailEntry { call, facet: facet_named(&facet)?, id, event, at_micros })
    }
}

impl<'de> Deserialize<'de> for EntryRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = TrailEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a call on a lock")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<TrailEntry, A::Error> {
                ListRow::deserialize(SeqAccessDeserializer::new(list))?.entry()
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<TrailEntry, A::Error> {
                ObjectRow::deserialize(MapAccessDeserializer::new(object))?.entry()
            }
        }

        deserializer.deserialize_any(Either).map(Self)
    }
}

impl Serialize for DigestText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for DigestText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        Digest::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

fn facet_named<E: Error>(name: &str) -> Result<Facet, E> {
    Facet::by_name(name).ok_or_else(|| E::custom(format!("`{name}` is no facet")))
}

fn lock_id<E: Error>(text: String) -> Result<LockId, E> {
    LockId::parse(text).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use super::super::LockRecord;
    use super::*;

    const ID: &str = "00000000-0000-0000-0000-00000000000a";

    fn trail_of(rows: &str) -> Result<Vec<TrailEntry>, serde_json::Error> {
        let record: LockRecord = serde_json::from_str(&format!("{{\"trail\":[{rows}]}}"))?;
        Ok(record.lock().unwrap().trail.entries().cloned().collect())
    }

    fn entry(event: TrailEvent) -> TrailEntry {
        let id = LockId::parse(ID).ok();
        TrailEntry {
            call: Some("a \"call\"".to_owned()),
            facet: Facet::Http,
            id,
            event,
            at_micros: 7,
        }
    }

    #[test]
    fn a_call_is_written_as_a_list_and_comes_back() {
        let digest = Digest::of(b"");
        for (event, row) in [
            (TrailEvent::Released, "[\"released\",\"http\",ID,CALL,7,null]"),
            (TrailEvent::Refused(digest), "[\"refused\",\"http\",ID,CALL,7,DIGEST]"),
        ] {
            let row = row.replace("ID", &format!("\"{ID}\"")).replace("CALL", r#""a \"call\"""#);
            let row = row.replace("DIGEST", "\"d41d8cd98f00b204e9800998ecf8427e\"");
            assert_eq!(serde_json::to_string(&ListRow::new(&entry(event.clone()))).unwrap(), row);
            assert_eq!(trail_of(&row).unwrap(), [entry(event)]);
        }
    }

    #[test]
    fn p9_calls_that_an_earlier_build_wrote_are_still_known() {
        let digest = Digest::of(b"");
        for (event, old) in [
            (TrailEvent::Acquired(digest), r#"{"acquired":"d41d8cd98f00b204e9800998ecf8427e"}"#),
            (TrailEvent::Refused(digest), r#"{"refused":"d41d8cd98f00b204e9800998ecf8427e"}"#),
            (TrailEvent::Released, "\"released\""),
            (TrailEvent::Forced, "\"forced\""),
            (TrailEvent::Spared, "\"spared\""),
        ] {
            let row = format!(
                r#"{{"call":"a \"call\"","facet":"http","id":"{ID}","event":{old},"at_micros":7}}"#
            );
            assert_eq!(trail_of(&row).unwrap(), [entry(event)], "{row}");
        }
        let bare = trail_of(r#"{"facet":"http","event":"forced","at_micros":7}"#).unwrap();
        assert_eq!(bare, [TrailEntry { call: None, id: None, ..entry(TrailEvent::Forced) }]);
    }

    #[test]
    fn a_call_that_cannot_be_read_is_no_call() {
        for damaged in [
            "[]",
            "7",
            r#"["lost","http",null,null,7,null]"#,
            r#"["released","other",null,null,7,null]"#,
            r#"["released","http","",null,7,null]"#,
            r#"["acquired","http",null,null,7,null]"#,
            r#"["acquired","http",null,null,7,"00"]"#,
            r#"["released","http",null,null,7,"d41d8cd98f00b204e9800998ecf8427e"]"#,
            r#"["released","http",null,null,-7,null]"#,
            r#"{"facet":"other","event":"forced","at_micros":7}"#,
        ] {
            assert!(trail_of(damaged).is_err(), "{damaged}");
        }
    }
}
