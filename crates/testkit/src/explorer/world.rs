//! Clients, what they sent, and a server: one state of a run.
//!
//! **Time.** The server's clock goes on by one with each request that it handles, and jumps to the
//! end of the time to give a lock back. An answer reaches its client at once, and the client at once
//! sends what comes next; that may be under way for any time. So slow networks, slow clients and slow
//! servers are all covered, and a client believes that it holds as early and as long as it can.
//!
//! **When a request was sent.** As the server will compute it: not before the connection was accepted,
//! nor before the latest answer on it. Assumed: connections are accepted in the order in which a client
//! opened them. Then an attempt that its sender gave up on counts as sent, at the latest, when the next
//! attempt does.
//!
//! **What a sender saw.** The lock that was shown or given last on its connection; on a connection that
//! saw none, all that was shown to whoever looks like the sender before the request can have been sent.
//! A read counts once, however often it is delivered.

use statelock_protocol::lock::unified::Facet;

use super::client::{Client, Links, Role, Step};
use super::message::{Answer, Message, Request, Sights};
use super::server::LockServer;

/// One state of a run.
#[derive(Clone, Debug)]
pub struct World<S> {
    /// The server.
    pub server: S,
    /// Its clock.
    pub now: u64,
    /// The clients.
    pub parties: Vec<Party>,
    /// Attempts that nobody waits for and that may still arrive.
    pub copies: Vec<Message>,
    /// Faults that may still happen.
    pub faults_left: u8,
    /// Whether a fault happened, or the time to give a lock back went by.
    pub is_disturbed: bool,
    /// What came of calls of which attempts may still arrive. No server knows that.
    pub calls: Vec<CallRecord>,
    /// How senders are recognised.
    pub recognised: Recognised,
    /// What happened last.
    pub last: Option<(Message, Answer)>,
}

/// A client of a run, and what surrounds it.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its program.
    pub client: Client,
    /// What it waits for an answer to.
    pub under_way: Option<Message>,
    /// Which attempt that is.
    pub attempt: u8,
    /// Calls that it made.
    pub calls: u8,
    /// Its connections, one per facet it may be for.
    pub links: [Link; 3],
    /// Whose locks the server ever showed to it, or gave to it.
    pub saw: Sights,
    /// Whether somebody who meant to removed its lock, or part of it.
    pub was_removed: bool,
}

/// A connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// When it was accepted or last answered on; `None` if it is not open.
    pub idle_since: Option<u64>,
    /// The lock shown or given last on it.
    pub shown: Option<Option<usize>>,
    /// The locks that were shown to whoever looks like its client by then.
    pub saw: Sights,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Whose.
    pub from: usize,
    /// Which.
    pub call: u8,
    /// Whether an attempt of it had an effect.
    pub had_effect: bool,
    /// The first answer to it.
    pub first: Option<Answer>,
}

impl CallRecord {
    /// Whether this is an attempt of that call.
    pub fn is_of(&self, message: &Message) -> bool {
        (self.from, self.call) == (message.from, message.call)
    }
}

/// How senders are recognised on a connection that saw nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// Each by itself: addresses differ.
    Apart,
    /// All look the same: one address, one access key, one program.
    Alike,
    /// Not at all: an address never comes twice.
    Never,
}

impl<S: LockServer> World<S> {
    /// The beginning: everybody who takes the lock has sent the first request.
    pub fn new(server: S, roles: &[Role], faults_left: u8, recognised: Recognised) -> Self {
        let parties = roles.iter().map(|role| Party::new(*role)).collect();
        let mut world = Self {
            server,
            now: 1,
            parties,
            copies: Vec::new(),
            faults_left,
            is_disturbed: false,
            calls: Vec::new(),
            recognised,
            last: None,
        };
        for (who, role) in roles.iter().enumerate() {
            world.send(who, *role);
        }
        world
    }

    /// Whose lock stands.
    pub fn stands_for(&self) -> Option<usize> {
        self.server.holdings().iter().position(Option::is_some)
    }

    /// The party of this number.
    pub fn party(&self, who: usize) -> Option<&Party> {
        self.parties.get(who)
    }

    /// Sends the request of the step that a client is in, as a new call.
    pub fn send(&mut self, who: usize, role: Role) {
        let stood = self.stands_for();
        let now = (self.now, self.sights(who));
        let Some(party) = self.parties.get_mut(who) else { return };
        party.attempt = 1;
        party.under_way = party.client.request(role).map(|request| {
            party.calls += 1;
            let call = party.calls;
            party.message(who, role, now, (request, call, stood))
        });
    }

