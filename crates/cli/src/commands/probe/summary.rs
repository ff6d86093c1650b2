//! The evidence of a finding in one line.

use statelock_client::probe::{Finding, Rounds, Samples, TriedStep, Verdict};

use crate::output::printable;

/// What speaks for the verdict; empty where there is nothing to say beside it.
pub(super) fn of(finding: &Finding) -> String {
    let text = if let Some(rounds) = &finding.rounds {
        of_rounds(rounds, finding.verdict)
    } else if let Some(samples) = &finding.samples {
        of_samples(samples)
    } else {
        of_steps(&finding.steps, finding.verdict)
    };
    let note = finding.note.as_deref().unwrap_or_default();
    let text = match (text.is_empty(), note.is_empty()) {
        (true, _) => note.to_owned(),
        (false, true) => text,
        (false, false) => format!("{text}; {note}"),
    };
    printable(&text)
}

fn of_rounds(rounds: &Rounds, verdict: Verdict) -> String {
    let Rounds { writers, winners, late_winners, wrong_bytes, undecided, .. } = rounds;
    let count = winners.len();
    if count == 0 {
        return "not tried".to_owned();
    }
    let one = winners.iter().filter(|won| **won == 1).count();
    let most = winners.iter().max().copied().unwrap_or(0);
    let several = winners.iter().filter(|won| **won > 1).count();
    let mut text = match verdict {
        Verdict::Racy if several > 0 => {
            format!(
                "several of {writers} writers won in {several} of {count} rounds, up to {most} in one"
            )
        }
        Verdict::Racy
        | Verdict::Enforced
        | Verdict::Rejected
        | Verdict::Ignored
        | Verdict::NotKnown => format!("one of {writers} writers won in {one} of {count} rounds"),
    };
    if *late_winners > 0 {
        text = format!("{text}; in {late_winners} of them one who came when it was decided");
    }
    if *wrong_bytes > 0 {
        text = format!("{text}; {wrong_bytes} left other bytes than the winner's, or none");
    }
    if *undecided > 0 {
        text = format!("{text}; {undecided} show nothing, because answers were lost");
    }
    text
}

fn of_samples(samples: &Samples) -> String {
    let Samples { right, stale, unanswered } = samples;
    let all = right + stale;
    let mut text = match stale {
        0 if all == 0 && *unanswered == 0 => "not tried".to_owned(),
        0 if all == 0 => "no look was answered".to_owned(),
        0 => format!("{all} of {all} looks were right"),
        _ => format!("{stale} of {all} looks showed what was there before"),
    };
    if *unanswered > 0 {
        text = format!("{text}; {unanswered} got no answer");
    }
    text
}

/// The steps that are the reason; none where all is well.
fn of_steps(steps: &[TriedStep], verdict: Verdict) -> String {
    if verdict == Verdict::Enforced {
        return String::new();
    }
    let bad = steps.iter().filter(|step| step.verdict != Verdict::Enforced);
    bad.map(told).collect::<Vec<_>>().join("; ")
}

fn told(step: &TriedStep) -> String {
    let TriedStep { request, answer, found, .. } = step;
    if found.is_empty() {
        format!("{request}: {answer}")
    } else {
        format!("{request}: {answer}; there was then {found}")
    }
}

/// Everything, for who asks for it.
pub(super) fn lines(finding: &Finding) -> Vec<String> {
    let steps = finding.steps.iter().map(|step| printable(&told(step)));
    let answers = finding.rounds.iter().flat_map(|rounds| &rounds.answers);
    let answers = answers.map(|(answer, count)| printable(&format!("{count} × {answer}")));
    steps.chain(answers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tried_is_no_result() {
        assert_eq!(of_rounds(&Rounds::default(), Verdict::NotKnown), "not tried");
        assert_eq!(of_samples(&Samples::default()), "not tried");
        let unanswered = Samples { unanswered: 2, ..Samples::default() };
        assert_eq!(of_samples(&unanswered), "no look was answered; 2 got no answer");
    }
}
