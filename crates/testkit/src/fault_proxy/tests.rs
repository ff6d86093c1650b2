//! The proxy against a server that answers from a script.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};

use super::*;

/// Answers each connection's requests with `answer`; reports every request line.
fn scripted_server(answer: &'static [u8]) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (report, reports) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let report = report.clone();
            std::thread::spawn(move || {
                let mut connection = Connection::new(stream).unwrap();
                while let Ok(Some(request)) = connection.read_head() {
                    let mut body = Vec::new();
                    connection.read_body(request.request_body(), &mut body).unwrap();
                    let (method, path) = request.method_and_path();
                    let body = String::from_utf8(body).unwrap();
                    report.send(format!("{method} {path} {body}")).unwrap();
                    connection.write_all(answer).unwrap();
                }
            });
        }
    });
    (address, reports)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
const PUT: &[u8] = b"PUT /b/k.tflock?x-id=PutObject HTTP/1.1\r\nContent-Length: 4\r\n\r\nlock";
const CHUNKED_PUT: &[u8] =
    b"PUT /b/k HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4;x=y\r\nlock\r\n0\r\nt: 1\r\n\r\n";

/// Sends `request` and reads what comes back until `length` bytes or the end of the connection.
fn send(stream: &mut TcpStream, request: &[u8], length: usize) -> Vec<u8> {
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.take(u64::try_from(length).unwrap()).read_to_end(&mut answer).unwrap();
    answer
}

fn connect(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn messages_pass_unchanged_and_the_connection_stays_open() {
    for answer in [OK, CHUNKED] {
        let (server, requests) = scripted_server(answer);
        let proxy = FaultProxy::start(server);
        let mut client = connect(&proxy);
        assert_eq!(send(&mut client, PUT, answer.len()), answer);
        assert_eq!(send(&mut client, CHUNKED_PUT, answer.len()), answer);
        assert_eq!(requests.recv().unwrap(), "PUT /b/k.tflock?x-id=PutObject lock");
        assert_eq!(requests.recv().unwrap(), "PUT /b/k 4;x=y\r\nlock\r\n0\r\nt: 1\r\n\r\n");
    }
}

#[test]
fn a_lost_answer_closes_the_connection_after_the_server_has_answered() {
    let (server, requests) = scripted_server(OK);
    let proxy = FaultProxy::start(server);
    proxy
        .inject(Fault::LoseResponse, 1, |method, path| method == "PUT" && path.contains(".tflock"));
    assert_eq!(send(&mut connect(&proxy), PUT, 1), b"", "the answer is lost");
    assert!(requests.recv().unwrap().ends_with("lock"), "the server saw the whole request");
    assert_eq!(send(&mut connect(&proxy), PUT, OK.len()), OK, "only the first one is lost");
    let hits = proxy.hits();
    assert_eq!((hits.len(), hits[0].status, hits[0].request.as_slice()), (1, 200, PUT));
    assert_eq!(deliver_again(server, &hits[0].request).unwrap(), 200);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the delay is what is tested")]
fn a_delayed_answer_arrives_later_and_unchanged() {
    let (server, _requests) = scripted_server(OK);
    let proxy = FaultProxy::start(server);
    let delay = Duration::from_millis(200);
    proxy.inject(Fault::DelayResponse(delay), 1, |_, _| true);
    let started = std::time::Instant::now();
    assert_eq!(send(&mut connect(&proxy), PUT, OK.len()), OK);
    assert!(started.elapsed() >= delay);
}

#[test]
fn a_held_request_reaches_the_server_when_it_is_let_go() {
    let (server, requests) = scripted_server(OK);
    let proxy = FaultProxy::start(server);
    proxy.inject_on(Fault::HoldRequest, 1, |request| request.body == "lock");
    assert!(!proxy.await_held(Duration::ZERO));
    let mut held = connect(&proxy);
    held.write_all(PUT).unwrap();
    assert!(proxy.await_held(Duration::from_secs(20)));
    assert_eq!(send(&mut connect(&proxy), PUT, OK.len()), OK, "only one is held");
    assert_eq!(requests.try_iter().count(), 1, "the server has not seen it yet");
    proxy.let_go();
    assert_eq!(send(&mut held, b"", OK.len()), OK);
    assert_eq!(requests.try_iter().count(), 1);
}

#[test]
fn an_answer_in_the_servers_place_and_a_note_of_every_request() {
    const NO: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    const LOCK: &[u8] = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\
        Content-Length: 2\r\n\r\n{}";
    let (server, requests) = scripted_server(OK);
    let proxy = FaultProxy::start(server);
    proxy.inject_on(Fault::Answer(NO), 1, |request| request.operation == "PutItem");
    assert_eq!(send(&mut connect(&proxy), LOCK, NO.len()), NO.as_bytes());
    assert_eq!(requests.try_iter().count(), 0, "the server was not asked");
    assert_eq!(send(&mut connect(&proxy), PUT, OK.len()), OK);
    let seen: Vec<_> =
        proxy.requests().into_iter().map(|r| (r.method, r.operation, r.body)).collect();
    let seen: Vec<_> = seen.iter().map(|(m, o, b)| (m.as_str(), o.as_str(), b.as_str())).collect();
    assert_eq!(seen, [("POST", "PutItem", "{}"), ("PUT", "", "lock")]);
    assert_eq!(proxy.hits()[0].status, 403);
}
