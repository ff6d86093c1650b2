//! Servers of S3 and DynamoDB that nobody here wrote, started on loopback for a test or a measurement.
//!
//! Each is installed from a package registry with a pinned version, under `target/`, and writes nowhere
//! but into a directory of its own, which goes when it is dropped. A machine without the registry's
//! client gives an [`Unavailable`] that says why; a test passes that to [`crate::skip`].

mod install;
mod process;
mod servers;

use std::net::SocketAddr;
use std::time::Duration;

pub use install::{Build, CargoProgram, NpmProgram};

use crate::moto::Moto;
use crate::real_clients::python::Unavailable;
use crate::server_process::wait_until;
use crate::signed_client::SignedClient;
use crate::sigv4::Signer;
use process::PeerProcess;

/// How long a server may take from listening to keeping an object.
const READY_BOUND: Duration = Duration::from_mins(2);
const VERSIONING: &str = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                          <Status>Enabled</Status></VersioningConfiguration>";

/// A server of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerKind {
    /// S3 and DynamoDB, by Python, in memory. Conditional writes are looked at, then done.
    Moto,
    /// S3 and DynamoDB, by Python, in memory.
    Ministack,
    /// DynamoDB, by Node.js, in memory.
    Dynalite,
    /// S3 on files, by the authors of the S3 framework that we use. Not atomic.
    S3sFs,
    /// S3 on files, by Node.js. Knows no conditions.
    S3rver,
    /// S3 in front of whatever rclone reaches, here a directory. Knows no conditions.
    Rclone,
    /// A distributed store: master, volume server, filer and S3 in one process.
    SeaweedFs,
}

/// How far an acknowledged write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is in the memory of the process: gone when that ends.
    Memory,
    /// It is in files that were not synced: gone when the machine loses power. `strace` counts no sync
    /// at all while s3s-fs, s3rver and rclone write, and about one in eight writes of SeaweedFS.
    UnsyncedFiles,
}

/// A running server; dropping it kills it and removes what it wrote.
#[derive(Debug)]
pub struct Peer {
    kind: PeerKind,
    s3: Option<SocketAddr>,
    dynamodb: Option<SocketAddr>,
    process: Process,
}

#[derive(Debug)]
enum Process {
    Moto(Moto),
    Other(PeerProcess),
}

impl PeerKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Moto,
        Self::Ministack,
        Self::Dynalite,
        Self::S3sFs,
        Self::S3rver,
        Self::Rclone,
        Self::SeaweedFs,
    ];

    /// The name by which its authors call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Moto => "moto",
            Self::Ministack => "ministack",
            Self::Dynalite => "dynalite",
            Self::S3sFs => "s3s-fs",
            Self::S3rver => "s3rver",
            Self::Rclone => "rclone serve s3",
            Self::SeaweedFs => "SeaweedFS",
        }
    }

    /// The version that is installed.
    pub fn version(self) -> &'static str {
        match self {
            Self::Moto => Moto::VERSION,
            Self::Ministack => servers::MINISTACK,
            Self::Dynalite => servers::DYNALITE.version,
            Self::S3sFs => servers::S3S_FS.version,
            Self::S3rver => servers::S3RVER.version,
            Self::Rclone => servers::RCLONE,
            Self::SeaweedFs => servers::SEAWEEDFS,
        }
    }

    /// What an acknowledged write survives, as it is started here.
    pub fn durability(self) -> Durability {
        match self {
            Self::Moto | Self::Ministack | Self::Dynalite => Durability::Memory,
            Self::S3sFs | Self::S3rver | Self::Rclone | Self::SeaweedFs => {
                Durability::UnsyncedFiles
            }
        }
    }
}

impl Peer {
    /// Starts a server, installing it first if need be.
    ///
    /// # Errors
    /// [`Unavailable`] if its registry's client is missing, or does not get it.
    ///
    /// # Panics
    /// It is installed, and does not start.
    pub fn start(kind: PeerKind) -> Result<Self, Unavailable> {
        Self::start_built(kind, Build::Debug)
    }

    /// As [`Self::start`], where what has to be compiled here is compiled in this way.
    ///
    /// # Errors
    /// [`Unavailable`] if its registry's client is missing, or does not get it.
    ///
    /// # Panics
    /// It is installed, and does not start.
    pub fn start_built(kind: PeerKind, build: Build) -> Result<Self, Unavailable> {
        match kind {
            PeerKind::Moto => {
                let moto = Moto::start()?;
                let both = Some(moto.address());
                Ok(Self { kind, s3: both, dynamodb: both, process: Process::Moto(moto) })
            }
            PeerKind::Ministack => servers::ministack().map(|p| Self::of(kind, p, true, true)),
            PeerKind::Dynalite => servers::dynalite().map(|p| Self::of(kind, p, false, true)),
            PeerKind::S3sFs => servers::s3s_fs(build).map(|p| Self::of(kind, p, true, false)),
            PeerKind::S3rver => servers::s3rver().map(|p| Self::of(kind, p, true, false)),
            PeerKind::Rclone => servers::rclone().map(|p| Self::of(kind, p, true, false)),
            PeerKind::SeaweedFs => servers::seaweedfs().map(|p| Self::of(kind, p, true, false)),
        }
    }

