//! A whole server in this process, on loopback and in memory, so that its code is instrumented too.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use statelock_server::{ConnectionLimits, Server, Settings, StorageEngine};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::key;

/// The bucket that exists.
pub const BUCKET: &str = "tfstate";
/// The lock table that exists.
pub const LOCK_TABLE: &str = "terraform-locks";
/// No request of a fuzz target takes so long; one that does hangs.
const ANSWER_BOUND: Duration = Duration::from_secs(20);

/// A running server and one connection to it.
pub struct InProcess {
    runtime: Runtime,
    address: std::net::SocketAddr,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// The server of this process; the first call starts it.
pub fn server() -> &'static InProcess {
    static SERVER: OnceLock<InProcess> = OnceLock::new();
    SERVER.get_or_init(InProcess::start)
}

impl InProcess {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::start(settings())).expect("the server starts");
        let address = server.address();
        runtime.spawn(async move {
            server.run(std::future::pending()).await.expect("the server runs");
        });
        Self { runtime, address, connection: Mutex::new(None) }
    }

    /// Sends a request, and reads the answer whole.
    ///
    /// # Panics
    /// There is no answer, or it is one of a failure inside the server.
    pub fn ask(&self, request: Request<Bytes>) -> Response<Bytes> {
        let response = self.runtime.block_on(async {
            let asked = tokio::time::timeout(ANSWER_BOUND, self.exchange(request)).await;
            asked.expect("the server answers in time").expect("the server answers")
        });
        let status = response.status().as_u16();
        let text = String::from_utf8_lossy(response.body());
        assert!(status != 500, "the server failed: {text}");
        response
    }

    async fn exchange(&self, request: Request<Bytes>) -> hyper::Result<Response<Bytes>> {
        let mut slot = self.connection.lock().await;
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        // The server may have closed it since.
        if connection.ready().await.is_err() {
            connection = self.connect().await?;
        }
        let answered = connection.send_request(origin_form(request)).await?;
        let (head, body) = answered.into_parts();
        let body = body.collect().await?.to_bytes();
        if head.headers.get("connection").is_none_or(|value| value != "close") {
            *slot = Some(connection);
        }
        Ok(Response::from_parts(head, body))
    }

    async fn connect(&self) -> hyper::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP stream");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends when the sender is dropped, and its failure is the sender's.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// A server is sent paths, not whole addresses.
fn origin_form(request: Request<Bytes>) -> Request<Full<Bytes>> {
    let mut request = request.map(Full::new);
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    request
}

fn settings() -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data: PathBuf::from("/nonexistent"),
        storage: StorageEngine::Memory,
        bucket: BUCKET.to_owned(),
        lock_table: LOCK_TABLE.to_owned(),
        region: "us-east-1".to_owned(),
        domains: Vec::new(),
        root: Some(key::access_key()),
        body_size_bytes_max: 1 << 20,
        connections: ConnectionLimits {
            connections_max: 16,
            header_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(1),
        },
        // Nobody waits in line: each input is one request, and none must take seconds.
        waiters_max: 0,
        guard: statelock_server::engine::GuardPolicy {
            mode: statelock_server::engine::GuardMode::Refuse,
            direct_clients: false,
        },
    }
}
