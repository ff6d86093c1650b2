//! S3, DynamoDB and a usual `http` state server side by side: three locks that know nothing of each
//! other, with the rules of AWS and nothing else. What goes wrong with it is why the unified lock is
//! as it is.

use statelock_protocol::lock::unified::{Facet, FacetSet};

use super::message::{Answer, Naming, Request};
use super::server::{Arrival, Holding, Holdings, LockServer, Relevance};

/// Who holds each of the three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlainStore {
    lockfile: Option<usize>,
    item: Option<usize>,
    http: Option<usize>,
}

impl PlainStore {
    fn holder(&self, facet: Facet) -> Option<usize> {
        match facet {
            Facet::Lockfile => self.lockfile,
            Facet::LockTable => self.item,
            Facet::Http => self.http,
        }
    }

    fn set(&mut self, facet: Facet, holder: Option<usize>) {
        match facet {
            Facet::Lockfile => self.lockfile = holder,
            Facet::LockTable => self.item = holder,
            Facet::Http => self.http = holder,
        }
    }
}

impl LockServer for PlainStore {
    fn handle(&mut self, arrival: &Arrival<'_>) -> Answer {
        let about = arrival.message.about;
        match arrival.message.request {
            Request::Look(facet) => Answer::Shows(self.holder(facet)),
            Request::Take(facet) if self.holder(facet).is_none() => {
                self.set(facet, Some(about));
                Answer::Done
            }
            Request::Take(_) => Answer::Refused,
            Request::Drop(facet, Naming::Info | Naming::Id)
                if self.holder(facet) != Some(about) =>
            {
                Answer::Refused
            }
            Request::Drop(facet, _) => {
                self.set(facet, None);
                Answer::Done
            }
        }
    }

    fn holdings(&self) -> Holdings {
        let mut holdings = Holdings::default();
        for facet in Facet::ALL {
            let holder = self.holder(facet).and_then(|who| holdings.get_mut(who));
            if let Some(holding) = holder {
                let facets = holding.map_or(FacetSet::default(), |one: Holding| one.facets);
                *holding = Some(Holding { facets: facets.with(facet), is_leaving: false });
            }
        }
        holdings
    }

    fn shows_well(&self, _facet: Facet) -> bool {
        true
    }

    fn grace_end(&self) -> Option<u64> {
        None
    }

    fn settle(&mut self, _now: u64) {}

    fn moments(&self, _is_live: &dyn Fn(usize) -> bool) -> Vec<u64> {
        Vec::new()
    }

    fn write_key(&self, _relevance: &Relevance<'_>, key: &mut Vec<u8>) {
        key.extend(Facet::ALL.map(|facet| small(self.holder(facet))));
    }
}

/// An optional small number as one byte.
pub(super) fn small(number: Option<usize>) -> u8 {
    number.map_or(0xff, |number| u8::try_from(number).unwrap_or(0xfe))
}
