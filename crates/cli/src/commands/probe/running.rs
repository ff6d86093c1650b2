//! Runs a probe, and lets signals stop it so that nothing stays behind.

use statelock_client::probe::{Cleaned, Probe, ProbeError, ProbeReport};

use super::announcement;
use super::arguments::ProbeArgs;
use super::error::ProbeVerbError;
use super::left;
use super::progress::drawn;
use crate::backend::{StopSignal, StopSignals};
use crate::output;

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It is only said what would be done.
    Planned(Box<Probe>),
    /// What earlier probes left is removed, as far as that can be done.
    Cleaned(Box<Probe>, Cleaned),
    /// It was tried.
    Probed(Box<Probe>, Box<ProbeReport>),
}

/// Does what the arguments say.
pub(super) async fn run(args: &ProbeArgs) -> Result<Ended, ProbeVerbError> {
    if let Some(name) = args.unused_name() {
        return Err(ProbeVerbError::UnusedName(name.to_owned()));
    }
    let mut signals = StopSignals::catch().map_err(ProbeVerbError::Signals)?;
    let prepared = Box::pin(Probe::prepare(args.target(), args.limits()));
    let probe = tokio::select! {
        prepared = prepared => prepared?,
        signal = signals.next() => return Err(ProbeVerbError::Stopped(signal)),
    };
    if args.clean {
        let cleaned = cleaned(args, &probe, &mut signals).await?;
        return Ok(Ended::Cleaned(Box::new(probe), cleaned));
    }
    output::text(&announcement::of(args, &probe));
    if args.dry_run {
        return Ok(Ended::Planned(Box::new(probe)));
    }
    let report = probed(args, &probe, &mut signals).await?;
    Ok(Ended::Probed(Box::new(probe), Box::new(report)))
}

async fn cleaned(
    args: &ProbeArgs,
    probe: &Probe,
    signals: &mut StopSignals,
) -> Result<Cleaned, ProbeVerbError> {
    let mut clean = Box::pin(probe.clean(true));
    tokio::select! {
        cleaned = drawn(probe.progress(), !args.json, clean.as_mut()) => {
            cleaned.map_err(|error| ProbeVerbError::of(error, &args.address.bucket))
        }
        signal = signals.next() => Err(stopped_left(args, probe, signal)),
    }
}

/// The first signal stops the trying, and what was written is removed. The second one ends that too.
async fn probed(
    args: &ProbeArgs,
    probe: &Probe,
    signals: &mut StopSignals,
) -> Result<ProbeReport, ProbeVerbError> {
    let mut run = Box::pin(probe.run());
    let signal = tokio::select! {
        biased;
        report = drawn(probe.progress(), !args.json, run.as_mut()) => {
            return report.map_err(|error| told_left(args, error));
        }
        signal = signals.next() => signal,
    };
    probe.stop_flag().stop();
    output::note(&format!(
        "{signal}: stopping, and removing what was written; again to end at once"
    ));
    let ended = tokio::select! {
        biased;
        ended = drawn(probe.progress(), !args.json, run.as_mut()) => ended,
        _ = signals.next() => return Err(stopped_left(args, probe, signal)),
    };
    let cleaned = match ended {
        Ok(report) => report.cleaned,
        Err(ProbeError::Left { cleaned, .. }) => *cleaned,
        // Nothing was written, or it was removed.
        Err(_) => Cleaned::default(),
    };
    if cleaned.left.is_empty() {
        return Err(ProbeVerbError::Stopped(signal));
    }
    left::warn(&args.command_to_clean(), &cleaned);
    Err(stopped_left(args, probe, signal))
}

/// An error, after saying what could not be removed.
fn told_left(args: &ProbeArgs, error: ProbeError) -> ProbeVerbError {
    if let ProbeError::Left { cleaned, .. } = &error {
        left::warn(&args.command_to_clean(), cleaned);
    }
    ProbeVerbError::of(error, &args.address.bucket)
}

fn stopped_left(args: &ProbeArgs, probe: &Probe, signal: StopSignal) -> ProbeVerbError {
    let place = output::printable(&format!("s3://{}/{}", probe.target().bucket, probe.base()));
    let hint = format!("remove it: {}", args.command_to_clean());
    ProbeVerbError::StoppedLeft { signal, place, hint }
}
