//! `statelock serve`: the state server.

mod error;
mod instructions;
mod logs;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use statelock_server::auth::credentials::AccessKey;
use statelock_server::engine::{GuardMode, GuardPolicy};
use statelock_server::{ConnectionLimits, Server, Settings, StorageEngine};

pub(crate) use error::ServeError;
use logs::LogFormat;

use crate::output;

/// Requests for a lock that may wait for it at a time, unless told otherwise.
const WAITERS_MAX: u32 = 512;

/// Run the state server: an S3 bucket for Terraform states whose lockfiles really lock.
///
/// Prints where it listens, where the credentials are and a backend block to paste. Stop it with
/// SIGTERM or Ctrl-C: requests in flight finish first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock serve
  statelock serve --listen 127.0.0.1:9000 --data /var/lib/statelock
  statelock serve --storage memory --listen 127.0.0.1:0   # for a test: nothing is kept")]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9000",
        env = "STATELOCK_LISTEN",
        value_parser = listen_address
    )]
    listen: SocketAddr,

    /// Directory for everything that is kept, the credentials file included.
    #[arg(long, value_name = "DIR", default_value = "statelock-data", env = "STATELOCK_DATA")]
    data: PathBuf,

    /// Where states and locks are kept: `embedded` is durable, `memory` is gone at the end.
    #[arg(long, value_enum, default_value_t = StorageName::Embedded, env = "STATELOCK_STORAGE")]
    storage: StorageName,

    /// Bucket that exists after the first start, with versioning.
    #[arg(long, value_name = "NAME", default_value = "tfstate", env = "STATELOCK_BUCKET")]
    bucket: String,

    /// Lock table that exists after the first start.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "terraform-locks",
        env = "STATELOCK_LOCK_TABLE"
    )]
    lock_table: String,

    /// Region that the server says it is in. Requests signed for any region are served.
    #[arg(long, value_name = "REGION", default_value = "us-east-1", env = "STATELOCK_REGION")]
    region: String,

    /// Host name under which BUCKET.NAME addresses a bucket; may be given more than once.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "localhost",
        env = "STATELOCK_DOMAIN",
        value_delimiter = ','
    )]
    domain: Vec<String>,

    /// Access key id to use instead of the one in DIR/credentials; its secret must then be in
    /// STATELOCK_ROOT_SECRET_ACCESS_KEY.
    #[arg(long, value_name = "ID", env = "STATELOCK_ROOT_ACCESS_KEY_ID", hide_env_values = true)]
    root_access_key_id: Option<String>,

    // Not a flag: other users of the machine can read a process's arguments.
    #[arg(skip)]
    root_secret_access_key: Option<String>,

    /// Largest body of one request, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30, env = "STATELOCK_BODY_SIZE_BYTES_MAX")]
    body_size_bytes_max: u64,

    /// Connections at a time; beyond them a client gets 503 at once.
    #[arg(long, value_name = "COUNT", default_value_t = 1024, env = "STATELOCK_CONNECTIONS_MAX", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections_max: u32,

    /// Requests for a lock that may wait for it at a time; beyond them a client is refused at once, and
    /// tries again by itself. Must be smaller than --connections-max. [default: 512, or half of
    /// --connections-max if that is less]
    #[arg(long, value_name = "COUNT", env = "STATELOCK_WAITERS_MAX")]
    waiters_max: Option<u32>,

    /// What happens to a state write that would lose an update (the writer does not hold the lock, the
    /// serial does not grow, another lineage, no state at all): `refuse` it, `audit` it or `off`.
    #[arg(long, value_enum, default_value_t = WriteGuardName::Refuse, env = "STATELOCK_WRITE_GUARD")]
    write_guard: WriteGuardName,

    /// Say that no proxy and no address translation stands between clients and this server: then a state
    /// is also not written from another address than the one that took its lock.
    #[arg(long, env = "STATELOCK_DIRECT_CLIENTS")]
    direct_clients: bool,

    /// Seconds for a whole request header, and between two requests of one connection.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, env = "STATELOCK_HEADER_TIMEOUT_SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    header_timeout_seconds: u64,

    /// Seconds for one request, from its header to the header of its answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, env = "STATELOCK_REQUEST_TIMEOUT_SECONDS", value_parser = clap::value_parser!(u64).range(1..=1800))]
    request_timeout_seconds: u64,

    /// Seconds for which a client may send or read nothing in the middle of a body.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        env = "STATELOCK_STALL_TIMEOUT_SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=900)
    )]
    stall_timeout_seconds: u64,

    /// Seconds for requests in flight when the server is told to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, env = "STATELOCK_DRAIN_TIMEOUT_SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    drain_timeout_seconds: u64,

    /// How log lines on stderr look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "STATELOCK_LOG_FORMAT")]
    log_format: LogFormat,

    /// What is logged: a level, or directives such as `info,statelock_server=debug`.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "STATELOCK_LOG")]
    log: String,
}

fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "not an IP address and a port, such as 127.0.0.1:9000 or [::1]:9000")
}

/// The names of the storage engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageName {
    /// SQLite in the data directory.
    Embedded,
    /// Memory only.
    Memory,
}

/// What the write guard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WriteGuardName {
    /// Refuses, and keeps what it refused.
    Refuse,
    /// Lets it pass, logs and records it.
    Audit,
    /// Judges nothing.
    Off,
}

impl ServeArgs {
    fn guard(&self) -> GuardPolicy {
        let mode = match self.write_guard {
            WriteGuardName::Refuse => GuardMode::Refuse,
            WriteGuardName::Audit => GuardMode::Audit,
            WriteGuardName::Off => GuardMode::Off,
        };
        GuardPolicy { mode, direct_clients: self.direct_clients }
    }

    /// Who waits occupies a connection, and must leave some to those who give the lock back.
    fn waiters(&self) -> Result<u32, ServeError> {
        let connections = self.connections_max;
        match self.waiters_max {
            Some(waiters) if waiters >= connections => {
                Err(ServeError::Waiters { waiters, connections })
            }
            Some(waiters) => Ok(waiters),
            None => Ok(WAITERS_MAX.min(connections / 2)),
        }
    }

    fn settings(&self) -> Result<Settings, ServeError> {
        let id = self.root_access_key_id.clone();
        let secret = self.root_secret_access_key.clone();
        Ok(Settings {
            listen: self.listen,
            data: self.data.clone(),
            storage: match self.storage {
                StorageName::Embedded => StorageEngine::Embedded,
                StorageName::Memory => StorageEngine::Memory,
            },
            bucket: self.bucket.clone(),
            lock_table: self.lock_table.clone(),
            region: self.region.clone(),
            domains: self.domain.clone(),
            root: AccessKey::from_settings(id, secret).map_err(ServeError::RootKey)?,
            body_size_bytes_max: self.body_size_bytes_max,
            connections: ConnectionLimits {
                connections_max: usize::try_from(self.connections_max).unwrap_or(usize::MAX),
                header_timeout: Duration::from_secs(self.header_timeout_seconds),
                request_timeout: Duration::from_secs(self.request_timeout_seconds),
                stall_timeout: Duration::from_secs(self.stall_timeout_seconds),
                drain_timeout: Duration::from_secs(self.drain_timeout_seconds),
            },
            waiters_max: usize::try_from(self.waiters()?).unwrap_or(usize::MAX),
            guard: self.guard(),
        })
    }
}

/// Runs the server until a signal.
///
/// # Errors
/// When it cannot start, or its storage cannot be closed in order.
pub(crate) fn run(mut args: ServeArgs) -> Result<(), ServeError> {
    args.root_secret_access_key = std::env::var("STATELOCK_ROOT_SECRET_ACCESS_KEY").ok();
    logs::start(args.log_format, &args.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    runtime.block_on(serve(&args))
}

async fn serve(args: &ServeArgs) -> Result<(), ServeError> {
    // Before anything is announced: a supervisor may stop the server right after.
    let stop = stop_signal().map_err(ServeError::Runtime)?;
    if is_as_backup_left_it(&args.data) {
        tracing::warn!(
            data = %args.data.display(),
            "this directory is a backup, or an untouched copy of one. If it is the backup itself, stop now, copy it and \
             serve the copy: with the first write here it is no backup any more"
        );
    }
    let server = Server::start(args.settings()?).await?;
    if !server.address().ip().is_loopback() {
        tracing::warn!(
            "listening beyond this machine without TLS: requests of the AWS APIs are signed, but \
             states, and the access key of `http` backends, travel in clear; keep to a network that \
             you trust, or put a TLS proxy in front"
        );
    }
    let instructions = instructions::render(args, &server);
    output::data(&instructions).map_err(ServeError::Stdout)?;
    server.run(stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Whether nothing was written to a directory since `statelock backup` made it, here or where it was copied
/// from: the backup's own description is its newest file.
fn is_as_backup_left_it(data: &Path) -> bool {
    let changed = |name| std::fs::metadata(data.join(name)).and_then(|file| file.modified());
    match (changed("backup.json"), changed("statelock.db")) {
        (Ok(described), Ok(database)) => database <= described,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Completes at SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::is_as_backup_left_it;

    #[test]
    fn a_backup_is_told_from_a_data_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path();
        let changed = |name: &str, seconds| {
            let file = File::create(data.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        assert!(!is_as_backup_left_it(data), "it is empty");
        changed("statelock.db", 5);
        assert!(!is_as_backup_left_it(data), "a data directory");
        changed("backup.json", 6);
        assert!(is_as_backup_left_it(data), "a backup, described when it was made");
        changed("statelock.db", 7);
        assert!(!is_as_backup_left_it(data), "a restored one that was written to");
    }
}
