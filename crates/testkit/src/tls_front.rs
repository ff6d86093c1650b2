//! TLS in front of a server, with a certificate for which only its own file vouches.
//!
//! A Python program, because making a certificate takes a library that nothing else here needs; moto's
//! environment has one.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::moto::Moto;
use crate::server_process::wait_until;
use crate::skip::skip;

const PROGRAM: &str = include_str!("tls_front/front.py");
/// How long a start may take.
const START_BOUND: Duration = Duration::from_mins(1);

/// A running front; dropping it ends it.
#[derive(Debug)]
pub struct TlsFront {
    child: Child,
    directory: TempDir,
    port: u16,
}

impl TlsFront {
    /// Starts one before this server, or records that `what` is skipped because there is no Python, or no way
    /// to its packages.
    ///
    /// # Panics
    /// It does not start.
    pub fn before(server: SocketAddr, what: &str) -> Option<Self> {
        let python = match Moto::environment() {
            Ok(python) => python,
            Err(missing) => {
                skip(what, &missing.0);
                return None;
            }
        };
        let directory = TempDir::with_prefix("statelock-tls-").expect("a directory");
        let program = directory.path().join("front.py");
        std::fs::write(&program, PROGRAM).expect("a file");
        let errors = File::create(directory.path().join("stderr")).expect("a log file");
        let mut command = python.command(&program);
        command.args([server.ip().to_string(), server.port().to_string()]).arg(directory.path());
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let child = command.spawn().expect("Python is installed");
        let mut front = Self { child, directory, port: 0 };
        let port = wait_until(START_BOUND, || {
            let has_ended = front.child.try_wait().is_ok_and(|status| status.is_some());
            let port = std::fs::read_to_string(front.directory.path().join("port")).ok();
            (has_ended || port.is_some()).then_some(port)
        });
        let said = std::fs::read_to_string(front.directory.path().join("stderr"));
        let port = port.flatten().and_then(|port| port.parse().ok());
        assert!(port.is_some(), "the TLS front does not start:\n{}", said.unwrap_or_default());
        front.port = port.unwrap_or_default();
        Some(front)
    }

    /// `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate, for clients that are to trust it.
    pub fn ca_bundle(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
