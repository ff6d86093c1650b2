//! Expressions of DynamoDB: the kind, the names, the values and an item, a line each, then the expression. Nothing makes
//! them panic, a negated condition is the opposite, a key
//! condition says what the condition says, and an updated item can be written and read.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use serde_json::from_slice;
use statelock_fuzz::request::line_of;
use statelock_server::engine::tables::expression::{ExpressionKind, Placeholders};
use statelock_server::records::{AttributeValue, Item};

/// A request, read; `None` if it is none.
fn read(text: &[u8]) -> Option<(&[u8], Placeholders, Item, &str)> {
    let (kind, rest) = line_of(text)?;
    let (names, rest) = line_of(rest)?;
    let (values, rest) = line_of(rest)?;
    let (item, expression) = line_of(rest)?;
    let names: BTreeMap<String, String> = from_slice(names).ok()?;
    let values: BTreeMap<String, AttributeValue> = from_slice(values).ok()?;
    let placeholders = Placeholders::new(names, values);
    Some((kind, placeholders, from_slice(item).ok()?, std::str::from_utf8(expression).ok()?))
}

fn condition(placeholders: &Placeholders, item: &Item, text: &str) {
    let read = |text: &str| placeholders.clone().condition(ExpressionKind::Condition, text);
    if let (Ok(condition), Ok(negated)) = (read(text), read(&format!("NOT ({text})"))) {
        assert_ne!(condition.holds(item), negated.holds(item), "a condition and its opposite");
    }
}

fn update(placeholders: &mut Placeholders, item: &Item, text: &str) {
    let Ok(update) = placeholders.update(text) else {
        return;
    };
    if let Ok(after) = update.applied(item) {
        let written = serde_json::to_vec(&after).expect("an item is JSON");
        assert_eq!(from_slice::<Item>(&written).expect("what was written is an item"), after);
    }
    update.touched(item);
}

/// A key condition is read from a condition, and says the same of an item.
fn key_condition(placeholders: &mut Placeholders, item: &Item, text: &str) {
    let plain = placeholders.clone().condition(ExpressionKind::Filter, text);
    if let (Ok(keys), Ok(plain)) = (placeholders.key_condition(text), plain) {
        let mut attributes = keys.attributes.iter();
        let holds =
            attributes.all(|(name, range)| item.get(name).is_some_and(|value| range.holds(value)));
        assert_eq!(holds, plain.holds(item), "a key condition and the condition it was");
    }
}

fuzz_target!(|text: &[u8]| {
    let Some((kind, mut placeholders, item, expression)) = read(text) else {
        return;
    };
    match kind {
        b"condition" => condition(&placeholders, &item, expression),
        b"update" => update(&mut placeholders, &item, expression),
        b"projection" => {
            if let Ok(projection) = placeholders.projection(expression) {
                let shown = projection.of(&item);
                assert!(shown.keys().all(|name| item.contains_key(name)), "made of nothing");
            }
        }
        b"key_condition" => key_condition(&mut placeholders, &item, expression),
        _ => {}
    }
    let _ = placeholders.all_used();
});
