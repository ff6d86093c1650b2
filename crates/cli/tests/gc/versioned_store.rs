//! A store that keeps versions in memory, lists and removes them as S3 does, and lets a test step in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use statelock_testkit::fault_proxy::http::Connection;

/// A version: its id, and its length, or `None` for a delete marker.
pub(crate) type Version = (String, Option<u64>);

/// What the store holds: the versions of each key, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) keys: BTreeMap<String, Vec<Version>>,
    pub(crate) is_suspended: bool,
    next_id: u64,
}

impl Versions {
    /// A write by somebody: `None` is a delete without a version id.
    pub(crate) fn write(&mut self, key: &str, content: Option<u64>) {
        self.next_id += 1;
        let id = if self.is_suspended { "null".into() } else { format!("v{:08}", self.next_id) };
        let versions = self.keys.entry(key.to_owned()).or_default();
        versions.retain(|one| one.0 != id);
        versions.insert(0, (id, content));
    }

    /// So many locks that were taken and released.
    pub(crate) fn cycles(&mut self, key: &str, count: usize) {
        for _ in 0..count {
            self.write(key, Some(200));
            self.write(key, None);
        }
    }

    /// Whether a reader finds an object.
    pub(crate) fn is_there(&self, key: &str) -> bool {
        self.keys.get(key).and_then(|versions| versions.first()).is_some_and(|one| one.1.is_some())
    }

    /// How many versions and markers a key has.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.keys.get(key).map(Vec::len).unwrap_or_default()
    }

    fn remove(&mut self, key: &str, id: &str) {
        if let Some(versions) = self.keys.get_mut(key) {
            versions.retain(|one| one.0 != id);
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Versioning,
    /// With the key after which it goes on.
    List(Option<String>),
    /// Keys and version ids.
    RemoveMany(Vec<(String, String)>),
    RemoveOne(String, String),
    Other(String),
}

/// What happens instead of the store's own answer.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    AsUsual,
    /// A status and an error code.
    Refuse(u16, &'static str),
    /// Of many removals, those whose key contains this are refused so, with code and message.
    RefuseEach(&'static str, &'static str, &'static str),
}

type Hook = dyn Fn(&Asked, &mut Versions) -> Verdict + Send + Sync;

struct Shared {
    versions: Mutex<Versions>,
    asked: Mutex<Vec<Asked>>,
    hook: Box<Hook>,
}

/// A running store. Its threads end with the process.
#[derive(Clone)]
pub(crate) struct VersionedStore {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl VersionedStore {
    /// Starts it. `hook` is asked before each request is answered; it may change what is there, and wait.
    pub(crate) fn start(
        versions: Versions,
        hook: impl Fn(&Asked, &mut Versions) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the store's address");
        let (versions, asked) = (Mutex::new(versions), Mutex::default());
        let shared = Arc::new(Shared { versions, asked, hook: Box::new(hook) });
        let of_listener = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let shared = Arc::clone(&of_listener);
                // A client that goes away is none of our trouble.
                std::thread::spawn(move || serve(stream, &shared).ok());
            }
        });
        Self { address, shared }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it holds now.
    pub(crate) fn versions(&self) -> Versions {
        self.shared.versions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut client = Connection::new(stream)?;
    while let Some(head) = client.read_head()? {
        let mut body = Vec::new();
        client.read_body(head.request_body(), &mut body)?;
        let (method, target) = head.method_and_path();
        let (asked, query) = read(method, target, &String::from_utf8_lossy(&body));
        shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let mut versions = shared.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = (shared.hook)(&asked, &mut versions);
        let answer = answer(&asked, &query, &verdict, &mut versions);
        drop(versions);
        client.write_all(&answer)?;
    }
    Ok(())
}

type Query = BTreeMap<String, String>;

fn read(method: &str, target: &str, body: &str) -> (Asked, Query) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query: Query = pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    let key = decoded(path.splitn(3, '/').nth(2).unwrap_or_default());
    let asked = match method {
        "GET" if query.contains_key("versioning") => Asked::Versioning,
        "GET" if query.contains_key("versions") => Asked::List(query.get("key-marker").cloned()),
        "POST" if query.contains_key("delete") => {
            let objects = body.split("<Object>").skip(1);
            let named = objects.map(|one| (element(one, "Key"), element(one, "VersionId")));
            Asked::RemoveMany(named.collect())
        }
        "DELETE" => Asked::RemoveOne(key, query.get("versionId").cloned().unwrap_or_default()),
        _ => Asked::Other(format!("{method} {target}")),
    };
    (asked, query)
}

fn element(xml: &str, name: &str) -> String {
    let begin = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest).unwrap_or_default();
    begin.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned()).unwrap_or_default()
}

