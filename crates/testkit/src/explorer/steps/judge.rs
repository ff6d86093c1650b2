//! Holds what happened against the promises.

use statelock_protocol::lock::steps::AcquireOutcome;
use statelock_protocol::lock::unified::Facet;

use super::doing::{Doing, Ending, Told};
use super::program::Program;
use super::run::Run;
use super::scene::{holder_of, index, info_bytes};
use super::store::Standing;
use super::world::{Late, World};
use crate::explorer::client;
use crate::explorer::identity::name;
use crate::explorer::promise::{Breach, Promise};

/// The places, in order.
const PLACES: [Facet; 2] = [Facet::Lockfile, Facet::LockTable];

fn breach(promise: Promise, what: String) -> Breach {
    Breach { promise, what }
}

/// What an effect broke: `before` stood there before it.
pub(super) fn effect(
    run: &Run,
    world: &mut World,
    late: &Late,
    before: Option<&[u8]>,
) -> Vec<Breach> {
    let facet = late.wire.facet();
    let now = world.store.bytes(facet);
    if now == before {
        return Vec::new();
    }
    if let (false, Standing::Of(owner)) = (late.wire.is_removal(), world.store.standing(facet)) {
        set_robbed(world, owner, facet, false);
    }
    let (Some(removed), true) = (before, late.wire.is_removal()) else { return Vec::new() };
    let owner = holder_of(removed);
    if owner == Some(late.from) {
        return Vec::new();
    }
    let Some(program) = run.programs.get(late.from) else { return Vec::new() };
    let is_meant = match program {
        Program::ForceSeen(..) => world.parties.get(late.from).is_some_and(|party| {
            party.meant.get(index(facet)).is_some_and(|meant| meant.as_deref() == Some(removed))
        }),
        Program::ForceId(..) => owner == Some(0),
        Program::Ours(_) | Program::Looks(_) => false,
        Program::Stock(role) => role.program.is_force() && owner == Some(0),
    };
    let is_stock = matches!(program, Program::Stock(_));
    let is_excused =
        (is_stock && !run.judges_stock) || (run.has_window && late.has_just_looked && !is_stock);
    if let Some(owner) = owner {
        set_robbed(world, owner, facet, true);
    }
    if is_meant || is_excused {
        return Vec::new();
    }
    let whose = owner.map_or("nobody that can be read", name);
    let what = format!("{} removes the lock of {whose} ({facet})", name(late.from));
    vec![breach(Promise::OwnReleaseOnly, what)]
}

fn set_robbed(world: &mut World, owner: usize, facet: Facet, is_robbed: bool) {
    let Some(party) = world.parties.get_mut(owner) else { return };
    if let Some(robbed) = party.change().robbed.get_mut(index(facet)) {
        *robbed = is_robbed;
    }
}

/// What the end of a machine broke.
pub(super) fn told(run: &Run, world: &World, who: usize, told: &Told) -> Vec<Breach> {
    let mut breaches = Vec::new();
    match told {
        Told::Acquire(AcquireOutcome::Acquired(acquired)) => {
            let facets = run.programs.get(who).map_or(&[][..], |program| program.facets());
            for facet in facets {
                let stands = world.store.standing(*facet) == Standing::Of(who);
                if !stands && !is_robbed(world, who, *facet) {
                    let what = format!("{} is told that it has the lock ({facet})", name(who));
                    breaches.push(breach(Promise::HonestSuccess, what));
                }
            }
            if acquired.places.len() != facets.len() {
                let what = format!("{} has {} places", name(who), acquired.places.len());
                breaches.push(breach(Promise::DualMeansBoth, what));
            }
        }
        Told::Acquire(AcquireOutcome::Held { holder, .. }) => {
            if holder_of(&holder.bytes) == Some(who) {
                let what = format!("{} is told that it itself holds the lock", name(who));
                breaches.push(breach(Promise::RepeatSafe, what));
            }
        }
        Told::Acquire(AcquireOutcome::Unknown { .. }) => {
            if world.only_doubled {
                let what = format!("{} is told that nothing is known", name(who));
                breaches.push(breach(Promise::RepeatSafe, what));
            }
        }
        Told::Acquire(AcquireOutcome::Refused { .. } | AcquireOutcome::Unstable { .. }) => {}
        Told::Release(released) => {
            if world.only_doubled && !released.is_gone() {
                let what = format!("{} is told that its release failed", name(who));
                breaches.push(breach(Promise::RepeatSafe, what));
            }
        }
    }
    breaches
}

fn is_robbed(world: &World, who: usize, facet: Facet) -> bool {
    let robbed = world.parties.get(who).and_then(|party| party.robbed.get(index(facet)));
    robbed.copied().unwrap_or_default()
}