    fn of(kind: PeerKind, process: PeerProcess, s3: bool, dynamodb: bool) -> Self {
        let address = process.address();
        let at = |offered: bool| offered.then_some(address);
        Self { kind, s3: at(s3), dynamodb: at(dynamodb), process: Process::Other(process) }
    }

    /// What it is.
    pub fn kind(&self) -> PeerKind {
        self.kind
    }

    /// Its name and version, for messages and tables.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind.name(), self.kind.version())
    }

    /// Where its S3 is, if it has one.
    pub fn s3(&self) -> Option<SocketAddr> {
        self.s3
    }

    /// Where its DynamoDB is, if it has one.
    pub fn dynamodb(&self) -> Option<SocketAddr> {
        self.dynamodb
    }

    /// Its process, which has no children.
    pub fn process_id(&self) -> u32 {
        match &self.process {
            Process::Moto(moto) => moto.process_id(),
            Process::Other(process) => process.id(),
        }
    }

    /// Access key and secret key that it takes. Some take any.
    pub fn credentials() -> (&'static str, &'static str) {
        // s3rver knows no others.
        ("S3RVER", "S3RVER")
    }

    /// A client of one of its addresses.
    pub fn client(address: SocketAddr) -> SignedClient {
        let (access_key, secret_key) = Self::credentials();
        SignedClient::new(address, Signer::new(access_key, secret_key))
    }

    /// The environment that an AWS client needs to reach it, and nothing else.
    pub fn client_env(&self) -> Vec<(String, String)> {
        let (access_key, secret_key) = Self::credentials();
        let endpoint = |name: &str, address: Option<SocketAddr>| {
            address.map(|address| (name.to_owned(), format!("http://{address}")))
        };
        let settings = [
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_SECRET_ACCESS_KEY", secret_key),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let s3 = endpoint("AWS_ENDPOINT_URL_S3", self.s3);
        let dynamodb = endpoint("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb);
        settings.into_iter().chain(s3).chain(dynamodb).collect()
    }

    /// Makes a bucket, and waits until it keeps an object.
    ///
    /// # Panics
    /// It has no S3, or the bucket keeps nothing within two minutes; the message holds the last answer.
    pub fn create_bucket(&self, name: &str) {
        let mut client = Self::client(self.s3.expect("a server of S3"));
        self.until_done("make a bucket", || ask(&mut client, "PUT", &format!("/{name}"), b""));
        let path = format!("/{name}/ready");
        self.until_done("keep an object", || ask(&mut client, "PUT", &path, b"ready"));
        self.until_done("remove an object", || ask(&mut client, "DELETE", &path, b""));
    }

    /// Lets a bucket keep versions; whether it does from now on.
    ///
    /// # Panics
    /// It has no S3.
    pub fn keep_versions(&self, bucket: &str) -> bool {
        let mut client = Self::client(self.s3.expect("a server of S3"));
        let path = format!("/{bucket}?versioning=");
        let set = ask(&mut client, "PUT", &path, VERSIONING.as_bytes()).is_ok();
        let is_set = client.s3("GET", &path, &[], b"").is_ok_and(|a| a.text().contains("Enabled"));
        set && is_set
    }

    /// Makes a table with the key of lock tables, and waits until it can be used.
    ///
    /// # Panics
    /// It has no DynamoDB, or the table is not there within two minutes.
    pub fn create_lock_table(&self, name: &str) {
        let mut client = Self::client(self.dynamodb.expect("a server of DynamoDB"));
        let body = format!(
            "{{\"TableName\":\"{name}\",\"BillingMode\":\"PAY_PER_REQUEST\",\
             \"KeySchema\":[{{\"AttributeName\":\"LockID\",\"KeyType\":\"HASH\"}}],\
             \"AttributeDefinitions\":[{{\"AttributeName\":\"LockID\",\"AttributeType\":\"S\"}}]}}"
        );
        let made = client.dynamodb("CreateTable", body.as_bytes()).expect("an answer");
        assert_eq!(made.status(), 200, "{}: {}", self.title(), made.text());
        let read = format!(
            "{{\"TableName\":\"{name}\",\"Key\":{{\"LockID\":{{\"S\":\"ready\"}}}},\
             \"ConsistentRead\":true}}"
        );
        self.until_done("read a lock table", || {
            let answer = client.dynamodb("GetItem", read.as_bytes());
            judged(answer)
        });
    }

    fn until_done(&self, what: &str, mut attempt: impl FnMut() -> Result<(), String>) {
        let mut last = String::new();
        let done = wait_until(READY_BOUND, || match attempt() {
            Ok(()) => Some(()),
            Err(said) => {
                last = said;
                None
            }
        });
        assert!(done.is_some(), "{} does not {what}: {last}\n{}", self.title(), self.said());
    }

    /// What it printed, for messages.
    pub fn said(&self) -> String {
        match &self.process {
            Process::Moto(_) => String::new(),
            Process::Other(process) => process.said(),
        }
    }
}

fn ask(client: &mut SignedClient, method: &str, path: &str, body: &[u8]) -> Result<(), String> {
    judged(client.s3(method, path, &[], body))
}

/// What went wrong, if it did.
fn judged(answer: std::io::Result<crate::signed_client::Answer>) -> Result<(), String> {
    match answer {
        Ok(answer) if matches!(answer.status(), 200..=299) => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status(), answer.text())),
        Err(error) => Err(error.to_string()),
    }
}
