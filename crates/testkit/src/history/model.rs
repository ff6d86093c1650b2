//! What one request does to one state and its lock, if nothing else happens at the same time.
//!
//! **Shape.** [`Model`] is who holds the lock through which facets, which state is stored, and which calls
//! had their effect. [`Model::possible`] lists how a request may be answered, each answer with what is true
//! afterwards: most requests have one, and each that has two says why.
//!
//! **Rules** are those of `docs/protocol/unified-lock.md`, `docs/operations/waiting.md` and
//! `docs/operations/write-guard.md`, written down again in the most obvious way. What Terraform and
//! OpenTofu are told beside that, because of what they call themselves, is allowed to them alone.
//!
//! **Limitations.** Locks have an ID that can be read, states have resources or outputs, one access key
//! does everything, the server's mode is `--write-guard refuse`, and at most 64 effects lie between two
//! attempts of one call.

use std::collections::BTreeSet;

use statelock_protocol::lock::unified::{Facet, FacetSet, GIVE_BACK_GRACE_MICROS};

use super::line::SLACK_MICROS;
use super::operation::{Claim, Naming};
use super::problem::{Around, Effect, Found, Gate, Number, Problem, Step};

/// One state and its lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Model {
    pub(super) hold: Option<Hold>,
    pub(super) state: Option<Number>,
    /// Calls that had their effect, acquires that were refused, and refusals after which somebody was shown
    /// who is next; as far as they come again.
    pub(super) marks: BTreeSet<Number>,
    /// Calls to release that were refused, as far as they come again.
    pub(super) spared: BTreeSet<Number>,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hold {
    pub(super) lock: Number,
    pub(super) facets: FacetSet,
    /// Between which moments the first facet was given back, if one was.
    pub(super) giving_back: Option<(u64, u64)>,
    /// Whether its client hung up before it was told.
    pub(super) undoable: Undoable,
}

/// Whether the server may take a lock back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Undoable {
    /// It may not: somebody was told of the lock, or may have been; or it was not held open.
    No,
    /// It may, until its death, and then the call with this mark never happened.
    Until(u64, Option<Number>),
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Refused,
}

impl Hold {
    /// Whether a reader through `facet` sees it: of a lock that is being given back, only what is left.
    fn is_shown(&self, facet: Facet) -> bool {
        self.facets.contains(facet) || self.giving_back.is_none()
    }
}

impl Model {
    /// How `step` may be answered, and what is true afterwards.
    pub(super) fn possible(&self, problem: &Problem, step: &Step) -> Vec<(Answer, Self)> {
        match &step.effect {
            Effect::Acquire { facet, lock, call, line } => {
                self.acquire(step, (*facet, *lock, *call), line)
            }
            Effect::Release { facet, lock, naming, once } => {
                self.release(step, (*facet, *lock, *naming), *once)
            }
            Effect::ForceUnlock => vec![match self.hold {
                Some(_) => (Answer::Done, self.with_hold(None)),
                None => (Answer::Refused, self.clone()),
            }],
            Effect::Look { facet, found } => self.look(*facet, found),
            Effect::Read { found } => self.only_if(self.state == *found),
            Effect::ReadDigest { found } => {
                let digest = |state| problem.states.get(usize::from(state));
                let shown = self.state.and_then(digest).map(|state| &state.digest);
                self.only_if(shown == found.as_ref())
            }
            Effect::Write { state, gate } => self.write(problem, *state, gate),
            Effect::Delete { gate } => self.delete(gate),
        }
    }

    /// This, and what it may be by itself when `step` takes effect: locks end that are being given back,
    /// and locks are taken back whose clients hung up.
    pub(super) fn settled(&self, step: &Step) -> Vec<Self> {
        let mut may_be = vec![self.clone()];
        let Some(hold) = &self.hold else { return may_be };
        if let Undoable::Until(death, mark) = hold.undoable {
            let mut undone = self.with_hold(None);
            undone.marks.retain(|known| Some(*known) != mark);
            if step.start > death {
                // Who still meets it then meets it for good.
                let stands = Hold { undoable: Undoable::No, ..hold.clone() };
                may_be = vec![self.with_hold(Some(stands))];
            }
            may_be.push(undone);
        }
        if let Some((from, to)) = hold.giving_back {
            let is_over = to.saturating_add(GIVE_BACK_GRACE_MICROS + SLACK_MICROS);
            if step.start > is_over {
                may_be.clear();
            }
            if step.end >= from.saturating_add(GIVE_BACK_GRACE_MICROS) {
                may_be.push(self.with_hold(None));
            }
        }
        may_be
    }