    /// Sends the same call again on another connection, or gives up.
    pub fn send_again(&mut self, who: usize, role: Role) {
        let stood = self.stands_for();
        let now = (self.now, self.sights(who));
        let Some(party) = self.parties.get_mut(who) else { return };
        let Some(message) = party.under_way.take() else { return };
        if let Some(link) = party.links.get_mut(link_number(role, message.request)) {
            *link = Link::default();
        }
        if party.attempt < role.attempts {
            party.attempt += 1;
            // Without an id of the call, a LOCK that is sent again is another one to everybody.
            let is_new = message.request == Request::Take(Facet::Http);
            party.calls += u8::from(is_new);
            let call = (message.request, if is_new { party.calls } else { message.call }, stood);
            party.under_way = Some(party.message(who, role, now, call));
        } else {
            party.client.answered(role, who, None);
            self.send(who, role);
        }
    }

    /// Brings an answer to a client, which goes on.
    pub fn deliver(&mut self, who: usize, role: Role, answer: Answer) {
        let (now, saw) = (self.now, self.sights(who));
        let Some(party) = self.parties.get_mut(who) else { return };
        let Some(message) = party.under_way.take() else { return };
        if let Some(link) = party.links.get_mut(link_number(role, message.request)) {
            link.idle_since = Some(now);
            link.saw = saw;
            if let Some(shown) = shown_by(&message, answer) {
                link.shown = Some(Some(shown));
            }
        }
        party.client.answered(role, who, Some(answer));
        self.send(who, role);
    }

    /// Lets a client go on by itself.
    pub fn go_on(&mut self, who: usize, role: Role) {
        if let Some(party) = self.parties.get_mut(who) {
            party.client.go_on(role);
        }
        self.send(who, role);
    }

    /// What was shown to whoever looks like this client.
    pub fn sights(&self, who: usize) -> Sights {
        let looks_like = |other: usize| match self.recognised {
            Recognised::Apart => who == other,
            Recognised::Alike => true,
            Recognised::Never => false,
        };
        let mut sights = Sights::default();
        for (other, party) in self.parties.iter().enumerate() {
            if looks_like(other) {
                for (sight, saw) in sights.iter_mut().zip(party.saw) {
                    *sight |= saw;
                }
            }
        }
        sights
    }

    /// The request as it is if its connection is accepted only now.
    pub fn accepted_now(&self, message: Message) -> Message {
        let (stood, saw) = (self.stands_for(), self.sights(message.from));
        Message { sent_after: self.now, stood, saw, ..message }
    }

    /// Whether everybody has ended.
    pub fn has_ended(&self) -> bool {
        self.parties.iter().all(|party| party.client.has_ended())
    }

    /// Whether requests of this client, or about its lock, can still arrive.
    pub fn is_live(&self, roles: &[Role], who: usize) -> bool {
        let acts = self.parties.iter().zip(roles).enumerate().any(|(number, (party, role))| {
            !party.client.has_ended() && (number == who || role.means(number) == who)
        });
        acts || self.copies.iter().any(|copy| copy.from == who || copy.about == who)
    }
}

impl Party {
    fn new(role: Role) -> Self {
        Self {
            client: Client::new(role),
            under_way: None,
            attempt: 1,
            calls: 0,
            links: [Link::default(); 3],
            saw: Sights::default(),
            was_removed: false,
        }
    }

    /// An attempt of a call, on the connection that is there or on a new one.
    fn message(
        &mut self,
        who: usize,
        role: Role,
        (now, saw): (u64, Sights),
        (request, call, stood): (Request, u8, Option<usize>),
    ) -> Message {
        let mut here = Link::default();
        let link = self.links.get_mut(link_number(role, request)).unwrap_or(&mut here);
        if role.links == Links::PerRequest {
            *link = Link::default();
        }
        let opens = link.idle_since.is_none();
        if opens {
            *link = Link { idle_since: Some(now), shown: None, saw };
        }
        let Link { idle_since, shown, saw } = *link;
        let (sent_after, about) = (idle_since.unwrap_or(now), role.means(who));
        Message { from: who, request, call, about, sent_after, opens, shown, saw, stood }
    }

    /// Whether it writes the state or starts without waiting for anything.
    pub fn goes_on_by_itself(&self) -> bool {
        matches!(self.client.step, Step::Start | Step::Work)
    }
}

/// Which of a client's connections a request takes.
pub fn link_number(role: Role, request: Request) -> usize {
    match (role.links, request.facet()) {
        (Links::PerFacet, Facet::LockTable) => 1,
        (Links::PerFacet, Facet::Lockfile | Facet::Http) | (Links::One | Links::PerRequest, _) => 0,
    }
}

/// The lock that the server showed or gave with this answer.
pub fn shown_by(message: &Message, answer: Answer) -> Option<usize> {
    match (message.request, answer) {
        (Request::Look(_), Answer::Shows(holder)) => holder,
        (Request::Take(_), Answer::Done) => Some(message.from),
        (Request::Look(_) | Request::Take(_) | Request::Drop(..), _) => None,
    }
}
