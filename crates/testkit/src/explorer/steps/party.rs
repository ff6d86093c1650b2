//! One client, as it drives its machines.

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, ConditionalDelete, Inspect, Inspection, LockMachine, LockReply,
    LockRequest, Looked, Release, Step, StoredLock, Unanswered,
};
use statelock_protocol::lock::unified::Facet;

use super::doing::{Doing, Ending, Told};
use super::program::{InDoubt, Ours, Program};
use super::rules::Rules;
use super::scene::{holder_of, index, info};
use super::stock;
use super::store::Wire;
use crate::explorer::client::{self, Client, Role};
use crate::explorer::identity::identities;
use crate::explorer::message::Answer;

/// One client.
#[derive(Clone, Debug, Hash)]
pub struct Party {
    /// What it does.
    pub doing: Doing,
    /// The request that it waits for.
    pub under_way: Option<Wire>,
    /// Whether the answer before `under_way` showed the very lock that this removes.
    pub has_just_looked: bool,
    /// In which places its lock was removed by somebody who meant it, or by a stock client.
    pub robbed: [bool; 2],
    /// Whether it ever had the lock.
    pub has_held: bool,
    /// Whether it gave up when it was shown that nobody holds the lock.
    pub gave_up_on_nothing: bool,
    /// What it will remove, if it forces what it saw.
    pub meant: [Option<Vec<u8>>; 2],
    waits_left: u8,
    attempts_left: u8,
}

impl Party {
    /// A client that has sent its first request.
    ///
    /// # Panics
    /// If there is no identity for it.
    pub fn new(program: Program, rules: &dyn Rules, me: usize) -> Self {
        let (waits_left, attempts_left) = match program {
            Program::Ours(ours) => (ours.waits, 0),
            Program::Stock(role) => (0, role.attempts),
            Program::ForceSeen(..) | Program::ForceId(..) | Program::Looks(_) => (0, 0),
        };
        let mut party = Self {
            doing: Doing::Ended(Ending::Looked),
            under_way: None,
            has_just_looked: false,
            robbed: [false; 2],
            has_held: false,
            gave_up_on_nothing: false,
            meant: [None, None],
            waits_left,
            attempts_left,
        };
        match program {
            Program::Ours(ours) => {
                #[expect(clippy::unwrap_used, reason = "every client of a run has an identity")]
                let info = info(me).unwrap();
                let machine = Acquire::new(ours.mode.places().clone(), &info, ours.conditional);
                drop(party.acquire(rules, ours, me, Box::new(machine), (None, None)));
            }
            Program::ForceSeen(mode, _) | Program::Looks(mode) => {
                party.look(program, rules, me, Inspect::new(mode.places()), None);
            }
            Program::ForceId(mode, conditional) => {
                let release = identities()
                    .first()
                    .map(|one| Release::by_id(mode.places(), &one.id, conditional));
                if let Some(release) = release {
                    drop(party.force(rules, me, release, (None, None)));
                }
            }
            Program::Stock(role) => {
                party.doing = Doing::Stock(Client::new(role));
                if role.program.is_force() {
                    party.goes_on(program, rules, me);
                } else {
                    party.stock_sends(role, me);
                }
            }
        }
        party
    }

