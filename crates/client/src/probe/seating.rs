//! Gives each writer a connection to an address of its own, over all endpoints and all addresses of their names.

use std::collections::BTreeSet;
use std::net::IpAddr;

use futures::future::join_all;
use statelock_protocol::store::BucketName;

use super::addresses::GivenAddresses;
use super::error::ProbeError;
use super::seat::{Seat, Service};
use crate::connection::Connection;
use crate::connection::endpoint_url::without_user;
use crate::error::{ConnectError, Trouble};
use crate::settings::StoreSettings;
use crate::transport::failure::failed;

/// So many addresses of a name are tried before a writer gives up.
const ADDRESSES_MAX: usize = 4;

/// An endpoint, and how it was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointReport {
    /// Its URL as it was named, here or in the environment, without a user in it; `None` for the one that the SDK
    /// knows.
    pub url: Option<String>,
    /// The addresses of its name that writers spoke to; empty if it is an address itself.
    pub addresses: BTreeSet<IpAddr>,
    /// Those that could not be reached.
    pub unreachable: BTreeSet<IpAddr>,
    /// Writers that speak to it.
    pub writers: usize,
}

/// One endpoint to speak to.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) connection: Connection,
    pub(super) stores: StoreSettings,
    pub(super) given: GivenAddresses,
}

impl Endpoint {
    /// Where S3 is, as it is named here or in the environment, without a user in it.
    pub(super) fn url(&self) -> Option<String> {
        self.named(self.stores.endpoint_s3.as_ref(), "AWS_ENDPOINT_URL_S3")
    }

    /// The same of DynamoDB.
    pub(super) fn tables_url(&self) -> Option<String> {
        self.named(self.stores.endpoint_dynamodb.as_ref(), "AWS_ENDPOINT_URL_DYNAMODB")
    }

    fn named(&self, own: Option<&String>, variable: &str) -> Option<String> {
        let told = own.or(self.stores.endpoint_url.as_ref());
        let from_environment = || {
            let variables = [variable, "AWS_ENDPOINT_URL"];
            variables.iter().find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()))
        };
        told.cloned().or_else(from_environment).map(|url| without_user(&url))
    }
}

/// Makes the writers.
pub(super) fn seats(endpoints: &[Endpoint], writers: usize) -> Result<Vec<Seat>, ConnectError> {
    let mut seats = Vec::new();
    for number in 0..writers {
        let count = endpoints.len().max(1);
        let (endpoint, address) = (number % count, number / count);
        if let Some(to) = endpoints.get(endpoint) {
            seats.push(Seat::new(to, (endpoint, address))?);
        }
    }
    Ok(seats)
}

/// Opens the connections, each to another address, or to the next one where nothing answers.
///
/// # Errors
/// An endpoint cannot be reached at all.
pub(super) async fn seated(
    endpoints: &[Endpoint],
    seats: Vec<Seat>,
    bucket: &BucketName,
) -> Result<(Vec<Seat>, Vec<EndpointReport>), ProbeError> {
    let opened = join_all(seats.iter().map(|seat| open(seat, bucket))).await;
    let mut reports: Vec<_> = endpoints.iter().map(report).collect();
    let mut taken = Vec::new();
    let mut failures: Vec<Option<Trouble>> = endpoints.iter().map(|_| None).collect();
    for (seat, opened) in seats.into_iter().zip(opened) {
        let Some(report) = reports.get_mut(seat.endpoint) else { continue };
        report.unreachable.extend(opened.unreachable);
        match opened.failure {
            None => {
                report.writers += 1;
                report.addresses.extend(seat.address());
                taken.push(seat);
            }
            Some(trouble) => {
                if let Some(failure) = failures.get_mut(seat.endpoint) {
                    *failure = Some(trouble);
                }
            }
        }
    }
    for (report, failure) in reports.iter().zip(failures) {
        if let (0, Some(trouble)) = (report.writers, failure) {
            return Err(ProbeError::Unreachable(Box::new(trouble)));
        }
    }
    Ok((taken, reports))
}

/// Whether so many writers are still what was announced: one alone is no race, and a few are none of many.
pub(super) fn are_enough(seated: usize, announced: usize) -> bool {
    seated >= 2 && seated >= announced.div_ceil(2)
}

fn report(endpoint: &Endpoint) -> EndpointReport {
    let (addresses, unreachable) = Default::default();
    EndpointReport { url: endpoint.url(), addresses, unreachable, writers: 0 }
}

#[derive(Debug, Default)]
struct Opened {
    unreachable: Vec<IpAddr>,
    failure: Option<Trouble>,
}

async fn open(seat: &Seat, bucket: &BucketName) -> Opened {
    let mut opened = Opened::default();
    loop {
        let call = seat.objects.head_bucket().bucket(bucket.as_str());
        let result = Box::pin(call.send()).await;
        let trouble = match result.map_err(|error| failed("S3", "HeadBucket", &error).trouble) {
            Ok(_) => break,
            // Whatever it says: somebody answered.
            Err(trouble) if trouble.status.is_some() => break,
            Err(trouble) => trouble,
        };
        opened.unreachable.extend(seat.address());
        let tried = opened.unreachable.len();
        if tried == 0 || tried >= seat.addresses().min(ADDRESSES_MAX) {
            opened.failure = Some(trouble);
            return opened;
        }
        seat.move_on();
    }
    seat.note_use(Service::Objects);
    opened
}

#[cfg(test)]
mod tests {
    use super::are_enough;

    #[test]
    fn fewer_than_half_of_the_writers_are_no_race() {
        for (seated, announced, expected) in [
            (32, 32, true),
            (16, 32, true),
            (15, 32, false),
            (2, 3, true),
            (2, 2, true),
            (1, 2, false),
            (1, 1, false),
            (0, 32, false),
        ] {
            assert_eq!(are_enough(seated, announced), expected, "{seated} of {announced}");
        }
    }
}
