//! Looks for an order of a history's operations that the model allows.
//!
//! The search of Wing and Gong: an operation may be next if no other one ended before it began. What
//! was tried is remembered as the set of operations done and the model after them, so that no branch is
//! searched twice. An operation with an unknown outcome may be next at any time until the server that it
//! was sent to died, or never.

use std::collections::HashSet;

use statelock_protocol::lock::unified::Facet;

use super::model::Model;
use super::operation::Operation;
use super::problem::{Problem, Step, bit};

/// After so many different situations a search is given up.
const SITUATIONS_MAX: usize = 300_000;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Linearizable,
    /// There is none.
    Impossible(Stuck),
    /// The history is too long, or has too many orders to try.
    Undecided,
}

/// How far the best order got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// So many operations with a known outcome it explains.
    pub explained: usize,
    /// What held and was stored then.
    pub place: String,
}

/// Checks the history of one address, which begins with no state and a free lock.
pub fn check(history: &[Operation]) -> Verdict {
    check_within(history, SITUATIONS_MAX)
}

/// As [`check`], with another bound.
pub(super) fn check_within(history: &[Operation], situations_max: usize) -> Verdict {
    let Some(problem) = Problem::new(history) else { return Verdict::Undecided };
    let mut open = vec![(0, Model::default())];
    let mut tried: HashSet<(u128, Model)> = HashSet::new();
    let mut furthest = (0, Model::default());
    while let Some((done, model)) = open.pop() {
        let done = problem.with_the_obvious(done, &model);
        if done & problem.known == problem.known {
            return Verdict::Linearizable;
        }
        if !tried.insert((done, model.clone())) {
            continue;
        }
        if tried.len() > situations_max {
            return Verdict::Undecided;
        }
        let explained = |done: u128| (done & problem.known).count_ones();
        if explained(done) >= explained(furthest.0) {
            furthest = (done, model.clone());
        }
        problem.continue_from(done, &model, &mut open);
    }
    let explained = usize::try_from((furthest.0 & problem.known).count_ones()).unwrap_or(0);
    Verdict::Impossible(Stuck { explained, place: problem.describe(&furthest.1) })
}

impl Problem {
    /// Adds what may come next and never changes anything: putting it first rules nothing out. (What
    /// changes nothing *now*, such as a delete where nothing is stored, may have had its effect later.)
    fn with_the_obvious(&self, mut done: u128, model: &Model) -> u128 {
        loop {
            let before = done;
            for (at, step) in self.steps.iter().enumerate() {
                let is_next = done & bit(at) == 0 && step.before & !done == 0;
                // What it would bury may still be needed.
                if is_next && step.buries & !done == 0 && self.changes_nothing(model, step) {
                    done |= bit(at);
                }
            }
            if done == before {
                return done;
            }
        }
    }

    fn changes_nothing(&self, model: &Model, step: &Step) -> bool {
        let Some(answer) = step.answer else { return false };
        if step.effect.may_change(answer) {
            return false;
        }
        model.settled(step).contains(model)
            && model
                .possible(self, step)
                .iter()
                .any(|(told, next)| *told == answer && next == model)
    }

    /// Adds all situations that can come next; the operation that ended first is tried first.
    fn continue_from(&self, done: u128, model: &Model, open: &mut Vec<(u128, Model)>) {
        let steps = self.steps.iter().enumerate();
        let mut next: Vec<(usize, &Step)> =
            steps.filter(|(at, step)| done & bit(*at) == 0 && step.before & !done == 0).collect();
        next.sort_by_key(|(_, step)| std::cmp::Reverse((step.answer.is_none(), step.end)));
        for (at, step) in next {
            for settled in model.settled(step) {
                for (told, after) in settled.possible(self, step) {
                    let fits = match step.answer {
                        Some(answer) => told == answer,
                        // Without an effect it need not have happened.
                        None => after != settled,
                    };
                    if fits {
                        open.push((done | bit(at) | step.buries, after));
                    }
                }
            }
        }
    }

    fn describe(&self, model: &Model) -> String {
        let lock = match &model.hold {
            None => "the lock is free".to_owned(),
            Some(hold) => {
                let id = self.locks.get(usize::from(hold.lock)).map_or("?", String::as_str);
                let facets: Vec<_> = hold.facets.iter().map(Facet::name).collect();
                let rest = if hold.giving_back.is_some() { ", being given back" } else { "" };
                format!("{id} holds ({}{rest})", facets.join(", "))
            }
        };
        let state = model.state.and_then(|state| self.states.get(usize::from(state)));
        match state {
            None => format!("{lock}, no state is stored"),
            Some(state) => format!("{lock}, serial {} is stored", state.serial),
        }
    }
}
