//! The first checks of a probe: whether anything can be written, and in which form.

use bytes::Bytes;
use statelock_protocol::store::{Precondition, Refusal};

use super::answer::{Answer, Outcome};
use super::body::BodyForm;
use super::checks::{bodies, items};
use super::cleaning::JOURNAL;
use super::earlier::Journal;
use super::error::ProbeError;
use super::items::ItemLook;
use super::plan::samples;
use super::seating::Endpoint;
use super::stage::Stage;
use super::target::Probe;
use super::verdict::Finding;
use crate::error::{StoreError, Trouble};
use crate::lock_table::LockTable;

/// The first check: in which forms objects can be written. Then a note of what will be.
///
/// # Errors
/// Nothing can be written, or there is no such table.
pub(super) async fn begin(probe: &Probe, stage: &Stage) -> Result<Vec<Finding>, ProbeError> {
    if stage.table.is_some() {
        let look = stage.look_at_item(stage.first(), &stage.lock_id("nothing")).await;
        if let ItemLook::NotKnown(answer) = look {
            is_table("GetItem", &answer)?;
            has_lock_key(probe, &answer).await?;
        }
    }
    let (findings, answers) = bodies::bodies(stage, is_plain(probe)).await;
    if !answers.iter().any(Answer::is_done) {
        is_writable(stage, &answers).await?;
    }
    let limits = probe.plan.limits;
    let table = probe.target.table.as_ref().map(|table| table.as_str().to_owned());
    let journal = Journal { schema: 1, table, rounds: limits.rounds, samples: samples(limits) };
    if let Ok(text) = serde_json::to_vec(&journal) {
        let key = stage.key(JOURNAL);
        stage.put_alone((&key, text.into()), &Precondition::None).await;
    }
    Ok(findings)
}

/// Where no form was accepted: whether that says something of these requests, or of the store's conditions.
async fn is_writable(stage: &Stage, answers: &[Answer]) -> Result<(), ProbeError> {
    let moved = |answer: &&Answer| matches!(answer.status, Some(300..=399));
    if let Some(answer) = answers.iter().find(moved) {
        return Err(ProbeError::Elsewhere(Box::new(trouble("S3", "PutObject", answer))));
    }
    let is_denied = |answer: &&Answer| answer.outcome == Outcome::Refused(Refusal::Denied);
    let Some(answer) = answers.iter().find(is_denied) else {
        // Such as a KMS key that it does not know, which is sent along with each object.
        return match answers.first() {
            Some(first) if answers.iter().all(is_bad) => {
                Err(ProbeError::NothingTaken(Box::new(trouble("S3", "PutObject", first))))
            }
            Some(_) | None => Ok(()),
        };
    };
    let trouble = Box::new(trouble("S3", "PutObject", answer));
    for form in BodyForm::USABLE {
        let key = stage.key("on-condition.tflock");
        let put = (key.as_str(), Bytes::from_static(b"{}"));
        let on_condition = Precondition::IfAbsent;
        if stage.put_as(stage.first(), put, &on_condition, (form, false)).await.is_done() {
            return Err(ProbeError::OnlyOnCondition(trouble));
        }
    }
    Err(ProbeError::NotPermitted(trouble))
}

/// Whether a store says that the request makes no sense there.
fn is_bad(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Refused(Refusal::Invalid | Refusal::Unsupported))
}

/// Where an item could not be asked for: whether that is because of the table's key.
async fn has_lock_key(probe: &Probe, answer: &Answer) -> Result<(), ProbeError> {
    let is_invalid = answer.outcome == Outcome::Refused(Refusal::Invalid);
    let (Some(name), Some(endpoint)) = (&probe.target.table, probe.endpoints.first()) else {
        return Ok(());
    };
    if !is_invalid {
        return Ok(());
    }
    let table = name.clone();
    match LockTable::new(endpoint.connection.clone(), table.clone()).describe().await {
        Ok(described) if described.key.is_empty() || described.has_lock_key() => Ok(()),
        Ok(described) => Err(ProbeError::WrongTableKey { table, key: described.key_text() }),
        // Who may not ask that is told by the words of DynamoDB.
        Err(_) if answer.message.contains("does not match the schema") => {
            let trouble = Box::new(trouble("DynamoDB", "GetItem", answer));
            Err(ProbeError::RefusedTableKey { table, trouble })
        }
        Err(_) => Ok(()),
    }
}

/// The first check of the table: whether it may be written.
///
/// # Errors
/// It may not, or is not there.
pub(super) async fn begin_items(stage: &Stage) -> Result<Finding, ProbeError> {
    let (finding, answer) = items::absent(stage).await;
    is_table("PutItem", &answer).map(|()| finding)
}

/// Whether the first endpoint is reached without TLS.
fn is_plain(probe: &Probe) -> bool {
    let url = probe.endpoints.first().and_then(Endpoint::url);
    url.is_some_and(|url| url.starts_with("http://"))
}

/// Whether an answer leaves it open that the table is there, and may be used.
fn is_table(operation: &'static str, answer: &Answer) -> Result<(), ProbeError> {
    match answer.outcome {
        Outcome::Refused(refusal @ Refusal::NoSuchTable) => {
            let trouble = trouble("DynamoDB", operation, answer);
            Err(ProbeError::Store(Box::new(StoreError::Refused { refusal, trouble })))
        }
        Outcome::Refused(Refusal::Denied) => {
            Err(ProbeError::NotPermitted(Box::new(trouble("DynamoDB", operation, answer))))
        }
        Outcome::Done | Outcome::Refused(_) | Outcome::Unknown | Outcome::NotSent(_) => Ok(()),
    }
}

/// An answer as it is told in errors.
fn trouble(service: &'static str, operation: &'static str, answer: &Answer) -> Trouble {
    Trouble {
        service,
        operation,
        endpoint: None,
        status: answer.status,
        code: answer.code.clone(),
        message: answer.message.clone(),
        request_id: None,
        was_sent: true,
    }
}
