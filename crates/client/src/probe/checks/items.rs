//! Conditions and reads of a lock table, one request after the other.

use futures::future::join_all;

use crate::probe::answer::Answer;
use crate::probe::items::ItemLook;
use crate::probe::judge::{self, Effect};
use crate::probe::operation::Operation;
use crate::probe::seat::{Seat, Service};
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial, effect_of_item, found};
use crate::probe::verdict::{Due, Finding, Samples};

/// So many other addresses and endpoints are asked one by one; the races ask all.
pub(in crate::probe) const PLACES_MAX: u64 = 8;
/// Requests of [`absent`], at most: two puts and the looks after them, here and at the other places. A look that the
/// table puts off is sent up to four times.
pub(in crate::probe) const ABSENT: u64 = (8 + PLACES_MAX * 5) * 4;
/// Requests of [`deleting`].
pub(in crate::probe) const DELETING: u64 = 8 * 4;

/// The name of the item at another place.
pub(in crate::probe) fn name_at(number: u64) -> String {
    format!("item-absent-{number}")
}

/// Requests of [`reads`] with so many samples.
pub(in crate::probe) fn reads_max(samples: u64) -> u64 {
    samples * 4 * 2
}

fn info(stage: &Stage, name: &str, who: &str) -> String {
    String::from_utf8_lossy(&stage.lock_info(name, who)).into_owned()
}

/// PutItem with `attribute_not_exists(LockID)`, on a free LockID and on a taken one; and the answer to the first. Then at
/// each other endpoint and address.
pub(in crate::probe) async fn absent(stage: &Stage) -> (Finding, Answer) {
    let mut trial = Trial::new(Operation::ItemPutIfAbsent);
    let answer = free_and_taken((stage, stage.first()), &mut trial, ("item-absent", "")).await;
    // What is not done at the first is not looked for at others.
    if trial.is_fine() {
        at_other_places(stage, &mut trial).await;
    }
    (trial.finding(), answer)
}

/// Puts an item of this name twice, at the place of this writer.
async fn free_and_taken(
    (stage, seat): (&Stage, &Seat),
    trial: &mut Trial,
    (name, place): (&str, &str),
) -> Answer {
    let id = stage.lock_id(name);
    let infos = ["first", "second"].map(|who| info(stage, name, who));
    let [first, second] = &infos;
    let free = format!("attribute_not_exists(LockID) on a free LockID{place}");
    let answer = put((stage, seat), trial, (&free, Due::Done), (&id, first, None)).await;
    let taken = format!("attribute_not_exists(LockID) on a taken one{place}");
    let before = Some(first.as_str());
    if let ItemLook::Found(_) = stage.look_at_item(seat, &id).await {
        put((stage, seat), trial, (&taken, Due::Refused), (&id, second, before)).await;
    } else {
        trial.not_prepared(&format!("nothing could be put there{place}"), &answer);
    }
    answer
}

/// Free and then taken, at each other address and endpoint: what one node does badly may not show where all are asked
/// at once.
async fn at_other_places(stage: &Stage, trial: &mut Trial) {
    // By that the address of each writer is known.
    let opened = stage.seats.iter().map(|seat| stage.warm(seat, Service::Tables));
    if let Some(why) = join_all(opened).await.into_iter().find_map(Result::err) {
        trial.not_prepared("other addresses could not be asked", &Answer::not_sent(why));
        return;
    }
    let others = stage.other_table_places();
    for (number, seat) in (0..PLACES_MAX).zip(&others) {
        let place = format!(", at {}", seat.table_place());
        let name = name_at(number);
        if let ItemLook::NotKnown(answer) = stage.look_at_item(seat, &stage.lock_id(&name)).await
            && answer.is_unreached()
        {
            trial.remark(&format!("not reached{place}: {answer}"));
            continue;
        }
        free_and_taken((stage, seat), trial, (&name, &place)).await;
        if !trial.is_fine() {
            return;
        }
    }
    let tried = usize::try_from(PLACES_MAX).unwrap_or(usize::MAX);
    let left = others.len().saturating_sub(tried);
    if left > 0 {
        trial.remark(&format!("{left} more addresses were asked at once only"));
    }
}

