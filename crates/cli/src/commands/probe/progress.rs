//! How far a probe is, on a terminal.

use std::future::Future;
use std::mem::discriminant;
use std::pin::Pin;

use statelock_client::probe::{Operation, ProbeProgress, ProbeStep};

use crate::output::progress_line::ProgressLine;

/// Waits for `work`, and draws meanwhile what it does. May be dropped: the line is taken away.
pub(super) async fn drawn<T>(
    progress: &ProbeProgress,
    is_wanted: bool,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> T {
    let mut line = ProgressLine::new(is_wanted);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = line.is_due() => {
                let step = progress.step();
                line.draw(discriminant(&step), || text(step));
            }
        }
    }
}

fn text(step: ProbeStep) -> String {
    match step {
        ProbeStep::Reaching => "reaching the store".to_owned(),
        ProbeStep::RemovingEarlier => "removing what earlier probes left".to_owned(),
        ProbeStep::Trying { operation, check, checks, round } => {
            let round = round.map(|(number, of)| format!(", {} {number} of {of}", unit(operation)));
            let title = operation.title();
            format!("{check} of {checks}: {title}{}", round.unwrap_or_default())
        }
        ProbeStep::Removing => "removing what was written".to_owned(),
    }
}

/// What is counted of it.
fn unit(operation: Operation) -> &'static str {
    if operation.is_at_once() { "round" } else { "look" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_words() {
        let trying =
            |operation, round| text(ProbeStep::Trying { operation, check: 5, checks: 18, round });
        assert_eq!(
            trying(Operation::PutIfAbsentConcurrent, Some((3, 20))),
            "5 of 18: PutObject If-None-Match: *, at once, round 3 of 20"
        );
        assert_eq!(
            trying(Operation::ReadAfterWrite, Some((1, 10))),
            "5 of 18: read after write, look 1 of 10"
        );
        assert_eq!(trying(Operation::ETag, None), "5 of 18: ETag is one of its bytes");
        assert_eq!(text(ProbeStep::Reaching), "reaching the store");
    }
}
