//! Many writers at once: who wins, and whose bytes stand there.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use statelock_protocol::store::Precondition;
use tokio::sync::Barrier;

use super::conditions::content;
use super::prize::Prize;
use crate::probe::answer::Answer;
use crate::probe::gate::Hold;
use crate::probe::judge::{self, RoundEnd, Standing};
use crate::probe::looking::Look;
use crate::probe::seat::Seat;
use crate::probe::seating::are_enough;
use crate::probe::stage::Stage;
use crate::probe::trial::untried;
use crate::probe::verdict::{Finding, Verdict};
use crate::system;

/// So many rounds with more than one winner are enough to know.
const RACY_ENOUGH: usize = 5;
/// How often it is looked again where something else stands than it should: reads may be stale.
const LOOKS: u8 = 3;

/// Requests of so many rounds, at most.
pub(in crate::probe) fn requests_max(writers: u64, rounds: u64) -> u64 {
    // Each may have to open its connection again first; beside them a preparation, a few looks, and one who is late.
    rounds * (2 * writers + 1 + 4 * (4 + u64::from(LOOKS)))
}

/// Runs the rounds. What is not done alone is not tried at once.
pub(in crate::probe) async fn race(
    stage: &Stage,
    prize: Prize,
    (alone, rounds): (Verdict, usize),
    announced: usize,
) -> Finding {
    let operation = prize.operation();
    if alone != Verdict::Enforced {
        let why = format!("not tried at once, because alone it is {alone}");
        return untried(operation, alone, why);
    }
    let seated = stage.seats.len();
    if !are_enough(seated, announced) {
        let why =
            format!("not tried at once, because {seated} of {announced} writers got an answer");
        return untried(operation, Verdict::NotKnown, why);
    }
    let mut ends = Vec::new();
    let mut told = Vec::new();
    for number in 0..rounds {
        stage.progress.set_round(number, rounds);
        let Some((answers, end)) = round(stage, prize, number).await else { break };
        ends.push(end);
        told.push((answers, end));
        let bad = ends.iter().filter(|end| matches!(end, RoundEnd::Several | RoundEnd::Wrong));
        if bad.count() >= RACY_ENOUGH {
            break;
        }
    }
    let account = judge::account(stage.seats.len(), &told);
    let mut verdict = judge::rounds(&ends);
    let mut note = None;
    if told.len() < rounds && verdict != Verdict::Racy {
        verdict = Verdict::NotKnown;
        note = Some(format!("{} of {rounds} rounds were run", told.len()));
    }
    Finding { operation, verdict, steps: Vec::new(), rounds: Some(account), samples: None, note }
}

/// What one round is about.
struct Round {
    name: String,
    condition: Precondition,
    bodies: Vec<Bytes>,
}

async fn round(stage: &Stage, prize: Prize, number: usize) -> Option<(Vec<Answer>, RoundEnd)> {
    let round = prepared(stage, prize, number).await?;
    let service = prize.service();
    let warmed = join_all(stage.seats.iter().map(|seat| stage.warm(seat, service))).await;
    if warmed.iter().any(Result::is_err) {
        return None;
    }
    let count = stage.seats.len() + 1;
    stage.limits.admit(u64::try_from(count).unwrap_or(u64::MAX)).ok()?;
    // Every second round holds the last byte: stores differ in when they look.
    let hold = if number.is_multiple_of(2) { Hold::Request } else { Hold::LastByte };
    let barrier = Arc::new(Barrier::new(stage.seats.len()));
    for seat in &stage.seats {
        seat.gate.close(&barrier, hold);
    }
    let requests = stage.seats.iter().zip(&round.bodies);
    let sent = requests.map(|(seat, body)| send(stage, prize, seat, &round, body));
    let mut answers = join_all(sent).await;
    for seat in &stage.seats {
        seat.gate.open();
    }
    answers.extend(late(stage, prize, &round, &answers).await);
    let end = settled(stage, prize, number, &round, &answers).await;
    Some((answers, end))
}

/// Who comes when it is decided: another writer than the one that won, at another address if there is one. Some stores
/// keep writers of one moment apart, and learn of what they wrote only later. Where nobody won, nobody is late.
async fn late(stage: &Stage, prize: Prize, round: &Round, answers: &[Answer]) -> Option<Answer> {
    let winner = answers.iter().position(Answer::is_done)?;
    let body = round.bodies.last()?;
    Some(send(stage, prize, stage.seat(winner + 1), round, body).await)
}

