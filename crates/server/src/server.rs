//! Starts and stops the state server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

use crate::api::admin::AdminApi;
use crate::api::dynamodb::{self, DynamoDbApi, is_table_name};
use crate::api::http_backend::HttpBackendApi;
use crate::api::s3::{S3Settings, build_service};
use crate::auth::credentials::{AccessKey, Credentials, CredentialsError};
use crate::engine::tables::{NewTable, TableError};
use crate::engine::{Engine, EngineError, GuardPolicy, IdSource, Limits, WaitingLimits};
use crate::listener::{self, Application, ConnectionLimits, Dispatcher};
use crate::metrics::Metrics;
use crate::records::Versioning;
use crate::storage::embedded::{EmbeddedStorage, OpenError};
use crate::storage::memory::MemoryStorage;
use crate::storage::{Storage, StorageError};
use crate::system::{SystemClock, SystemRandomness};

/// Bodies of the S3 API and the `http` backend received at a time; each takes a few mebibytes of memory.
const INTAKE_MAX: usize = 12;
/// Connections that the system accepts ahead of the server.
const BACKLOG: u32 = 1024;
/// How often bodies that nobody refers to are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);
/// How long a stop waits for grants whose clients went away.
const GRANTS_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageEngine {
    /// SQLite in the data directory: durable.
    Embedded,
    /// Nothing but memory: gone when the server stops.
    Memory,
}

/// Everything a user tunes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// Which engine keeps the data.
    pub storage: StorageEngine,
    /// The bucket that exists after the first start.
    pub bucket: String,
    /// The lock table that exists after the first start.
    pub lock_table: String,
    /// The region that this server says it is in.
    pub region: String,
    /// Host names under which `BUCKET.NAME` addresses a bucket.
    pub domains: Vec<String>,
    /// The root access key, if it is not to be made or read from the data directory.
    pub root: Option<AccessKey>,
    /// The largest body of one request, in bytes.
    pub body_size_bytes_max: u64,
    /// Bounds on connections.
    pub connections: ConnectionLimits,
    /// How many requests for a lock may be held open at a time; fewer than connections.
    pub waiters_max: usize,
    /// How the write guard is set.
    pub guard: GuardPolicy,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] OpenError),
    /// The credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The address cannot be listened on.
    #[error("could not listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The first bucket's name is not one that S3 allows.
    #[error("`{0}` is not a bucket name: 3 to 63 lower-case letters, digits, `-` and `.`")]
    BucketName(String),
    /// The first lock table's name is not one that DynamoDB allows.
    #[error("`{0}` is not a table name: 3 to 255 letters, digits, `_`, `-` and `.`")]
    LockTableName(String),
    /// The data directory was opened, but not what is in it.
    #[error("could not prepare the stored data")]
    Prepare(#[source] EngineError),
}

/// A server that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    storage: Arc<dyn Storage>,
    engine: Engine,
    credentials: Credentials,
    dispatcher: Arc<Dispatcher>,
    metrics: Metrics,
    connections: ConnectionLimits,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the data directory, prepares what the first start needs, and listens.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        if !s3s::path::check_bucket_name(&settings.bucket) {
            return Err(StartError::BucketName(settings.bucket));
        }
        if !is_table_name(&settings.lock_table) {
            return Err(StartError::LockTableName(settings.lock_table));
        }
        // First, so that an address that cannot be had leaves nothing behind. Connections are refused
        // until everything is prepared.
        let address = settings.listen;
        let listen_error = |source| StartError::Listen { address, source };
        let socket = bind(address).map_err(listen_error)?;
        let (storage, credentials) = open(&settings)?;
        let metrics = Metrics::new();
        let engine = engine(&storage, &settings, &metrics);
        prepare(&engine, &settings).await.map_err(StartError::Prepare)?;
        let listener = socket.listen(BACKLOG).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let connections = settings.connections;
        let intake = Arc::new(Semaphore::new(INTAKE_MAX));
        let s3 = S3Settings {
            region: settings.region,
            domains: settings.domains,
            intake: Arc::clone(&intake),
        };
        let application = Application {
            s3: build_service(engine.clone(), credentials.clone(), s3),
            credentials: credentials.clone(),
            clock: Arc::new(SystemClock),
            metrics: metrics.clone(),
            admin: AdminApi {
                engine: engine.clone(),
                credentials: credentials.clone(),
                metrics: metrics.clone(),
            },
            http_backend: HttpBackendApi {
                engine: engine.clone(),
                credentials: credentials.clone(),
                intake,
            },
            dynamodb: DynamoDbApi {
                engine: engine.clone(),
                credentials: credentials.clone(),
                intake: Arc::new(Semaphore::new(dynamodb::INTAKE_MAX)),
            },
            request_timeout: connections.request_timeout,
            stall_timeout: connections.stall_timeout,
        };
        let seed = SystemRandomness.random().map_err(StartError::Prepare)?;
        let dispatcher = Arc::new(Dispatcher::new(application, seed));
        Ok(Self {
            listener,
            address,
            storage,
            engine,
            credentials,
            dispatcher,
            metrics,
            connections,
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that clients use, and where it came from.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Serves until `stop` completes; then finishes requests in flight and closes the storage.
    ///
    /// # Errors
    /// A storage failure while closing. Everything acknowledged is durable all the same.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StorageError> {
        let sweeper = tokio::spawn(sweep_regularly(self.engine.clone()));
        let engine = self.engine;
        let stop = async {
            stop.await;
            // They would keep the server for as long as they may wait.
            engine.stop_waiting();
        };
        listener::serve(self.listener, self.dispatcher, self.connections, self.metrics, stop).await;
        if tokio::time::timeout(GRANTS_TIMEOUT, engine.waiters_ended()).await.is_err() {
            tracing::warn!("a lock was still being granted when the server stopped");
        }
        sweeper.abort();
        self.storage.close().await
    }
}