    /// Whether it does nothing any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.doing, Doing::Ended(_))
    }

    /// Whether it does something before its next request.
    pub fn goes_on_by_itself(&self) -> bool {
        match &self.doing {
            Doing::Working(_) | Doing::Pausing { .. } => true,
            Doing::Stock(client) => client.step == client::Step::Work,
            Doing::Acquiring(_)
            | Doing::Releasing { .. }
            | Doing::Looking(_)
            | Doing::Forcing(_)
            | Doing::Ended(_) => false,
        }
    }

    /// Whether it believes that it holds the lock.
    pub fn believes(&self, program: Program) -> bool {
        match (&self.doing, program) {
            (Doing::Working(_) | Doing::Ended(Ending::Keeps), _) => true,
            (Doing::Stock(client), Program::Stock(role)) => client.believes(role),
            (
                Doing::Stock(_)
                | Doing::Acquiring(_)
                | Doing::Pausing { .. }
                | Doing::Releasing { .. }
                | Doing::Looking(_)
                | Doing::Forcing(_)
                | Doing::Ended(_),
                _,
            ) => false,
        }
    }

    /// Whether it was told that nothing of its own is left, and that nothing can come.
    pub fn has_certainly_none(&self) -> bool {
        match self.doing {
            Doing::Ended(Ending::NotAcquired | Ending::Released)
            | Doing::Pausing { is_certain: true, .. } => true,
            Doing::Acquiring(_)
            | Doing::Pausing { is_certain: false, .. }
            | Doing::Working(_)
            | Doing::Releasing { .. }
            | Doing::Looking(_)
            | Doing::Forcing(_)
            | Doing::Stock(_)
            | Doing::Ended(
                Ending::Unknown
                | Ending::Keeps
                | Ending::Looked
                | Ending::Forced { .. }
                | Ending::Killed
                | Ending::Stock(_),
            ) => false,
        }
    }

    /// Goes on by itself: begins to release, or tries again.
    pub fn goes_on(&mut self, program: Program, rules: &dyn Rules, me: usize) -> Option<Told> {
        let doing = std::mem::replace(&mut self.doing, Doing::Ended(Ending::Keeps));
        match (doing, program) {
            (Doing::Working(acquired), Program::Ours(ours)) => {
                let is_certain = acquired.unanswered.is_none();
                let machine = Release::own(&acquired, ours.conditional);
                self.release(rules, me, machine, is_certain, (None, None))
            }
            (Doing::Pausing { machine, unanswered, .. }, Program::Ours(ours)) => {
                let Some(machine) = rules.again(*machine, unanswered, me) else {
                    let is_certain = unanswered.is_none();
                    let ending = if is_certain { Ending::NotAcquired } else { Ending::Unknown };
                    self.doing = Doing::Ended(ending);
                    return None;
                };
                self.acquire(rules, ours, me, Box::new(machine), (None, None))
            }
            (Doing::Stock(mut client), Program::Stock(role)) => {
                client.go_on(role);
                self.doing = Doing::Stock(client);
                self.stock_sends(role, me);
                None
            }
            (doing, _) => {
                self.doing = doing;
                None
            }
        }
    }

    /// Goes on after an answer to what is under way.
    pub fn answered(
        &mut self,
        program: Program,
        rules: &dyn Rules,
        me: usize,
        reply: LockReply,
    ) -> Option<Told> {
        let sent = self.under_way.take();
        let looked = self.meant_lock_in(&reply, program, me);
        let facet = sent.as_ref().map(Wire::facet);
        let shows_nothing = stock::understood(&reply) == Some(Answer::Shows(None));
        let step = match &sent {
            Some(Wire::Step(request)) => Some(request.clone()),
            Some(Wire::DeleteItem) | None => None,
        };
        let exchanged = (step.as_ref(), Some(reply.clone()));
        let doing = std::mem::replace(&mut self.doing, Doing::Ended(Ending::Keeps));
        let told = match (doing, program) {
            (Doing::Acquiring(machine), Program::Ours(ours)) => {
                self.acquire(rules, ours, me, machine, exchanged)
            }
            (Doing::Releasing { machine, is_certain }, _) => {
                self.release(rules, me, machine, is_certain, exchanged)
            }
            (Doing::Looking(machine), _) => {
                self.look(program, rules, me, machine, Some(reply));
                None
            }
            (Doing::Forcing(machine), _) => self.force(rules, me, machine, exchanged),
            (Doing::Stock(client), Program::Stock(role)) => {
                self.stock_answered(role, me, client, sent, &reply);
                None
            }
            (doing, _) => {
                self.doing = doing;
                None
            }
        };
        let gave_up = matches!(
            self.doing,
            Doing::Ended(Ending::NotAcquired | Ending::Stock(client::Ending::Refused))
        );
        self.gave_up_on_nothing = gave_up && shows_nothing && program.acquires();
        self.has_just_looked = looked && self.under_way.as_ref().map(Wire::facet) == facet;
        told
    }

    /// Whether an answer shows the lock that this client means when it removes one.
    fn meant_lock_in(&self, reply: &LockReply, program: Program, me: usize) -> bool {
        use statelock_protocol::store::{ObjectSuccess, Reply, TableSuccess};
        let (facet, bytes) = match reply {
            LockReply::Object(Reply::Applied(ObjectSuccess::Read(object))) => {
                (Facet::Lockfile, object.body.as_slice())
            }
            LockReply::Table(Reply::Applied(TableSuccess::Read(Some(item)))) => {
                (Facet::LockTable, item.info.as_deref().unwrap_or_default().as_bytes())
            }
            LockReply::Object(_) | LockReply::Table(_) => return false,
        };
        match program {
            Program::ForceSeen(..) => {
                self.meant.get(index(facet)).is_some_and(|meant| meant.as_deref() == Some(bytes))
            }
            Program::ForceId(..) => holder_of(bytes) == Some(0),
            Program::Ours(_) | Program::Looks(_) => holder_of(bytes) == Some(me),
            Program::Stock(role) => holder_of(bytes) == Some(role.means(me)),
        }
    }

    fn acquire(
        &mut self,
        rules: &dyn Rules,
        ours: Ours,
        me: usize,
        mut machine: Box<Acquire>,
        (request, reply): (Option<&LockRequest>, Option<LockReply>),
    ) -> Option<Told> {
        let outcome = match rules.acquire(&mut machine, request, reply, me) {
            Step::Send(send) => {
                self.under_way = Some(Wire::Step(send.request));
                self.doing = Doing::Acquiring(machine);
                return None;
            }
            Step::Done(outcome) => outcome,
        };
        let told = Some(Told::Acquire(outcome.clone()));
        match outcome {
            AcquireOutcome::Acquired(acquired) => {
                self.has_held = true;
                self.doing = if ours.keeps {
                    Doing::Ended(Ending::Keeps)
                } else {
                    Doing::Working(Box::new(acquired))
                };
            }
            AcquireOutcome::Held { .. } if self.waits_left > 0 => {
                self.waits_left -= 1;
                let unanswered = Unanswered::default();
                self.doing = Doing::Pausing { machine, unanswered, is_certain: true };
            }
            AcquireOutcome::Held { .. }
            | AcquireOutcome::Refused { .. }
            | AcquireOutcome::Unstable { .. } => self.doing = Doing::Ended(Ending::NotAcquired),
            AcquireOutcome::Unknown { unanswered, .. } => {
                self.doubts(rules, ours, me, machine, unanswered);
            }
        }
        told
    }

    fn doubts(
        &mut self,
        rules: &dyn Rules,
        ours: Ours,
        me: usize,
        machine: Box<Acquire>,
        unanswered: Unanswered,
    ) {
        match ours.in_doubt {
            InDoubt::TriesAgain if self.waits_left > 0 => {
                self.waits_left -= 1;
                self.doing = Doing::Pausing { machine, unanswered, is_certain: false };
            }
            InDoubt::Ends | InDoubt::TriesAgain => self.doing = Doing::Ended(Ending::Unknown),
            InDoubt::Releases => {
                let id = identities().get(me).map(|one| one.id.clone());
                if let Some(id) = id {
                    let release = Release::by_id(ours.mode.places(), &id, ours.conditional);
                    drop(self.release(rules, me, release, false, (None, None)));
                }
            }
        }
    }

    fn release(
        &mut self,
        rules: &dyn Rules,
        me: usize,
        mut machine: Release,
        is_certain: bool,
        (request, reply): (Option<&LockRequest>, Option<LockReply>),
    ) -> Option<Told> {
        match rules.release(&mut machine, request, reply, me) {
            Step::Send(send) => {
                self.under_way = Some(Wire::Step(send.request));
                self.doing = Doing::Releasing { machine, is_certain };
                None
            }
            Step::Done(released) => {
                let is_over = is_certain && released.is_gone();
                let ending = if is_over { Ending::Released } else { Ending::Unknown };
                self.doing = Doing::Ended(ending);
                Some(Told::Release(released))
            }
        }
    }

    fn look(
        &mut self,
        program: Program,
        rules: &dyn Rules,
        me: usize,
        mut machine: Inspect,
        reply: Option<LockReply>,
    ) {
        match machine.next(reply) {
            Step::Send(send) => {
                self.under_way = Some(Wire::Step(send.request));
                self.doing = Doing::Looking(machine);
            }
            Step::Done(inspection) => match program {
                Program::ForceSeen(_, conditional) => {
                    self.force_seen(rules, me, inspection, conditional);
                }
                Program::Ours(_) | Program::ForceId(..) | Program::Looks(_) | Program::Stock(_) => {
                    self.doing = Doing::Ended(Ending::Looked);
                }
            },
        }
    }

    fn force_seen(
        &mut self,
        rules: &dyn Rules,
        me: usize,
        inspection: Inspection,
        conditional: ConditionalDelete,
    ) {
        let mut locks = Vec::new();
        for (place, looked) in inspection.places {
            if let Looked::Found(StoredLock { bytes, mark }) = looked {
                if let Some(meant) = self.meant.get_mut(index(place.facet())) {
                    *meant = Some(bytes);
                }
                locks.push((place, mark));
            }
        }
        drop(self.force(rules, me, Release::seen(locks, conditional), (None, None)));
    }

    fn force(
        &mut self,
        rules: &dyn Rules,
        me: usize,
        mut machine: Release,
        (request, reply): (Option<&LockRequest>, Option<LockReply>),
    ) -> Option<Told> {
        match rules.release(&mut machine, request, reply, me) {
            Step::Send(send) => {
                self.under_way = Some(Wire::Step(send.request));
                self.doing = Doing::Forcing(machine);
                None
            }
            Step::Done(released) => {
                self.doing = Doing::Ended(Ending::Forced { is_gone: released.is_gone() });
                Some(Told::Release(released))
            }
        }
    }

    fn stock_sends(&mut self, role: Role, me: usize) {
        let Doing::Stock(client) = &self.doing else { return };
        if let client::Step::Ended(ending) = client.step {
            self.doing = Doing::Ended(Ending::Stock(ending));
            return;
        }
        self.has_held |= client.step == client::Step::Work;
        let request = client.request(role);
        self.under_way = request.and_then(|request| stock::wire(request, me, role.means(me)));
    }

    fn stock_answered(
        &mut self,
        role: Role,
        me: usize,
        mut client: Client,
        sent: Option<Wire>,
        reply: &LockReply,
    ) {
        let answer = stock::understood(reply);
        if answer.is_none() && self.attempts_left > 1 {
            self.attempts_left -= 1;
            self.under_way = sent;
            self.doing = Doing::Stock(client);
            return;
        }
        self.attempts_left = role.attempts;
        client.answered(role, me, answer);
        self.doing = Doing::Stock(client);
        self.stock_sends(role, me);
    }
}
