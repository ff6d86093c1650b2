//! What a check finds.

use statelock_client::StoreError;
use statelock_client::bucket::Setting;
use statelock_client::protocol::store::Refusal;

use crate::exit_code::ExitCode;

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Locks do not work, or a state can be lost.
    Critical,
    /// It works, and something that should protect it is missing.
    Warning,
    /// Worth knowing.
    Notice,
    /// Nothing is wrong.
    Ok,
}

/// A kind of finding. What is the same each time stands here; `docs/operations/doctor.md` lists all.
#[derive(Debug)]
pub(super) struct Kind {
    /// What scripts know it by. Never changes.
    pub(super) id: &'static str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// How `doctor` ends if nothing is worse.
    pub(super) exit_code: Option<ExitCode>,
    /// What follows from it.
    pub(super) consequence: &'static str,
}

/// A finding.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) kind: &'static Kind,
    /// What was seen.
    pub(super) evidence: String,
    pub(super) fix: Fix,
}

/// What puts it right.
#[derive(Clone, Debug, Default)]
pub(super) struct Fix {
    /// What to do.
    pub(super) what: String,
    /// A command or JSON to paste.
    pub(super) paste: Option<String>,
}

/// A check that found nothing wrong.
#[derive(Debug)]
pub(super) struct Fine {
    /// Which.
    pub(super) check: &'static str,
    /// What was seen.
    pub(super) evidence: String,
}

/// A setting, if it could be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Looked<T> {
    /// What it is set to, if it is.
    At(Option<T>),
    /// It could not be looked at, and that is said.
    Away,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) bad: Vec<Finding>,
    pub(super) fine: Vec<Fine>,
}

impl Kind {
    /// A critical one.
    pub(super) const fn critical(
        id: &'static str,
        exit_code: ExitCode,
        consequence: &'static str,
    ) -> Self {
        Self { id, severity: Severity::Critical, exit_code: Some(exit_code), consequence }
    }

    /// A warning.
    pub(super) const fn warning(
        id: &'static str,
        exit_code: ExitCode,
        consequence: &'static str,
    ) -> Self {
        Self { id, severity: Severity::Warning, exit_code: Some(exit_code), consequence }
    }

    /// A notice.
    pub(super) const fn notice(id: &'static str, consequence: &'static str) -> Self {
        Self { id, severity: Severity::Notice, exit_code: None, consequence }
    }
}

impl Fix {
    /// Something to do by hand.
    pub(super) fn by_hand(what: impl Into<String>) -> Self {
        Self { what: what.into(), paste: None }
    }

    /// Something to paste.
    pub(super) fn paste(what: impl Into<String>, paste: impl Into<String>) -> Self {
        Self { what: what.into(), paste: Some(paste.into()) }
    }
}

/// What the store shows of a setting without doing it.
static SETTING_NOT_APPLIED: Kind = Kind::notice(
    "setting-not-applied",
    "the store keeps and shows the setting, and does nothing of what it says: do not rely on it",
);

/// A setting that could not be looked at.
static SETTING_NOT_READABLE: Kind =
    Kind::notice("setting-not-readable", "whether it is as it should be is not known");

/// Those that any check may find.
pub(super) static KINDS: [&Kind; 2] = [&SETTING_NOT_APPLIED, &SETTING_NOT_READABLE];

impl Findings {
    /// Something is wrong.
    pub(super) fn add(&mut self, kind: &'static Kind, evidence: impl Into<String>, fix: Fix) {
        self.bad.push(Finding { kind, evidence: evidence.into(), fix });
    }

    /// Nothing is wrong.
    pub(super) fn fine(&mut self, check: &'static str, evidence: impl Into<String>) {
        self.fine.push(Fine { check, evidence: evidence.into() });
    }

