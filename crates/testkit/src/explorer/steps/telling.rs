//! Tells a history, one line per event.

use statelock_protocol::lock::steps::{LockReply, LockRequest};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{
    ItemCondition, ObjectRequest, ObjectSuccess, Precondition, Reply, TableRequest, TableSuccess,
};

use super::doing::{Doing, Ending};
use super::run::Event;
use super::scene::holder_of;
use super::store::{Standing, Wire};
use super::world::World;
use crate::explorer::identity::name;

/// What happened, and how the lock stands then.
pub(super) fn tell(before: &World, event: Event, after: &World) -> String {
    let sent = |who: usize| {
        let party = before.parties.get(who);
        party.and_then(|party| party.under_way.as_ref()).map_or("nothing", request)
    };
    let (answer, lock) = (after.last.as_ref().map_or("no answer".to_owned(), reply), stands(after));
    let then = |who: usize| {
        let ended = after.parties.get(who).map(|party| doing(&party.doing));
        let is_new = before.parties.get(who).map(|party| doing(&party.doing)) != ended;
        ended
            .filter(|text| is_new && !text.is_empty())
            .map_or(String::new(), |text| format!("; {text}"))
    };
    match event {
        Event::GoesOn(who) => format!("{} goes on{}  {lock}", name(who), then(who)),
        Event::Handled(who) => {
            format!("{}: {}: {answer}{}  {lock}", name(who), sent(who), then(who))
        }
        Event::Fails(who, fault) => {
            format!("{}: {} [{fault:?}]: {answer}{}  {lock}", name(who), sent(who), then(who))
        }
        Event::CopyArrives(number) => {
            let late = before.copies.get(number);
            let what = late.map(|late| format!("{}: {}", name(late.from), request(&late.wire)));
            format!("late, {}: {answer}  {lock}", what.unwrap_or_default())
        }
    }
}

fn request(wire: &Wire) -> &'static str {
    match wire {
        Wire::DeleteItem => "DeleteItem",
        Wire::Step(LockRequest::Object(request)) => match request {
            ObjectRequest::Read { .. } => "GET",
            ObjectRequest::Write { precondition: Precondition::IfAbsent, .. } => "PUT if absent",
            ObjectRequest::Write { .. } => "PUT",
            ObjectRequest::Delete { precondition: Precondition::None, .. } => "DELETE",
            ObjectRequest::Delete { .. } => "DELETE if match",
            ObjectRequest::List { .. } => "LIST",
        },
        Wire::Step(LockRequest::Table(request)) => match request {
            TableRequest::Read { .. } => "GetItem",
            TableRequest::Put { .. } => "PutItem if absent",
            TableRequest::Delete { condition: ItemCondition::InfoIs(_), .. } => {
                "DeleteItem if Info = :info"
            }
            TableRequest::Delete { condition: ItemCondition::NoInfo, .. } => {
                "DeleteItem if no Info"
            }
        },
    }
}

fn reply(reply: &LockReply) -> String {
    match reply {
        LockReply::Object(Reply::Unknown) | LockReply::Table(Reply::Unknown) => {
            "no answer".to_owned()
        }
        LockReply::Object(Reply::Refused(refusal)) | LockReply::Table(Reply::Refused(refusal)) => {
            format!("refused, {refusal:?}")
        }
        LockReply::Object(Reply::Applied(ObjectSuccess::Read(object))) => shows(&object.body),
        LockReply::Table(Reply::Applied(TableSuccess::Read(Some(item)))) => {
            shows(item.info.as_deref().unwrap_or_default().as_bytes())
        }
        LockReply::Table(Reply::Applied(TableSuccess::Read(None))) => "nothing there".to_owned(),
        LockReply::Object(Reply::Applied(_)) | LockReply::Table(Reply::Applied(_)) => {
            "done".to_owned()
        }
    }
}

fn shows(bytes: &[u8]) -> String {
    holder_of(bytes)
        .map_or("shows an unreadable lock".to_owned(), |who| format!("shows {}", name(who)))
}

fn doing(doing: &Doing) -> String {
    match doing {
        Doing::Acquiring(_) | Doing::Releasing { .. } | Doing::Looking(_) | Doing::Forcing(_) => {
            String::new()
        }
        Doing::Pausing { is_certain: true, .. } => {
            "is told that another holds it, and waits".to_owned()
        }
        Doing::Pausing { is_certain: false, .. } => "does not know, and waits".to_owned(),
        Doing::Working(acquired) if acquired.unanswered.is_none() => "holds the lock".to_owned(),
        Doing::Working(_) => "holds the lock, and something may still come".to_owned(),
        Doing::Stock(client) if client.step == crate::explorer::client::Step::Work => {
            "holds the lock".to_owned()
        }
        Doing::Stock(_) => String::new(),
        Doing::Ended(Ending::Stock(ending)) => format!("ends: {ending:?}"),
        Doing::Ended(ending) => format!("ends: {ending:?}"),
    }
}

fn stands(world: &World) -> String {
    let tell = |facet: Facet| match world.store.standing(facet) {
        Standing::Nothing => "-",
        Standing::Unreadable => "unreadable",
        Standing::Of(who) => name(who),
    };
    format!("[lockfile {}, item {}]", tell(Facet::Lockfile), tell(Facet::LockTable))
}
