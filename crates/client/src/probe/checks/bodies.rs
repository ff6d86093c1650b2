//! The forms of bodies: which the store takes, and whether it looks at checksums.

use bytes::Bytes;
use statelock_protocol::store::{Precondition, Refusal};

use super::conditions::content;
use crate::probe::answer::{Answer, Outcome};
use crate::probe::body::BodyForm;
use crate::probe::judge::{self, Effect};
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial, effect_of_write, found, untried};
use crate::probe::verdict::{Due, Finding, Verdict};

/// Requests of [`bodies`], and of a look whether any can be written on condition.
pub(in crate::probe) const BODIES: u64 = (9 + 3 + 1) * (1 + 4) + 4;

/// Tries every form, and takes the best that is accepted for all that follows. Whether the endpoint is reached
/// without TLS matters for one of them.
pub(in crate::probe) async fn bodies(stage: &Stage, is_plain: bool) -> (Vec<Finding>, Vec<Answer>) {
    let (mut findings, mut answers) = (Vec::new(), Vec::new());
    for form in BodyForm::ALL {
        if form == BodyForm::Crc32TrailerSigned && !is_plain {
            continue;
        }
        let (finding, answer) = sent(stage, form).await;
        findings.push(finding);
        answers.push(answer);
    }
    // Credentials that are good for one form are good for all: what is forbidden then is the form.
    if answers.iter().any(Answer::is_done) {
        for (finding, answer) in findings.iter_mut().zip(&answers) {
            if answer.outcome == Outcome::Refused(Refusal::Denied) {
                finding.verdict = Verdict::Rejected;
            }
        }
    }
    let is_fine = |form: &BodyForm| verdict_of(&findings, form.operation()) == Verdict::Enforced;
    if let Some(form) = BodyForm::USABLE.into_iter().find(is_fine) {
        stage.set_form(form);
    }
    for (operation, form) in [
        (Operation::ChecksumHeaderVerified, BodyForm::Sha256Header),
        (Operation::ChecksumTrailerVerified, BodyForm::Crc32Trailer),
        (Operation::Md5Verified, BodyForm::Md5),
    ] {
        let alone = verdict_of(&findings, form.operation());
        findings.push(if alone == Verdict::Enforced {
            wrong(stage, operation, form).await
        } else {
            let why = format!("not tried, because the form itself is {alone}");
            untried(operation, Verdict::NotKnown, why)
        });
    }
    findings.push(read_with_checksum(stage).await);
    (findings, answers)
}

fn verdict_of(findings: &[Finding], operation: Operation) -> Verdict {
    let found = findings.iter().find(|finding| finding.operation == operation);
    found.map_or(Verdict::NotKnown, |finding| finding.verdict)
}

fn body_of(operation: Operation) -> Bytes {
    content(operation.id())
}

async fn sent(stage: &Stage, form: BodyForm) -> (Finding, Answer) {
    let operation = form.operation();
    let (key, body) = (stage.key(&format!("{}.json", operation.id())), body_of(operation));
    let mut trial = Trial::new(operation);
    let put = (key.as_str(), body.clone());
    let answer = stage.put_as(stage.first(), put, &Precondition::None, (form, false)).await;
    let request = Request { what: operation.title(), due: Due::Done, before: None };
    trial.written(stage, request, (&key, &body), &answer).await;
    (trial.finding(), answer)
}

async fn wrong(stage: &Stage, operation: Operation, form: BodyForm) -> Finding {
    let (key, body) = (stage.key(&format!("{}.json", operation.id())), body_of(operation));
    let put = (key.as_str(), body.clone());
    let answer = stage.put_as(stage.first(), put, &Precondition::None, (form, true)).await;
    let effect = effect_of_write(&stage.look(stage.first(), &key).await, &body, None);
    let mut trial = Trial::new(operation);
    let what = "a checksum of another body";
    let request = Request { what, due: Due::Refused, before: None };
    let told = if effect == Effect::None { "nothing" } else { found(effect) };
    trial.note(request, (&answer, told), judge::wrong_checksum(&answer, effect));
    trial.finding()
}

/// Reads what was written with a checksum, as newer clients do.
async fn read_with_checksum(stage: &Stage) -> Finding {
    let operation = Operation::ReadChecksumMode;
    let (key, body) = (stage.key(&format!("{}.json", operation.id())), body_of(operation));
    let mut trial = Trial::new(operation);
    let made = stage.put_alone((&key, body.clone()), &Precondition::None).await;
    if !made.is_done() {
        trial.not_prepared("nothing could be put there", &made);
        return trial.finding();
    }
    let request = Request { what: operation.title(), due: Due::Done, before: None };
    match stage.look_with(stage.first(), &key, true).await {
        Look::Found { body: found, .. } if found == body => {
            trial.note(request, (&Answer::done(None), "what was sent"), Verdict::Enforced);
        }
        Look::Found { .. } | Look::Nothing => {
            trial.note(request, (&Answer::done(None), "something else"), Verdict::Ignored);
        }
        Look::NotKnown(answer) => {
            let verdict = judge::case((Due::Done, true), &answer, Effect::None);
            trial.note(request, (&answer, "something that could not be read"), verdict);
        }
    }
    trial.finding()
}
