//! A server with a bug, made of a good one: a proxy that lies at times, in one chosen way.
//!
//! To show that the checker notices. The proxy keeps connections as they are, one for one, so what the
//! server knows of its clients by their connections stays true.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::fault_proxy::http::{Connection, Head};

/// One bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// None: the control.
    None,
    /// None either: calls of AWS SDKs about locks, which have ids, come twice. A good server does not mind.
    DeliversTwice,
    /// Who is refused the lock is told that it has it.
    GrantsWhatIsHeld,
    /// Who asks for the lock is refused, whoever holds it or not.
    RefusesWhatIsFree,
    /// Who was granted the lock is told that it was refused.
    DeniesWhatItGranted,
    /// A state is acknowledged and thrown away.
    DropsWrites,
    /// A release is acknowledged and has no effect.
    DropsReleases,
    /// A release removes whatever lock there is.
    ReleasesAnybody,
    /// A state is shown as it was when it was read before.
    ReadsStale,
    /// A held lock is shown as free.
    HidesHolders,
    /// Who was refused the lock, and looks when it is free, is shown one that is long gone.
    ShowsGhosts,
    /// A state write is refused, and done.
    WritesWhatItRefuses,
    /// A state write is acknowledged, and done when the next one comes on the same connection.
    WritesLate,
}

/// How many of the requests that a bug could show on it spares, for one on which it shows.
const SPARED: u64 = 3;

/// A running proxy; dropping it stops it.
#[derive(Debug)]
pub struct LyingProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// The header that lets force-unlock over `http`.
    basic: String,
    bug: Bug,
    stopping: AtomicBool,
    eligible: AtomicU64,
    lies: AtomicU64,
    /// The first answer to each read.
    old: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// What happened before on one connection.
#[derive(Default)]
struct Earlier {
    /// A write that is still to be done.
    late: Option<Asked>,
    /// Whether a lock was refused.
    is_refused: bool,
}

/// A request on its way.
#[derive(Clone)]
struct Asked {
    method: String,
    path: String,
    operation: String,
    raw: Vec<u8>,
    body: String,
    /// Whether it has the id of a call.
    has_call: bool,
}

impl LyingProxy {
    /// Listens on a free port of loopback, in front of `upstream`. `authorization` is the value of a header
    /// with which the proxy itself may ask.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start(upstream: SocketAddr, authorization: &str, bug: Bug) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the proxy's address");
        let shared = Arc::new(Shared {
            upstream,
            basic: authorization.to_owned(),
            bug,
            stopping: AtomicBool::new(false),
            eligible: AtomicU64::new(0),
            lies: AtomicU64::new(0),
            old: Mutex::default(),
        });
        let of_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &of_acceptor));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it lied.
    pub fn lies(&self) -> u64 {
        self.shared.lies.load(Ordering::SeqCst)
    }
}

impl Drop for LyingProxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The acceptor wakes up for this connection and sees the flag.
        if TcpStream::connect(self.address).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            acceptor.join().ok();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || forward(client, &shared).ok());
    }
}

fn forward(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut client = Connection::new(client)?;
    let mut server = Connection::new(TcpStream::connect(shared.upstream)?)?;
    let mut earlier = Earlier::default();
    while let Some(head) = client.read_head()? {
        let asked = Asked::read(&head, &mut client)?;
        let answer = shared.answer(&asked, &mut server, &mut earlier)?;
        client.write_all(&answer)?;
    }
    Ok(())
}

