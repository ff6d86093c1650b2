//! Which address of a name a writer speaks to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::dns::{
    DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver,
};

/// Addresses of names that are used instead of those that the machine would look up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenAddresses(BTreeMap<String, BTreeSet<IpAddr>>);

impl GivenAddresses {
    /// Adds addresses of a host name, and so of the names below it, such as `BUCKET.NAME`.
    pub fn add(&mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        self.0.entry(in_one_form(name)).or_default().extend(addresses);
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a name, or of the nearest one above it.
    fn of(&self, name: &str) -> Option<&BTreeSet<IpAddr>> {
        let name = in_one_form(name);
        let mut rest = name.as_str();
        loop {
            if let Some(addresses) = self.0.get(rest) {
                return Some(addresses);
            }
            (_, rest) = rest.split_once('.')?;
        }
    }
}

fn in_one_form(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Answers with one address of each name, always the same one until it is moved on.
#[derive(Clone, Debug)]
pub(super) struct PinnedResolver(Arc<Pin>);

#[derive(Debug)]
struct Pin {
    index: AtomicUsize,
    given: GivenAddresses,
    seen: Mutex<Seen>,
}

/// What names were asked for, and their addresses.
#[derive(Debug, Default)]
struct Seen {
    /// The name that was asked for first.
    first: Option<String>,
    addresses: BTreeMap<String, Vec<IpAddr>>,
}

impl PinnedResolver {
    /// One that speaks to the address with this number, round and round.
    pub(super) fn new(index: usize, given: GivenAddresses) -> Self {
        let seen = Mutex::default();
        Self(Arc::new(Pin { index: AtomicUsize::new(index), given, seen }))
    }

    pub(super) fn shared(&self) -> SharedDnsResolver {
        SharedDnsResolver::new(self.clone())
    }

    /// The number that it has now.
    pub(super) fn index(&self) -> usize {
        self.0.index.load(Ordering::Relaxed)
    }

    /// Speaks to the next address from now on.
    pub(super) fn move_on(&self) {
        self.0.index.fetch_add(1, Ordering::Relaxed);
    }

    /// The address that it has taken of the name that was asked for first.
    pub(super) fn address(&self) -> Option<IpAddr> {
        pick(self.seen().of_first(), self.index())
    }

    /// The address that it has taken of this name, if that was asked for.
    pub(super) fn address_of(&self, name: &str) -> Option<IpAddr> {
        pick(self.seen().addresses.get(name).map(Vec::as_slice).unwrap_or_default(), self.index())
    }

    /// How many addresses that name has.
    pub(super) fn count(&self) -> usize {
        self.seen().of_first().len()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, name: &str, found: impl Iterator<Item = IpAddr>) -> Option<IpAddr> {
        let mut addresses: Vec<_> = found.collect();
        // Names are answered in another order each time.
        addresses.sort_unstable();
        addresses.dedup();
        let one = pick(&addresses, self.index());
        let mut seen = self.seen();
        seen.first.get_or_insert_with(|| name.to_owned());
        seen.addresses.insert(name.to_owned(), addresses);
        one
    }
}

impl Seen {
    fn of_first(&self) -> &[IpAddr] {
        let first = self.first.as_ref().and_then(|name| self.addresses.get(name));
        first.map(Vec::as_slice).unwrap_or_default()
    }
}

fn pick(addresses: &[IpAddr], index: usize) -> Option<IpAddr> {
    addresses.get(index.checked_rem(addresses.len())?).copied()
}

impl ResolveDns for PinnedResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let one = if let Some(given) = self.0.given.of(name) {
                self.take(name, given.iter().copied())
            } else {
                let found = tokio::net::lookup_host((name, 0)).await;
                let found = found.map_err(ResolveDnsError::new)?;
                self.take(name, found.map(|address| address.ip()))
            };
            Ok(one.into_iter().collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: [&str; 3]) -> impl Iterator<Item = IpAddr> {
        texts.map(|text| text.parse().unwrap()).into_iter()
    }

    #[test]
    fn each_number_has_its_own_address_whatever_the_order() {
        let resolver = |index| PinnedResolver::new(index, GivenAddresses::default());
        let (first, second) = (resolver(0), resolver(4));
        let one = first.take("a", addresses(["10.0.0.2", "10.0.0.1", "10.0.0.1"]));
        assert_eq!(one, Some("10.0.0.1".parse().unwrap()));
        let one = first.take("a", addresses(["10.0.0.1", "10.0.0.2", "10.0.0.2"]));
        assert_eq!(one, Some("10.0.0.1".parse().unwrap()));
        let other = second.take("a", addresses(["10.0.0.3", "10.0.0.1", "10.0.0.2"]));
        assert_eq!(other, Some("10.0.0.2".parse().unwrap()));
        assert_eq!(resolver(0).take("a", std::iter::empty()), None);
    }

    #[test]
    fn the_name_that_was_asked_for_first_is_the_one_that_counts() {
        let resolver = PinnedResolver::new(1, GivenAddresses::default());
        assert_eq!((resolver.address(), resolver.count()), (None, 0));
        resolver.take("s3", addresses(["10.0.0.1", "10.0.0.2", "10.0.0.2"]));
        resolver.take("dynamodb", addresses(["10.0.1.1", "10.0.1.1", "10.0.1.1"]));
        assert_eq!(resolver.address(), Some("10.0.0.2".parse().unwrap()));
        assert_eq!(resolver.count(), 2);
        assert_eq!(resolver.address_of("dynamodb"), Some("10.0.1.1".parse().unwrap()));
        assert_eq!(resolver.address_of("sts"), None);
    }

    #[test]
    fn a_given_name_is_known_and_so_are_those_below_it() {
        let mut given = GivenAddresses::default();
        given.add("S3.Example.com.", addresses(["10.0.0.1", "10.0.0.2", "10.0.0.1"]));
        given.add("b.s3.example.com", ["::1".parse().unwrap()]);
        let count = |name: &str| given.of(name).map(BTreeSet::len);
        assert_eq!(count("s3.example.com"), Some(2));
        assert_eq!(count("tfstate.S3.example.com"), Some(2));
        assert_eq!(count("b.s3.example.com"), Some(1));
        assert_eq!(count("as3.example.com"), None);
        assert_eq!(count("example.com"), None);
    }
}
