//! The writers of a probe: each with a connection and an address of its own, and a gate that many pass at once.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{
    DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver,
};
use tokio::time::Instant;

use super::gate::{Gate, GatedClient};
use crate::connection::Connection;
use crate::connection::http_client;
use crate::error::ConnectError;
use crate::settings::StoreSettings;

/// Servers close connections that are idle for longer than some seconds; one that is used again within this
/// time is taken as open.
const WARM: Duration = Duration::from_secs(2);

/// One writer.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) objects: aws_sdk_s3::Client,
    pub(super) tables: aws_sdk_dynamodb::Client,
    pub(super) gate: Gate,
    /// Which of the endpoints.
    pub(super) endpoint: usize,
    resolver: PinnedResolver,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    objects: Option<Instant>,
    tables: Option<Instant>,
}

/// A service that a seat speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Objects,
    Tables,
}

impl Seat {
    /// A writer at the `number`th address of an endpoint.
    pub(super) fn new(
        connection: &Connection,
        stores: &StoreSettings,
        (endpoint, number): (usize, usize),
    ) -> Result<Self, ConnectError> {
        let resolver = PinnedResolver::new(number);
        let shared = SharedDnsResolver::new(resolver.clone());
        let gate = Gate::default();
        let client = GatedClient::new(http_client::resolving(stores, Some(shared))?, gate.clone());
        let (objects, tables) = connection.over(&client.shared());
        Ok(Self { objects, tables, gate, endpoint, resolver, used: Mutex::default() })
    }

    /// The address that it speaks to, if the endpoint is a name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.resolver.address()
    }

    /// How many addresses the name has.
    pub(super) fn addresses(&self) -> usize {
        self.resolver.seen().len()
    }

    /// Speaks to the next address from now on.
    pub(super) fn move_on(&self) {
        self.resolver.0.index.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether its connection has been used lately, so that it is open if the store keeps connections.
    pub(super) fn is_warm(&self, service: Service) -> bool {
        let used = self.used();
        let at = match service {
            Service::Objects => used.objects,
            Service::Tables => used.tables,
        };
        at.is_some_and(|at| at.elapsed() < WARM)
    }

    /// Notes that an answer came.
    pub(super) fn note_use(&self, service: Service) {
        let now = Some(Instant::now());
        match service {
            Service::Objects => self.used().objects = now,
            Service::Tables => self.used().tables = now,
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers with one address of a name, always the same one until it is moved on.
#[derive(Clone, Debug)]
struct PinnedResolver(Arc<Pin>);

#[derive(Debug)]
struct Pin {
    index: AtomicUsize,
    seen: Mutex<Vec<IpAddr>>,
}

impl PinnedResolver {
    fn new(index: usize) -> Self {
        Self(Arc::new(Pin { index: AtomicUsize::new(index), seen: Mutex::default() }))
    }

    fn seen(&self) -> MutexGuard<'_, Vec<IpAddr>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> Option<IpAddr> {
        let seen = self.seen();
        pick(&seen, self.0.index.load(Ordering::Relaxed))
    }

    fn take(&self, found: impl Iterator<Item = IpAddr>) -> Option<IpAddr> {
        let mut addresses: Vec<_> = found.collect();
        // Names are answered in another order each time.
        addresses.sort_unstable();
        addresses.dedup();
        let one = pick(&addresses, self.0.index.load(Ordering::Relaxed));
        *self.seen() = addresses;
        one
    }
}

fn pick(addresses: &[IpAddr], index: usize) -> Option<IpAddr> {
    addresses.get(index.checked_rem(addresses.len())?).copied()
}

impl ResolveDns for PinnedResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(self.take(found.map(|address| address.ip())).into_iter().collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_own_address_whatever_the_order() {
        let addresses = |texts: [&str; 3]| texts.map(|text| text.parse::<IpAddr>().unwrap());
        let (first, second) = (PinnedResolver::new(0), PinnedResolver::new(4));
        let one = first.take(addresses(["10.0.0.2", "10.0.0.1", "10.0.0.1"]).into_iter());
        assert_eq!(one, Some("10.0.0.1".parse().unwrap()));
        let one = first.take(addresses(["10.0.0.1", "10.0.0.2", "10.0.0.2"]).into_iter());
        assert_eq!(one, Some("10.0.0.1".parse().unwrap()));
        let other = second.take(addresses(["10.0.0.3", "10.0.0.1", "10.0.0.2"]).into_iter());
        assert_eq!(other, Some("10.0.0.2".parse().unwrap()));
        assert_eq!(first.take(std::iter::empty()), None);
    }
}
