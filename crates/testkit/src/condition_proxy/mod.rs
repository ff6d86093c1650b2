//! A proxy in front of a correct store that breaks one thing, as stores in the wild do.
//!
//! It takes a request apart, changes it, signs it again and passes it on; what it does not break goes
//! through byte for byte. So whatever a client then sees comes from this one fault.
//!
//! Limitations: path-style requests only, no pipelining, and bodies are kept whole in memory.

mod aws_chunked;
mod broken;
mod forgetful;
mod listing;
mod message;
mod refusing;
mod table;
mod upstream;

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::fault_proxy::http::Connection;
use crate::sigv4::Signer;
use listing::Listings;
use message::Message;
use upstream::{Reply, Upstream};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: what is found behind the proxy is found without it.
    Nothing,
    /// PutObject takes `If-None-Match` and writes over what is there.
    IfNoneMatchIgnored,
    /// PutObject takes `If-Match` and writes whatever is there.
    IfMatchOnPutIgnored,
    /// DeleteObject takes `If-Match` and deletes whatever is there.
    IfMatchOnDeleteIgnored,
    /// PutObject with `If-None-Match` writes over what is there, and refuses a free key.
    IfNoneMatchInverted,
    /// PutObject looks whether its condition holds, and writes a moment later without it.
    ConditionRaced,
    /// As [`Self::ConditionRaced`], with a lock around both that only this proxy has: two proxies in
    /// front of one store are two nodes that do not see each other's locks.
    LockedPerEndpoint,
    /// PutObject with `If-None-Match` refuses a key with a delete marker as taken.
    DeleteMarkerIsAnObject,
    /// PutObject takes `If-None-Match` and writes over what is there, where something was deleted once.
    IgnoredAfterDelete,
    /// The same where an object was written over another.
    IgnoredAfterOverwrite,
    /// The same under keys that a URL writes in another way, such as `env:/`.
    IgnoredForSpecialKeys,
    /// PutObject with `If-None-Match` refuses who comes while another writes. Once that is done, it lets another
    /// connection in than the writer's, once: what was written is not known there yet.
    KnownLate,
    /// PutObject takes `If-Match` and writes whatever is there, where the body is larger than 64 KiB.
    IfMatchOfLargeBodiesIgnored,
    /// As [`Self::ConditionRaced`], of `If-Match` only.
    IfMatchRaced,
    /// PutObject without a condition is forbidden, as by a policy of the bucket.
    ConditionRequired,
    /// The same of keys that end in `.tflock`.
    ConditionRequiredForLocks,
    /// Every condition is answered with 501.
    ConditionsNotImplemented,
    /// A condition that fails is kept, and answered with this status.
    FailedConditionAnswered(u16),
    /// A condition that fails is answered with 409.
    ConflictForFailedCondition,
    /// CompleteMultipartUpload takes conditions and does not look at them.
    CompleteConditionsIgnored,
    /// The first read on another connection than the writer's shows what was there before the write.
    StaleReads,
    /// The first listing after a write or a deletion does not know of it.
    StaleListings,
    /// Bodies with a trailer are refused with 400.
    TrailersRefused,
    /// PutItem and DeleteItem take a condition and do not look at it.
    ItemConditionIgnored,
    /// PutItem looks whether the item is there, and writes a moment later without the condition.
    ItemConditionRaced,
    /// The first GetItem on another connection than the writer's shows what was there before,
    /// `ConsistentRead` or not.
    StaleItems,
}

/// A running proxy; dropping it stops it.
#[derive(Debug)]
pub struct ConditionProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What the connections of a proxy share.
#[derive(Debug)]
struct Shared {
    fault: Fault,
    upstream: SocketAddr,
    signer: Signer,
    stopping: AtomicBool,
    connections: AtomicU64,
    /// Held around look and write, where the fault has a lock at all.
    turn: Mutex<()>,
    memory: Mutex<Memory>,
}

/// What the faults have to remember.
#[derive(Debug, Default)]
struct Memory {
    /// Paths of objects whose newest version is a delete marker.
    markers: HashSet<String>,
    /// What was read last before a write: by path, or by table and key.
    before: HashMap<String, Before>,
    listings: Listings,
    /// Paths under which something was deleted.
    deleted: HashSet<String>,
    /// How often an object was written without a condition, by path.
    written: HashMap<String, usize>,
    /// Who took a key, by path.
    taken: HashMap<String, Taken>,
}

/// A key that is being taken, or is.
#[derive(Clone, Copy, Debug)]
struct Taken {
    /// The connection that did it.
    writer: u64,
    is_done: bool,
    /// Whether somebody else was let in who did not know of it.
    is_let_in: bool,
}

/// What stood there before a write.
#[derive(Debug)]
struct Before {
    /// The connection that wrote, which sees what it wrote.
    writer: u64,
    reply: Reply,
}

impl ConditionProxy {
    /// Listens on a free port of loopback, and forwards to a store that takes this signer's requests.
    pub fn start(upstream: SocketAddr, signer: Signer, fault: Fault) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::start_on(listen, upstream, (signer, fault)).expect("a free port")
    }

    /// The same on an address of your choice.
    ///
    /// # Errors
    /// This machine does not have it, or somebody listens there.
    pub fn start_on(
        listen: SocketAddr,
        upstream: SocketAddr,
        (signer, fault): (Signer, Fault),
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr().expect("the proxy's address");
        let shared = Arc::new(Shared {
            fault,
            upstream,
            signer,
            stopping: AtomicBool::default(),
            connections: AtomicU64::default(),
            turn: Mutex::default(),
            memory: Mutex::default(),
        });
        let of_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &of_acceptor));
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` of the proxy.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for ConditionProxy {
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

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = Arc::clone(shared);
        // A broken connection on either side ends both: that is all a proxy can tell.
        std::thread::spawn(move || serve(client, &shared).ok());
    }
}

fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let mut client = Connection::new(client)?;
    let mut upstream = Upstream::connect(shared.upstream, shared.signer.clone(), number)?;
    while let Some(message) = Message::read(&mut client)? {
        let reply = broken::answer(shared, &message, &mut upstream)?;
        client.write_all(&reply.bytes)?;
        if reply.closes {
            break;
        }
    }
    Ok(())
}
