//! Whether reads and listings show what is there, and whether ETags mean something.

use futures::StreamExt as _;
use futures::stream;
use statelock_protocol::store::Precondition;

use super::conditions::content;
use crate::probe::judge;
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial, untried};
use crate::probe::verdict::{Due, Finding, Samples, Verdict};

/// Objects of a listing.
const LISTED: usize = 100;
/// Requests on their way at once, where nothing races.
pub(in crate::probe) const AT_ONCE: usize = 8;

/// Requests of [`reads`] with so many samples. What the store puts off is sent again.
pub(in crate::probe) fn reads_max(samples: u64) -> u64 {
    samples * 6 * 2
}

/// Requests of [`listings`].
pub(in crate::probe) const LISTINGS: u64 = 180;
/// Requests of [`etag`].
pub(in crate::probe) const ETAG: u64 = 5 * 4;

/// Reads after writes, new and over others, and after deletes: each by another writer than the one that wrote.
pub(in crate::probe) async fn reads(stage: &Stage, count: usize) -> [Finding; 2] {
    let (mut written, mut deleted) = (Samples::default(), Samples::default());
    for number in 0..count {
        stage.progress.set_round(number, count);
        let (writer, reader) = (stage.seat(number), stage.seat(number + 1));
        let key = stage.key(&format!("read-{number}.json"));
        let mut is_there = false;
        for who in ["first", "second"] {
            let body = content(&format!("{who} {number}"));
            let made = stage.put(writer, (&key, body.clone()), &Precondition::None).await;
            if !made.is_done() {
                written.unanswered += 1;
                continue;
            }
            is_there = true;
            let look = stage.look(reader, &key).await;
            count_look(
                &mut written,
                &look,
                |look| matches!(look, Look::Found { body: found, .. } if *found == body),
            );
        }
        // That nothing is there where nothing was says nothing.
        if is_there && stage.delete(writer, &key, &Precondition::None).await.is_done() {
            let look = stage.look(reader, &key).await;
            count_look(&mut deleted, &look, |look| *look == Look::Nothing);
        } else {
            deleted.unanswered += 1;
        }
    }
    [(Operation::ReadAfterWrite, written), (Operation::ReadAfterDelete, deleted)].map(of_samples)
}

fn count_look(samples: &mut Samples, look: &Look, is_right: impl Fn(&Look) -> bool) {
    match look {
        Look::NotKnown(_) => samples.unanswered += 1,
        Look::Found { .. } | Look::Nothing if is_right(look) => samples.right += 1,
        Look::Found { .. } | Look::Nothing => samples.stale += 1,
    }
}

fn of_samples((operation, samples): (Operation, Samples)) -> Finding {
    let verdict = judge::samples(&samples);
    let (steps, rounds, note) = (Vec::new(), None, None);
    Finding { operation, verdict, steps, rounds, samples: Some(samples), note }
}

/// A listing after many writes, and one after half of them were deleted.
pub(in crate::probe) async fn listings(stage: &Stage) -> [Finding; 2] {
    let operations = [Operation::ListAfterWrite, Operation::ListAfterDelete];
    let key = |number: usize| stage.key(&format!("list/{number:03}.json"));
    let (key, prefix) = (&key, stage.key("list/"));
    let writes = (0..LISTED).map(|number| async move {
        let body = content(&format!("listed {number}"));
        let made = stage.put(stage.seat(number), (&key(number), body), &Precondition::None).await;
        made.is_done().then(|| key(number))
    });
    let made: Vec<_> = stream::iter(writes).buffered(AT_ONCE).collect().await;
    let made: Vec<_> = made.into_iter().flatten().collect();
    let listed = match stage.list(stage.seat(1), &prefix).await {
        Ok(listed) => listed,
        Err(answer) => {
            return operations.map(|operation| {
                untried(operation, Verdict::NotKnown, format!("it could not be listed: {answer}"))
            });
        }
    };
    let is_listed = |key: &String| listed.iter().any(|(one, _)| one == key);
    let written = counted(&made, LISTED, is_listed);
    let removals = made.iter().enumerate().filter(|(number, _)| number.is_multiple_of(2));
    let removals = removals.map(|(number, key)| async move {
        let gone = stage.delete(stage.seat(number), key, &Precondition::None).await;
        gone.is_done().then(|| key.clone())
    });
    let gone: Vec<_> = stream::iter(removals).buffered(AT_ONCE).collect().await;
    let gone: Vec<_> = gone.into_iter().flatten().collect();
    let deleted = match stage.list(stage.seat(2), &prefix).await {
        Ok(listed) => counted(&gone, LISTED / 2, |key| !listed.iter().any(|(one, _)| one == key)),
        Err(_) => Samples { unanswered: 1, ..Samples::default() },
    };
    let [write, delete] = operations;
    [(write, written), (delete, deleted)].map(of_samples)
}

/// Of `planned` keys these could be written or deleted. The others show nothing.
fn counted(keys: &[String], planned: usize, is_right: impl Fn(&String) -> bool) -> Samples {
    let missing = planned.saturating_sub(keys.len());
    let unanswered = u64::try_from(missing).unwrap_or(u64::MAX);
    let mut samples = Samples { unanswered, ..Samples::default() };
    for key in keys {
        if is_right(key) {
            samples.right += 1;
        } else {
            samples.stale += 1;
        }
    }
    samples
}

/// Whether the ETag of a write, of a read and of a listing are one, and another one for other bytes.
pub(in crate::probe) async fn etag(stage: &Stage) -> Finding {
    let mut trial = Trial::new(Operation::ETag);
    let key = stage.key("etag/object.json");
    let written = stage.put_alone((&key, content("one")), &Precondition::None).await;
    let Look::Found { etag, .. } = stage.look(stage.first(), &key).await else {
        trial.not_prepared("nothing could be put there", &written);
        return trial.finding();
    };
    let listed = stage.list(stage.first(), &stage.key("etag/")).await.unwrap_or_default();
    let listed = listed.into_iter().find(|(one, _)| *one == key).map(|(_, etag)| etag);
    let other = stage.put_alone((&key, content("another")), &Precondition::None).await;
    let verdict = |is_right| if is_right { Verdict::Enforced } else { Verdict::Ignored };
    let is_told = written.etag.as_ref() == Some(&etag) && !etag.as_str().is_empty();
    // Some listings tell none.
    let is_listed = listed.is_none_or(|listed| listed.as_str().is_empty() || listed == etag);
    let is_another = other.etag.as_ref().is_some_and(|other| *other != etag);
    for (what, answer, is_right) in [
        ("the ETag of a write is that of a read", &written, is_told),
        ("the ETag of a listing is too", &written, is_listed),
        ("the ETag of other bytes is another", &other, is_another),
    ] {
        let request = Request { what, due: Due::Done, before: None };
        let found = if is_right { "" } else { "another ETag than that" };
        let verdict = if answer.is_done() { verdict(is_right) } else { Verdict::NotKnown };
        trial.note(request, (answer, found), verdict);
    }
    trial.finding()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_no_sample() {
        let keys = ["a".to_owned(), "b".to_owned()];
        let counted = |planned| counted(&keys, planned, |key| key == "a");
        assert_eq!(counted(2), Samples { right: 1, stale: 1, unanswered: 0 });
        assert_eq!(counted(10), Samples { right: 1, stale: 1, unanswered: 8 });
        let all = super::counted(&keys, 10, |_| true);
        assert_eq!(judge::samples(&all), Verdict::NotKnown, "2 of 10 are too few");
    }
}
