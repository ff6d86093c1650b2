//! Holds what happened against the promises.

use statelock_protocol::lock::unified::Facet;

use super::client::{Ending, Program, Step};
use super::identity::name;
use super::message::{Answer, Message, Naming, Request};
use super::promise::{Breach, Promise};
use super::run::Run;
use super::server::{Holding, Holdings, LockServer};
use super::world::{CallRecord, World};

fn breach(breaches: &mut Vec<Breach>, promise: Promise, what: impl Into<String>) {
    breaches.push(Breach { promise, what: what.into() });
}

fn of(holdings: &Holdings, who: usize) -> Option<Holding> {
    holdings.get(who).copied().flatten()
}

/// Whether somebody has a lock that stays.
fn stands(holdings: &Holdings, who: usize) -> bool {
    of(holdings, who).is_some_and(|holding| !holding.is_leaving)
}

/// A client writes the state.
pub(super) fn writes<S: LockServer>(world: &World<S>, who: usize, breaches: &mut Vec<Breach>) {
    let works = world.party(who).is_some_and(|party| party.client.step == Step::Work);
    if works && !stands(&world.server.holdings(), who) {
        let what = format!("{} writes the state and does not hold the lock", name(who));
        breach(breaches, Promise::FencedWrite, what);
    }
}

/// A client gets the answer to its request.
pub(super) fn told<S: LockServer>(
    world: &World<S>,
    message: &Message,
    answer: Answer,
    breaches: &mut Vec<Breach>,
) {
    let Request::Take(facet) = message.request else { return };
    let holding = of(&world.server.holdings(), message.from);
    let has = holding.is_some_and(|has| has.facets.contains(facet) && !has.is_leaving);
    if answer == Answer::Done && !has {
        let what = format!("{} is told that it has the {facet}, and has not", name(message.from));
        breach(breaches, Promise::HonestSuccess, what);
    }
}

/// The server handled a request.
pub(super) fn handled<S: LockServer>(
    run: &Run<S>,
    world: &mut World<S>,
    message: &Message,
    (before, answer): (Holdings, Answer),
    breaches: &mut Vec<Breach>,
) {
    let after = world.server.holdings();
    match message.request {
        Request::Take(_) => taken(world, message, (&before, &after)),
        Request::Look(facet) => {
            if run.promises.contains(&Promise::Interop) && !world.server.shows_well(facet) {
                let what =
                    format!("{} is shown another lock info than the holder's", name(message.from));
                breach(breaches, Promise::Interop, what);
            }
        }
        Request::Drop(_, naming) => {
            dropped(run, world, message, (&before, &after), breaches);
            if naming != Naming::Force {
                force_frees(run, world, message, answer, breaches);
            }
        }
    }
    repeated(world, message, (before != after, &after, answer), breaches);
    remember(world, message, before != after, answer);
}

fn taken<S: LockServer>(
    world: &mut World<S>,
    message: &Message,
    (before, after): (&Holdings, &Holdings),
) {
    let is_anew = stands(after, message.from) && !stands(before, message.from);
    if let Some(party) = world.parties.get_mut(message.from)
        && is_anew
    {
        party.was_removed = false;
    }
}

/// Whose lock shrank, and was it meant?
fn dropped<S: LockServer>(
    run: &Run<S>,
    world: &mut World<S>,
    message: &Message,
    (before, after): (&Holdings, &Holdings),
    breaches: &mut Vec<Breach>,
) {
    let is_force = message.request == Request::Drop(Facet::Http, Naming::Force);
    let meant = if is_force { message.stood } else { Some(message.about) };
    for who in 0..run.roles.len() {
        if of(before, who) == of(after, who) {
            continue;
        }
        if meant == Some(who) {
            if let Some(party) = world.parties.get_mut(who)
                && message.from != who
            {
                party.was_removed = true;
            }
        } else {
            let (by, of) = (name(message.from), name(who));
            let what =
                format!("a request of {by} removes the lock of {of}, which it does not mean");
            breach(breaches, Promise::OwnReleaseOnly, what);
        }
    }
}

/// A force-unlock frees the lock that it means.
fn force_frees<S: LockServer>(
    run: &Run<S>,
    world: &World<S>,
    message: &Message,
    answer: Answer,
    breaches: &mut Vec<Breach>,
) {
    let is_force = run.role(message.from).program.is_force();
    let is_stuck = stands(&world.server.holdings(), message.about);
    // It may have been freed before, and taken anew.
    let is_repeated = world.calls.iter().any(|record| record.is_of(message) && record.had_effect);
    if is_force && is_stuck && !is_repeated && (answer == Answer::Done || !world.is_disturbed) {
        let what = format!(
            "{} force-unlocks {}: its lock stands",
            name(message.from),
            name(message.about)
        );
        breach(breaches, Promise::EndsFree, what);
    }
}

