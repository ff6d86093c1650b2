//! Our own server behind a proxy that breaks one thing.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use statelock_testkit::condition_proxy::{ConditionProxy, Fault};
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::signed_client::SignedClient;
use statelock_testkit::sigv4::Signer;
use tempfile::TempDir;

/// A bucket that keeps versions, from the first start on.
pub(crate) const VERSIONED: &str = "tfstate";
/// A bucket that keeps none.
pub(crate) const PLAIN: &str = "plain";

/// Nobody waits for a lock: a refusal is told at once.
const FLAGS: &[&str] = &["--waiters-max", "0"];

/// A correct store, and a proxy in front of it.
pub(crate) struct Stage {
    pub(crate) proxy: ConditionProxy,
    pub(crate) server: ServerProcess,
    _data: TempDir,
}

impl Stage {
    pub(crate) fn with(fault: Fault) -> Self {
        let data = TempDir::with_prefix("statelock-data-").expect("a directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &data.path().join("data"), FLAGS);
        let proxy = ConditionProxy::start(server.address(), signer(&server), fault);
        let stage = Self { proxy, server, _data: data };
        let made = stage.direct().s3("PUT", &format!("/{PLAIN}"), &[], b"").expect("an answer");
        assert_eq!(made.status(), 200, "{}", made.text());
        stage
    }

    /// Another proxy with the same fault, in front of the same store.
    pub(crate) fn second_endpoint(&self, fault: Fault) -> ConditionProxy {
        ConditionProxy::start(self.server.address(), signer(&self.server), fault)
    }

    /// The same on an address and port of your choice.
    pub(crate) fn endpoint_on(
        &self,
        listen: SocketAddr,
        fault: Fault,
    ) -> io::Result<ConditionProxy> {
        let signed = (signer(&self.server), fault);
        ConditionProxy::start_on(listen, self.server.address(), signed)
    }

    /// A client that goes through the proxy.
    pub(crate) fn client(&self) -> SignedClient {
        self.client_of(self.proxy.address())
    }

    /// A client past the proxy.
    pub(crate) fn direct(&self) -> SignedClient {
        self.client_of(self.server.address())
    }

    pub(crate) fn client_of(&self, address: SocketAddr) -> SignedClient {
        SignedClient::new(address, signer(&self.server))
    }
}

fn signer(server: &ServerProcess) -> Signer {
    let (access_key, secret_key) = server.credentials();
    Signer::new(&access_key, &secret_key)
}
