//! From answers to verdicts. Nothing is sent here.

use statelock_protocol::store::{Precondition, Refusal};

use super::answer::{Answer, Outcome};
use super::verdict::{Due, Rounds, Samples, Verdict};

/// What a request turned out to have done, by what stood there afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// What it asked for.
    Made,
    /// Nothing: what was there before is still there.
    None,
    /// Neither: something else stands there, such as a body with its framing.
    Other,
    /// Nobody could look.
    NotKnown,
}

/// Judges one request by what it was due, what was said, and what it did. Whether something stood there before
/// matters where it says that nothing does.
pub(super) fn case((due, is_taken): (Due, bool), answer: &Answer, effect: Effect) -> Verdict {
    match due {
        Due::Done => case_to_be_done(answer, effect),
        Due::Refused => case_to_be_refused(answer, effect, is_taken),
        // Whatever the store says: it must not do more than it says.
        Due::Either => match (answer.outcome, effect) {
            (Outcome::Refused(_), Effect::Made | Effect::Other) => Verdict::Ignored,
            (_, Effect::NotKnown) | (Outcome::Unknown | Outcome::NotSent(_), _) => {
                Verdict::NotKnown
            }
            (Outcome::Done | Outcome::Refused(_), _) => Verdict::Enforced,
        },
    }
}

fn case_to_be_done(answer: &Answer, effect: Effect) -> Verdict {
    match (answer.outcome, effect) {
        (Outcome::Done, Effect::Made) => Verdict::Enforced,
        // Accepted, and not done; or refused, and done.
        (Outcome::Done, Effect::None | Effect::Other)
        | (Outcome::Unknown, Effect::Other)
        | (Outcome::Refused(_), Effect::Made | Effect::Other) => Verdict::Ignored,
        (Outcome::Refused(refusal), Effect::None | Effect::NotKnown) => match refusal {
            Refusal::PreconditionFailed
            | Refusal::Conflict
            | Refusal::NoSuchKey
            | Refusal::Invalid
            | Refusal::Unsupported => Verdict::Rejected,
            Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Unavailable => Verdict::NotKnown,
        },
        (Outcome::Done, Effect::NotKnown) | (Outcome::Unknown | Outcome::NotSent(_), _) => {
            Verdict::NotKnown
        }
    }
}

fn case_to_be_refused(answer: &Answer, effect: Effect, is_taken: bool) -> Verdict {
    match (answer.outcome, effect) {
        // Whoever asked believes that it is done, whether it is or not.
        (Outcome::Done, _) | (_, Effect::Made | Effect::Other) => Verdict::Ignored,
        (_, Effect::NotKnown) | (Outcome::NotSent(_), _) => Verdict::NotKnown,
        (Outcome::Refused(refusal), Effect::None) => match refusal {
            Refusal::PreconditionFailed | Refusal::Conflict => Verdict::Enforced,
            Refusal::NoSuchKey if !is_taken => Verdict::Enforced,
            Refusal::Invalid | Refusal::Unsupported => Verdict::Rejected,
            // What is not where an object stands was not compared with it.
            Refusal::NoSuchKey
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Unavailable => Verdict::NotKnown,
        },
        // A 404 without a code is no usual answer, but no lost one either.
        (Outcome::Unknown, Effect::None) => match answer.status {
            Some(404) if !is_taken => Verdict::Enforced,
            _ => Verdict::NotKnown,
        },
    }
}

/// Judges a body whose checksum is wrong: it is to be refused, in whatever words.
pub(super) fn wrong_checksum(answer: &Answer, effect: Effect) -> Verdict {
    match (answer.outcome, effect) {
        (Outcome::Done, _) | (_, Effect::Made | Effect::Other) => Verdict::Ignored,
        (Outcome::Refused(Refusal::Unavailable) | Outcome::Unknown | Outcome::NotSent(_), _)
        | (_, Effect::NotKnown) => Verdict::NotKnown,
        (Outcome::Refused(_), Effect::None) => Verdict::Enforced,
    }
}

/// The verdict of several cases: the worst that is shown.
pub(super) fn worst(cases: impl IntoIterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Ignored => 4,
        Verdict::Racy => 3,
        Verdict::Rejected => 2,
        Verdict::NotKnown => 1,
        Verdict::Enforced => 0,
    };
    cases.into_iter().max_by_key(rank).unwrap_or(Verdict::NotKnown)
}

/// Whose bytes stood there after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Those of the writer with this number.
    Of(usize),
    /// Those of nobody in the round: what was there before, or nothing.
    Nobody,
    /// Nobody could look.
    NotKnown,
}

