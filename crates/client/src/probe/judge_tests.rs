//! Every combination of what is due, what is said and what is there.

use super::*;
use crate::probe::answer::NotSent;

const REFUSALS: [Refusal; 9] = [
    Refusal::PreconditionFailed,
    Refusal::Conflict,
    Refusal::NoSuchKey,
    Refusal::NoSuchBucket,
    Refusal::NoSuchTable,
    Refusal::Denied,
    Refusal::Invalid,
    Refusal::Unsupported,
    Refusal::Unavailable,
];
const EFFECTS: [Effect; 4] = [Effect::Made, Effect::None, Effect::Other, Effect::NotKnown];

fn told(outcome: Outcome) -> Answer {
    Answer { outcome, ..Answer::done(None) }
}

fn done() -> Answer {
    told(Outcome::Done)
}

fn refused(refusal: Refusal) -> Answer {
    told(Outcome::Refused(refusal))
}

fn outcomes() -> Vec<Outcome> {
    let refusals = REFUSALS.map(Outcome::Refused);
    let others = [Outcome::Done, Outcome::Unknown, Outcome::NotSent(NotSent::Stopped)].into_iter();
    others.chain(refusals).collect()
}

#[test]
fn a_request_that_is_to_be_done() {
    use Verdict::{Enforced, Ignored, NotKnown, Rejected};
    for outcome in outcomes() {
        let expected: [Verdict; 4] = match outcome {
            Outcome::Done => [Enforced, Ignored, Ignored, NotKnown],
            Outcome::Unknown => [NotKnown, NotKnown, Ignored, NotKnown],
            Outcome::NotSent(_) => [NotKnown; 4],
            Outcome::Refused(
                Refusal::PreconditionFailed
                | Refusal::Conflict
                | Refusal::NoSuchKey
                | Refusal::Invalid
                | Refusal::Unsupported,
            ) => [Ignored, Rejected, Ignored, Rejected],
            Outcome::Refused(
                Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::Denied
                | Refusal::Unavailable,
            ) => [Ignored, NotKnown, Ignored, NotKnown],
        };
        let verdicts = EFFECTS.map(|effect| case((Due::Done, false), &told(outcome), effect));
        assert_eq!(verdicts, expected, "{outcome:?}");
    }
}

#[test]
fn a_request_that_is_to_be_refused() {
    use Verdict::{Enforced, Ignored, NotKnown, Rejected};
    let cases = outcomes().into_iter().flat_map(|outcome| [(outcome, true), (outcome, false)]);
    for (outcome, is_taken) in cases {
        let expected: [Verdict; 4] = match outcome {
            // Whoever is told that it is done believes it.
            Outcome::Done => [Ignored; 4],
            Outcome::Refused(Refusal::PreconditionFailed | Refusal::Conflict) => {
                [Ignored, Enforced, Ignored, NotKnown]
            }
            // Where an object stands, one that says that there is none has not compared.
            Outcome::Refused(Refusal::NoSuchKey) if !is_taken => {
                [Ignored, Enforced, Ignored, NotKnown]
            }
            Outcome::Refused(Refusal::Invalid | Refusal::Unsupported) => {
                [Ignored, Rejected, Ignored, NotKnown]
            }
            Outcome::Unknown
            | Outcome::NotSent(_)
            | Outcome::Refused(
                Refusal::NoSuchKey
                | Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::Denied
                | Refusal::Unavailable,
            ) => [Ignored, NotKnown, Ignored, NotKnown],
        };
        let due = (Due::Refused, is_taken);
        let verdicts = EFFECTS.map(|effect| case(due, &told(outcome), effect));
        assert_eq!(verdicts, expected, "{outcome:?} {is_taken}");
    }
    let bare = |status| Answer { status: Some(status), ..told(Outcome::Unknown) };
    assert_eq!(case((Due::Refused, false), &bare(404), Effect::None), Enforced);
    assert_eq!(case((Due::Refused, true), &bare(404), Effect::None), NotKnown);
    assert_eq!(case((Due::Refused, false), &bare(500), Effect::None), NotKnown);
}

#[test]
fn a_request_that_may_be_done_or_refused() {
    use Verdict::{Enforced, Ignored, NotKnown};
    let verdicts =
        |answer: Answer| EFFECTS.map(|effect| case((Due::Either, false), &answer, effect));
    assert_eq!(verdicts(done()), [Enforced, Enforced, Enforced, NotKnown]);
    assert_eq!(verdicts(told(Outcome::Unknown)), [NotKnown; 4]);
    for refusal in REFUSALS {
        assert_eq!(verdicts(refused(refusal)), [Ignored, Enforced, Ignored, NotKnown]);
    }
}