fn answer(asked: &Asked, query: &Query, verdict: &Verdict, versions: &mut Versions) -> Vec<u8> {
    if let Verdict::Refuse(status, code) = verdict {
        let body =
            format!("<Error><Code>{code}</Code><Message>as the test wants</Message></Error>");
        return message(*status, &body);
    }
    match asked {
        Asked::Versioning => {
            let status = if versions.is_suspended { "Suspended" } else { "Enabled" };
            let configuration = format!("<Status>{status}</Status>");
            message(
                200,
                &format!("<VersioningConfiguration>{configuration}</VersioningConfiguration>"),
            )
        }
        Asked::List(_) => message(200, &page(query, versions)),
        Asked::RemoveMany(named) => {
            let mut errors = String::new();
            for (key, id) in named {
                match verdict {
                    Verdict::RefuseEach(part, code, text) if key.contains(part) => write!(
                        errors,
                        "<Error><Key>{key}</Key><VersionId>{id}</VersionId><Code>{code}</Code>\
                         <Message>{text}</Message></Error>"
                    )
                    .expect("text can grow"),
                    _ => versions.remove(key, id),
                }
            }
            message(200, &format!("<DeleteResult>{errors}</DeleteResult>"))
        }
        Asked::RemoveOne(key, id) => {
            versions.remove(key, id);
            b"HTTP/1.1 204 x\r\n\r\n".to_vec()
        }
        Asked::Other(_) => message(501, "<Error><Code>NotImplemented</Code></Error>"),
    }
}

fn page(query: &Query, versions: &Versions) -> String {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let most: usize = text("max-keys").parse().unwrap_or(1000);
    let (prefix, key_marker, id_marker) =
        (text("prefix"), text("key-marker"), text("version-id-marker"));
    let of_key = |(key, versions): (&String, &Vec<Version>)| {
        let place = versions.iter().position(|one| one.0 == id_marker);
        let from = match place {
            _ if key.as_str() > key_marker => 0,
            Some(place) if !id_marker.is_empty() => place + 1,
            // The version of the marker is gone: those after it in the order of time follow.
            _ if !id_marker.is_empty() => {
                versions.iter().position(|one| one.0.as_str() < id_marker).unwrap_or(versions.len())
            }
            _ => versions.len(),
        };
        let listed = versions.iter().enumerate().skip(from);
        listed.map(|(place, one)| (key.clone(), place == 0, one.clone())).collect::<Vec<_>>()
    };
    let keys = versions.keys.range(key_marker.to_owned()..);
    let mut rest = keys.filter(|(key, _)| key.starts_with(prefix)).flat_map(of_key).peekable();
    let mut contents = String::new();
    let mut last = (String::new(), String::new());
    for (key, is_latest, (id, size)) in rest.by_ref().take(most) {
        let named = format!(
            "<Key>{}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest>\
             <LastModified>2026-01-01T00:00:00.000Z</LastModified>",
            key.replace('+', "%2B")
        );
        match size {
            Some(size) => write!(contents, "<Version>{named}<Size>{size}</Size></Version>"),
            None => write!(contents, "<DeleteMarker>{named}</DeleteMarker>"),
        }
        .expect("text can grow");
        last = (key, id);
    }
    let is_truncated = rest.peek().is_some();
    format!(
        "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>{is_truncated}</IsTruncated>\
         <NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>{contents}\
         </ListVersionsResult>",
        last.0.replace('+', "%2B"),
        last.1
    )
}

fn message(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// As it stands in a URL.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes).expect("text")
}
