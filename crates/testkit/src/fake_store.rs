//! A store that lists and shows what a test puts into it, and nothing more: big buckets in no time, and
//! refusals at will.
//!
//! It answers ListObjectsV2 and GetObject as S3 does, and Scan and GetItem as DynamoDB does, of one bucket and
//! one table. It checks no signature and stores nothing that is sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::fault_proxy::http::{Connection, Head};

/// When everything in it was written.
pub const LAST_MODIFIED: &str = "2026-11-22T09:30:00.000Z";
/// S3's own bound.
const PAGE_MAX: usize = 1000;

/// What the store holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Objects by key.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Items by their `LockID`: the other attributes, all of them text.
    pub items: BTreeMap<String, Vec<(&'static str, String)>>,
    /// Items on a page of a scan; 0: all.
    pub items_per_page: usize,
    /// Keys stand in listings as they are, not URL-encoded, whatever is asked for.
    pub is_plain: bool,
}

/// A request, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `ListObjectsV2`, `GetObject`, `Scan` or `GetItem`.
    pub operation: String,
    /// The key of an object or item; of a listing, its prefix.
    pub key: String,
    /// Where a page begins, if it is not the first.
    pub after: Option<String>,
    most: usize,
}

/// Instead of the store's own answer: a status and an error code.
pub type Refusal = (u16, &'static str);
type Hook = dyn Fn(&Asked) -> Option<Refusal> + Send + Sync;

struct Shared {
    holdings: Mutex<Holdings>,
    asked: Mutex<Vec<Asked>>,
    hook: Box<Hook>,
}

/// A running store. Its threads end with the process.
#[derive(Clone)]
pub struct FakeStore {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for FakeStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeStore").field("address", &self.address).finish_non_exhaustive()
    }
}

