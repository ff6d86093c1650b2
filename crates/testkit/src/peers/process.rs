//! Another's server as a process of its own: started on free ports, ended by its process id.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::server_process::wait_until;

/// How long a start may take. A distributed store elects its leader first, on two busy cores.
const START_BOUND: Duration = Duration::from_mins(2);

/// A server that runs; dropping it kills it, and removes all that it wrote.
#[derive(Debug)]
pub(super) struct PeerProcess {
    address: SocketAddr,
    child: Child,
    directory: TempDir,
    /// What it writes elsewhere, and does not remove when it is killed.
    left: Vec<PathBuf>,
}

/// Ports of loopback that were free a moment ago.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("the port's number").port())
}

impl PeerProcess {
    /// Starts `command` in a directory of its own, with a folder `data` for what it stores, and waits
    /// until it listens at `address`.
    ///
    /// # Panics
    /// It does not start, or does not listen in time; the message holds all it said.
    pub(super) fn start(command: Command, address: SocketAddr, left: &[String]) -> Self {
        Self::start_with(command, address, left, |_| ())
    }

    /// As [`Self::start`], with a directory that `prepare` has been in first.
    pub(super) fn start_with(
        mut command: Command,
        address: SocketAddr,
        left: &[String],
        prepare: impl FnOnce(&Path),
    ) -> Self {
        let directory = TempDir::with_prefix("statelock-peer-").expect("a directory");
        fs::create_dir(directory.path().join("data")).expect("a place for data");
        prepare(directory.path());
        let log = |name: &str| File::create(directory.path().join(name)).expect("a log file");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name); // the developer's own settings are not the server's
            }
        }
        let child = command
            .current_dir(directory.path())
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .stdin(Stdio::null())
            .stdout(log("stdout"))
            .stderr(log("stderr"))
            .spawn()
            .expect("an installed program starts");
        let left = left.iter().map(PathBuf::from).collect();
        let mut process = Self { address, child, directory, left };
        process.await_listening(&command);
        process
    }

    fn await_listening(&mut self, command: &Command) {
        let listening = wait_until(START_BOUND, || {
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            let connected = TcpStream::connect(self.address).is_ok();
            (ended || connected).then_some(connected && !ended)
        });
        assert_eq!(listening, Some(true), "{command:?} does not listen:\n{}", self.said());
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it printed.
    pub(super) fn said(&self) -> String {
        let read = |name: &str| fs::read(self.directory.path().join(name)).unwrap_or_default();
        let text = [read("stdout"), read("stderr")].concat();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
        for path in &self.left {
            // Most of these are not there if it ended by itself.
            fs::remove_file(path).ok();
        }
    }
}