    fn only_if(&self, is_so: bool) -> Vec<(Answer, Self)> {
        if is_so { vec![(Answer::Done, self.clone())] } else { Vec::new() }
    }

    fn with_hold(&self, hold: Option<Hold>) -> Self {
        Self { hold, ..self.clone() }
    }

    fn marked(&self, mark: Option<Number>) -> Self {
        let mut marked = self.clone();
        marked.marks.extend(mark);
        marked
    }

    fn is_marked(&self, mark: Option<Number>) -> bool {
        mark.is_some_and(|mark| self.marks.contains(&mark))
    }

    fn look(&self, facet: Facet, found: &Found) -> Vec<(Answer, Self)> {
        if let Some(shown) = self.hold.as_ref().filter(|hold| hold.is_shown(facet)) {
            return self
                .only_if(Some(shown.lock) == found.lock && found.says != Some(Claim::IsNext));
        }
        if found.says == Some(Claim::Holds) {
            return Vec::new();
        }
        match (found.lock, &found.next) {
            (None, Some(next)) => self.only_if(!next.must_be_shown),
            (None, None) => self.only_if(true),
            (Some(_), Some(next)) if next.may_be_shown && !self.is_marked(next.once) => {
                vec![(Answer::Done, self.marked(next.once))]
            }
            (Some(_), Some(_) | None) => Vec::new(),
        }
    }

    fn sparing(&self, call: Option<Number>) -> Self {
        let mut spared = self.clone();
        spared.spared.extend(call);
        spared
    }

    fn is_spared(&self, call: Option<Number>) -> bool {
        call.is_some_and(|call| self.spared.contains(&call))
    }

    fn acquire(
        &self,
        step: &Step,
        (facet, lock, call): (Facet, Number, Option<Number>),
        line: &Around,
    ) -> Vec<(Answer, Self)> {
        let is_late = self.is_marked(call);
        let shows = |who: Number| line.shown.is_none_or(|shown| shown == who);
        // Nobody else keeps it out: it is shown what it sent itself.
        let mut late = Vec::new();
        if line.may_be_late && shows(lock) {
            late.push((Answer::Refused, self.marked(call)));
        }
        let mut answers = match &self.hold {
            // Its sender would believe that it holds what it is giving back.
            Some(hold) if hold.lock == lock && hold.giving_back.is_some() && is_late => {
                vec![(Answer::Refused, self.clone())]
            }
            Some(hold) if hold.lock == lock => {
                let facets = hold.facets.with(facet);
                let hold = Hold { lock, facets, giving_back: None, undoable: Undoable::No };
                vec![(Answer::Done, self.with_hold(Some(hold)).marked(call))]
            }
            // A call that was refused, or whose lock is gone, stays refused.
            Some(_) | None if is_late => vec![(Answer::Refused, self.clone())],
            Some(hold) if shows(hold.lock) => vec![(Answer::Refused, self.marked(call))],
            Some(_) => Vec::new(),
            None => {
                // Only a request that was held open is undone.
                let undoable = if step.hung_up && line.may_wait {
                    Undoable::Until(step.end, call)
                } else {
                    Undoable::No
                };
                let facets = FacetSet::of(facet);
                let hold = Hold { lock, facets, giving_back: None, undoable };
                let granted = self.with_hold(Some(hold)).marked(call);
                let mut answers = vec![(Answer::Done, granted)];
                // Somebody else is there who may be before it in line.
                if line.ahead.iter().any(|ahead| shows(*ahead)) {
                    answers.push((Answer::Refused, self.marked(call)));
                }
                answers
            }
        };
        answers.extend(late);
        answers
    }

