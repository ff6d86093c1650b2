//! When two states of a run have the same future.
//!
//! Moments matter only by comparison: a moment at which something was sent with a moment at which
//! something happened. So each counts as its rank among the others that can still be compared. What
//! the server remembers of clients that have ended and sent nothing that can still arrive, counts not
//! at all.

use statelock_protocol::lock::unified::Facet;

use super::client::{Ending, Role, Step};
use super::message::{Answer, Message, Naming, Request};
use super::plain_store::small;
use super::run::relevance;
use super::server::LockServer;
use super::world::{Link, Party, Recognised, World};

/// The key of a state.
pub(super) fn key<S: LockServer>(world: &World<S>, roles: &[Role]) -> Vec<u8> {
    let live: Vec<bool> = (0..roles.len()).map(|who| world.is_live(roles, who)).collect();
    let is_live = |who: usize| live.get(who).copied().unwrap_or(false);
    let ranks = ranks(world, &is_live);
    let rank = |moment: u64, is_sent: bool| {
        let found = ranks.iter().find(|(at, sent, _)| *at == moment && *sent == is_sent);
        found.map_or(0xff, |(_, _, rank)| *rank)
    };
    let mut key = Vec::with_capacity(256);
    key.extend([world.faults_left, u8::from(world.is_disturbed)]);
    let happened = |moment| rank(moment, false);
    world.server.write_key(&relevance(&happened, &is_live), &mut key);
    let sent = |moment| rank(moment, true);
    for party in &world.parties {
        party_key(party, &sent, world.recognised == Recognised::Alike, &mut key);
    }
    let mut copies: Vec<Vec<u8>> =
        world.copies.iter().map(|copy| message_key(copy, &sent)).collect();
    copies.sort_unstable();
    key.extend(copies.concat());
    key.push(0xfe);
    let mut calls: Vec<[u8; 4]> = world
        .calls
        .iter()
        .map(|record| {
            let first = record.first.map_or(9, answer_key);
            [small(Some(record.from)), record.call, u8::from(record.had_effect), first]
        })
        .collect();
    calls.sort_unstable();
    key.extend(calls.concat());
    key
}

/// Every moment that can still be compared with another, with its rank. A moment at which something
/// happened comes before the same moment at which something was sent.
fn ranks<S: LockServer>(world: &World<S>, is_live: &dyn Fn(usize) -> bool) -> Vec<(u64, bool, u8)> {
    let mut moments: Vec<(u64, bool, u8)> =
        world.server.moments(is_live).into_iter().map(|at| (at, false, 0)).collect();
    let sent = world.parties.iter().flat_map(|party| {
        let ended = party.client.has_ended();
        let links = party.links.iter().filter(move |_| !ended).filter_map(|link| link.idle_since);
        links.chain(party.under_way.map(|message| message.sent_after))
    });
    let copies = world.copies.iter().map(|copy| copy.sent_after);
    moments.extend(sent.chain(copies).map(|at| (at, true, 0)));
    moments.sort_unstable();
    moments.dedup();
    let (mut rank, mut was_sent) = (0, false);
    for (_, is_sent, its_rank) in &mut moments {
        rank += u8::from(*is_sent != was_sent);
        was_sent = *is_sent;
        *its_rank = rank;
    }
    moments
}

fn party_key(party: &Party, sent: &dyn Fn(u64) -> u8, shares_sights: bool, key: &mut Vec<u8>) {
    let client = &party.client;
    key.extend(step_key(client.step));
    key.push(u8::from(party.was_removed));
    // Who looks alike shares what was seen, also with who has ended.
    if !client.has_ended() || shares_sights {
        key.extend(party.saw.map(u8::from));
    }
    if client.has_ended() {
        key.push(client.waits_left);
        return;
    }
    key.extend([client.waits_left, party.attempt, party.calls]);
    key.extend([client.knows, client.can_wait, client.failed, client.in_doubt].map(u8::from));
    for Link { idle_since, shown, saw } in &party.links {
        key.push(idle_since.map_or(0xff, sent));
        key.push(shown.map_or(0xfd, small));
        // What was seen counts only where nothing was shown.
        key.extend(saw.map(|saw| u8::from(saw && shown.is_none())));
    }
    if let Some(message) = &party.under_way {
        key.extend(message_key(message, sent));
    }
}

fn message_key(message: &Message, sent: &dyn Fn(u64) -> u8) -> Vec<u8> {
    let Message { from, request, call, about, sent_after, opens, shown, saw, stood } = message;
    let mut key = vec![small(Some(*from)), *call, small(Some(*about)), sent(*sent_after)];
    key.extend(request_key(*request));
    // Whether a server can tell these apart, the judge of a forced release can.
    let stood =
        if matches!(request, Request::Drop(Facet::Http, Naming::Force)) { *stood } else { None };
    if shown.is_none() && matches!(request, Request::Drop(_, Naming::Nothing)) {
        key.extend(saw.map(u8::from));
    }
    key.extend([u8::from(*opens), shown.map_or(0xfd, small), small(stood)]);
    key
}

fn request_key(request: Request) -> [u8; 3] {
    match request {
        Request::Take(facet) => [0, facet_key(facet), 0],
        Request::Look(facet) => [1, facet_key(facet), 0],
        Request::Drop(facet, naming) => {
            let naming = match naming {
                Naming::Nothing => 0,
                Naming::Info => 1,
                Naming::Id => 2,
                Naming::Force => 3,
            };
            [2, facet_key(facet), naming]
        }
    }
}

fn step_key(step: Step) -> [u8; 2] {
    match step {
        Step::Start => [0, 0],
        Step::Take(facet) => [1, facet_key(facet)],
        Step::AskHolder(facet) => [2, facet_key(facet)],
        Step::RollBackLook => [3, 0],
        Step::RollBackDrop => [4, 0],
        Step::Work => [5, 0],
        Step::Look(facet) => [6, facet_key(facet)],
        Step::Drop(facet) => [7, facet_key(facet)],
        Step::Ended(ending) => {
            let ending = match ending {
                Ending::Released => 0,
                Ending::Refused => 1,
                Ending::NotReleased => 2,
                Ending::Unknown => 3,
                Ending::Killed => 4,
            };
            [8, ending]
        }
    }
}

fn facet_key(facet: Facet) -> u8 {
    match facet {
        Facet::Lockfile => 0,
        Facet::LockTable => 1,
        Facet::Http => 2,
    }
}

fn answer_key(answer: Answer) -> u8 {
    match answer {
        Answer::Done => 0,
        Answer::Refused => 1,
        Answer::Kept => 2,
        Answer::Shows(holder) => 3 + small(holder.map(|who| who % 4)) % 6,
    }
}
