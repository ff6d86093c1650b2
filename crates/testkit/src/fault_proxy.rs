//! A TCP proxy on loopback that loses, delays, holds or answers chosen requests, and notes all.
//!
//! It understands just enough HTTP/1.1 to know where a message ends. Most faults let the request reach
//! the server and take effect; then its answer is thrown away and the client's connection is closed,
//! which is what a client sees when a network dies at the worst moment.
//!
//! Limitations: no pipelining, and a request body is forwarded whole before the answer is read, so an
//! early refusal of a large upload may show as a broken connection.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod gate;
pub mod http;
mod request;

pub use request::Request;

use gate::Gate;
use http::{Connection, Head};
use request::Asked;

/// What happens to the answer of a matching request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server is not asked, and the client's connection is closed.
    LoseRequest,
    /// The server answers, the client never hears it: its connection is closed.
    LoseResponse,
    /// The answer is delivered this much later.
    DelayResponse(Duration),
    /// The request waits in the proxy until [`FaultProxy::let_go`], and is then delivered.
    HoldRequest,
    /// The server is not asked; the client gets these bytes.
    Answer(&'static str),
    /// The server does what it is asked; the client gets these bytes instead of its answer.
    AnswerInstead(&'static str),
    /// The client gets the first half of the answer, then its connection is closed.
    CutResponse,
}

type Predicate = Box<dyn Fn(&Request) -> bool + Send>;

struct Rule {
    matches: Predicate,
    fault: Fault,
    remaining: usize,
}

/// A request that a rule matched, and the answer the server gave.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The request exactly as the client sent it, ready to be delivered a second time.
    pub request: Vec<u8>,
    /// The status of the server's answer, or of the one that was given in its place; 0 for none.
    pub status: u16,
}

#[derive(Default)]
struct Shared {
    rules: Mutex<Vec<Rule>>,
    hits: Mutex<Vec<Hit>>,
    requests: Mutex<Vec<Request>>,
    gate: Gate,
    stopping: AtomicBool,
    /// Held while the server works, if it is to work on one request at a time.
    turn: Option<Mutex<()>>,
}