#[test]
fn a_wrong_checksum_is_to_be_refused_in_whatever_words() {
    use Verdict::{Enforced, Ignored, NotKnown};
    for outcome in outcomes() {
        let expected = match outcome {
            Outcome::Done => [Ignored; 4],
            Outcome::Unknown | Outcome::NotSent(_) | Outcome::Refused(Refusal::Unavailable) => {
                [Ignored, NotKnown, Ignored, NotKnown]
            }
            Outcome::Refused(_) => [Ignored, Enforced, Ignored, NotKnown],
        };
        let verdicts = EFFECTS.map(|effect| wrong_checksum(&told(outcome), effect));
        assert_eq!(verdicts, expected, "{outcome:?}");
    }
}

#[test]
fn the_worst_case_counts() {
    use Verdict::{Enforced, Ignored, NotKnown, Racy, Rejected};
    assert_eq!(worst([]), NotKnown);
    assert_eq!(worst([Enforced, Enforced]), Enforced);
    assert_eq!(worst([Enforced, NotKnown]), NotKnown);
    assert_eq!(worst([NotKnown, Rejected, Enforced]), Rejected);
    assert_eq!(worst([Rejected, Racy]), Racy);
    assert_eq!(worst([Racy, Ignored, Rejected]), Ignored);
}

/// Every round of three writers, by what is true of it.
#[test]
fn every_round_of_three_writers() {
    let outcomes = outcomes();
    let standings = [0, 1, 2, 3].map(Standing::Of).into_iter();
    let standings: Vec<_> = standings.chain([Standing::Nobody, Standing::NotKnown]).collect();
    for first in &outcomes {
        for second in &outcomes {
            for third in &outcomes {
                let answers = [*first, *second, *third].map(told);
                for (standing, condition) in standings.iter().flat_map(|one| both(*one)) {
                    let end = round(&answers, standing, &condition);
                    let expected = truth(&answers, standing, &condition);
                    assert_eq!(end, expected, "{answers:?} {standing:?} {condition:?}");
                }
            }
        }
    }
}

/// A standing with each condition that writers race with.
fn both(standing: Standing) -> [(Standing, Precondition); 2] {
    let tag = Precondition::IfMatch(statelock_protocol::store::ETag::new("tag"));
    [(standing, Precondition::IfAbsent), (standing, tag)]
}

#[test]
fn a_loser_is_only_who_was_told_that_another_was_faster() {
    for (_, condition) in both(Standing::Nobody) {
        let is_match = matches!(condition, Precondition::IfMatch(_));
        for refusal in REFUSALS {
            let is_loser = match refusal {
                Refusal::PreconditionFailed | Refusal::Conflict => true,
                Refusal::NoSuchKey => is_match,
                _ => false,
            };
            let mut answers = vec![refused(refusal); 32];
            answers[7] = done();
            let end = round(&answers, Standing::Of(7), &condition);
            let expected = if is_loser { RoundEnd::One } else { RoundEnd::Undecided };
            assert_eq!(end, expected, "{refusal:?} {condition:?}");
            let expected = if is_loser { Verdict::Enforced } else { Verdict::NotKnown };
            assert_eq!(rounds(&[end; 20]), expected, "{refusal:?} {condition:?}");
        }
    }
}

/// Whether this answer tells whoever asked that another was faster.
fn says_lost(answer: &Answer, condition: &Precondition) -> bool {
    use Outcome::Refused;
    let Refused(refusal) = answer.outcome else { return false };
    let words = match condition {
        Precondition::IfMatch(_) => {
            &[Refusal::PreconditionFailed, Refusal::Conflict, Refusal::NoSuchKey][..]
        }
        Precondition::IfAbsent => &[Refusal::PreconditionFailed, Refusal::Conflict],
        Precondition::None => &[],
    };
    words.contains(&refusal)
}

