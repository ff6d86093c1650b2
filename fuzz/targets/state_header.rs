//! The header of a state: read whole and in pieces it is the same, and agrees with a reader that builds the document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use statelock_protocol::state::{StateFormat, StateHeader};

/// Gives out one byte at a time.
struct Drops<'a>(&'a [u8]);

impl std::io::Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match (self.0.split_first(), buffer.first_mut()) {
            (Some((first, rest)), Some(slot)) => {
                *slot = *first;
                self.0 = rest;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = StateHeader::read(bytes);
    let drops = StateHeader::read_from(Drops(bytes));
    assert_eq!(whole.is_ok(), drops.is_ok(), "{whole:?} against {drops:?}");
    let Ok(header) = whole else {
        return;
    };
    assert_eq!(Some(&header), drops.as_ref().ok());
    // What is passed over is not looked at: text that is no UTF-8, numbers beyond all bounds, deep nesting.
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    if let StateFormat::Plain { version } = header.format {
        assert_eq!(document["version"].as_f64(), Some(f64::from(version)));
    }
    let lineage = document["lineage"].as_str().unwrap_or_default();
    assert_eq!(header.lineage.as_str(), lineage);
    let serial = document.get("serial").and_then(Value::as_u64).unwrap_or(0);
    assert_eq!(header.serial.0, serial);
});