/// Compares what came of a call with what came of it before.
fn repeated<S: LockServer>(
    world: &World<S>,
    message: &Message,
    (has_effect, after, answer): (bool, &Holdings, Answer),
    breaches: &mut Vec<Breach>,
) {
    let Some(record) = world.calls.iter().find(|record| record.is_of(message)) else { return };
    let what = |how: &str| format!("{}: {}: {how}", name(message.from), message.request);
    // What names a lock by its ID and no call means that lock again, should it have been taken anew.
    let names_only_a_lock = matches!(message.request, Request::Drop(_, Naming::Id));
    if has_effect && record.had_effect && !names_only_a_lock {
        breach(breaches, Promise::RepeatSafe, what("a second effect"));
    }
    let still_has = stands(after, message.from);
    // What was refused without the id of a call, and is sent again, is a new request.
    let names_its_call = message.request.facet() != Facet::Http;
    match (message.request, record.first, answer) {
        (Request::Take(_), Some(Answer::Refused), Answer::Done) if has_effect => {
            breach(breaches, Promise::RepeatSafe, what("refused at first, and then granted"));
        }
        (Request::Take(_), Some(Answer::Done), Answer::Refused) if still_has => {
            breach(breaches, Promise::RepeatSafe, what("granted at first, and then refused"));
        }
        (Request::Drop(_, naming), Some(Answer::Done), Answer::Refused)
            if naming != Naming::Force =>
        {
            breach(breaches, Promise::RepeatSafe, what("released at first, and then refused"));
        }
        (Request::Drop(..), Some(Answer::Refused), Answer::Done)
            if has_effect && names_its_call =>
        {
            breach(breaches, Promise::RepeatSafe, what("refused at first, and then released"));
        }
        _ => {}
    }
}

fn remember<S: LockServer>(
    world: &mut World<S>,
    message: &Message,
    has_effect: bool,
    answer: Answer,
) {
    let number = world.calls.iter().position(|record| record.is_of(message)).unwrap_or_else(|| {
        let Message { from, call, .. } = *message;
        world.calls.push(CallRecord { from, call, had_effect: false, first: None });
        world.calls.len() - 1
    });
    let Some(record) = world.calls.get_mut(number) else { return };
    record.had_effect |= has_effect;
    if answer != Answer::Kept {
        record.first.get_or_insert(answer);
    }
}

/// What must be so at any time.
pub(super) fn state<S: LockServer>(run: &Run<S>, world: &World<S>, breaches: &mut Vec<Breach>) {
    let holdings = world.server.holdings();
    let mut believers = Vec::new();
    for (who, party) in world.parties.iter().enumerate() {
        let role = run.role(who);
        if party.client.believes(role) && !party.was_removed {
            believers.push(name(who));
            believer(role.program, who, &holdings, breaches);
        }
        if let Step::Ended(ending) = party.client.step
            && !role.program.is_force()
        {
            ended(run, world, (who, ending), &holdings, breaches);
        }
    }
    if believers.len() > 1 {
        let what = format!("{} believe that they hold the lock", believers.join(" and "));
        breach(breaches, Promise::Exclusion, what);
    }
    let in_doubt = |step: Step| matches!(step, Step::Ended(Ending::Unknown | Ending::Killed));
    let nobody_in_doubt = !world.parties.iter().any(|party| in_doubt(party.client.step));
    // What is still under way may be lost.
    if world.has_ended() && nobody_in_doubt && (0..holdings.len()).any(|who| stands(&holdings, who))
    {
        breach(breaches, Promise::EndsFree, "everybody has ended, and the lock is held");
    }
}

fn believer(program: Program, who: usize, holdings: &Holdings, breaches: &mut Vec<Breach>) {
    if !stands(holdings, who) {
        let is_dual = matches!(program, Program::Dual(_));
        let promise = if is_dual { Promise::DualMeansBoth } else { Promise::Exclusion };
        let what = format!("{} believes that it holds, and its lock is gone", name(who));
        breach(breaches, promise, what);
    }
}

fn ended<S: LockServer>(
    run: &Run<S>,
    world: &World<S>,
    (who, ending): (usize, Ending),
    holdings: &Holdings,
    breaches: &mut Vec<Breach>,
) {
    let program = run.role(who).program;
    let party = world.party(who);
    match ending {
        Ending::Refused if stands(holdings, who) => {
            let what = format!("{} was refused, and its lock stands", name(who));
            breach(breaches, Promise::NoLeak, what);
        }
        Ending::Released if stands(holdings, who) => {
            let promise = if matches!(program, Program::Dual(_)) {
                Promise::DualMeansBoth
            } else {
                Promise::NoLeak
            };
            breach(breaches, promise, format!("{} released, and its lock stands", name(who)));
        }
        Ending::NotReleased
            if !world.is_disturbed && party.is_some_and(|party| !party.was_removed) =>
        {
            let what = format!("{} could not release, and nothing had gone wrong", name(who));
            breach(breaches, Promise::EndsFree, what);
        }
        Ending::Refused
            if !world.is_disturbed && party.is_some_and(|party| party.client.waits_left > 0) =>
        {
            let what = format!("{} was to wait, and is turned away", name(who));
            breach(breaches, Promise::Waits, what);
        }
        Ending::Refused
        | Ending::Released
        | Ending::NotReleased
        | Ending::Unknown
        | Ending::Killed => {}
    }
}