    fn release(
        &self,
        step: &Step,
        (facet, lock, naming): (Facet, Number, Naming),
        once: Option<Number>,
    ) -> Vec<(Answer, Self)> {
        let standing = self.hold.as_ref();
        let is_meant = standing.is_some_and(|hold| hold.lock == lock);
        // Over `http` the lock ID stands for the call, as long as it does not hold again.
        if self.is_marked(once) && !(facet == Facet::Http && is_meant) {
            return vec![(Answer::Done, self.clone())];
        }
        let is_shown = standing.is_some_and(|hold| hold.is_shown(facet));
        let released = |hold: &Hold| (Answer::Done, self.less(hold, facet, step).marked(once));
        let refused = (Answer::Refused, self.clone());
        // A call that names nothing and was refused stays refused.
        let spared = || (Answer::Refused, self.sparing(once));
        match (naming, standing) {
            (Naming::Seen | Naming::Blind, Some(_)) if self.is_spared(once) => vec![refused],
            (Naming::Named, Some(hold)) if is_meant && (facet == Facet::Http || is_shown) => {
                vec![released(hold)]
            }
            // As on S3: removing what is not there succeeds.
            (Naming::Seen | Naming::Blind, None) => vec![(Answer::Done, self.marked(once))],
            (Naming::Seen | Naming::Blind, Some(hold)) if is_meant => vec![released(hold)],
            (Naming::Named, _) => vec![refused],
            (Naming::Seen, Some(_)) => vec![spared()],
            // The server cannot tell the sender from the holder: both are within its promises.
            (Naming::Blind, Some(hold)) => vec![spared(), released(hold)],
        }
    }

    /// Without this facet of the lock, or without the lock.
    fn less(&self, hold: &Hold, facet: Facet, step: &Step) -> Self {
        let rest = hold.facets.without(facet);
        if !hold.facets.contains(facet) || rest.is_empty() {
            return self.with_hold(None);
        }
        let giving_back = hold.giving_back.or(Some((step.start, step.end)));
        let rest = Hold { lock: hold.lock, facets: rest, giving_back, undoable: Undoable::No };
        self.with_hold(Some(rest))
    }

    fn write(&self, problem: &Problem, state: Number, gate: &Gate) -> Vec<(Answer, Self)> {
        if self.state == Some(state) {
            // No two writes have the same bytes: this is another attempt.
            return vec![(Answer::Done, self.clone())];
        }
        let (may_pass, may_be_stopped) = self.passes(gate);
        let follows = self.state.is_none_or(|stored| problem.may_follow(stored, state));
        let mut answers = Vec::new();
        if may_pass && follows {
            answers.push((Answer::Done, Self { state: Some(state), ..self.clone() }));
        }
        if may_be_stopped || !follows {
            answers.push((Answer::Refused, self.clone()));
        }
        answers
    }

    fn delete(&self, gate: &Gate) -> Vec<(Answer, Self)> {
        let deleted = (Answer::Done, Self { state: None, ..self.clone() });
        let passes = match gate {
            Gate::S3 { .. } => self.hold.is_none(),
            Gate::Http { .. } => self.state.is_none() || self.passes(gate).0,
        };
        vec![if passes { deleted } else { (Answer::Refused, self.clone()) }]
    }

    /// Whether the lock may let a writer through, and whether it may stop it.
    fn passes(&self, gate: &Gate) -> (bool, bool) {
        let passes = match (gate, &self.hold) {
            (Gate::S3 { .. }, Some(hold)) if hold.facets == FacetSet::of(Facet::Http) => false,
            // It took another lock before. Whether the server can know that it lost it depends on who
            // removed it.
            (Gate::S3 { took: Some(took) }, Some(hold)) if took.lock != hold.lock => {
                let must_stop = took.stopped_by.contains(&hold.lock);
                return (!must_stop, must_stop || took.may_be_stopped);
            }
            (Gate::S3 { .. }, Some(_) | None) => true,
            (Gate::Http { claim }, hold) => *claim == hold.as_ref().map(|hold| hold.lock),
        };
        (passes, !passes)
    }
}
