//! A CI's API for tests: a few prepared answers on a loopback port.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is answered to a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Status, more headers (each with its line end), and the body.
    Http(u16, &'static str, String),
    /// Nothing, ever.
    Silence,
    /// Bytes that are no HTTP.
    Noise,
}

/// A server that answers by path. Everything else is 404.
pub(super) struct FakeApi {
    pub(super) base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeApi {
    pub(super) fn start(answers: Vec<(&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        // It ends with the test's process; a held connection is one that hangs.
        thread::spawn(move || {
            let mut held = Vec::new();
            for connection in listener.incoming() {
                let connection = connection.expect("a connection");
                held.extend(serve(connection, &answers, &log));
            }
        });
        Self { base, requests }
    }

    /// An address where nobody listens.
    pub(super) fn gone() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        Self { base, requests: Arc::default() }
    }

    /// The requests so far, each with its headers.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("the log").clone()
    }

    /// The paths that were asked for so far.
    pub(super) fn paths(&self) -> Vec<String> {
        let path = |request: &String| request.split(' ').nth(1).expect("a path").to_owned();
        self.requests().iter().map(path).collect()
    }
}

/// Answers one request; gives the connection back if it is to hang.
fn serve(
    mut connection: TcpStream,
    answers: &[(&'static str, Answer)],
    log: &Mutex<Vec<String>>,
) -> Option<TcpStream> {
    let mut request = String::new();
    let mut lines = BufReader::new(connection.try_clone().expect("a reader"));
    while lines.read_line(&mut request).expect("a line") > 2 {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().expect("the log").push(request);
    let answer = answers.iter().find(|(known, _)| *known == path).map(|(_, answer)| answer.clone());
    let text = match answer.unwrap_or_else(|| Answer::Http(404, "", "{}".to_owned())) {
        Answer::Http(status, headers, body) => format!(
            "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
        Answer::Noise => "220 smtp.example ESMTP\r\n".to_owned(),
        Answer::Silence => return Some(connection),
    };
    // The client may have seen enough before all is written.
    connection.write_all(text.as_bytes()).ok();
    None
}