async fn prepared(stage: &Stage, prize: Prize, number: usize) -> Option<Round> {
    let name = match prize {
        Prize::FreshKey | Prize::FreshOrFreedKey => format!("race-{number}.tflock"),
        Prize::DeletedKey => format!("marker-race-{number}.tflock"),
        Prize::Replacement => format!("swap-{number}.json"),
        Prize::Item => format!("item-race-{number}"),
    };
    let key = stage.key(&name);
    // One more for who is late.
    let writers = 0..=stage.seats.len();
    let lock_infos = || {
        let infos = writers.clone();
        infos
            .map(|one| stage.lock_info(&name, &format!("writer {one} of round {number}")))
            .collect()
    };
    if prize.is_freed(number) {
        let body = stage.lock_info(&name, "before");
        stage.put_lock((&key, body)).await.is_done().then_some(())?;
        stage.look(stage.first(), &key).await;
        let deleted = stage.delete(stage.first(), &key, &Precondition::None).await;
        deleted.is_done().then_some(())?;
    }
    let (condition, bodies) = match prize {
        Prize::FreshKey | Prize::FreshOrFreedKey | Prize::DeletedKey | Prize::Item => {
            (Precondition::IfAbsent, lock_infos())
        }
        Prize::Replacement => {
            stage.put_alone((&key, content("before")), &Precondition::None).await;
            let Look::Found { etag, .. } = stage.look(stage.first(), &key).await else {
                return None;
            };
            let bodies = writers.map(|one| content(&format!("writer {one} of round {number}")));
            (Precondition::IfMatch(etag), bodies.collect())
        }
    };
    Some(Round { name, condition, bodies })
}

async fn send(stage: &Stage, prize: Prize, seat: &Seat, round: &Round, body: &Bytes) -> Answer {
    match prize {
        Prize::FreshKey | Prize::FreshOrFreedKey | Prize::DeletedKey | Prize::Replacement => {
            let key = stage.key(&round.name);
            let form = (stage.form(), false);
            stage.send_put(seat, (&key, body.clone()), &round.condition, form).await
        }
        Prize::Item => {
            let id = stage.lock_id(&round.name);
            stage.send_item(seat, (&id, &String::from_utf8_lossy(body))).await
        }
    }
}

/// Looks whose bytes stand there, again where that does not fit: a stale read is another fault than two winners.
async fn settled(
    stage: &Stage,
    prize: Prize,
    number: usize,
    round: &Round,
    answers: &[Answer],
) -> RoundEnd {
    let mut look = 0;
    loop {
        let standing = standing(stage, prize, number, round).await;
        let end = judge::round(answers, standing, &round.condition);
        look += 1;
        match end {
            RoundEnd::Wrong | RoundEnd::Undecided if look < LOOKS => system::pause(look).await,
            RoundEnd::One
            | RoundEnd::Several
            | RoundEnd::Nobody
            | RoundEnd::Wrong
            | RoundEnd::Undecided => return end,
        }
    }
}

async fn standing(stage: &Stage, prize: Prize, number: usize, round: &Round) -> Standing {
    let seat = stage.seat(number);
    let whose = |found: &[u8]| {
        let number = round.bodies.iter().position(|body| body == found);
        // Nobody's of this round: what was there before, or something that nobody sent.
        match number {
            Some(number) => Standing::Of(number),
            None if found == content("before") => Standing::Nobody,
            None => Standing::Of(round.bodies.len()),
        }
    };
    match prize {
        Prize::FreshKey | Prize::FreshOrFreedKey | Prize::DeletedKey | Prize::Replacement => {
            match stage.look(seat, &stage.key(&round.name)).await {
                Look::Found { body, .. } => whose(&body),
                Look::Nothing => Standing::Nobody,
                Look::NotKnown(_) => Standing::NotKnown,
            }
        }
        Prize::Item => {
            use crate::probe::items::ItemLook;
            match stage.look_at_item(seat, &stage.lock_id(&round.name)).await {
                ItemLook::Found(info) => whose(info.unwrap_or_default().as_bytes()),
                ItemLook::Nothing => Standing::Nobody,
                ItemLook::NotKnown(_) => Standing::NotKnown,
            }
        }
    }
}