fn engine(storage: &Arc<dyn Storage>, settings: &Settings, metrics: &Metrics) -> Engine {
    let limits = Limits {
        body_size_bytes_max: settings.body_size_bytes_max,
        stall_timeout: settings.connections.stall_timeout,
        ..Limits::default()
    };
    let waiting = WaitingLimits::default();
    let waiting = WaitingLimits {
        // A request that waits must be answered before its time is over.
        hold_max: waiting.hold_max.min(settings.connections.request_timeout / 2),
        waiters_max: settings.waiters_max,
    };
    Engine::new(Arc::clone(storage), Arc::new(SystemClock), Arc::new(SystemRandomness), limits)
        .with_waiting(waiting, metrics.queue())
        .with_guard(settings.guard)
}

fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is restarted takes its port back at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn open(settings: &Settings) -> Result<(Arc<dyn Storage>, Credentials), StartError> {
    let explicit = settings.root.clone();
    match settings.storage {
        StorageEngine::Embedded => {
            // The engine holds the directory before the credentials file in it is touched.
            let storage = EmbeddedStorage::open(&settings.data)?;
            Ok((Arc::new(storage), Credentials::open(&settings.data, explicit)?))
        }
        StorageEngine::Memory => {
            // Clients still read their key from the directory.
            std::fs::create_dir_all(&settings.data).map_err(|source| CredentialsError::Io {
                action: "create",
                path: settings.data.clone(),
                source,
            })?;
            let credentials = Credentials::open(&settings.data, explicit)?;
            Ok((Arc::new(MemoryStorage::new()), credentials))
        }
    }
}

/// Makes the first bucket and lock table, and removes what a crash left behind.
async fn prepare(engine: &Engine, settings: &Settings) -> Result<(), EngineError> {
    let made = engine
        .create_bucket(settings.bucket.clone(), settings.region.clone(), Versioning::Enabled, None)
        .await;
    match made {
        Ok(()) => tracing::info!(bucket = settings.bucket, "made the bucket, with versioning"),
        Err(EngineError::BucketExists) => {}
        Err(error) => return Err(error),
    }
    prepare_lock_table(engine, settings).await?;
    let swept = engine.sweep_at_start().await?;
    if swept.staged > 0 {
        tracing::info!(bodies = swept.staged, "removed bodies that were never finished");
    }
    Ok(())
}

async fn prepare_lock_table(engine: &Engine, settings: &Settings) -> Result<(), EngineError> {
    let name = &settings.lock_table;
    let made = engine.create_table(NewTable::lock_table(name, &settings.region), None).await;
    match made {
        Ok(_) => tracing::info!(lock_table = name, "made the lock table"),
        Err(TableError::TableExists(_)) => {}
        Err(TableError::Engine(error)) => return Err(error),
        Err(error) => return Err(StorageError::Failed(error.to_string()).into()),
    }
    Ok(())
}

async fn sweep_regularly(engine: Engine) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match engine.sweep().await {
            Ok(report) => tracing::debug!(?report, "swept"),
            Err(error) => tracing::warn!(%error, "could not sweep; trying again later"),
        }
        match engine.expire_items().await {
            Ok(items) => tracing::debug!(items, "removed items whose time is over"),
            Err(error) => tracing::warn!(%error, "could not remove items; trying again later"),
        }
    }
}
