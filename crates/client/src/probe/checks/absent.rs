//! `If-None-Match: *`, one request after the other: what a lockfile is made of.

use bytes::Bytes;
use statelock_protocol::store::Precondition;

use crate::probe::answer::{Answer, Outcome};
use crate::probe::body::BodyForm;
use crate::probe::judge;
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::seat::Seat;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial};
use crate::probe::verdict::{Due, Finding};

/// So many other addresses and endpoints are asked one by one; the races ask all.
const PLACES_MAX: usize = 8;
/// Requests of [`absent`], at most: on one key, in six forms of three, over another, under three kinds of keys of four,
/// and at the other places. A request that the store puts off is sent up to four times.
pub(in crate::probe) const ABSENT: u64 = (6 + 6 * 3 + 4 + 3 * 4 + 8 * 4) * 4;

const TAKEN: &str = "If-None-Match: * on a key that is taken";
const FREE: &str = "If-None-Match: * on a free key";
/// How long keys may be, in bytes.
const KEY_MAX: usize = 1024;

/// `If-None-Match: *` on a free key and on a taken one; the answer to the latter. On the taken one in these other
/// forms too: a store may read their bodies in another way, and forget the condition there. And where an object was
/// written over, under keys that stores may take for other ones, and at each other address.
pub(in crate::probe) async fn absent(stage: &Stage, forms: &[BodyForm]) -> (Finding, Vec<Answer>) {
    let mut trial = Trial::new(Operation::PutIfAbsent);
    let refused = on_one_key(stage, &mut trial, forms).await;
    // What is not done in the simplest case is not looked for in others.
    if trial.is_fine() {
        written_over(stage, &mut trial).await;
        for (kind, name) in names(stage.base.len()) {
            on_key(stage, &mut trial, kind, &name).await;
        }
        at_other_places(stage, &mut trial).await;
    }
    (trial.finding(), refused.into_iter().collect())
}

async fn on_one_key(stage: &Stage, trial: &mut Trial, forms: &[BodyForm]) -> Option<Answer> {
    let name = "absent.tflock";
    let key = stage.key(name);
    let bodies = ["first", "second"].map(|who| stage.lock_info(name, who));
    let [first, second] = &bodies;
    let free = Request { what: FREE, due: Due::Done, before: None };
    trial.put(stage, free, (&key, first), &Precondition::IfAbsent).await;
    // Whatever became of the first: something has to stand there for the second.
    if stage.look(stage.first(), &key).await == Look::Nothing {
        let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
        if !made.is_done() {
            trial.not_prepared("nothing could be put there", &made);
            return None;
        }
    }
    let taken = Request { what: TAKEN, due: Due::Refused, before: Some(first) };
    let (refused, _) = trial.put(stage, taken, (&key, second), &Precondition::IfAbsent).await;
    for form in forms {
        if !is_tried_as(stage, trial, &key, *form).await {
            break;
        }
    }
    Some(refused)
}

/// `If-None-Match: *` on a taken key, with a body in this form; whether something still stands there.
async fn is_tried_as(stage: &Stage, trial: &mut Trial, key: &str, form: BodyForm) -> bool {
    let before = match stage.look(stage.first(), key).await {
        Look::Found { body, .. } => body,
        // What took it away is judged already.
        Look::Nothing => return false,
        Look::NotKnown(answer) => {
            trial.not_prepared("what stands there could not be read", &answer);
            return false;
        }
    };
    let how = form.operation().title();
    let body = stage.lock_info("absent.tflock", how);
    let put = (key, body.clone());
    let answer = stage.put_alone_as(stage.first(), put, &Precondition::IfAbsent, form).await;
    let what = format!("{TAKEN}, {how}");
    let request = Request { what: &what, due: Due::Refused, before: Some(&before) };
    trial.written(stage, request, (key, &body), &answer).await;
    true
}

/// `If-None-Match: *` where an object was written over another: the newest one counts. Who may not write over it, as
/// a policy of the bucket may say of lockfiles, is not asked.
async fn written_over(stage: &Stage, trial: &mut Trial) {
    let key = stage.key("written-over.json");
    let bodies = ["first", "second", "third"].map(|who| stage.lock_info("written-over", who));
    let [first, second, third] = &bodies;
    for body in [first, second] {
        let made = stage.put_alone((&key, body.clone()), &Precondition::None).await;
        if !made.is_done() {
            trial.remark(&format!("nothing could be written over: {made}"));
            return;
        }
    }
    let what = "If-None-Match: * on a key that was written over";
    let request = Request { what, due: Due::Refused, before: Some(second) };
    trial.put(stage, request, (&key, third), &Precondition::IfAbsent).await;
}