/// What came of one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoundEnd {
    /// One won, and its bytes stand there.
    One,
    /// Several won, or another's bytes stand there than the winner's.
    Several,
    /// The winner's bytes are nowhere, or somebody's who was refused are there.
    Wrong,
    /// Nobody won, and nothing was done.
    Nobody,
    /// Answers were lost, or refused for another reason than that somebody was faster.
    Undecided,
}

/// Judges one round, of writers that all had the same condition.
pub(super) fn round(answers: &[Answer], standing: Standing, condition: &Precondition) -> RoundEnd {
    let told = |number: usize| answers.get(number).map(|answer| answer.outcome);
    let won = answers.iter().filter(|answer| answer.is_done()).count();
    let is_open = answers.iter().any(|answer| !answer.is_done() && !answer.has_lost(condition));
    match (won, standing) {
        (2.., _) => RoundEnd::Several,
        (1, Standing::Of(number)) => match told(number) {
            // One that was not told that it lost may have; the rest of the rounds has to show it.
            Some(Outcome::Done) if is_open => RoundEnd::Undecided,
            Some(Outcome::Done) => RoundEnd::One,
            // It was not told, and it wrote over the winner, or the winner over it.
            Some(Outcome::Unknown) => RoundEnd::Several,
            Some(Outcome::Refused(_) | Outcome::NotSent(_)) | None => RoundEnd::Wrong,
        },
        (1, Standing::Nobody) => RoundEnd::Wrong,
        (_, Standing::NotKnown) => RoundEnd::Undecided,
        (_, Standing::Of(number)) => match told(number) {
            Some(Outcome::Refused(Refusal::Unavailable) | Outcome::Unknown) => RoundEnd::Undecided,
            Some(Outcome::Done | Outcome::Refused(_) | Outcome::NotSent(_)) | None => {
                RoundEnd::Wrong
            }
        },
        (_, Standing::Nobody) if is_open => RoundEnd::Undecided,
        (_, Standing::Nobody) => RoundEnd::Nobody,
    }
}

/// Of so many rounds one must have been decided, for the verdict to be that nothing went wrong.
const DECIDED: (usize, usize) = (3, 4);

/// The verdict of all rounds. One round in which two won is enough.
pub(super) fn rounds(ends: &[RoundEnd]) -> Verdict {
    let count = |end: RoundEnd| ends.iter().filter(|one| **one == end).count();
    if count(RoundEnd::Several) + count(RoundEnd::Wrong) > 0 {
        return Verdict::Racy;
    }
    let (one, nobody) = (count(RoundEnd::One), count(RoundEnd::Nobody));
    let (needed, of) = DECIDED;
    if one == 0 && nobody > 0 && nobody == ends.len() {
        return Verdict::Rejected;
    }
    if one > 0 && (one + nobody) * of >= ends.len() * needed {
        return Verdict::Enforced;
    }
    Verdict::NotKnown
}

/// The account of rounds for a report.
pub(super) fn account(writers: usize, rounds: &[(Vec<Answer>, RoundEnd)]) -> Rounds {
    let mut account = Rounds { writers, ..Rounds::default() };
    for (answers, end) in rounds {
        account.winners.push(answers.iter().filter(|answer| answer.is_done()).count());
        // Who is late comes after all others, and only where somebody won.
        let late = answers.get(writers..).unwrap_or_default();
        account.late_winners += late.iter().filter(|answer| answer.is_done()).count();
        for answer in answers {
            *account.answers.entry(answer.kind()).or_default() += 1;
        }
        match end {
            RoundEnd::Wrong => account.wrong_bytes += 1,
            RoundEnd::Undecided => account.undecided += 1,
            RoundEnd::One | RoundEnd::Several | RoundEnd::Nobody => {}
        }
    }
    account
}

/// The verdict of many looks.
pub(super) fn samples(samples: &Samples) -> Verdict {
    let Samples { right, stale, unanswered } = *samples;
    match (right, stale) {
        (0, 0) => Verdict::NotKnown,
        (0, _) => Verdict::Ignored,
        (_, 0) if unanswered * 3 <= right => Verdict::Enforced,
        (_, 0) => Verdict::NotKnown,
        (_, _) => Verdict::Racy,
    }
}

/// Whether conditions that fail are told as such: with 412. 409 asks to repeat what can never be done.
pub(super) fn refusal_status<'a>(refused: impl IntoIterator<Item = &'a Answer>) -> Verdict {
    let verdicts = refused.into_iter().filter_map(|answer| match answer.outcome {
        Outcome::Refused(Refusal::PreconditionFailed) => Some(Verdict::Enforced),
        Outcome::Refused(Refusal::Conflict) => Some(Verdict::Ignored),
        Outcome::Refused(_) | Outcome::Done | Outcome::Unknown | Outcome::NotSent(_) => None,
    });
    worst(verdicts)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
