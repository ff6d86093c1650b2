//! A server of a bucket and a lock table: ours, or one that is not ours.
//!
//! Both have the bucket [`BUCKET`] and the lock table [`LOCK_TABLE`]. Ours keeps one lock behind the two;
//! moto's know nothing of each other.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use crate::fault_proxy::FaultProxy;
use crate::moto::Moto;
use crate::real_clients::terraform::LOCK_TABLE;
use crate::server_process::ServerProcess;
use crate::skip::skip;

/// The bucket of both.
pub const BUCKET: &str = "tfstate";

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct StoreServer(Kind);

#[derive(Debug)]
enum Kind {
    Statelock(Box<ServerProcess>, #[expect(dead_code, reason = "dropping it removes it")] TempDir),
    /// The proxy makes its conditional writes atomic.
    Moto(FaultProxy, #[expect(dead_code, reason = "dropping it ends it")] Moto),
}

impl StoreServer {
    /// Starts `binary serve` with these flags, on a directory of its own.
    pub fn statelock(binary: &Path, flags: &[&str]) -> Self {
        let data = TempDir::with_prefix("statelock-data-").expect("a directory");
        let server = ServerProcess::start(binary, &data.path().join("data"), flags);
        Self(Kind::Statelock(Box::new(server), data))
    }

    /// Starts moto, or records that `what` is skipped because it cannot be had.
    pub fn moto(what: &str) -> Option<Self> {
        match Moto::start() {
            Ok(moto) => {
                moto.create_bucket(BUCKET);
                moto.create_lock_table(LOCK_TABLE);
                Some(Self(Kind::Moto(moto.serialised(), moto)))
            }
            Err(missing) => {
                skip(what, &missing.0);
                None
            }
        }
    }

    /// For messages.
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Statelock(..) => "statelock",
            Kind::Moto(..) => "moto",
        }
    }

    /// Whether it is ours.
    pub fn is_statelock(&self) -> bool {
        matches!(self.0, Kind::Statelock(..))
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        match &self.0 {
            Kind::Statelock(server, _) => server.address(),
            Kind::Moto(proxy, _) => proxy.address(),
        }
    }

    /// A proxy in front of it, to make mistakes.
    pub fn proxy(&self) -> FaultProxy {
        FaultProxy::start(self.address())
    }

    /// Access key and secret key.
    pub fn credentials(&self) -> (String, String) {
        match &self.0 {
            Kind::Statelock(server, _) => server.credentials(),
            Kind::Moto(..) => ("test".to_owned(), "test".to_owned()),
        }
    }

    /// What an AWS client needs in its environment to reach it through an endpoint, and nothing else.
    pub fn client_env(&self, endpoint: &str) -> Vec<(String, String)> {
        match &self.0 {
            Kind::Statelock(server, _) => server.client_env_through(endpoint),
            Kind::Moto(..) => Moto::client_env(endpoint),
        }
    }
}
