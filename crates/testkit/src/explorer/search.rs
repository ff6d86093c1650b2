//! Breadth-first search over every state that a model can reach.
//!
//! Deterministic: no randomness, events in a fixed order. Breadth first, so the first history found
//! that breaks a promise is one of the shortest.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;

use super::promise::{Breach, Promise};

/// Something whose every history is to be tried.
pub trait Model {
    /// A state of the whole.
    type State: Clone;
    /// One thing that may happen next.
    type Event: Copy;

    /// The first state.
    fn start(&self) -> Self::State;
    /// What may happen next, in a fixed order.
    fn events(&self, state: &Self::State) -> Vec<Self::Event>;
    /// Lets it happen; returns the promises that it broke.
    fn apply(&self, state: &mut Self::State, event: Self::Event) -> Vec<Breach>;
    /// Two states with the same key have the same future.
    fn key(&self, state: &Self::State) -> Vec<u8>;
    /// A line about an event: what happened in `before`, and what `after` says of it.
    fn describe(&self, before: &Self::State, event: Self::Event, after: &Self::State) -> String;
}

/// When to stop looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When everything was tried.
    Exhausted,
    /// At the first history that breaks a promise.
    FirstBreach,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Exploration {
    /// Different states.
    pub states: usize,
    /// Events that were tried in them.
    pub transitions: usize,
    /// Events in the longest history that leads to a new state.
    pub depth: usize,
    /// States in which nothing more can happen.
    pub ends: usize,
    /// A shortest history for each promise that was broken.
    pub breaches: BTreeMap<Promise, Counterexample>,
}

/// A history that breaks a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// What was broken.
    pub breach: Breach,
    /// One line per event.
    pub trace: Vec<String>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken: {}", self.breach.promise, self.breach.what)?;
        for (number, line) in self.trace.iter().enumerate() {
            writeln!(f, "  {:>2}. {line}", number + 1)?;
        }
        Ok(())
    }
}

/// How a state was reached first: from which, and by what.
struct Reached<E> {
    from: usize,
    by: Option<E>,
    depth: usize,
}

/// Tries every history of a model. What follows on a breach is not explored.
pub fn explore<M: Model>(model: &M, until: Until) -> Exploration {
    let start = model.start();
    let mut found = Exploration { states: 1, ..Exploration::default() };
    let mut visited = HashSet::from([model.key(&start)]);
    let mut reached = vec![Reached { from: 0, by: None, depth: 0 }];
    let mut queue = VecDeque::from([(0, start)]);
    while let Some((from, state)) = queue.pop_front() {
        let events = model.events(&state);
        found.ends += usize::from(events.is_empty());
        for event in events {
            found.transitions += 1;
            let mut next = state.clone();
            let breaches = model.apply(&mut next, event);
            for breach in &breaches {
                found.breaches.entry(breach.promise).or_insert_with(|| Counterexample {
                    breach: breach.clone(),
                    trace: trace(model, &reached, from, event),
                });
            }
            if !breaches.is_empty() && until == Until::FirstBreach {
                return found;
            }
            if breaches.is_empty() && visited.insert(model.key(&next)) {
                let depth = reached.get(from).map_or(0, |one| one.depth) + 1;
                found.states += 1;
                found.depth = depth;
                queue.push_back((reached.len(), next));
                reached.push(Reached { from, by: Some(event), depth });
            }
        }
    }
    found
}

/// Plays a history again, to tell it.
fn trace<M: Model>(
    model: &M,
    reached: &[Reached<M::Event>],
    last: usize,
    event: M::Event,
) -> Vec<String> {
    let mut events = vec![event];
    let mut at = last;
    while let Some(Reached { from, by: Some(by), .. }) = reached.get(at) {
        events.push(*by);
        at = *from;
    }
    let mut state = model.start();
    let mut lines = Vec::new();
    for event in events.into_iter().rev() {
        let before = state.clone();
        // What is broken is told above the history.
        drop(model.apply(&mut state, event));
        lines.push(model.describe(&before, event, &state));
    }
    lines
}
