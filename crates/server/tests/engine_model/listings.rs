//! Compares listings: in one page, in pages of one and two, and from any marker.

use statelock_server::engine::{
    ListingItem, ListingRequest, VersionListingItem, VersionListingRequest,
};

use crate::compare::same;
use crate::harness::{BUCKET, Harness};
use crate::model::Model;

const PREFIXES: [&str; 8] = ["", "a", "a/", "a/b", "a\0", "env:/", "env:/dev/a", "nothing"];
const DELIMITERS: [&str; 4] = ["", "/", "\0", "/b"];
const LIMITS: [usize; 3] = [1000, 1, 2];
const MARKERS: [&str; 8] = ["", "a", "a\0", "a/", "a/a", "a/b", "env:/dev/", "\u{10ffff}"];

/// A line of a listing: the key or common prefix, and for a version its id, whether it is the
/// newest and whether it is a delete marker.
type Line = (String, Option<(String, bool, bool)>);

/// A few of the combinations, others in each step.
pub(crate) async fn some(test: &Harness, model: &Model, step: usize) -> Result<(), String> {
    for turn in 0..3 {
        let turn = step * 3 + turn;
        let (prefix, delimiter) = (PREFIXES[turn % 8], DELIMITERS[turn / 8 % 4]);
        one(test, model, (prefix, delimiter), LIMITS[turn % 3], MARKERS[turn / 3 % 8]).await?;
    }
    Ok(())
}

pub(crate) async fn all(test: &Harness, model: &Model) -> Result<(), String> {
    for prefix in PREFIXES {
        for delimiter in DELIMITERS {
            for limit in LIMITS {
                one(test, model, (prefix, delimiter), limit, "").await?;
            }
            for marker in MARKERS {
                one(test, model, (prefix, delimiter), 1000, marker).await?;
            }
        }
    }
    Ok(())
}

async fn one(
    test: &Harness,
    model: &Model,
    within: (&str, &str),
    limit: usize,
    marker: &str,
) -> Result<(), String> {
    let what = |kind| format!("{kind} within {within:?} by {limit} after {marker:?}");
    let after = |lines: Vec<Line>| -> Vec<Line> {
        lines.into_iter().filter(|(text, _)| text.as_str() > marker).collect()
    };
    let expected = after(model_objects(model, within));
    same(&what("objects"), &objects(test, within, limit, marker).await?, &expected)?;
    let expected = after(model_versions(model, within));
    same(&what("versions"), &versions(test, within, limit, marker).await?, &expected)
}

fn request(
    (prefix, delimiter): (&str, &str),
    limit: usize,
    after: Option<String>,
) -> ListingRequest {
    let (prefix, delimiter) = (prefix.to_owned(), delimiter.to_owned());
    ListingRequest { bucket: BUCKET.to_owned(), prefix, delimiter, after, limit }
}

async fn objects(
    test: &Harness,
    within: (&str, &str),
    limit: usize,
    marker: &str,
) -> Result<Vec<Line>, String> {
    let (mut lines, mut after) = (Vec::new(), (!marker.is_empty()).then(|| marker.to_owned()));
    loop {
        let page = test.engine.list(request(within, limit, after)).await.unwrap();
        check_page(page.items.len(), limit, page.next.is_some())?;
        lines.extend(page.items.into_iter().map(|item| match item {
            ListingItem::Object(key, _) => (key, None),
            ListingItem::CommonPrefix(prefix) => (prefix, None),
        }));
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}

async fn versions(
    test: &Harness,
    within: (&str, &str),
    limit: usize,
    marker: &str,
) -> Result<Vec<Line>, String> {
    let (mut lines, mut after) = (Vec::new(), (!marker.is_empty()).then(|| marker.to_owned()));
    let mut after_version = None;
    loop {
        let request = VersionListingRequest { page: request(within, limit, after), after_version };
        let page = test.engine.list_versions(request).await.unwrap();
        check_page(page.items.len(), limit, page.next.is_some())?;
        lines.extend(page.items.into_iter().map(|item| match item {
            VersionListingItem::Version(key, version, newest) => {
                (key, Some((version.id.to_string(), newest, version.content.is_none())))
            }
            VersionListingItem::CommonPrefix(prefix) => (prefix, None),
        }));
        match page.next {
            None => return Ok(lines),
            Some((key, version)) => (after, after_version) = (Some(key), version),
        }
    }
}

/// A page that is not the last is full.
fn check_page(items: usize, limit: usize, more: bool) -> Result<(), String> {
    let fits = items <= limit && (!more || items == limit);
    if fits { Ok(()) } else { Err(format!("a page of {items} by {limit}, more: {more}")) }
}

fn model_objects(model: &Model, within: (&str, &str)) -> Vec<Line> {
    let mut keys: Vec<_> = model.keys.iter().map(|(key, _)| key.clone()).collect();
    keys.retain(|key| model.current(key).is_some());
    keys.sort();
    roll_up(keys.into_iter().map(|key| (key, None)), within)
}

fn model_versions(model: &Model, within: (&str, &str)) -> Vec<Line> {
    let mut keys = model.keys.clone();
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    let lines = keys.into_iter().flat_map(|(key, versions)| {
        let newest_first = versions.into_iter().rev().enumerate();
        newest_first.map(move |(age, version)| {
            let line = (version.id.to_string(), age == 0, version.object.is_none());
            (key.clone(), Some(line))
        })
    });
    roll_up(lines, within)
}

/// Lines within the prefix; those that share the delimiter after it become one.
fn roll_up(lines: impl Iterator<Item = Line>, (prefix, delimiter): (&str, &str)) -> Vec<Line> {
    let mut rolled: Vec<Line> = Vec::new();
    for (key, version) in lines {
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let head = rest.split_once(delimiter).filter(|_| !delimiter.is_empty());
        let line = match head {
            None => (key, version),
            Some((head, _)) => ([prefix, head, delimiter].concat(), None),
        };
        if line.1.is_some() || rolled.last() != Some(&line) {
            rolled.push(line);
        }
    }
    rolled
}
