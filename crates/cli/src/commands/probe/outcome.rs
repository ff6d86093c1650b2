//! A report with what follows from it.

use statelock_client::probe::{
    Conclusion, Finding, Operation, Probe, ProbeReport, Safety, Verdict, lock_table, lockfile,
    other_conditions,
};

use super::advice::{self, Advice};
use super::arguments::ProbeArgs;
use crate::exit_code::ExitCode;

/// All that is told.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) args: &'a ProbeArgs,
    pub(super) probe: &'a Probe,
    pub(super) report: &'a ProbeReport,
    pub(super) lockfile: Conclusion,
    /// Of the lock table, if one was named.
    pub(super) lock_table: Option<Conclusion>,
    /// Of what neither of them needs, and others rely on. No matter for the exit code.
    pub(super) other_conditions: Conclusion,
    pub(super) advice: Advice,
    pub(super) command_to_clean: String,
}

impl<'a> Outcome<'a> {
    /// What follows.
    pub(super) fn of(args: &'a ProbeArgs, probe: &'a Probe, report: &'a ProbeReport) -> Self {
        let by_lockfile = lockfile(&report.findings);
        let by_table = args.dynamodb_table.is_some().then(|| lock_table(&report.findings));
        let advice = advice::of(args, report, (&by_lockfile, by_table.as_ref()));
        let command_to_clean = args.command_to_clean();
        Self {
            args,
            probe,
            report,
            lockfile: by_lockfile,
            lock_table: by_table,
            other_conditions: other_conditions(&report.findings),
            advice,
            command_to_clean,
        }
    }

    /// The worst of what was asked about.
    pub(super) fn exit_code(&self) -> Option<ExitCode> {
        let safeties = [Some(&self.lockfile), self.lock_table.as_ref()];
        exit_code(safeties.into_iter().flatten().map(|conclusion| conclusion.safety))
    }
}

fn exit_code(safeties: impl Iterator<Item = Safety>) -> Option<ExitCode> {
    let codes = safeties.map(|safety| match safety {
        Safety::Safe => None,
        Safety::NotSafe => Some(ExitCode::Unsupported),
        Safety::NotKnown => Some(ExitCode::OutcomeUnknown),
    });
    codes.max_by_key(|code| code.map_or(0, ExitCode::number)).flatten()
}

/// The verdict of an operation; not known if it was not tried.
pub(super) fn verdict(findings: &[Finding], operation: Operation) -> Verdict {
    let found = findings.iter().find(|finding| finding.operation == operation);
    found.map_or(Verdict::NotKnown, |finding| finding.verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_conclusion_is_the_exit_code() {
        use Safety::{NotKnown, NotSafe, Safe};
        let code = |safeties: &[Safety]| exit_code(safeties.iter().copied());
        assert_eq!(code(&[Safe]), None);
        assert_eq!(code(&[Safe, Safe]), None);
        assert_eq!(code(&[Safe, NotKnown]), Some(ExitCode::OutcomeUnknown));
        assert_eq!(code(&[NotKnown, NotSafe]), Some(ExitCode::Unsupported));
        assert_eq!(code(&[NotSafe, Safe]), Some(ExitCode::Unsupported));
    }
}
