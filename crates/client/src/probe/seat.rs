//! The writers of a probe: each with a connection and an address of its own, and a gate that many pass at once.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::addresses::PinnedResolver;
use super::gate::{Gate, GatedClient};
use super::seating::Endpoint;
use crate::connection::endpoint_url::host;
use crate::connection::http_client;
use crate::error::ConnectError;

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
    /// Its URL as it was named.
    url: Option<String>,
    /// That of the lock table.
    tables_url: Option<String>,
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
        to: &Endpoint,
        (endpoint, number): (usize, usize),
    ) -> Result<Self, ConnectError> {
        let resolver = PinnedResolver::new(number, to.given.clone());
        let gate = Gate::default();
        let inner = http_client::resolving(&to.stores, Some(resolver.shared()))?;
        let client = GatedClient::new(inner, gate.clone());
        let (objects, tables) = to.connection.over(&client.shared());
        let (url, tables_url) = (to.url(), to.tables_url());
        let used = Mutex::default();
        Ok(Self { objects, tables, gate, endpoint, url, tables_url, resolver, used })
    }

    /// Where it writes, for people.
    pub(super) fn place(&self) -> String {
        shown(self.url.as_deref(), self.address())
    }

    /// Where it asks for items, for people. The address is known once it has.
    pub(super) fn table_place(&self) -> String {
        let url = self.tables_url.as_deref();
        shown(url, url.and_then(|url| self.resolver.address_of(host(url))))
    }

    /// The address that it speaks to, if the endpoint is a name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.resolver.address()
    }

    /// How many addresses the name has.
    pub(super) fn addresses(&self) -> usize {
        self.resolver.count()
    }

    /// Which of the addresses it speaks to, counted round and round.
    pub(super) fn number(&self) -> usize {
        self.resolver.index()
    }

    /// Speaks to the next address from now on.
    pub(super) fn move_on(&self) {
        self.resolver.move_on();
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

/// A place for people.
fn shown(url: Option<&str>, address: Option<IpAddr>) -> String {
    let url = url.unwrap_or("the usual endpoint");
    match address {
        Some(address) => format!("{url} ({address})"),
        None => url.to_owned(),
    }
}
