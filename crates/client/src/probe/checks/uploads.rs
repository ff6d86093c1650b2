//! Conditions of an object that comes in parts.

use bytes::Bytes;
use statelock_protocol::store::{ETag, Precondition};

use super::conditions::{WRONG_ETAG, content};
use crate::probe::answer::Answer;
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial};
use crate::probe::verdict::{Due, Finding};

/// Requests of each of both.
pub(in crate::probe) const UPLOADS: u64 = 8 * 4;

/// CompleteMultipartUpload with `If-None-Match: *`.
pub(in crate::probe) async fn absent(stage: &Stage) -> Finding {
    let mut trial = Trial::new(Operation::CompleteIfAbsent);
    let (key, first, second) = (stage.key("parts.json"), content("first"), content("second"));
    let free = Request { what: "If-None-Match: * on a free key", due: Due::Done, before: None };
    if !completed(stage, &mut trial, free, (&key, &first), &Precondition::IfAbsent).await {
        return trial.finding();
    }
    let key = stage.key("parts-taken.json");
    let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
    if !made.is_done() {
        trial.not_prepared("nothing could be put there", &made);
        return trial.finding();
    }
    let what = "If-None-Match: * on a key that is taken";
    let taken = Request { what, due: Due::Refused, before: Some(&first) };
    completed(stage, &mut trial, taken, (&key, &second), &Precondition::IfAbsent).await;
    trial.finding()
}

/// CompleteMultipartUpload with `If-Match`.
pub(in crate::probe) async fn matching(stage: &Stage) -> Finding {
    let mut trial = Trial::new(Operation::CompleteIfMatch);
    let (key, first) = (stage.key("parts-match.json"), content("first"));
    let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
    if !made.is_done() {
        trial.not_prepared("nothing could be put there", &made);
        return trial.finding();
    }
    let wrong = Precondition::IfMatch(ETag::new(WRONG_ETAG));
    let what = "If-Match: a wrong ETag";
    let request = Request { what, due: Due::Refused, before: Some(&first) };
    if !completed(stage, &mut trial, request, (&key, &content("second")), &wrong).await {
        return trial.finding();
    }
    let Look::Found { body, etag } = stage.look(stage.first(), &key).await else {
        return trial.finding();
    };
    let what = "If-Match: the ETag that it has";
    let request = Request { what, due: Due::Done, before: Some(&body) };
    let right = Precondition::IfMatch(etag);
    completed(stage, &mut trial, request, (&key, &content("third")), &right).await;
    trial.finding()
}

/// Uploads and completes; whether it came that far.
async fn completed(
    stage: &Stage,
    trial: &mut Trial,
    request: Request<'_>,
    (key, body): (&str, &Bytes),
    condition: &Precondition,
) -> bool {
    match answered(stage, (key, body), condition).await {
        Ok(answer) => {
            trial.written(stage, request, (key, body), &answer).await;
            true
        }
        Err(answer) => {
            trial.not_prepared("the parts could not be uploaded", &answer);
            false
        }
    }
}

async fn answered(
    stage: &Stage,
    (key, body): (&str, &Bytes),
    condition: &Precondition,
) -> Result<Answer, Answer> {
    let id = stage.create_upload(key).await?;
    let part = stage.send_part((key, &id), body.clone()).await?;
    Ok(stage.complete((key, &id), part, condition).await)
}
