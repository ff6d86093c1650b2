//! From a text to explanations: normalise, cut, match, read facts.

use std::collections::HashSet;
use std::ops::Range;

use super::explanation::Explanation;
use super::facts::Facts;
use super::matching;
use super::normalise::{self, Normal};
use super::refine::{self, Times};
use super::rule::{Rule, Weight};
use super::rules;
use super::segment::{self, Segment};

/// Matches that begin this near to each other are about the same error: the first rule of the table wins.
const REACH_BYTES: usize = 3000;

/// All errors that are known, in the order of their appearance, each once.
pub(super) fn recognise(text: &str, skipped_lines: usize) -> Vec<Explanation> {
    let normal = normalise::normalise(text, skipped_lines);
    let rules: Vec<&'static Rule> = rules::all().collect();
    let mut found: Vec<Explanation> = Vec::new();
    // A job that tries again and again prints the same error each time.
    let mut seen = HashSet::new();
    for segment in segment::segments(&normal) {
        if !seen.insert(segment.text) {
            continue;
        }
        for (rule, place) in matches(&segment, &rules) {
            add(&mut found, explain(rule, place, &segment, &normal));
        }
    }
    if found.iter().any(|explanation| explanation.rule.weight == Weight::Full) {
        found.retain(|explanation| explanation.rule.weight == Weight::Full);
    }
    found
}

fn explain(
    rule: &'static Rule,
    place: Range<usize>,
    segment: &Segment<'_>,
    normal: &Normal,
) -> Explanation {
    let text = segment.text;
    // What stands before a match is its beginning, unless it is far away; what follows may be the lock info.
    let start = text.floor_char_boundary(place.start.saturating_sub(REACH_BYTES));
    let end = text.floor_char_boundary(place.end.saturating_add(REACH_BYTES));
    let mut facts = Facts::of(text.get(start..end).unwrap_or_default());
    let is_near = segment.begins_with_error && place.start <= REACH_BYTES;
    let begin = segment.offset + if is_near { 0 } else { place.start };
    let line = normal.line_at(begin);
    let id = refine::refine(rule.id, &mut facts, text, &Times::of(normal, line));
    let rule = rules::all().find(|rule| rule.id == id).unwrap_or(rule);
    Explanation { rule, facts, line: line.map_or(1, |line| line.number) }
}

fn add(found: &mut Vec<Explanation>, new: Explanation) {
    let known = found.iter_mut().filter(|known| known.rule.id == new.rule.id);
    for known in known {
        if known.facts.merge(&new.facts) {
            return;
        }
    }
    found.push(new);
}

/// The rules that match a segment, and where: at each place the first of the table.
fn matches(segment: &Segment<'_>, rules: &[&'static Rule]) -> Vec<(&'static Rule, Range<usize>)> {
    let text = segment.text;
    let mut next: Vec<Option<Range<usize>>> =
        rules.iter().map(|rule| first(text, 0, rule)).collect();
    let mut chosen = Vec::new();
    while let Some(start) = next.iter().flatten().map(|place| place.start).min() {
        let is_near = |place: &Range<usize>| place.start <= start + REACH_BYTES;
        let best = next.iter().position(|place| place.as_ref().is_some_and(is_near));
        let Some((rule, place)) =
            best.and_then(|index| Some((*rules.get(index)?, next.get(index)?.clone()?)))
        else {
            break;
        };
        let end = text.floor_char_boundary(place.end.max(start + REACH_BYTES) + 1);
        chosen.push((rule, place));
        for (rule, place) in rules.iter().zip(&mut next) {
            if place.as_ref().is_some_and(|place| place.start < end) {
                *place = first(text, end, rule);
            }
        }
    }
    chosen
}

fn first(text: &str, from: usize, rule: &Rule) -> Option<Range<usize>> {
    let found = rule.patterns.iter().filter_map(|pattern| matching::find(text, from, pattern));
    found.min_by_key(|place| place.start)
}

#[cfg(test)]
#[path = "recognise_tests.rs"]
mod tests;
