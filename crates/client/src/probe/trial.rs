//! Tries an operation step by step: asks, looks what became of it, and notes both.

use bytes::Bytes;
use statelock_protocol::store::Precondition;

use super::answer::Answer;
use super::items::ItemLook;
use super::judge::{self, Effect};
use super::looking::Look;
use super::operation::Operation;
use super::seat::Seat;
use super::stage::Stage;
use super::verdict::{Due, Finding, TriedStep, Verdict};

/// What was tried of one operation so far.
#[derive(Debug)]
pub(super) struct Trial {
    operation: Operation,
    steps: Vec<TriedStep>,
    verdicts: Vec<Verdict>,
    note: Option<String>,
}

/// One request: in words, what is due, and what stood there before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) what: &'a str,
    pub(super) due: Due,
    pub(super) before: Option<&'a Bytes>,
}

impl Trial {
    pub(super) fn new(operation: Operation) -> Self {
        Self { operation, steps: Vec::new(), verdicts: Vec::new(), note: None }
    }

    /// Something that had to stand there first could not be made to.
    pub(super) fn not_prepared(&mut self, what: &str, answer: &Answer) {
        self.verdicts.push(Verdict::NotKnown);
        self.remark(&format!("{what}: {answer}"));
    }

    /// Says something that is no verdict.
    pub(super) fn remark(&mut self, text: &str) {
        let note = self.note.get_or_insert_default();
        if !note.is_empty() {
            note.push_str("; ");
        }
        note.push_str(text);
    }

    /// Whether all that was tried so far was as it should be.
    pub(super) fn is_fine(&self) -> bool {
        judge::worst(self.verdicts.iter().copied()) == Verdict::Enforced
    }

    /// Notes a request with a verdict that was found otherwise.
    pub(super) fn note(
        &mut self,
        request: Request<'_>,
        (answer, found): (&Answer, &str),
        verdict: Verdict,
    ) {
        self.verdicts.push(verdict);
        self.steps.push(TriedStep {
            request: request.what.to_owned(),
            due: request.due,
            answer: answer.to_string(),
            found: found.to_owned(),
            verdict,
        });
    }

    /// Writes on a condition, and looks.
    pub(super) async fn put(
        &mut self,
        stage: &Stage,
        request: Request<'_>,
        (key, body): (&str, &Bytes),
        condition: &Precondition,
    ) -> (Answer, Verdict) {
        let answer = stage.put_alone((key, body.clone()), condition).await;
        let verdict = self.written(stage, request, (key, body), &answer).await;
        (answer, verdict)
    }

    /// Looks what a write has done.
    pub(super) async fn written(
        &mut self,
        stage: &Stage,
        request: Request<'_>,
        put: (&str, &Bytes),
        answer: &Answer,
    ) -> Verdict {
        self.written_at((stage, stage.first()), request, put, answer).await
    }

    /// As [`Self::written`], by another writer than the first.
    pub(super) async fn written_at(
        &mut self,
        (stage, seat): (&Stage, &Seat),
        request: Request<'_>,
        (key, body): (&str, &Bytes),
        answer: &Answer,
    ) -> Verdict {
        let look = stage.look(seat, key).await;
        let effect = effect_of_write(&look, body, request.before);
        let verdict = judge::case((request.due, request.before.is_some()), answer, effect);
        self.note(request, (answer, found(effect)), verdict);
        verdict
    }

    /// Deletes on a condition, and looks. `before` stands there.
    pub(super) async fn delete(
        &mut self,
        stage: &Stage,
        request: Request<'_>,
        key: &str,
        condition: &Precondition,
    ) -> (Answer, Effect) {
        let answer = stage.delete(stage.first(), key, condition).await;
        let look = stage.look(stage.first(), key).await;
        let effect = match (&look, request.before) {
            (Look::Nothing, Some(_)) => Effect::Made,
            (Look::Nothing, None) => Effect::None,
            (Look::Found { body, .. }, Some(before)) if body == before => Effect::None,
            (Look::Found { .. }, _) => Effect::Other,
            (Look::NotKnown(_), _) => Effect::NotKnown,
        };
        let verdict = judge::case((request.due, request.before.is_some()), &answer, effect);
        let told = match look {
            Look::Nothing => "nothing",
            Look::Found { .. } => "the object",
            Look::NotKnown(_) => "something that could not be read",
        };
        self.note(request, (&answer, told), verdict);
        (answer, effect)
    }

    /// What it comes to.
    pub(super) fn finding(self) -> Finding {
        let verdict = judge::worst(self.verdicts);
        let Self { operation, steps, note, .. } = self;
        Finding { operation, verdict, steps, rounds: None, samples: None, note }
    }
}

/// What a write has done, by what stands there.
pub(super) fn effect_of_write(look: &Look, body: &Bytes, before: Option<&Bytes>) -> Effect {
    match look {
        Look::Found { body: found, .. } if found == body => Effect::Made,
        Look::Found { body: found, .. } if Some(found) == before => Effect::None,
        Look::Nothing if before.is_none() => Effect::None,
        Look::Found { .. } | Look::Nothing => Effect::Other,
        Look::NotKnown(_) => Effect::NotKnown,
    }
}

/// What putting an item has done, by what stands there.
pub(super) fn effect_of_item(look: &ItemLook, info: &str, before: Option<&str>) -> Effect {
    match look {
        ItemLook::Found(Some(found)) if found == info => Effect::Made,
        ItemLook::Found(Some(found)) if Some(found.as_str()) == before => Effect::None,
        ItemLook::Nothing if before.is_none() => Effect::None,
        ItemLook::Found(_) | ItemLook::Nothing => Effect::Other,
        ItemLook::NotKnown(_) => Effect::NotKnown,
    }
}

/// What stood there, for people.
pub(super) fn found(effect: Effect) -> &'static str {
    match effect {
        Effect::Made => "what was sent",
        Effect::None => "what there was before",
        Effect::Other => "something else",
        Effect::NotKnown => "something that could not be read",
    }
}

/// A finding of something that was not tried.
pub(super) fn untried(operation: Operation, verdict: Verdict, why: String) -> Finding {
    let (steps, rounds, samples) = (Vec::new(), None, None);
    Finding { operation, verdict, steps, rounds, samples, note: Some(why) }
}
