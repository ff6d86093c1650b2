//! The part of an item that a request wants back.

use std::collections::BTreeMap;

use super::document;
use super::tree::{Element, Path};
use crate::records::{AttributeValue, Item};

/// Paths of which none is a part of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    paths: Vec<Path>,
}

impl Projection {
    /// A projection on these paths.
    pub(super) fn new(paths: Vec<Path>) -> Result<Self, String> {
        no_overlap(&paths)?;
        Ok(Self { paths })
    }

    /// A projection on paths that are known not to overlap.
    pub(super) fn of_paths(paths: Vec<Path>) -> Self {
        Self { paths }
    }

    /// A projection on whole attributes.
    pub fn attributes(names: impl IntoIterator<Item = String>) -> Self {
        Self { paths: names.into_iter().map(Path::attribute).collect() }
    }

    /// The paths.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Only what stands at these paths. Members of lists close up.
    pub fn of(&self, item: &Item) -> Item {
        let mut kept = Item::new();
        let mut paths: Vec<&Path> = self.paths.iter().collect();
        // In the order of list positions, so that what is kept of a list is in its order.
        paths.sort();
        let mut slots = BTreeMap::new();
        for path in paths {
            if let Some(value) = document::get(item, path) {
                graft(&mut kept, &mut slots, path, value.clone());
            }
        }
        kept
    }
}

/// Where members of the source's lists went in the lists that are kept, by the path in the source.
type Slots = BTreeMap<Path, usize>;

/// Builds the maps and lists on the way to `path`, and puts `value` at its end.
fn graft(kept: &mut Item, slots: &mut Slots, path: &Path, value: AttributeValue) {
    let mut written = Path::attribute(path.attribute.clone());
    let mut source = written.clone();
    for element in &path.rest {
        let container = document::get(kept, &written);
        let is_missing = container.is_none();
        source.rest.push(element.clone());
        let step = match element {
            Element::Name(name) => {
                if is_missing {
                    put(kept, &written, AttributeValue::M(BTreeMap::new()));
                }
                Element::Name(name.clone())
            }
            Element::Index(_) => {
                let length = match container {
                    Some(AttributeValue::L(list)) => list.len(),
                    Some(_) | None => 0,
                };
                if is_missing {
                    put(kept, &written, AttributeValue::L(Vec::new()));
                }
                Element::Index(*slots.entry(source.clone()).or_insert(length))
            }
        };
        written.rest.push(step);
    }
    put(kept, &written, value);
}

fn put(kept: &mut Item, path: &Path, value: AttributeValue) {
    // Its parent was made just before.
    if document::set(kept, path, value).is_err() {
        debug_assert!(false, "a projection has no parent at {path}");
    }
}

/// Refuses two paths of which one is the beginning of the other.
pub(super) fn no_overlap(paths: &[Path]) -> Result<(), String> {
    for (at, one) in paths.iter().enumerate() {
        if let Some(two) = paths.iter().skip(at.saturating_add(1)).find(|two| one.overlaps(two)) {
            return Err(format!(
                "Two document paths overlap with each other; must remove or rewrite one of these \
                 paths; path one: {}, path two: {}",
                one.shown(),
                two.shown()
            ));
        }
    }
    Ok(())
}