/// The same judgement in other words: from what can be believed.
fn truth(answers: &[Answer], standing: Standing, condition: &Precondition) -> RoundEnd {
    let won: Vec<_> = (0..answers.len()).filter(|one| answers[*one].is_done()).collect();
    let may_be_done = [Outcome::Unknown, Outcome::Refused(Refusal::Unavailable)];
    let open = |one: usize| answers.get(one).is_some_and(|one| may_be_done.contains(&one.outcome));
    let is_decided = |one: &Answer| one.outcome == Outcome::Done || says_lost(one, condition);
    let lost_answers = !answers.iter().all(is_decided);
    if won.len() > 1 {
        return RoundEnd::Several;
    }
    let Some(winner) = won.first() else {
        return match standing {
            Standing::NotKnown => RoundEnd::Undecided,
            Standing::Of(one) if open(one) => RoundEnd::Undecided,
            Standing::Of(_) => RoundEnd::Wrong,
            Standing::Nobody if lost_answers => RoundEnd::Undecided,
            Standing::Nobody => RoundEnd::Nobody,
        };
    };
    match standing {
        Standing::NotKnown => RoundEnd::Undecided,
        Standing::Of(one) if one == *winner && lost_answers => RoundEnd::Undecided,
        Standing::Of(one) if one == *winner => RoundEnd::One,
        Standing::Of(one)
            if answers.get(one).is_some_and(|one| one.outcome == Outcome::Unknown) =>
        {
            RoundEnd::Several
        }
        Standing::Of(_) | Standing::Nobody => RoundEnd::Wrong,
    }
}

#[test]
fn one_bad_round_of_many_is_enough() {
    use RoundEnd::{Nobody, One, Several, Undecided, Wrong};
    let mut ends = vec![One; 19];
    assert_eq!(rounds(&ends), Verdict::Enforced);
    for bad in [Several, Wrong] {
        ends.push(bad);
        assert_eq!(rounds(&ends), Verdict::Racy);
        ends.pop();
    }
    assert_eq!(rounds(&[One, One, One, Undecided]), Verdict::Enforced);
    assert_eq!(rounds(&[One, One, Undecided, Undecided]), Verdict::NotKnown);
    assert_eq!(rounds(&[One, Nobody]), Verdict::Enforced);
    assert_eq!(rounds(&[Nobody, Nobody]), Verdict::Rejected);
    assert_eq!(rounds(&[Nobody, Undecided]), Verdict::NotKnown);
    assert_eq!(rounds(&[]), Verdict::NotKnown);
}

#[test]
fn rounds_are_accounted_for() {
    let lost = refused(Refusal::PreconditionFailed);
    let lost = Answer { status: Some(412), code: Some("PreconditionFailed".into()), ..lost };
    let one = (vec![done(), lost.clone()], RoundEnd::One);
    let two = (vec![done(), done()], RoundEnd::Several);
    let wrong = (vec![done(), lost], RoundEnd::Wrong);
    let account = account(2, &[one, two, wrong]);
    assert_eq!((account.writers, account.winners.as_slice()), (2, &[1, 2, 1][..]));
    assert_eq!((account.wrong_bytes, account.undecided, account.late_winners), (1, 0, 0));
    let answers: Vec<_> = account.answers.into_iter().collect();
    assert_eq!(answers, [("412 PreconditionFailed".to_owned(), 2), ("done".to_owned(), 4)]);
    let late = (vec![refused(Refusal::PreconditionFailed), done(), done()], RoundEnd::Several);
    let account = super::account(2, &[late]);
    assert_eq!((account.winners.as_slice(), account.late_winners), (&[2][..], 1));
}

#[test]
fn one_stale_look_is_enough() {
    let of = |right, stale, unanswered| samples(&Samples { right, stale, unanswered });
    assert_eq!(of(20, 0, 0), Verdict::Enforced);
    assert_eq!(of(20, 0, 6), Verdict::Enforced);
    assert_eq!(of(20, 0, 7), Verdict::NotKnown);
    assert_eq!(of(19, 1, 0), Verdict::Racy);
    assert_eq!(of(0, 20, 0), Verdict::Ignored);
    assert_eq!(of(0, 0, 20), Verdict::NotKnown);
}

#[test]
fn a_conflict_is_not_a_failed_condition() {
    let (failed, conflict) = (refused(Refusal::PreconditionFailed), refused(Refusal::Conflict));
    assert_eq!(refusal_status([&failed]), Verdict::Enforced);
    assert_eq!(refusal_status([&failed, &conflict]), Verdict::Ignored);
    assert_eq!(refusal_status([&done(), &refused(Refusal::Unsupported)]), Verdict::NotKnown);
}
