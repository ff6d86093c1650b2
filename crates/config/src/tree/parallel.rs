//! The same work for many items, on several threads, with the results in the items' order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many items a thread takes at once.
const CHUNK: usize = 16;

/// `work` done for each of `items`.
pub(super) fn map<I: Sync, O: Send>(
    items: &[I],
    threads: NonZeroUsize,
    work: impl Fn(&I) -> O + Sync,
) -> Vec<O> {
    let chunks: Vec<&[I]> = items.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((number, chunk)) = take(&next, &chunks) {
            done.push((number, chunk.iter().map(&work).collect::<Vec<O>>()));
        }
        done
    };
    let mut done = Vec::new();
    std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads.get().min(chunks.len())).map(|_| scope.spawn(run)).collect();
        done.extend(run());
        for other in others {
            // A panic is a bug of ours and goes on here as if there were one thread only.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

fn take<'a, I>(next: &AtomicUsize, chunks: &[&'a [I]]) -> Option<(usize, &'a [I])> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    chunks.get(number).map(|chunk| (number, *chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_and_the_order_stays() {
        for count in [0, 1, CHUNK, CHUNK + 1, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            for threads in [1, 2, 7] {
                let threads = NonZeroUsize::new(threads).expect("not zero");
                let doubled = map(&items, threads, |item| item * 2);
                assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            }
        }
    }
}
