//! The server that gets bad input, and the check that it was not harmed.

#![expect(clippy::panic, reason = "a server that misbehaves ends the test")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

/// Longer than any limit that the tests configure; a server silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// The one object of the bucket.
const KEPT: &str = "kept/terraform.tfstate";
/// An ordinary request for the health path.
const HEALTH: &[u8] = b"GET /_statelock/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A server that holds one object, and an ordinary client of it.
pub(crate) struct Target {
    server: ServerProcess,
    client: AmazonS3,
    runtime: tokio::runtime::Runtime,
    _data: TempDir,
}

/// How the server reacted to some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// An answer: its status, and what of it arrived with the head.
    Answered(u16, String),
    /// The end of the connection without an answer.
    Closed,
}

impl Target {
    /// Starts the server with these flags and stores one object.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let data = TempDir::new().expect("a directory for the server");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, data.path(), flags);
        let (access_key, secret_key) = server.credentials();
        let client = crate::bucket::open(server.endpoint(), (access_key, secret_key));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let target = Self { server, client, runtime, _data: data };
        target.runtime.block_on(target.client.put(&KEPT.into(), "kept".into())).expect("a put");
        target
    }

    /// A connection with a time limit on every read and write.
    pub(crate) fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.server.address()).expect("a connection");
        connection.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        connection.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        connection
    }

    /// Sends `bytes` on a connection of its own and waits for the answer or the end.
    pub(crate) fn send(&self, bytes: &[u8]) -> Reaction {
        let mut connection = self.connect();
        // The server may refuse and close before it has read everything; its answer counts.
        if let Err(error) = connection.write_all(bytes) {
            assert!(is_closed(&error), "cannot write: {error}");
        }
        reaction(&mut connection)
    }

    /// Sends a request head that must be refused with this status.
    pub(crate) fn refuses(&self, what: &str, bytes: &[u8], status: u16) {
        match self.send(bytes) {
            Reaction::Answered(answered, _) if answered == status => {}
            other => panic!("{what}: {other:?} instead of {status}"),
        }
        self.is_unharmed(what);
    }

    /// Sends what the server closes without reading it all: its answer may be lost on the way.
    pub(crate) fn refuses_or_closes(&self, what: &str, bytes: &[u8], status: u16) {
        match self.send(bytes) {
            Reaction::Answered(answered, _) if answered == status => {}
            Reaction::Closed => {}
            other @ Reaction::Answered(..) => panic!("{what}: {other:?} instead of {status}"),
        }
        self.is_unharmed(what);
    }

    /// Sends what is no request of a version that is spoken here, and must be closed unanswered.
    pub(crate) fn closes(&self, what: &str, bytes: &[u8]) {
        assert_eq!(self.send(bytes), Reaction::Closed, "{what}");
        self.is_unharmed(what);
    }

    /// Asks for the health path, again after a second if refused, as an SDK would.
    pub(crate) fn gets_a_turn(&self, when: &str) {
        let turn = (0..PATIENCE.as_secs()).any(|_| {
            let answered = matches!(self.send(HEALTH), Reaction::Answered(200, _));
            if !answered {
                self.runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
            }
            answered
        });
        assert!(turn, "no turn within {PATIENCE:?} {when}");
    }

    /// Health is good, an ordinary signed request works, and nothing else is visible.
    pub(crate) fn is_unharmed(&self, what: &str) {
        let health = self.send(HEALTH);
        assert!(matches!(health, Reaction::Answered(200, _)), "after {what}: {health:?}");
        let seen = self.runtime.block_on(async {
            let body = self.client.get(&KEPT.into()).await?.bytes().await?;
            let list: Vec<_> = self.client.list(None).try_collect().await?;
            let keys = list.into_iter().map(|entry| entry.location).collect::<Vec<Key>>();
            Ok::<_, object_store::Error>((body, keys))
        });
        let (body, keys) = seen.unwrap_or_else(|error| panic!("after {what}: {error}"));
        assert_eq!((&body[..], keys), (&b"kept"[..], vec![Key::from(KEPT)]), "after {what}");
    }
}

/// True if the other side is gone.
pub(crate) fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Reads one answer up to the end of its head, and the rest of what has arrived with it.
fn reaction(connection: &mut TcpStream) -> Reaction {
    let mut received = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while !received.windows(4).any(|window| window == b"\r\n\r\n") {
        match connection.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if is_closed(&error) => break,
            Err(error) => panic!("neither an answer nor the end within {PATIENCE:?}: {error}"),
        }
    }
    let text = String::from_utf8_lossy(&received).into_owned();
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    status.map_or(Reaction::Closed, |status| Reaction::Answered(status, text))
}

/// A request without a body.
pub(crate) fn request(method: &str, target: &str, headers: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n").into_bytes()
}
