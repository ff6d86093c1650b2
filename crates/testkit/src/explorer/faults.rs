//! What can go wrong between clients and a server.

/// A fault. Each one that happens counts against the bound of a run.
///
/// Slowness is no fault: any request may be under way for any time, and anything may happen
/// meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server never sees the request; its sender waits in vain. A connection that breaks, or a
    /// proxy that answers 502 by itself.
    RequestLost,
    /// The server did what was asked, and its sender never learns that. A timeout, or a connection
    /// that breaks; what baseline item 3 calls a lost answer.
    AnswerLost,
    /// The answer came so late that all that happened meanwhile is before the next request, if that
    /// opens a connection. (On a connection that is open, the server knows of no later moment than
    /// its own last answer.)
    AnswerLate,
    /// The request is answered, and a copy of it arrives once more, after anything. A proxy or a
    /// network that repeats.
    DeliveredTwice,
    /// Its sender gave up on this attempt, and it arrives after anything. A request that lay in a
    /// full buffer or a stalled connection.
    DeliveredLate,
    /// The client stops for ever; what it sent may still arrive. `kill -9`, a lost machine.
    ClientKilled,
}

impl Fault {
    /// Those from which every history of the others follows. A request that is lost is one that is
    /// delivered late, and never.
    pub const SUFFICIENT: [Self; 5] = [
        Self::AnswerLost,
        Self::AnswerLate,
        Self::DeliveredTwice,
        Self::DeliveredLate,
        Self::ClientKilled,
    ];

    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::AnswerLate,
        Self::DeliveredTwice,
        Self::DeliveredLate,
        Self::ClientKilled,
    ];
}
