//! Promises that only show when several callers meet: of many, exactly one wins.
//!
//! Each thread has a caller of its own. A barrier lets them go at once, in many rounds, because a
//! single round rarely shows a race.

use std::sync::Barrier;
use std::thread;

use anyhow::{Context, anyhow, bail, ensure};
use statelock_protocol::store::{
    BucketName, ETag, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply,
};

use super::CaseResult;

/// Lets `threads` callers create one key at once, in each of `rounds` rounds. `make_call` makes the
/// function through which the thread of that number sends its requests.
///
/// # Errors
/// A round with no winner or with several, a loser that was not refused, or stored bytes that are
/// not the winner's.
pub fn race_for_one_key<C>(
    bucket: &BucketName,
    threads: usize,
    rounds: usize,
    make_call: impl Fn(usize) -> C,
) -> CaseResult
where
    C: FnMut(ObjectRequest) -> Reply<ObjectSuccess> + Send,
{
    let mut callers: Vec<C> = (0..threads).map(make_call).collect();
    for round in 0..rounds {
        let key = ObjectKey::new(format!("contract/race_for_one_key/{round}"));
        run_round(&mut callers, bucket, &key, &Precondition::IfAbsent, round)
            .with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

/// Lets `threads` callers replace one version of an object at once, in each of `rounds` rounds.
///
/// # Errors
/// As [`race_for_one_key`].
pub fn race_for_one_version<C>(
    bucket: &BucketName,
    threads: usize,
    rounds: usize,
    make_call: impl Fn(usize) -> C,
) -> CaseResult
where
    C: FnMut(ObjectRequest) -> Reply<ObjectSuccess> + Send,
{
    let mut callers: Vec<C> = (0..threads).map(make_call).collect();
    let key = ObjectKey::new("contract/race_for_one_version");
    let first = callers.first_mut().context("a race needs a caller")?;
    let mut etag = applied_etag(&first(write(bucket, &key, "start", Precondition::None)))
        .context("the write before the race was not applied")?;
    for round in 0..rounds {
        etag = run_round(&mut callers, bucket, &key, &Precondition::IfMatch(etag), round)
            .with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

/// One round: everybody writes its own bytes under one precondition. Returns the winner's tag.
fn run_round<C>(
    callers: &mut [C],
    bucket: &BucketName,
    key: &ObjectKey,
    precondition: &Precondition,
    round: usize,
) -> anyhow::Result<ETag>
where
    C: FnMut(ObjectRequest) -> Reply<ObjectSuccess> + Send,
{
    let barrier = Barrier::new(callers.len());
    let replies = thread::scope(|scope| {
        let mut racers = Vec::new();
        for (number, call) in callers.iter_mut().enumerate() {
            let request = write(bucket, key, &body_of(round, number), precondition.clone());
            let barrier = &barrier;
            racers.push(scope.spawn(move || {
                barrier.wait();
                call(request)
            }));
        }
        racers
            .into_iter()
            .map(|racer| racer.join().map_err(|_| anyhow!("a caller panicked")))
            .collect()
    });
    let (winner, etag) = only_winner(replies)?;
    let call = callers.get_mut(winner).context("the winner is one of the callers")?;
    let read = call(ObjectRequest::Read { bucket: bucket.clone(), key: key.clone() });
    let Reply::Applied(ObjectSuccess::Read(object)) = read else {
        bail!("what the winner wrote cannot be read: {read:?}")
    };
    ensure!(
        object.body == body_of(round, winner).as_bytes(),
        "the stored bytes are not the winner's"
    );
    ensure!(object.etag == etag, "the stored tag is not the winner's");
    Ok(etag)
}

fn only_winner(
    replies: Vec<anyhow::Result<Reply<ObjectSuccess>>>,
) -> anyhow::Result<(usize, ETag)> {
    let mut winners = Vec::new();
    for (number, reply) in replies.into_iter().enumerate() {
        match reply? {
            // S3 may call a lost race a conflict.
            Reply::Refused(Refusal::PreconditionFailed | Refusal::Conflict) => {}
            other => match applied_etag(&other) {
                Some(etag) => winners.push((number, etag)),
                None => bail!("caller {number} neither won nor lost: {other:?}"),
            },
        }
    }
    ensure!(winners.len() == 1, "{} winners: {winners:?}", winners.len());
    winners.pop().context("one winner")
}

fn applied_etag(reply: &Reply<ObjectSuccess>) -> Option<ETag> {
    match reply {
        Reply::Applied(ObjectSuccess::Written(etag)) => Some(etag.clone()),
        Reply::Applied(_) | Reply::Refused(_) | Reply::Unknown => None,
    }
}

fn write(
    bucket: &BucketName,
    key: &ObjectKey,
    body: &str,
    precondition: Precondition,
) -> ObjectRequest {
    let body = body.as_bytes().to_vec();
    ObjectRequest::Write { bucket: bucket.clone(), key: key.clone(), body, precondition }
}

/// Differs from round to round: where tags are hashes, whoever writes the old bytes again leaves
/// the old tag, and a second winner would be right.
fn body_of(round: usize, caller: usize) -> String {
    format!("round {round}, caller {caller}")
}
