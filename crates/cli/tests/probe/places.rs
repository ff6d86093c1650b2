//! Each endpoint, and each address of its name, is a place of its own: asked, used and cleaned.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use statelock_testkit::fault_proxy::Fault;
use statelock_testkit::skip::skip;

use crate::stage::{BUCKET, PLACE, QUICK, Run, Stage, TABLE, address, strangers, verdict};

/// Of a bucket in which nothing can be removed for two years.
const RETAINS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 186\r\nConnection: close\r\n\r\n\
    <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>2</Years></DefaultRetention></Rule></ObjectLockConfiguration>";
/// Of a bucket that never kept versions.
const OFF: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 26\r\nConnection: close\r\n\r\n\
    <VersioningConfiguration/>";
const NO_BUCKET: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A probe of two endpoints of one server, the second of which answers one kind of request in its own way.
fn through_two(stage: &Stage, answer: &'static str, is_meant: fn(&str, &str) -> bool) -> Run {
    let (first, second) = (stage.server.proxy(), stage.server.proxy());
    second.inject(Fault::Answer(answer), usize::MAX, is_meant);
    let urls = [first.endpoint(), second.endpoint()];
    let options = ["--endpoint-url", &urls[0], "--endpoint-url", &urls[1], "--json"];
    let mut run = stage.run(&[&["probe", PLACE], QUICK, &options].concat());
    // Ports differ from run to run.
    run.stderr = run.stderr.replace(&urls[1], "SECOND");
    run.stdout = run.stdout.replace(&urls[1], "SECOND");
    run
}

#[test]
fn retention_at_the_second_endpoint_is_an_obstacle_too() {
    let stage = Stage::statelock();
    let run = through_two(&stage, RETAINS, |_, path| path.contains("object-lock"));
    run.ended(2, "at SECOND: the bucket `tfstate` keeps every version for 730 days");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn a_bucket_that_only_the_first_endpoint_has_is_none() {
    let stage = Stage::statelock();
    let run = through_two(&stage, NO_BUCKET, |method, _| method == "HEAD");
    run.ended(6, "at SECOND: S3 HeadBucket was answered with 404");
}

#[test]
fn endpoints_that_do_not_agree_about_versions_are_told() {
    let stage = Stage::statelock();
    let run =
        through_two(&stage, OFF, |method, path| method == "GET" && path.contains("versioning"));
    let document = run.json();
    assert_eq!(document["versioning"], "differs");
    let versioning: Vec<_> = document["places"]
        .as_array()
        .expect("places")
        .iter()
        .map(|one| &one["versioning"])
        .collect();
    assert_eq!(versioning, ["enabled", "off"]);
    assert_eq!(document["places"][1]["name"], "SECOND");
    assert_eq!(verdict(&document, "put_if_absent_after_delete_marker"), "enforced");
    let cautions = document["advice"]["cautions"].to_string();
    assert!(cautions.contains("do not agree whether the bucket keeps versions"), "{cautions}");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn a_name_that_is_no_endpoints_is_refused() {
    let stage = Stage::statelock();
    let url = "http://s3.example.com:9000";
    let args = ["probe", PLACE, "--endpoint-url", url, "--resolve", "other:127.0.0.1"];
    stage.run(&args).ended(2, "`other` is no host name of an endpoint");
    stage.run(&["probe", PLACE, "--resolve", "s3.example.com:x"]).ended(2, "is not an IP address");
}

/// Passes on what comes to this address, as long as the test runs.
fn forwarded(listen: SocketAddr, to: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(to) else { continue };
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
                    continue;
                };
                std::thread::spawn(move || {
                    io::copy(&mut from, &mut to).ok();
                    to.shutdown(Shutdown::Write).ok();
                });
            }
        }
    });
    Ok(address)
}

#[test]
fn what_is_left_at_the_second_address_is_removed_there() {
    let Some((stage, other)) = strangers("two addresses of one name") else { return };
    let first = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let first = forwarded(first, address(&stage.server.endpoint())).expect("a free port");
    let second = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), first.port()));
    if let Err(error) = forwarded(second, other.address()) {
        skip("probe: two addresses of one name", &error.to_string());
        return;
    }
    // moto looks for the bucket in other names.
    let url = format!("http://localhost:{}", first.port());
    let resolve = ["--resolve", "localhost:127.0.0.1,127.0.0.2", "--use-path-style"];
    let options = [&["--endpoint-url", &url], &resolve[..]].concat();
    let run = stage.probe(&[&options[..], &["--dynamodb-table", TABLE, "--json"]].concat());
    run.ended(10, "");
    let document = run.json();
    assert_eq!(verdict(&document, "put_if_absent_concurrent"), "racy");
    assert_eq!(document["left"], serde_json::json!([]));
    stage.assert_nothing_left(BUCKET);
    assert_eq!(stage.left_at(other.address(), BUCKET), Vec::<String>::new());
}

/// The addresses that the machine itself knows of a name, in a file that only this process sees.
#[test]
fn all_addresses_that_a_name_resolves_to_are_used() {
    let stage = Stage::statelock();
    let to = address(&stage.server.endpoint());
    let first = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let first = forwarded(first, to).expect("a free port");
    let second = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), first.port()));
    let what = "probe: a name with two addresses";
    if let Err(error) = forwarded(second, to) {
        skip(what, &error.to_string());
        return;
    }
    let hosts = stage.scratch.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost store.test\n127.0.0.2 store.test\n")
        .expect("a file");
    let namespace = ["--map-root-user", "--mount", "sh", "-c"];
    let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let mut tried = Command::new("unshare");
    tried.args(namespace).arg(script).arg(&hosts).arg("true").stdin(Stdio::null());
    let tried = tried.output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skip(what, "no mount namespace is permitted here");
        return;
    }
    let url = format!("http://store.test:{}", first.port());
    let args = ["probe", PLACE, "--endpoint-url", &url, "--use-path-style", "--json"];
    let inner = stage.command(&stage.server.endpoint(), &[&args[..], QUICK].concat());
    let mut command = Command::new("unshare");
    command.args(namespace).arg(script).arg(&hosts).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).current_dir(stage.scratch.path());
    let run = Run::of(command);
    run.ended(0, "");
    let endpoint = &run.json()["endpoints"][0];
    assert_eq!(endpoint["addresses"], serde_json::json!(["127.0.0.1", "127.0.0.2"]), "{endpoint}");
    assert_eq!(endpoint["writers"], 32);
}