/// Keys that a store may take for other ones, or not look up: of a workspace, with special characters, and a long one.
fn names(base_length: usize) -> [(&'static str, String); 3] {
    let end = ".tflock";
    let room = KEY_MAX.saturating_sub(base_length).saturating_sub(end.len());
    let long: String = "long-key/".chars().cycle().take(room).collect();
    [
        ("a key of a workspace", format!("env:/probe/terraform.tfstate{end}")),
        ("a key with special characters", format!("a b+c=d&e(\u{fc})@{end}")),
        (
            "a key of 1024 bytes",
            format!("{}x{end}", long.get(..room.saturating_sub(1)).unwrap_or("long")),
        ),
    ]
}

/// Free and then taken, under another kind of key. A store that does not take such a key at all keeps no state there
/// either.
async fn on_key(stage: &Stage, trial: &mut Trial, kind: &str, name: &str) {
    let key = stage.key(name);
    let bodies = ["first", "second"].map(|who| stage.lock_info(name, who));
    let [first, second] = &bodies;
    let answer = stage.put_alone((&key, first.clone()), &Precondition::IfAbsent).await;
    if !answer.is_done() && !answer.has_lost(&Precondition::IfAbsent) {
        if !matches!(answer.outcome, Outcome::NotSent(_)) {
            trial.remark(&format!("{kind} is not taken: {answer}"));
        }
        return;
    }
    let seat = stage.first();
    free_and_taken((stage, seat), trial, (&key, kind), (&answer, [first, second])).await;
}

/// Judges what putting `first` on a free key did, and then puts `second`.
async fn free_and_taken(
    (stage, seat): (&Stage, &Seat),
    trial: &mut Trial,
    (key, place): (&str, &str),
    (answer, [first, second]): (&Answer, [&Bytes; 2]),
) {
    let what = format!("{FREE}, {place}");
    let free = Request { what: &what, due: Due::Done, before: None };
    trial.written_at((stage, seat), free, (key, first), answer).await;
    if !trial.is_fine() {
        return;
    }
    let what = format!("{TAKEN}, {place}");
    let taken = Request { what: &what, due: Due::Refused, before: Some(first) };
    let (put, form) = ((key, second.clone()), stage.form());
    let answer = stage.put_alone_as(seat, put, &Precondition::IfAbsent, form).await;
    trial.written_at((stage, seat), taken, (key, second), &answer).await;
}

/// Free and then taken, at each other address and endpoint: one node may be older than the others, or set up in
/// another way.
async fn at_other_places(stage: &Stage, trial: &mut Trial) {
    let others = stage.other_places();
    for (number, seat) in others.iter().take(PLACES_MAX).enumerate() {
        let name = format!("absent-{number}.tflock");
        let (key, place) = (stage.key(&name), format!("at {}", seat.place()));
        let bodies = ["first", "second"].map(|who| stage.lock_info(&name, who));
        let [first, second] = &bodies;
        let (put, form) = ((key.as_str(), first.clone()), stage.form());
        let answer = stage.put_alone_as(seat, put, &Precondition::IfAbsent, form).await;
        let bodies = [first, second];
        free_and_taken((stage, *seat), trial, (&key, &place), (&answer, bodies)).await;
    }
    let left = others.len().saturating_sub(PLACES_MAX);
    if left > 0 {
        trial.remark(&format!("{left} more addresses were asked at once only"));
    }
}

/// Whether 412 is told from 409.
pub(in crate::probe) fn refusal_status(refused: &[Answer]) -> Finding {
    let mut trial = Trial::new(Operation::RefusalStatus);
    let verdict = judge::refusal_status(refused);
    for answer in refused {
        let request =
            Request { what: "a write whose condition fails", due: Due::Refused, before: None };
        trial.note(request, (answer, ""), verdict);
    }
    trial.finding()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_long_as_they_may_be_and_of_ascii_where_that_is_not_the_point() {
        for base_length in [54, 500, 1000] {
            let [workspace, special, long] = names(base_length);
            assert!(workspace.1.is_ascii() && !special.1.is_ascii());
            assert_eq!(base_length + long.1.len(), KEY_MAX, "{}", long.1);
            assert!(long.1.split('/').all(|part| part.len() < 200 && !part.is_empty()));
        }
    }
}
