//! Which part of an item a projection keeps.

use proptest::prelude::*;

use super::super::{Element, Path, Projection};
use super::{item, placeholders};
use crate::engine::tables::expression::document;

const ITEM: &str = r#"{
    "LockID": {"S": "b/k"}, "Info": {"S": "i"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}},
    "l": {"L": [{"S": "0"}, {"M": {"p": {"S": "q"}, "r": {"S": "s"}}}, {"S": "2"}]}
}"#;

fn projected(text: &str) -> crate::records::Item {
    placeholders(&[], "{}").projection(text).unwrap().of(&item(ITEM))
}

#[test]
fn attributes_members_and_positions_are_kept() {
    for (text, kept) in [
        ("LockID, Info", r#"{"LockID": {"S": "b/k"}, "Info": {"S": "i"}}"#),
        ("LockID, Digest", r#"{"LockID": {"S": "b/k"}}"#),
        ("m.y, absent.z", r#"{"m": {"M": {"y": {"N": "2"}}}}"#),
        ("l[2], l[0], l[9]", r#"{"l": {"L": [{"S": "0"}, {"S": "2"}]}}"#),
        (
            "l[1].r, l[1].p, l[2]",
            r#"{"l": {"L": [{"M": {"p": {"S": "q"}, "r": {"S": "s"}}}, {"S": "2"}]}}"#,
        ),
        ("Info.x", "{}"),
    ] {
        assert_eq!(projected(text), item(kept), "{text}");
    }
}

#[test]
fn overlapping_paths_are_refused() {
    let error = placeholders(&[], "{}").projection("m, m.x").unwrap_err();
    assert_eq!(
        error.0,
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or \
         rewrite one of these paths; path one: [m], path two: [m, x]"
    );
}

proptest! {
    /// Whatever is asked for, what comes back holds nothing else, and misses nothing that is there.
    #[test]
    fn every_value_that_is_there_comes_back(picks in proptest::collection::vec(0_usize..6, 1..5)) {
        let all = [
            Path::attribute("LockID"),
            Path { attribute: "m".into(), rest: vec![Element::Name("x".into())] },
            Path { attribute: "m".into(), rest: vec![Element::Name("y".into())] },
            Path { attribute: "l".into(), rest: vec![Element::Index(0)] },
            Path { attribute: "l".into(), rest: vec![Element::Index(1), Element::Name("p".into())] },
            Path { attribute: "l".into(), rest: vec![Element::Index(2)] },
        ];
        let mut paths: Vec<Path> = picks.iter().map(|pick| all[*pick].clone()).collect();
        paths.sort();
        paths.dedup();
        let kept = Projection::of_paths(paths.clone()).of(&item(ITEM));
        let sizes: usize = paths
            .iter()
            .map(|path| document::get(&item(ITEM), path).unwrap().size_bytes())
            .sum();
        let mut leaves = 0;
        for value in kept.values() {
            leaves += leaf_sizes(value);
        }
        prop_assert_eq!(leaves, sizes);
    }
}

fn leaf_sizes(value: &crate::records::AttributeValue) -> usize {
    use crate::records::AttributeValue::{L, M};
    match value {
        L(list) => list.iter().map(leaf_sizes).sum(),
        M(map) => map.values().map(leaf_sizes).sum(),
        other => other.size_bytes(),
    }
}