/// What a state breaks.
pub(super) fn state(run: &Run, world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let standing = PLACES.map(|facet| world.store.standing(facet));
    believers(run, world, standing, &mut breaches);
    for (who, party) in world.parties.iter().enumerate() {
        let stock_has_none = matches!(
            party.doing,
            Doing::Ended(Ending::Stock(client::Ending::Refused | client::Ending::Released))
        );
        if !(party.has_certainly_none() || run.judges_stock && stock_has_none) {
            continue;
        }
        if standing.contains(&Standing::Of(who)) {
            let what = format!("{} has ended or waits, and its lock is there", name(who));
            if run.programs.get(who).is_some_and(|program| program.facets().len() == 2) {
                breaches.push(breach(Promise::DualMeansBoth, what.clone()));
            }
            breaches.push(breach(Promise::NoLeak, what));
        }
    }
    turned_away(run, world, standing, &mut breaches);
    interop(world, &mut breaches);
    if world.parties.iter().all(|party| party.has_ended()) && world.faults_left == run.faults {
        ends(run, world, standing, &mut breaches);
    }
    breaches
}

/// Somebody has just ended without the lock, and the lock is free and was when it gave up.
fn turned_away(run: &Run, world: &World, standing: [Standing; 2], breaches: &mut Vec<Breach>) {
    for (who, (party, program)) in world.parties.iter().zip(&run.programs).enumerate() {
        let is_free = program
            .facets()
            .iter()
            .all(|facet| standing.get(index(*facet)) == Some(&Standing::Nothing));
        if party.gave_up_on_nothing && is_free {
            let what = format!("{} is turned away by a lock that is gone", name(who));
            breaches.push(breach(Promise::Waits, what));
        }
    }
}

fn believers(run: &Run, world: &World, standing: [Standing; 2], breaches: &mut Vec<Breach>) {
    let mut believing = Vec::new();
    for (who, (party, program)) in world.parties.iter().zip(&run.programs).enumerate() {
        let robbed = program.facets().iter().any(|facet| is_robbed(world, who, *facet));
        if !party.believes(*program) || robbed {
            continue;
        }
        believing.push(name(who));
        for facet in program.facets() {
            if standing.get(index(*facet)) != Some(&Standing::Of(who)) {
                let what =
                    format!("{} believes that it holds, and its {facet} is not there", name(who));
                if program.facets().len() == 2 {
                    breaches.push(breach(Promise::DualMeansBoth, what.clone()));
                }
                breaches.push(breach(Promise::Exclusion, what));
            }
        }
    }
    if believing.len() > 1 {
        let what = format!("{} believe that they hold", believing.join(" and "));
        breaches.push(breach(Promise::Exclusion, what));
    }
}

fn interop(world: &World, breaches: &mut Vec<Breach>) {
    for facet in PLACES {
        let Some(bytes) = world.store.bytes(facet) else { continue };
        // The locks of a scene that nobody can read were there before.
        let Some(owner) = holder_of(bytes) else { continue };
        // Those are as Go writes them: a test of `scene` holds that.
        if bytes != info_bytes(owner) {
            let what = format!("the {facet} of {} is not as Go writes it", name(owner));
            breaches.push(breach(Promise::Interop, what));
        }
    }
}

/// Everybody has ended, and nothing went wrong.
fn ends(run: &Run, world: &World, standing: [Standing; 2], breaches: &mut Vec<Breach>) {
    let kept = world.parties.iter().any(|party| matches!(party.doing, Doing::Ended(Ending::Keeps)));
    let stands = |wanted: Option<usize>| {
        standing.iter().any(|one| match wanted {
            Some(who) => *one == Standing::Of(who),
            None => *one != Standing::Nothing,
        })
    };
    if run.locks.is_empty() && !kept && stands(None) {
        let what = "everybody has ended, nothing went wrong, and there is a lock".to_owned();
        breaches.push(breach(Promise::EndsFree, what));
    }
    let forced = world.parties.iter().any(|party| {
        matches!(
            party.doing,
            Doing::Ended(
                Ending::Forced { is_gone: true } | Ending::Stock(client::Ending::Released)
            )
        ) && !party.has_held
    });
    let robbed_first = world.parties.first().is_some_and(|party| party.robbed.contains(&true));
    if forced && robbed_first && stands(Some(0)) {
        let what = format!("the lock of {} was force-unlocked and is there", name(0));
        breaches.push(breach(Promise::EndsFree, what));
    }
    let acquiring = run.programs.iter().filter(|program| program.acquires()).count();
    if acquiring > 0 && !world.parties.iter().any(|party| party.has_held) {
        let what = "nobody got the lock".to_owned();
        breaches.push(breach(Promise::Progress, what));
    }
}