/// A running proxy; dropping it stops it.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultProxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Listens on a free port of loopback and forwards to `upstream`.
    pub fn start(upstream: SocketAddr) -> Self {
        Self::with(upstream, Shared::default())
    }

    /// As [`Self::start`], and never lets two requests be at work in the server at once: that makes
    /// check and effect one step in a server that does not.
    pub fn one_at_a_time(upstream: SocketAddr) -> Self {
        Self::with(upstream, Shared { turn: Some(Mutex::default()), ..Shared::default() })
    }

    fn with(upstream: SocketAddr, shared: Shared) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the proxy's address");
        let shared = Arc::new(shared);
        let of_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, upstream, &of_acceptor));
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` of the proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Applies `fault` to the next `times` requests whose method and path (with query) match.
    pub fn inject(
        &self,
        fault: Fault,
        times: usize,
        matches: impl Fn(&str, &str) -> bool + Send + 'static,
    ) {
        self.inject_on(fault, times, move |request| matches(&request.method, &request.path));
    }

    /// As [`Self::inject`], for requests that are told apart by more than that.
    pub fn inject_on(
        &self,
        fault: Fault,
        times: usize,
        matches: impl Fn(&Request) -> bool + Send + 'static,
    ) {
        let rule = Rule { matches: Box::new(matches), fault, remaining: times };
        locked(&self.shared.rules).push(rule);
    }

    /// Waits until a request is held; whether one is before the time is over.
    pub fn await_held(&self, bound: Duration) -> bool {
        self.shared.gate.await_held(bound)
    }

    /// Delivers what is held; later requests are held as the rules say.
    pub fn let_go(&self) {
        self.shared.gate.let_go();
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.requests).clone()
    }

    /// The requests that a rule has matched so far, with the server's answers.
    pub fn hits(&self) -> Vec<Hit> {
        locked(&self.shared.hits).clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.gate.let_go();
        // The acceptor wakes up for this connection and sees the flag.
        if TcpStream::connect(self.address).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            acceptor.join().ok();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, upstream: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        // A broken connection on either side ends both: that is all a TCP proxy can tell.
        std::thread::spawn(move || forward(client, upstream, &shared).ok());
    }
}

fn forward(client: TcpStream, upstream: SocketAddr, shared: &Shared) -> io::Result<()> {
    let mut client = Connection::new(client)?;
    let mut server = Connection::new(TcpStream::connect(upstream)?)?;
    while let Some(head) = client.read_head()? {
        let asked = Asked::read(head, &mut client)?;
        let goes_on = match shared.fault_of(&asked) {
            None => {
                let _turn = shared.turn.as_ref().map(locked);
                exchange(&mut client, &mut server, &asked)?
            }
            Some(fault) => faulty_exchange(&mut client, &mut server, &asked, fault, shared)?,
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}

impl Shared {
    fn fault_of(&self, asked: &Asked) -> Option<Fault> {
        let request = asked.summary();
        locked(&self.requests).push(request.clone());
        let mut rules = locked(&self.rules);
        let rule = rules.iter_mut().find(|r| r.remaining > 0 && (r.matches)(&request))?;
        rule.remaining -= 1;
        Some(rule.fault)
    }
}

/// Forwards one request and its answer; returns whether the connections stay open.
fn exchange(client: &mut Connection, server: &mut Connection, asked: &Asked) -> io::Result<bool> {
    let method = asked.head.method_and_path().0;
    server.write_all(&asked.head.raw)?;
    server.write_all(&asked.body)?;
    if asked.head.expects_continue() {
        let interim = server.expect_head()?;
        client.write_all(&interim.raw)?;
        if interim.status() != 100 {
            client.copy_body_from(server, interim.response_body(method))?;
            return Ok(false);
        }
    }
    server.copy_body_from(client, asked.rest)?;
    let mut response = server.expect_head()?;
    while response.status() < 200 {
        client.write_all(&response.raw)?;
        response = server.expect_head()?;
    }
    client.write_all(&response.raw)?;
    client.copy_body_from(server, response.response_body(method))?;
    Ok(!response.closes())
}

/// As [`exchange`] for a request that a rule matched: such requests are small and kept whole.
fn faulty_exchange(
    client: &mut Connection,
    server: &mut Connection,
    asked: &Asked,
    fault: Fault,
    shared: &Shared,
) -> io::Result<bool> {
    let request = asked.read_whole(client)?;
    let hit = |status| locked(&shared.hits).push(Hit { request: request.clone(), status });
    if fault == Fault::LoseRequest {
        hit(0);
        return Ok(false);
    }
    if let Fault::Answer(answer) = fault {
        hit(Head::new(answer.as_bytes().to_vec()).status());
        client.write_all(answer.as_bytes())?;
        return Ok(false);
    }
    if fault == Fault::HoldRequest {
        shared.gate.hold();
    }
    let turn = shared.turn.as_ref().map(locked);
    let (response, whole_response) = ask(server, &request, asked)?;
    drop(turn);
    hit(response.status());
    match fault {
        Fault::LoseResponse => return Ok(false),
        Fault::DelayResponse(delay) => pause(delay),
        Fault::AnswerInstead(answer) => {
            client.write_all(answer.as_bytes())?;
            return Ok(false);
        }
        Fault::CutResponse => {
            let (first_half, _) = whole_response.split_at(whole_response.len() / 2);
            client.write_all(first_half)?;
            return Ok(false);
        }
        Fault::HoldRequest | Fault::Answer(_) | Fault::LoseRequest => {}
    }
    client.write_all(&whole_response)?;
    Ok(!response.closes())
}

/// Sends a whole request; returns the answer's head, and the whole answer.
fn ask(server: &mut Connection, request: &[u8], asked: &Asked) -> io::Result<(Head, Vec<u8>)> {
    server.write_all(request)?;
    let mut response = server.expect_head()?;
    while response.status() < 200 {
        response = server.expect_head()?;
    }
    let mut whole = response.raw.clone();
    server.read_body(response.response_body(asked.head.method_and_path().0), &mut whole)?;
    Ok((response, whole))
}

#[expect(clippy::disallowed_methods, reason = "the delay is the fault that was asked for")]
fn pause(delay: Duration) {
    std::thread::sleep(delay);
}

/// Sends `request` as it is on a connection of its own and returns the status of the answer.
///
/// # Errors
/// If the connection fails or the answer is no HTTP.
pub fn deliver_again(server: SocketAddr, request: &[u8]) -> io::Result<u16> {
    let mut connection = Connection::new(TcpStream::connect(server)?)?;
    connection.write_all(request)?;
    Ok(connection.expect_head()?.status())
}

#[cfg(test)]
mod tests;