impl Shared {
    fn answer(
        &self,
        asked: &Asked,
        server: &mut Connection,
        earlier: &mut Earlier,
    ) -> io::Result<Vec<u8>> {
        match self.bug {
            Bug::None => ask(server, asked).map(|answer| answer.1),
            Bug::DeliversTwice if asked.repeats_safely() && self.lies_now() => {
                let first = ask(server, asked)?.1;
                // On another connection, as a copy that took another way.
                let mut other = Connection::new(TcpStream::connect(self.upstream)?)?;
                ask(&mut other, asked)?;
                Ok(first)
            }
            Bug::GrantsWhatIsHeld if asked.takes_lock() => {
                let (status, answer) = ask(server, asked)?;
                Ok(if status != 200 && self.lies_now() { plain(200) } else { answer })
            }
            Bug::DeniesWhatItGranted if asked.takes_lock() => {
                let (status, answer) = ask(server, asked)?;
                Ok(if status == 200 && self.lies_now() { asked.refusal() } else { answer })
            }
            Bug::RefusesWhatIsFree if asked.takes_lock() && self.lies_now() => Ok(asked.refusal()),
            Bug::DropsWrites if asked.writes_state() && self.lies_now() => Ok(plain(200)),
            Bug::DropsReleases if asked.releases_lock() && self.lies_now() => Ok(plain(200)),
            Bug::WritesWhatItRefuses if asked.writes_state() => {
                let (status, answer) = ask(server, asked)?;
                Ok(if status == 200 && self.lies_now() { asked.refusal() } else { answer })
            }
            Bug::ReleasesAnybody if asked.releases_lock() && self.lies_now() => {
                if let Some(forced) = asked.forced(&self.basic) {
                    ask(server, &forced)?;
                }
                ask(server, asked).map(|answer| answer.1)
            }
            Bug::HidesHolders if asked.looks() && self.lies_now() => Ok(asked.nothing()),
            Bug::ReadsStale if asked.reads_state() => self.stale(asked, server),
            Bug::ShowsGhosts => self.ghost(asked, server, earlier),
            Bug::WritesLate if asked.writes_state() => {
                if let Some(before) = earlier.late.take() {
                    ask(server, &before)?;
                }
                if self.lies_now() {
                    earlier.late = Some(asked.clone());
                    return Ok(plain(200));
                }
                ask(server, asked).map(|answer| answer.1)
            }
            Bug::DeliversTwice
            | Bug::GrantsWhatIsHeld
            | Bug::DeniesWhatItGranted
            | Bug::RefusesWhatIsFree
            | Bug::DropsWrites
            | Bug::DropsReleases
            | Bug::WritesWhatItRefuses
            | Bug::ReleasesAnybody
            | Bug::HidesHolders
            | Bug::ReadsStale
            | Bug::WritesLate => ask(server, asked).map(|answer| answer.1),
        }
    }

    fn lies_now(&self) -> bool {
        let number = self.eligible.fetch_add(1, Ordering::SeqCst);
        let lies = number % (SPARED + 1) == SPARED;
        if lies {
            self.lies.fetch_add(1, Ordering::SeqCst);
        }
        lies
    }

    fn stale(&self, asked: &Asked, server: &mut Connection) -> io::Result<Vec<u8>> {
        let (_, answer) = ask(server, asked)?;
        let mut old = self.old.lock().unwrap_or_else(PoisonError::into_inner);
        let first = old.entry(asked.path.clone()).or_insert_with(|| answer.clone()).clone();
        drop(old);
        Ok(if first != answer && self.lies_now() { first } else { answer })
    }
}

impl Shared {
    /// Where nothing is found, the first lock that was ever shown there.
    fn ghost(
        &self,
        asked: &Asked,
        server: &mut Connection,
        earlier: &mut Earlier,
    ) -> io::Result<Vec<u8>> {
        let (status, answer) = ask(server, asked)?;
        earlier.is_refused |= asked.takes_lock() && status != 200;
        if !asked.looks() {
            return Ok(answer);
        }
        let finds = status == 200 && String::from_utf8_lossy(&answer).contains("OperationType");
        let mut old = self.old.lock().unwrap_or_else(PoisonError::into_inner);
        let place = format!("{}{}", asked.path, asked.body);
        if finds {
            old.entry(place).or_insert_with(|| answer.clone());
            return Ok(answer);
        }
        let ghost = old.get(&place).filter(|_| earlier.is_refused).cloned();
        drop(old);
        // It comes so seldom to this that it spares nobody.
        self.lies.fetch_add(u64::from(ghost.is_some()), Ordering::SeqCst);
        Ok(ghost.unwrap_or(answer))
    }
}

