//! Finds out whether a store does what a lock needs: by trying it, alone and with many writers at once.
//!
//! A [`Probe`] writes only below a name of its own, `PREFIX/.statelock-probe/NAME/`, says before how many requests
//! it may send, and removes at its end what it wrote, also when it is told to stop. What it finds are verdicts about
//! [`Operation`]s, each with its evidence, and what they say together of [`lockfile`] and [`lock_table`].
//!
//! The judging is pure ([`judge`]); the checks only ask and look.
//!
//! # What is not shown
//! That nothing ever goes wrong: a race that is lost once in a million is not seen in a few hundred tries. That an
//! address that was not tried behaves like those that were.

mod addresses;
mod answer;
mod body;
mod checks;
mod cleaning;
mod conclusion;
mod earlier;
mod error;
mod gate;
mod items;
mod judge;
mod limits;
mod looking;
mod opening;
mod operation;
mod plan;
mod progress;
mod reached;
mod report;
mod run;
mod seat;
mod seating;
mod stage;
mod target;
mod trial;
mod uploading;
mod verdict;
mod writing;
mod written;

pub use addresses::GivenAddresses;
pub use cleaning::{Cleaned, Left, LeftThing};
pub use conclusion::{Conclusion, Reason, Safety, lock_table, lockfile, other_conditions};
pub use error::ProbeError;
pub use limits::StopFlag;
pub use operation::{Need, Operation};
pub use plan::{Plan, PlannedCheck, ProbeLimits};
pub use progress::{ProbeProgress, ProbeStep};
pub use report::{Interrupted, PlaceReport, ProbeReport, Skipped};
pub use seating::EndpointReport;
pub use target::{Probe, ProbeTarget};
pub use verdict::{Due, Finding, Rounds, Samples, TriedStep, Verdict};
