//! Faults of reads, listings and bodies.

use statelock_testkit::condition_proxy::Fault;
use statelock_testkit::signed_client::SignedClient;

use super::{NONE, ask, status};
use crate::stage::{PLAIN, Stage};

#[test]
fn another_connection_reads_what_was_there_before_once() {
    let stage = Stage::with(Fault::StaleReads);
    let (mut writer, mut reader) = (stage.client(), stage.client());
    assert_eq!(status(&mut writer, "PUT", "read", NONE), 200);
    assert_eq!(status(&mut writer, "GET", "read", NONE), 200);
    assert_eq!(status(&mut reader, "GET", "read", NONE), 404);
    assert_eq!(status(&mut reader, "GET", "read", NONE), 200);
    assert_eq!(status(&mut writer, "DELETE", "read", NONE), 204);
    let before = ask(&mut reader, "GET", "read", NONE);
    assert_eq!((before.status(), before.text().as_str()), (200, "read"));
    assert_eq!(status(&mut reader, "GET", "read", NONE), 404);
}

#[test]
fn a_listing_lags_behind_once() {
    let stage = Stage::with(Fault::StaleListings);
    let mut client = stage.client();
    let list = |client: &mut SignedClient| {
        let answer = client.s3("GET", &format!("/{PLAIN}?list-type=2"), NONE, b"");
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().matches("<Key>listed</Key>").count()
    };
    assert_eq!(status(&mut client, "PUT", "listed", NONE), 200);
    assert_eq!([list(&mut client), list(&mut client)], [0, 1]);
    assert_eq!(status(&mut client, "DELETE", "listed", NONE), 204);
    assert_eq!([list(&mut client), list(&mut client)], [1, 0]);
}

#[test]
fn a_trailer_is_refused_and_one_that_goes_through_is_understood() {
    let body = b"5\r\nlocks\r\n0\r\nx-amz-checksum-crc32:/DFtlw==\r\n\r\n";
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("if-none-match", "*"),
    ];
    let payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    let path = format!("/{PLAIN}/chunked");
    for (fault, expected) in
        [(Fault::TrailersRefused, 400), (Fault::Nothing, 200), (Fault::IfNoneMatchIgnored, 200)]
    {
        let stage = Stage::with(fault);
        let mut client = stage.client();
        let put = client.s3_hashed("PUT", &path, &headers, body, payload).expect("an answer");
        assert_eq!(put.status(), expected, "{fault:?}: {}", put.text());
        let got = ask(&mut client, "GET", "chunked", NONE);
        assert_eq!(got.text() == "locks", expected == 200, "{fault:?}: {}", got.text());
    }
}
