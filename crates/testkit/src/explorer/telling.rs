//! Tells a history, one line per event.

use super::client::Step;
use super::faults::Fault;
use super::identity::name;
use super::message::Answer;
use super::run::Event;
use super::server::{Holding, LockServer};
use super::world::World;

/// What happened, and how the lock stands then.
pub(super) fn tell<S: LockServer>(before: &World<S>, event: Event, after: &World<S>) -> String {
    let sent = |who: usize| {
        let message = before.party(who).and_then(|party| party.under_way);
        message.map_or_else(|| "nothing".to_owned(), |message| message.request.to_string())
    };
    let (answer, lock) = (tell_answer(after), tell_lock(after));
    match event {
        Event::GoesOn(who) => match before.party(who).map(|party| party.client.step) {
            Some(Step::Start) => format!("{} begins", name(who)),
            _ => format!("{} writes the state, and goes on to release  {lock}", name(who)),
        },
        Event::Handled(who) => format!("{}: {}: {answer}  {lock}", name(who), sent(who)),
        Event::Fails(who, Fault::ClientKilled) => {
            format!("{} is killed; under way from it: {}", name(who), sent(who))
        }
        Event::Fails(who, fault) => {
            format!("{}: {} [{fault:?}]: {answer}  {lock}", name(who), sent(who))
        }
        Event::CopyArrives(number) => {
            let copy = before.copies.get(number);
            let what = copy.map(|copy| format!("{}: {}", name(copy.from), copy.request));
            format!("a late copy of {}: {answer}  {lock}", what.unwrap_or_default())
        }
        Event::GraceEnds => format!("the time to give the lock back is over  {lock}"),
    }
}

fn tell_answer<S>(after: &World<S>) -> String {
    match after.last {
        Some((_, Answer::Done)) => "done".to_owned(),
        Some((_, Answer::Refused)) => "refused".to_owned(),
        Some((_, Answer::Kept)) => "kept waiting".to_owned(),
        Some((_, Answer::Shows(None))) => "nothing there".to_owned(),
        Some((_, Answer::Shows(Some(who)))) => format!("shows {}", name(who)),
        None => "not handled".to_owned(),
    }
}

fn tell_lock<S: LockServer>(world: &World<S>) -> String {
    let tell = |(who, holding): (usize, &Option<Holding>)| {
        let holding = (*holding)?;
        let facets: Vec<_> = holding.facets.iter().map(|facet| facet.to_string()).collect();
        let leaving = if holding.is_leaving { ", giving back" } else { "" };
        Some(format!("[{} holds {}{leaving}]", name(who), facets.join("+")))
    };
    let holders: Vec<_> = world.server.holdings().iter().enumerate().filter_map(tell).collect();
    if holders.is_empty() { "[free]".to_owned() } else { holders.join(" ") }
}