impl FakeStore {
    /// Starts a store. `hook` is asked about each request before it is answered; it may also wait.
    pub fn start(
        holdings: Holdings,
        hook: impl Fn(&Asked) -> Option<Refusal> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the store's address");
        let (holdings, asked) = (Mutex::new(holdings), Mutex::default());
        let shared = Arc::new(Shared { holdings, asked, hook: Box::new(hook) });
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

    /// The environment that an AWS client needs.
    pub fn client_env(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://{}", self.address);
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Changes what it holds.
    pub fn change(&self, change: impl FnOnce(&mut Holdings)) {
        change(&mut self.shared.holdings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation == operation).count()
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut client = Connection::new(stream)?;
    while let Some(head) = client.read_head()? {
        let mut body = Vec::new();
        client.read_body(head.request_body(), &mut body)?;
        let asked = read(&head, &body);
        shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let refusal = (shared.hook)(&asked);
        let holdings = shared.holdings.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match refusal {
            Some(refusal) => refused(&asked, refusal),
            None => answer(&asked, &holdings),
        };
        drop(holdings);
        client.write_all(&answer)?;
    }
    Ok(())
}

fn read(head: &Head, body: &[u8]) -> Asked {
    let (_, target) = head.method_and_path();
    if let Some(target) = head.header("x-amz-target") {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |part: &Value| part["LockID"]["S"].as_str().map(str::to_owned);
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let key = text(&body["Key"]).unwrap_or_default();
        return Asked { operation, key, after: text(&body["ExclusiveStartKey"]), most: 0 };
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| decoded(value))
    };
    let most = value("max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE_MAX);
    let listing = value("list-type").is_some();
    let key = path.splitn(3, '/').nth(2).map(decoded).unwrap_or_default();
    let operation = if listing { "ListObjectsV2" } else { "GetObject" }.to_owned();
    let key = if listing { value("prefix").unwrap_or_default() } else { key };
    Asked { operation, key, after: value("continuation-token"), most: most.min(PAGE_MAX) }
}

fn answer(asked: &Asked, holdings: &Holdings) -> Vec<u8> {
    match asked.operation.as_str() {
        "ListObjectsV2" => message(200, "", page(asked, holdings).as_bytes()),
        "GetObject" => match holdings.objects.get(&asked.key) {
            Some(body) => message(200, "ETag: \"e\"\r\n", body),
            None => refused(asked, (404, "NoSuchKey")),
        },
        "Scan" => message(200, "", scanned(asked, holdings).to_string().as_bytes()),
        "GetItem" => {
            let item = holdings.items.get(&asked.key).map(|rest| item(&asked.key, rest));
            let answer = item.map_or_else(|| json!({}), |item| json!({ "Item": item }));
            message(200, "", answer.to_string().as_bytes())
        }
        _ => refused(asked, (501, "NotImplemented")),
    }
}

fn page(asked: &Asked, holdings: &Holdings) -> String {
    let begin = match &asked.after {
        Some(after) => Bound::Excluded(after.as_str()),
        None => Bound::Included(asked.key.as_str()),
    };
    let rest = holdings.objects.range::<str, _>((begin, Bound::Unbounded));
    let mut rest = rest.take_while(|(key, _)| key.starts_with(&asked.key)).peekable();
    let mut contents = String::new();
    let mut last = "";
    for (key, body) in rest.by_ref().take(asked.most) {
        last = key;
        let name = if holdings.is_plain { key.clone() } else { encoded(key) };
        let size = body.len();
        write!(
            contents,
            "<Contents><Key>{name}</Key><LastModified>{LAST_MODIFIED}</LastModified>\
             <ETag>&quot;e&quot;</ETag><Size>{size}</Size></Contents>"
        )
        .expect("text can grow");
    }
    let encoding = if holdings.is_plain { "" } else { "<EncodingType>url</EncodingType>" };
    let more = match rest.peek() {
        Some(_) => format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>",
            encoded(last)
        ),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    format!("<ListBucketResult>{encoding}{more}{contents}</ListBucketResult>")
}

fn scanned(asked: &Asked, holdings: &Holdings) -> Value {
    let begin = asked.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let most = if holdings.items_per_page == 0 { usize::MAX } else { holdings.items_per_page };
    let items: Vec<_> = holdings
        .items
        .range::<str, _>((begin, Bound::Unbounded))
        .take(most)
        .map(|(key, rest)| item(key, rest))
        .collect();
    let mut answer = json!({ "Count": items.len(), "Items": items });
    if items.len() == most {
        answer["LastEvaluatedKey"] = json!({ "LockID": items.last().map(|item| &item["LockID"]) });
    }
    answer
}

fn item(key: &str, rest: &[(&'static str, String)]) -> Value {
    let mut item = json!({ "LockID": { "S": key } });
    for (name, value) in rest {
        item[*name] = json!({ "S": value });
    }
    item
}

fn refused(asked: &Asked, (status, code): Refusal) -> Vec<u8> {
    let body = if matches!(asked.operation.as_str(), "Scan" | "GetItem") {
        json!({ "__type": format!("x#{code}"), "message": "as the test wants" }).to_string()
    } else {
        format!("<Error><Code>{code}</Code><Message>as the test wants</Message></Error>")
    };
    message(status, "", body.as_bytes())
}

fn message(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// As S3 encodes keys in listings.
fn encoded(key: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'*' | b'/' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    key.bytes().map(encode).collect()
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
    String::from_utf8(bytes).expect("a key is text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let objects = (0..2500).map(|n| (format!("k {n:04}"), Vec::new())).collect();
        let holdings = Holdings { objects, ..Holdings::default() };
        let mut asked = Asked {
            operation: "ListObjectsV2".into(),
            key: "k ".into(),
            after: None,
            most: PAGE_MAX,
        };
        let mut counts = Vec::new();
        for after in [None, Some("k 0999"), Some("k 1999")] {
            asked.after = after.map(str::to_owned);
            let page = page(&asked, &holdings);
            counts.push((page.matches("<Key>k+").count(), page.contains("<IsTruncated>true")));
        }
        assert_eq!(counts, [(1000, true), (1000, true), (500, false)]);
    }

    #[test]
    fn texts_are_decoded_as_in_a_url() {
        assert_eq!(decoded("env%3A/%E6%97%A5+%2B%"), "env:/日++%");
        assert_eq!(encoded("a b+ü"), "a+b%2B%C3%BC");
    }
}
