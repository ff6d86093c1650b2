//! Who was refused a moment ago, and what such a sender is shown when it asks who holds the lock.
//!
//! After a refusal a stock client reads the lock. Finds it none, because the holder released it in
//! between, it fails at once, however long it was told to wait. So a sender that was just refused is
//! shown who is next, once; and while the lock is held, it is shown its own place in the holder's
//! `Info`. Nobody else ever sees either: what is stored is what is shown.
//!
//! Only Terraform and OpenTofu, which print what they read. Any other client may compare the lock ID
//! that it reads with its own, and take its place in line for a lock that it was granted.

use std::collections::VecDeque;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::line::{Line, Standing};
use statelock_protocol::lock::unified::{Facet, FacetSet, Hold};

use super::super::TakeLock;
use super::super::sightings::SenderKey;
use crate::engine::{ConnectionId, Sender};

/// How long after a refusal a client asks who holds the lock.
const AGE_MICROS_MAX: u64 = 10_000_000;
/// Refusals that are remembered per state.
const REFUSALS_MAX: usize = 512;

/// The latest refusals on one lock, oldest first.
#[derive(Default)]
pub(super) struct Refusals(VecDeque<Refused>);

struct Refused {
    id: Option<LockId>,
    /// What it wanted, as if it had it.
    own: Hold,
    connection: ConnectionId,
    sender: SenderKey,
    at_micros: u64,
    /// Who was shown something instead of what is stored: on its connection, and elsewhere.
    shown_here: Shown,
    shown_elsewhere: Shown,
}

/// Whether a refusal was followed by its one answer.
enum Shown {
    NotYet,
    /// In answer to this call: an SDK sends a call again whose answer was lost.
    To(Option<String>),
}

impl Shown {
    fn allows(&self, sender: &Sender) -> bool {
        match self {
            Self::NotYet => true,
            Self::To(call) => call.is_some() && *call == sender.invocation,
        }
    }
}

impl Refusals {
    pub(super) fn note(&mut self, wanted: &TakeLock, id: Option<&LockId>, now_micros: u64) {
        self.0.retain(|refused| refused.is_recent(now_micros));
        if self.0.len() >= REFUSALS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Refused {
            id: id.cloned(),
            own: Hold {
                id: id.cloned(),
                info: wanted.info.to_vec(),
                taken_through: wanted.facet,
                facets: FacetSet::of(wanted.facet),
                since_micros: now_micros,
                giving_back_since_micros: None,
            },
            connection: wanted.sender.connection.id,
            sender: SenderKey::new(&wanted.sender),
            at_micros: now_micros,
            shown_here: Shown::NotYet,
            shown_elsewhere: Shown::NotYet,
        });
    }

    /// A lock ID that has the lock is not refused any more.
    pub(super) fn forget(&mut self, id: &LockId) {
        self.0.retain(|refused| refused.id.as_ref() != Some(id));
    }

    /// Who released the lock knows that it is free.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        self.0.retain(|refused| refused.connection != connection);
    }

    pub(super) fn are_over(&self, now_micros: u64) -> bool {
        !self.0.iter().any(|refused| refused.is_recent(now_micros))
    }

    pub(super) fn shown_to(
        &mut self,
        line: &Line,
        facet: Facet,
        sender: &Sender,
        hold: Option<&Hold>,
        now_micros: u64,
    ) -> Option<(Vec<u8>, Option<LockId>)> {
        if !sender.says_stock_client() {
            return None;
        }
        let (refused, is_here) = self.of(sender, now_micros)?;
        if let Some(hold) = hold {
            let is_own = hold.is_held_by(refused.id.as_ref());
            if is_own || !may_annotate(facet, sender) {
                return None;
            }
            let shown = annotated(Some(line), refused.id.as_ref(), hold, facet)?;
            // Elsewhere it may be somebody who looks the same, and must not use up what this one needs.
            if is_here {
                refused.shown_here = Shown::To(sender.invocation.clone());
            }
            return Some((shown, hold.shown_id(facet)));
        }
        let next =
            line.next().map_or_else(|| refused.own.clone(), |next| next.stand_in(now_micros));
        let standing = refused.id.as_ref().and_then(|id| line.standing(id));
        let shown = if may_annotate(facet, sender) {
            Standing::annotate_next(standing, &next, facet)?
        } else {
            next.shown_through(facet)
        };
        let used = if is_here { &mut refused.shown_here } else { &mut refused.shown_elsewhere };
        *used = Shown::To(sender.invocation.clone());
        Some((shown, next.shown_id(facet)))
    }

    /// The refusal that Terraform or OpenTofu asks about; whether it came on this very connection.
    /// Behind a proxy a connection is everybody's.
    fn of(&mut self, sender: &Sender, now_micros: u64) -> Option<(&mut Refused, bool)> {
        let here = |one: &Refused| !sender.proxied && one.connection == sender.connection.id;
        let latest_here = self.0.iter().rposition(here);
        if let Some(at) = latest_here {
            let refused = self.0.get_mut(at)?;
            let allowed = refused.is_recent(now_micros) && refused.shown_here.allows(sender);
            return allowed.then_some((refused, true));
        }
        let key = SenderKey::new(sender);
        let alike = self.0.iter_mut().rev().find(|one| {
            one.sender == key && one.is_recent(now_micros) && one.shown_elsewhere.allows(sender)
        })?;
        Some((alike, false))
    }
}

impl Refused {
    fn is_recent(&self, now_micros: u64) -> bool {
        now_micros.saturating_sub(self.at_micros) <= AGE_MICROS_MAX
    }
}

/// The holder's lock info with the place of somebody who waits.
pub(super) fn annotated(
    line: Option<&Line>,
    id: Option<&LockId>,
    hold: &Hold,
    facet: Facet,
) -> Option<Vec<u8>> {
    let standing = line.zip(id).and_then(|(line, id)| line.standing(id));
    Standing::annotate(standing, hold, facet)
}

/// Whether this reader only looks at what it is shown. OpenTofu removes an item on the condition of
/// the bytes that it reads; other clients of DynamoDB may do so too.
pub(super) fn may_annotate(facet: Facet, sender: &Sender) -> bool {
    match facet {
        Facet::Lockfile | Facet::Http => sender.says_stock_client(),
        Facet::LockTable => {
            let name = sender.user_agent.as_str();
            name.contains("Terraform/") && !name.contains("OpenTofu")
        }
    }
}
