//! What an observer saw, as plain values: looking is somebody else's work.

use std::fmt;

use crate::lock::stamp::BootId;

/// `user@host` as clients write it into a lock info. Either part may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The name of the user.
    pub user: String,
    /// The name of the host.
    pub host: String,
}

/// A machine, or a container on it, for as long as it does not restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// This start of the machine.
    pub boot_id: BootId,
    /// The inode of the observer's pid namespace.
    pub pid_namespace: u64,
}

/// Where and who the observer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// What it would write as `Who`.
    pub who: Who,
    /// The machine, or why that cannot be told.
    pub machine: Result<Machine, String>,
    /// The time by the observer's clock, in seconds since 1970.
    pub unix_seconds: i64,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It runs, or sleeps until it has something to do.
    Running,
    /// It was stopped by a signal or a debugger, and can go on.
    Suspended,
    /// It has ended, and its parent has not noticed yet.
    Ended,
}

/// What was found under a process id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessSeen {
    /// Nobody looked.
    NotLookedFor,
    /// A process; maybe another one than was meant.
    Found {
        /// When it started, in clock ticks since the machine did.
        started_ticks: u64,
        /// What it does.
        activity: Activity,
    },
    /// There certainly is none.
    Missing,
    /// There may be one.
    Hidden {
        /// Why that cannot be told.
        why: String,
    },
}

/// A process that was found by what it is, not by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProcess {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// The processes that carry a lock's ID in their environment: those that its holder started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offspring {
    /// Those that still run.
    pub found: Vec<SeenProcess>,
    /// Whether there may be others that the observer may not look at.
    pub may_be_more: bool,
}

/// What one asks a CI about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunUnit {
    /// The very job that took the lock.
    Job,
    /// A run of several jobs, one of which took the lock.
    WholeRun,
}

/// What a CI says of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunSeen {
    /// Nobody asked.
    NotAskedFor,
    /// It has not ended.
    Going {
        /// In the CI's words, such as `in_progress`.
        status: String,
        /// What the CI was asked about.
        unit: RunUnit,
    },
    /// It has ended.
    Ended {
        /// In the CI's words, such as `success`.
        conclusion: String,
        /// When at the latest, as the CI writes it.
        at: Option<String>,
    },
    /// It was run again, which is possible only after it has ended.
    RunAgain {
        /// The number of the attempt that there is now.
        attempt: u64,
    },
    /// The CI was not asked, or did not say.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The Terraform and OpenTofu processes on the observer's host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientsSeen {
    /// Nobody looked.
    NotLookedFor,
    /// Somebody did.
    Seen {
        /// Those that were found.
        found: Vec<SeenProcess>,
        /// Why there may be others, if there may.
        may_be_more: Option<String>,
    },
    /// It was not possible to look.
    Unknown {
        /// Why.
        why: String,
    },
}

/// All that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observations {
    /// By whom.
    pub here: Here,
    /// Under the process id of the stamp.
    pub process: ProcessSeen,
    /// Of processes that the holder started.
    pub offspring: Offspring,
    /// Of the stamp's CI run.
    pub run: RunSeen,
    /// Of clients on this host.
    pub clients: ClientsSeen,
}

impl Who {
    /// Reads `user@host`. The host is what follows the last `@`: a user name may have one.
    pub fn parse(text: &str) -> Self {
        let (user, host) = text.rsplit_once('@').unwrap_or((text, ""));
        Self { user: user.to_owned(), host: host.to_owned() }
    }

    /// Whether both name the same host. A host without a name is nobody's.
    pub fn is_host_of(&self, other: &Self) -> bool {
        !self.host.is_empty() && self.host.eq_ignore_ascii_case(&other.host)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.host)
    }
}

impl Observations {
    /// Of an observer who has looked at nothing yet.
    pub fn nothing(here: Here) -> Self {
        Self {
            here,
            process: ProcessSeen::NotLookedFor,
            offspring: Offspring::default(),
            run: RunSeen::NotAskedFor,
            clients: ClientsSeen::NotLookedFor,
        }
    }
}
