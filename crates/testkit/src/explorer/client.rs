//! Stock clients as step machines: what each sends next, given the answer before.
//!
//! Facts: `docs/protocol/lockfile.md`, and for lock tables and `http` the sources named there. Each
//! client is sequential. It writes the state only while it believes that it holds the lock.

use statelock_protocol::lock::unified::Facet;

use super::message::{Answer, Naming, Request};

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    /// What it runs.
    pub program: Program,
    /// How often it comes again with the same lock ID after a refusal (`-lock-timeout`).
    pub waits: u8,
    /// Attempts of one call before it gives up without an answer (`max_retries`, `retry_max`).
    pub attempts: u8,
    /// Which connections it uses.
    pub links: Links,
}

/// What a client runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// `use_lockfile`.
    Lockfile,
    /// `dynamodb_table`.
    LockTable(Flavour),
    /// Both.
    Dual(Flavour),
    /// `backend "http"`.
    Http,
    /// `force-unlock` with the lock ID of that client, which is the first in every run.
    Force(Through),
}

/// Whose client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Terraform: DeleteItem without a condition; a roll-back that fails ends the waiting.
    Terraform,
    /// OpenTofu: DeleteItem on condition of the lock info; a roll-back that fails is only logged.
    OpenTofu,
}

/// Through what a force-unlock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Through {
    /// `use_lockfile`.
    Lockfile,
    /// `dynamodb_table`.
    LockTable(Flavour),
    /// Both.
    Dual(Flavour),
    /// `backend "http"`: Terraform sends no ID, OpenTofu does.
    Http(Flavour),
}

/// Which connections a client uses. One that lost an answer is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Links {
    /// One for everything.
    One,
    /// One for each API.
    PerFacet,
    /// A new one for every request.
    PerRequest,
}

/// Where a client stands: the request it waits for, or what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Not started yet.
    Start,
    /// Takes a facet.
    Take(Facet),
    /// Asks who refused it.
    AskHolder(Facet),
    /// Reads the lockfile that it gives up.
    RollBackLook,
    /// Removes it.
    RollBackDrop,
    /// Works; then writes the state.
    Work,
    /// Reads the lock that it will release.
    Look(Facet),
    /// Releases it.
    Drop(Facet),
    /// Has ended.
    Ended(Ending),
}

/// How a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// It released what it meant to release, and was told so.
    Released,
    /// It was told that it does not get the lock.
    Refused,
    /// It was told that something was not released.
    NotReleased,
    /// It never learned what became of a request.
    Unknown,
    /// It was killed.
    Killed,
}

/// The state of one client's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is remembered by itself")]
pub struct Client {
    /// Where it stands.
    pub step: Step,
    /// How often it will still come again.
    pub waits_left: u8,
    /// Whether it certainly knows that it has not got the lock.
    pub knows: bool,
    /// Whether it was shown a holder to wait for.
    pub can_wait: bool,
    /// Whether part of a release failed.
    pub failed: bool,
    /// Whether a part of a release, or the reading before it, was never answered.
    pub in_doubt: bool,
}

impl Program {
    /// The facets that it uses, in the order in which it takes and releases them.
    pub fn facets(self) -> &'static [Facet] {
        match self {
            Self::Lockfile | Self::Force(Through::Lockfile) => &[Facet::Lockfile],
            Self::LockTable(_) | Self::Force(Through::LockTable(_)) => &[Facet::LockTable],
            Self::Dual(_) | Self::Force(Through::Dual(_)) => &[Facet::Lockfile, Facet::LockTable],
            Self::Http | Self::Force(Through::Http(_)) => &[Facet::Http],
        }
    }

    /// Whether it removes somebody else's lock.
    pub fn is_force(self) -> bool {
        matches!(self, Self::Force(_))
    }

    /// Whether its requests carry the id of their call: AWS SDKs do.
    pub fn names_calls(self) -> bool {
        self.first() != Facet::Http
    }

    /// The facet that it takes first.
    pub fn first(self) -> Facet {
        self.facets().first().copied().unwrap_or(Facet::Http)
    }

    fn after(self, facet: Facet) -> Option<Facet> {
        self.facets().iter().copied().skip_while(|one| *one != facet).nth(1)
    }

    fn flavour(self) -> Flavour {
        match self {
            Self::LockTable(flavour)
            | Self::Dual(flavour)
            | Self::Force(
                Through::LockTable(flavour) | Through::Dual(flavour) | Through::Http(flavour),
            ) => flavour,
            Self::Lockfile | Self::Http | Self::Force(Through::Lockfile) => Flavour::Terraform,
        }
    }

    fn naming(self, facet: Facet) -> Naming {
        match (facet, self.flavour(), self.is_force()) {
            (Facet::Lockfile, _, _) | (Facet::LockTable, Flavour::Terraform, _) => Naming::Nothing,
            (Facet::LockTable, Flavour::OpenTofu, _) => Naming::Info,
            (Facet::Http, Flavour::Terraform, true) => Naming::Force,
            (Facet::Http, _, _) => Naming::Id,
        }
    }
}