async fn put(
    (stage, seat): (&Stage, &Seat),
    trial: &mut Trial,
    (what, due): (&str, Due),
    (id, info, before): (&str, &str, Option<&str>),
) -> Answer {
    let answer = stage.put_item(seat, (id, info)).await;
    let effect = effect_of_item(&stage.look_at_item(seat, id).await, info, before);
    let request = Request { what, due, before: None };
    trial.note(
        request,
        (&answer, found(effect)),
        judge::case((due, before.is_some()), &answer, effect),
    );
    answer
}

/// DeleteItem with `Info = :info`, as OpenTofu releases.
pub(in crate::probe) async fn deleting(stage: &Stage) -> Finding {
    let name = "item-delete";
    let (id, mine, other) =
        (stage.lock_id(name), info(stage, name, "first"), info(stage, name, "second"));
    let mut trial = Trial::new(Operation::ItemDeleteIfEqual);
    for (what, due, expected) in [
        ("Info = :info, of another lock info", Due::Refused, &other),
        ("Info = :info, of the one that it has", Due::Done, &mine),
    ] {
        let made = stage.put_item(stage.first(), (&id, &mine)).await;
        if stage.look_at_item(stage.first(), &id).await != ItemLook::Found(Some(mine.clone())) {
            trial.not_prepared("nothing could be put there", &made);
            break;
        }
        let answer = stage.delete_item(stage.first(), &id, Some(expected)).await;
        let effect = match stage.look_at_item(stage.first(), &id).await {
            ItemLook::Nothing => Effect::Made,
            ItemLook::Found(Some(info)) if info == mine => Effect::None,
            ItemLook::Found(_) => Effect::Other,
            ItemLook::NotKnown(_) => Effect::NotKnown,
        };
        let told = match effect {
            Effect::Made => "nothing",
            Effect::None => "the item",
            Effect::Other | Effect::NotKnown => found(effect),
        };
        let request = Request { what, due, before: None };
        trial.note(request, (&answer, told), judge::case((due, true), &answer, effect));
    }
    trial.finding()
}

/// Consistent reads after puts and deletes, each by another writer than the one that wrote.
pub(in crate::probe) async fn reads(stage: &Stage, count: usize) -> [Finding; 2] {
    let (mut put, mut deleted) = (Samples::default(), Samples::default());
    for number in 0..count {
        stage.progress.set_round(number, count);
        let (writer, reader) = (stage.seat(number), stage.seat(number + 1));
        let name = format!("item-read-{number}");
        let (id, info) = (stage.lock_id(&name), info(stage, &name, "first"));
        if !stage.put_item(writer, (&id, &info)).await.is_done() {
            // That nothing is there where nothing was says nothing.
            put.unanswered += 1;
            deleted.unanswered += 1;
            continue;
        }
        let look = stage.look_at_item(reader, &id).await;
        count_look(&mut put, &look, look == ItemLook::Found(Some(info)));
        if stage.delete_item(writer, &id, None).await.is_done() {
            let look = stage.look_at_item(reader, &id).await;
            count_look(&mut deleted, &look, look == ItemLook::Nothing);
        } else {
            deleted.unanswered += 1;
        }
    }
    [(Operation::ItemReadAfterWrite, put), (Operation::ItemReadAfterDelete, deleted)].map(
        |(operation, samples)| {
            let verdict = judge::samples(&samples);
            let (steps, rounds, note) = (Vec::new(), None, None);
            Finding { operation, verdict, steps, rounds, samples: Some(samples), note }
        },
    )
}

fn count_look(samples: &mut Samples, look: &ItemLook, is_right: bool) {
    match look {
        ItemLook::NotKnown(_) => samples.unanswered += 1,
        ItemLook::Found(_) | ItemLook::Nothing if is_right => samples.right += 1,
        ItemLook::Found(_) | ItemLook::Nothing => samples.stale += 1,
    }
}
