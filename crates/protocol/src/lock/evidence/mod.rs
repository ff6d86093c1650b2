//! Evidence of life: whether the holder of a lock is still there, judged from what was seen.
//!
//! Purpose: a lock may be removed by force only if its holder is gone. Alive and dead are proven here
//! or they are not said; everything else is unknown, with the reason.
//! Limitations: a stamp is a claim of who wrote the lock. Age is never evidence: an apply may take
//! hours, and the times come from two clocks.
//!
//! 1. The process that the stamp names, on the machine and in the container where it runs. It is the
//!    strongest evidence: a CI job goes on after its step was killed.
//! 2. The CI run that the stamp names, as its CI says.
//! 3. Hints, which prove nothing: what runs on the host that Terraform wrote into `Who`, and clocks.

mod hints;
mod observed;
mod process;
mod run;

use std::fmt;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

pub use hints::is_of_stock_client;
pub use observed::{
    Activity, ClientsSeen, Here, Machine, Observations, Offspring, ProcessSeen, RunSeen, RunUnit,
    SeenProcess, Who,
};

use super::info::LockInfo;
use super::stamp::{Stamp, visible};

/// Whether a holder lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It certainly does.
    Alive {
        /// How that is known.
        how: String,
    },
    /// It certainly does not.
    Dead {
        /// How that is known.
        proof: String,
    },
    /// Nobody here can tell.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The process that the stamp names.
    Process,
    /// The CI run that the stamp names.
    Run,
    /// The host that is named in the lock info.
    Host,
    /// The time in the lock info.
    Clock,
}

/// What a finding says of the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// It lives.
    Alive,
    /// It is gone.
    Dead,
    /// Neither, though it could have told.
    Unknown,
    /// Neither: it is no more than a hint.
    Hint,
}

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What it is about.
    pub source: Source,
    /// What it says.
    pub says: Says,
    /// In words, on one line, without a full stop.
    pub text: String,
}

/// Whether the holder of a lock lives, and everything that was found out about it.
///
/// As JSON: `{"life":"alive|dead|unknown","evidence":[{"source":…,"says":…,"text":…}]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The judgement.
    pub life: Life,
    /// What it rests on, the strongest first.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// The text may hold names that others chose; none of them can leave the line.
    fn new(source: Source, says: Says, text: &str) -> Self {
        Self { source, says, text: visible(text) }
    }
}

/// Judges whether the holder of a lock lives.
pub fn judge(info: &LockInfo, stamp: &Stamp, seen: &Observations) -> Evidence {
    let who = Who::parse(&info.who);
    let process = stamp.process.as_ref().map(|mark| process::finding(mark, &who, seen));
    let run = stamp.run.as_ref().and_then(|url| run::finding(url, &seen.run));
    let is_stamped = stamp.process.is_some() || stamp.run.is_some();
    let is_stock = !is_stamped && is_of_stock_client(info);
    let host = if is_stock { hints::of_host(&who, seen) } else { None };
    let clock = hints::of_clock(info, seen.here.unix_seconds);
    let findings: Vec<_> = [process, run, host, clock].into_iter().flatten().collect();
    Evidence { life: life(&findings, is_stamped), findings }
}

/// The first finding that proves something counts.
fn life(findings: &[Finding], is_stamped: bool) -> Life {
    for Finding { says, text, .. } in findings {
        match says {
            Says::Alive => return Life::Alive { how: text.clone() },
            Says::Dead => return Life::Dead { proof: text.clone() },
            Says::Unknown | Says::Hint => {}
        }
    }
    let unknowns = findings.iter().filter(|finding| finding.says == Says::Unknown);
    let whys: Vec<_> = unknowns.map(|finding| finding.text.as_str()).collect();
    let why = match (whys.as_slice(), is_stamped) {
        ([], false) => "the lock names neither a process nor a CI run".to_owned(),
        ([], true) => "nobody was asked".to_owned(),
        (whys, _) => whys.join("; "),
    };
    Life::Unknown { why }
}

impl Life {
    /// The word for programs: `alive`, `dead` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Alive { .. } => "alive",
            Self::Dead { .. } => "dead",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Alive { how } => how,
            Self::Dead { proof } => proof,
            Self::Unknown { why } => why,
        };
        write!(f, "{}: {text}", self.word())
    }
}

impl Evidence {
    /// What is worth a line beside the judgement: findings that its own text does not hold already.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        let judgement = self.life.to_string();
        let texts = self.findings.iter().map(|finding| finding.text.as_str());
        texts.filter(move |text| !judgement.contains(text))
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Evidence", 2)?;
        object.serialize_field("life", self.life.word())?;
        object.serialize_field("evidence", &self.findings)?;
        object.end()
    }
}

#[cfg(test)]
mod tests;