impl Role {
    /// Whose lock its releases mean: the first client's, if it forces.
    pub fn means(self, me: usize) -> usize {
        if self.program.is_force() { 0 } else { me }
    }
}

impl Client {
    /// A client before its first step.
    pub fn new(role: Role) -> Self {
        let step =
            if role.program.is_force() { Step::Start } else { Step::Take(role.program.first()) };
        Self {
            step,
            waits_left: role.waits,
            knows: false,
            can_wait: false,
            failed: false,
            in_doubt: false,
        }
    }

    /// Whether it believes that it holds the lock: from the answer until it sends the first release.
    pub fn believes(&self, role: Role) -> bool {
        match self.step {
            Step::Work => true,
            Step::Look(facet) => !role.program.is_force() && facet == role.program.first(),
            Step::Start
            | Step::Take(_)
            | Step::AskHolder(_)
            | Step::RollBackLook
            | Step::RollBackDrop
            | Step::Drop(_)
            | Step::Ended(_) => false,
        }
    }

    /// Whether it does nothing any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.step, Step::Ended(_))
    }

    /// The request it sends in this step.
    pub fn request(&self, role: Role) -> Option<Request> {
        match self.step {
            Step::Take(facet) => Some(Request::Take(facet)),
            Step::AskHolder(facet) | Step::Look(facet) => Some(Request::Look(facet)),
            Step::RollBackLook => Some(Request::Look(Facet::Lockfile)),
            Step::RollBackDrop => Some(Request::Drop(Facet::Lockfile, Naming::Nothing)),
            Step::Drop(facet) => Some(Request::Drop(facet, role.program.naming(facet))),
            Step::Start | Step::Work | Step::Ended(_) => None,
        }
    }

    /// Goes on after an answer; `None` if all attempts of the call went without one.
    pub fn answered(&mut self, role: Role, me: usize, answer: Option<Answer>) {
        self.step = match self.step {
            Step::Take(facet) => self.took(role, facet, answer),
            Step::AskHolder(facet) => {
                self.can_wait = matches!(answer, Some(Answer::Shows(Some(_))));
                if facet == role.program.first() {
                    self.come_again_or_end(role)
                } else {
                    Step::RollBackLook
                }
            }
            Step::RollBackLook if answer == Some(Answer::Shows(Some(me))) => Step::RollBackDrop,
            Step::RollBackLook | Step::RollBackDrop => self.rolled_back(role, answer),
            Step::Look(facet) if answer == Some(Answer::Shows(Some(role.means(me)))) => {
                Step::Drop(facet)
            }
            Step::Look(facet) => {
                self.failed = true;
                self.in_doubt |= answer.is_none();
                self.release_next(role, facet)
            }
            Step::Drop(facet) => {
                self.failed |= answer == Some(Answer::Refused);
                self.in_doubt |= answer.is_none();
                self.release_next(role, facet)
            }
            Step::Start | Step::Work | Step::Ended(_) => self.step,
        };
    }

    /// Goes on by itself: begins, or writes the state and begins to release.
    pub fn go_on(&mut self, role: Role) {
        let first = role.program.first();
        self.step = if first == Facet::Http { Step::Drop(first) } else { Step::Look(first) };
    }

    fn took(&mut self, role: Role, facet: Facet, answer: Option<Answer>) -> Step {
        if answer == Some(Answer::Done) {
            return role.program.after(facet).map_or(Step::Work, Step::Take);
        }
        self.knows = answer.is_some();
        if facet == Facet::Http {
            // The refusal itself says who holds the lock; without an answer there is no waiting.
            self.can_wait = self.knows;
            return self.come_again_or_end(role);
        }
        if self.waits_left == 0 && facet == role.program.first() {
            // It asks who holds the lock, and ends whatever it is told.
            return self.come_again_or_end(role);
        }
        Step::AskHolder(facet)
    }

    fn rolled_back(&mut self, role: Role, answer: Option<Answer>) -> Step {
        // Removed, or certainly not its own any more.
        let is_gone = answer.is_some() && answer != Some(Answer::Refused);
        let removed = answer == Some(Answer::Done);
        self.knows = if removed { true } else { self.knows && is_gone };
        self.can_wait &= removed || role.program.flavour() == Flavour::OpenTofu;
        self.come_again_or_end(role)
    }

    fn come_again_or_end(&mut self, role: Role) -> Step {
        if self.can_wait && self.waits_left > 0 {
            self.waits_left -= 1;
            return Step::Take(role.program.first());
        }
        Step::Ended(if self.knows { Ending::Refused } else { Ending::Unknown })
    }

    fn release_next(&mut self, role: Role, facet: Facet) -> Step {
        if let Some(next) = role.program.after(facet) {
            return Step::Look(next);
        }
        Step::Ended(match (self.in_doubt, self.failed) {
            (true, _) => Ending::Unknown,
            (false, true) => Ending::NotReleased,
            (false, false) => Ending::Released,
        })
    }
}