    /// Says what is to be said of every setting: that it could not be looked at, or is only shown.
    ///
    /// # Errors
    /// There is no such bucket, or the store stopped to answer.
    pub(super) fn look<T>(
        &mut self,
        asked: Result<Setting<T>, StoreError>,
        (what, permission): (&str, &str),
    ) -> Result<Looked<T>, StoreError> {
        let setting = match asked {
            Ok(setting) => setting,
            Err(error) => return self.without_answer(error, what),
        };
        if let Some(said) = setting.not_applied() {
            self.not_applied(what, said);
        }
        Ok(match setting {
            Setting::Set { value, .. } => Looked::At(Some(value)),
            // What a store does not have is not set in it.
            Setting::NotSet | Setting::Unsupported(_) => Looked::At(None),
            Setting::NotPermitted(trouble) => {
                let fix = Fix::by_hand(format!("ask again with the permission {permission}"));
                self.add(&SETTING_NOT_READABLE, format!("{what}: {trouble}"), fix);
                Looked::Away
            }
        })
    }

    /// The store does nothing of a setting, whether it is set or not.
    pub(super) fn not_applied(&mut self, what: &str, said: &str) {
        let fix = Fix::by_hand("see to it by other means, such as an encrypted disk or a proxy");
        self.add(&SETTING_NOT_APPLIED, format!("{what}: {said}"), fix);
    }

    /// An answer that says nothing of one setting keeps nothing else from being looked at.
    fn without_answer<T>(
        &mut self,
        error: StoreError,
        what: &str,
    ) -> Result<Looked<T>, StoreError> {
        let trouble = match &error {
            StoreError::Refused { refusal: Refusal::NoSuchBucket, .. } => return Err(error),
            StoreError::Refused { trouble, .. } | StoreError::Unknown(trouble) => trouble,
        };
        if trouble.status.is_none() {
            return Err(error);
        }
        let fix =
            Fix::by_hand("look at it with the store's own tools; its answer was not understood");
        self.add(&SETTING_NOT_READABLE, format!("{what}: {trouble}"), fix);
        Ok(Looked::Away)
    }

    /// Takes over what another found.
    pub(super) fn extend(&mut self, other: Self) {
        self.bad.extend(other.bad);
        self.fine.extend(other.fine);
    }

    /// The worst first; what is equally bad stays in the order of the checks.
    pub(super) fn sort(&mut self) {
        self.bad.sort_by_key(|finding| finding.kind.severity);
    }

    /// How bad the worst is.
    pub(super) fn worst(&self) -> Severity {
        self.bad.iter().map(|finding| finding.kind.severity).min().unwrap_or(Severity::Ok)
    }

    /// How `doctor` ends: as the worst finding says, the first of several.
    pub(super) fn exit_code(&self) -> Option<ExitCode> {
        let worst = self.worst();
        self.bad.iter().find(|finding| finding.kind.severity == worst)?.kind.exit_code
    }
}

impl Severity {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Ok => "ok",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BAD: Kind = Kind::critical("bad", ExitCode::NotPermitted, "");
    static WORRYING: Kind = Kind::warning("worrying", ExitCode::BadInput, "");
    static KNOWN: Kind = Kind::notice("known", "");

    fn of(kinds: &[&'static Kind]) -> Findings {
        let mut findings = Findings::default();
        for kind in kinds {
            findings.add(kind, "", Fix::default());
        }
        findings.sort();
        findings
    }

    #[test]
    fn the_worst_comes_first_and_says_how_it_ends() {
        let all = of(&[&KNOWN, &WORRYING, &BAD]);
        assert_eq!(
            all.bad.iter().map(|f| f.kind.id).collect::<Vec<_>>(),
            ["bad", "worrying", "known"]
        );
        assert_eq!(all.exit_code(), Some(ExitCode::NotPermitted));
        assert_eq!(of(&[&KNOWN, &WORRYING]).exit_code(), Some(ExitCode::BadInput));
        assert_eq!(of(&[&KNOWN]).exit_code(), None, "a notice is no failure");
        assert_eq!(of(&[]).worst(), Severity::Ok);
    }
}
