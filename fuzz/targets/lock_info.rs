//! A lock info: what can be read is written as JSON that reads as the same, byte for byte from then on, and shows no
//! control character to a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use statelock_protocol::lock::LockInfo;

fuzz_target!(|bytes: &[u8]| {
    let Ok(info) = LockInfo::parse(bytes) else {
        return;
    };
    let written = info.marshal();
    serde_json::from_slice::<serde_json::Value>(&written).expect("it is JSON");
    let again = LockInfo::parse(&written).expect("it reads what it writes");
    assert_eq!(again, info);
    assert_eq!(again.marshal(), written);
    let shown = info.to_string();
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
});