impl Asked {
    fn read(head: &Head, client: &mut Connection) -> io::Result<Self> {
        let (method, path) = head.method_and_path();
        let target = head.header("x-amz-target").unwrap_or_default();
        let mut raw = head.raw.clone();
        let mut body = Vec::new();
        client.read_body(head.request_body(), &mut body)?;
        raw.extend_from_slice(&body);
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            raw,
            body: String::from_utf8_lossy(&body).into_owned(),
            has_call: head.header("amz-sdk-invocation-id").is_some(),
        })
    }

    /// Whether a server can know a copy of it. (The copy of a state's write is known as long as that state
    /// stands, or a newer one; not after it was deleted.)
    fn repeats_safely(&self) -> bool {
        self.has_call && !self.writes_state()
    }

    fn is_lockfile(&self) -> bool {
        self.path.ends_with(".tflock")
    }

    fn is_digest(&self) -> bool {
        self.body.contains("-md5\"")
    }

    fn takes_lock(&self) -> bool {
        match self.method.as_str() {
            "PUT" => self.is_lockfile(),
            "LOCK" => true,
            "POST" => self.operation == "PutItem",
            _ => false,
        }
    }

    fn releases_lock(&self) -> bool {
        match self.method.as_str() {
            "DELETE" => self.is_lockfile(),
            "UNLOCK" => true,
            "POST" => self.operation == "DeleteItem",
            _ => false,
        }
    }

    fn looks(&self) -> bool {
        (self.method == "GET" && self.is_lockfile())
            || (self.operation == "GetItem" && !self.is_digest())
    }

    fn reads_state(&self) -> bool {
        self.method == "GET" && !self.is_lockfile()
    }

    fn writes_state(&self) -> bool {
        let is_state = self.operation.is_empty() && !self.is_lockfile();
        is_state && (self.method == "PUT" || self.method == "POST")
    }

    /// The refusal that its protocol has.
    fn refusal(&self) -> Vec<u8> {
        if self.operation.is_empty() {
            let is_http = self.path.starts_with("/_statelock/");
            return plain(if is_http { 423 } else { 412 });
        }
        let body =
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#;
        let length = body.len();
        format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// What is said where nothing is found.
    fn nothing(&self) -> Vec<u8> {
        if self.operation.is_empty() { plain(404) } else { plain(200) }
    }

    /// A force-unlock of the lock that this release is about.
    fn forced(&self, basic: &str) -> Option<Self> {
        let state = match self.path.strip_prefix("/_statelock/state/") {
            Some(state) => state.to_owned(),
            None if self.is_lockfile() => {
                self.path.trim_start_matches('/').trim_end_matches(".tflock").to_owned()
            }
            None => {
                let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
                body.get("Key")?.get("LockID")?.get("S")?.as_str()?.to_owned()
            }
        };
        let path = format!("/_statelock/state/{state}");
        let raw = format!(
            "UNLOCK {path} HTTP/1.1\r\nhost: proxy\r\nauthorization: {basic}\r\n\
             content-length: 0\r\n\r\n"
        );
        Some(Self {
            method: "UNLOCK".to_owned(),
            path,
            operation: String::new(),
            raw: raw.into_bytes(),
            body: String::new(),
            has_call: false,
        })
    }
}

/// An answer without a body, or with an empty document.
fn plain(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\n{{}}").into_bytes()
}

/// Lets the server answer; the status, and the whole answer.
fn ask(server: &mut Connection, asked: &Asked) -> io::Result<(u16, Vec<u8>)> {
    server.write_all(&asked.raw)?;
    let mut head = server.expect_head()?;
    while head.status() < 200 {
        head = server.expect_head()?;
    }
    let mut whole = head.raw.clone();
    server.read_body(head.response_body(&asked.method), &mut whole)?;
    Ok((head.status(), whole))
}
