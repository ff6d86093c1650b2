//! Changes for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::change::{Changes, Fate, FileChange, NOT_NAMED, Obstacle};
use super::super::diff;
use super::super::record::Direction;
use super::super::session::Session;
use super::super::survey::{Severity, Unit};
use crate::output::printable;

/// The units that one thing keeps, each with where it stands.
type Group<'a> = Vec<(&'a Unit, &'a Obstacle)>;

/// All of it: a summary, the difference of every file, and what stays and why.
pub(super) fn of(session: &Session, changes: &Changes, coloured: bool) -> String {
    let mut text = summary(changes);
    differences(&mut text, changes, coloured);
    by_hand(&mut text, session, changes);
    blocked(&mut text, session, changes);
    cautions(&mut text, session, changes);
    left_out(&mut text, session, changes);
    text
}

/// Why units stay.
pub(super) fn staying(session: &Session, changes: &Changes) -> String {
    let mut text = String::new();
    by_hand(&mut text, session, changes);
    blocked(&mut text, session, changes);
    text
}

fn summary(changes: &Changes) -> String {
    let count = |fate: &str| changes.count(|one| one.name() == fate);
    let all = changes.units.len();
    if all == 0 {
        // How the verb ends says it.
        return String::new();
    }
    let files = changes.files.len();
    let parts = [
        (count("moves"), "to move"),
        (count("there"), "there already"),
        (count("by_hand"), "to be changed by hand"),
        (count("blocked"), "blocked"),
        (count("left_out"), "left out"),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    let files = format!("{files} {} to change", if files == 1 { "file" } else { "files" });
    format!("{}: {}; {files}\n", backends(all), parts.join(", "))
}

fn backends(count: usize) -> String {
    format!("{count} {}", if count == 1 { "backend" } else { "backends" })
}

fn differences(text: &mut String, changes: &Changes, coloured: bool) {
    let mut home = None;
    let homes: std::collections::BTreeSet<_> =
        changes.files.iter().map(|file| &file.home).collect();
    let mut files: Vec<&FileChange> = changes.files.iter().collect();
    files.sort_by_key(|file| (&file.home, &file.name));
    for file in files {
        // Names are those below the home; `git apply` skips this line.
        if homes.len() > 1 && home != Some(&file.home) {
            line(text, &format!("\nin {}", file.home.top().display()));
        }
        home = Some(&file.home);
        let difference = if coloured { diff::coloured } else { diff::unified };
        text.push('\n');
        text.push_str(&difference(&file.name, &file.before, &file.after));
    }
}

fn by_hand(text: &mut String, session: &Session, changes: &Changes) {
    let mut title = Some("\nto be changed by hand:\n");
    for (unit, change) in session.survey.units.iter().zip(&changes.units) {
        let Fate::ByHand(places) = &change.fate else { continue };
        text.push_str(title.take().unwrap_or_default());
        line(text, &format!("  {}", unit.name));
        for place in places {
            line(text, &format!("    {}: {}", place.place, place.reason));
            line(text, &format!("      {}", place.change));
        }
    }
}

fn blocked(text: &mut String, session: &Session, changes: &Changes) {
    let mut groups: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    for (unit, change) in session.survey.units.iter().zip(&changes.units) {
        let Fate::Blocked(obstacles) = &change.fate else { continue };
        for one in obstacles {
            let key = (one.id.name(), one.text.as_str(), one.action.as_str());
            groups.entry(key).or_default().push((unit, one));
        }
    }
    if !groups.is_empty() {
        text.push_str("\nblocked:\n");
    }
    for ((id, what, action), units) in groups {
        line(text, &format!("  {id}: {what}"));
        line(text, &format!("    {action}"));
        for (unit, obstacle) in units {
            let place = obstacle.place.as_ref().map(|place| format!(" ({place})"));
            line(text, &format!("    - {}{}", unit.name, place.unwrap_or_default()));
        }
    }
}

/// What should be looked at before units move: each kind once.
fn cautions(text: &mut String, session: &Session, changes: &Changes) {
    let mut groups: BTreeMap<&str, (Vec<&Unit>, &str, &str)> = BTreeMap::new();
    for (unit, change) in session.survey.units.iter().zip(&changes.units) {
        if change.fate != Fate::Moves {
            continue;
        }
        for one in unit.findings.iter().filter(|one| one.severity == Severity::Caution) {
            let group = groups.entry(one.id.name());
            group.or_insert((Vec::new(), &one.text, &one.action)).0.push(unit);
        }
    }
    if !groups.is_empty() {
        text.push_str("\nto look at first:\n");
    }
    for (id, (units, what, action)) in groups {
        let Some(first) = units.first() else { continue };
        let more = match units.len() {
            1 => String::new(),
            count => format!(" and {} more", count.saturating_sub(1)),
        };
        line(text, &format!("  {id}: {}{more}: {what}", first.name));
        line(text, &format!("    {action}"));
    }
}

/// What is left out.
pub(super) fn left_out_alone(session: &Session, changes: &Changes) -> String {
    let mut text = String::new();
    left_out(&mut text, session, changes);
    text
}

fn left_out(text: &mut String, session: &Session, changes: &Changes) {
    let mut title = Some("\nleft out:\n");
    let mut not_named = 0_usize;
    for (unit, change) in session.survey.units.iter().zip(&changes.units) {
        let Fate::LeftOut(why) = change.fate else { continue };
        if why == NOT_NAMED {
            not_named += 1;
            continue;
        }
        text.push_str(title.take().unwrap_or_default());
        line(text, &format!("  {}: {why}", unit.name));
    }
    if not_named > 0 {
        text.push_str(title.take().unwrap_or_default());
        line(text, &format!("  {} that --only does not name", backends(not_named)));
    }
}

/// A line in which nothing reaches the terminal as a command.
fn line(text: &mut String, content: &str) {
    let (breaks, content) = match content.strip_prefix('\n') {
        Some(rest) => ("\n", rest),
        None => ("", content),
    };
    // Writing to a string cannot fail.
    writeln!(text, "{breaks}{}", printable(content)).unwrap_or_default();
}

/// What a direction is called.
pub(super) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "forward",
        Direction::Back => "back",
    }
}
