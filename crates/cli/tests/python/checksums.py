"""Checksums, Content-MD5 and the framing of bodies: aws-chunked, trailers, chunked, truncated."""
import base64
import hashlib
import socket

from harness import BUCKET, body_of, case, client, equal, is_absent, run_cases
from sigv4 import (
    STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER, UNSIGNED, chunked_body,
    seed_signature, unsigned_chunked_body,
)
from sums import ALGORITHMS, checksum, header
from wire import (
    HOST, connect, expect_error, expect_ok, object_target, read_answer, request_head, root_signer,
    send, signed,
)

S3 = client()
BODY = b"0123456789" * 1000
SPLIT = [BODY[:3000], BODY[3000:9999], BODY[9999:]]


def refused_and_absent(key, answer, status, code):
    """The answer is this error and nothing was stored."""
    expect_error(answer, status, code)
    assert is_absent(S3, BUCKET, key), f"{key} was stored although refused"


def put_streaming(key, kind, headers, make_body, chunked=False):
    """Sends an aws-chunked PUT; `make_body(signer, seed)` gives its body."""
    signer, target = root_signer(), object_target(key)
    headers = {"host": HOST, "content-encoding": "aws-chunked",
               "x-amz-decoded-content-length": str(len(BODY)), **headers}
    headers = signer.sign("PUT", target, headers, kind)
    body = make_body(signer, seed_signature(headers))
    if chunked:
        headers["transfer-encoding"] = "chunked"
        body = transfer_chunks(body, 1000)
    return send("PUT", target, headers, body)


def transfer_chunks(body, size):
    """`body` in the chunks of HTTP, whose ends fall where they may."""
    pieces = [body[start:start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def put_with_trailer(key, algorithm, value, chunked=False):
    """An unsigned aws-chunked PUT whose checksum comes last."""
    trailer = f"{header(algorithm)}:{value}".encode()
    return put_streaming(
        key, STREAMING_UNSIGNED_TRAILER, {"x-amz-trailer": header(algorithm)},
        lambda signer, seed: unsigned_chunked_body(SPLIT, trailer), chunked)


@case
def right_checksum_in_a_header():
    for algorithm in ALGORITHMS:
        key = f"sums/right-{algorithm}"
        value = checksum(algorithm, BODY)
        answer = expect_ok(
            signed("PUT", object_target(key), {header(algorithm): value}, BODY))
        equal(answer.headers.get(header(algorithm)), value, f"{algorithm} of PUT")
        asked = {"x-amz-checksum-mode": "ENABLED"}
        for method in ("GET", "HEAD"):
            got = expect_ok(signed(method, object_target(key), asked))
            equal(got.headers.get(header(algorithm)), value, f"{algorithm} of {method}")
            equal(got.headers.get("x-amz-checksum-type"), "FULL_OBJECT", "checksum type")
        plain = expect_ok(signed("GET", object_target(key)))
        assert header(algorithm) not in plain.headers, "a checksum nobody asked for"


@case
def wrong_checksum_in_a_header():
    for algorithm in ALGORITHMS:
        key = f"sums/wrong-{algorithm}"
        wrong = {header(algorithm): checksum(algorithm, b"something else")}
        refused_and_absent(key, signed("PUT", object_target(key), wrong, BODY), 400, "BadDigest")


@case
def malformed_checksum_in_a_header():
    for value in ("not base64!", "AAAA", ""):
        answer = signed("PUT", object_target("sums/malformed"), {header("CRC32"): value}, BODY)
        refused_and_absent("sums/malformed", answer, 400, "InvalidRequest")


@case
def right_checksum_in_a_trailer():
    for algorithm in ALGORITHMS:
        for chunked in (False, True):
            key = f"sums/trailer-{algorithm}-{chunked}"
            expect_ok(put_with_trailer(key, algorithm, checksum(algorithm, BODY), chunked))
            got = S3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
            equal(got["Body"].read(), BODY, "body")
            equal(got[f"Checksum{algorithm}"], checksum(algorithm, BODY), algorithm)
            assert "aws-chunked" not in got.get("ContentEncoding", ""), "aws-chunked was stored"


@case
def wrong_checksum_in_a_trailer():
    for algorithm in ALGORITHMS:
        for chunked in (False, True):
            key = f"sums/bad-trailer-{algorithm}-{chunked}"
            answer = put_with_trailer(key, algorithm, checksum(algorithm, b"other"), chunked)
            refused_and_absent(key, answer, 400, "BadDigest")


@case
def announced_trailer_that_does_not_come():
    answer = put_streaming(
        "sums/no-trailer", STREAMING_UNSIGNED_TRAILER, {"x-amz-trailer": header("CRC32")},
        lambda signer, seed: unsigned_chunked_body(SPLIT, b"")[:-2])
    refused_and_absent(
        "sums/no-trailer", answer, 400, ("MalformedTrailerError", "InvalidRequest", "IncompleteBody"))


@case
def other_content_encodings_survive_aws_chunked():
    value = checksum("CRC32", BODY)
    expect_ok(put_streaming(
        "sums/gzip", STREAMING_UNSIGNED_TRAILER,
        {"x-amz-trailer": header("CRC32"), "content-encoding": "aws-chunked,gzip"},
        lambda signer, seed: unsigned_chunked_body(SPLIT, f"{header('CRC32')}:{value}".encode())))
    equal(S3.head_object(Bucket=BUCKET, Key="sums/gzip")["ContentEncoding"], "gzip", "encoding")


@case
def content_md5():
    right = base64.b64encode(hashlib.md5(BODY).digest()).decode()
    expect_ok(signed("PUT", object_target("sums/md5"), {"content-md5": right}, BODY))
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    answer = signed("PUT", object_target("sums/md5-wrong"), {"content-md5": wrong}, BODY)
    refused_and_absent("sums/md5-wrong", answer, 400, "BadDigest")
    for malformed in ("not base64!", "AAAA", ""):
        answer = signed("PUT", object_target("sums/md5-odd"), {"content-md5": malformed}, BODY)
        refused_and_absent("sums/md5-odd", answer, 400, "InvalidDigest")


@case
def payload_hash_that_does_not_match():
    answer = signed("PUT", object_target("sums/hash"), body=BODY, payload_hash="0" * 64)
    refused_and_absent("sums/hash", answer, 400, "XAmzContentSHA256Mismatch")


@case
def payload_hash_that_is_none():
    answer = signed("PUT", object_target("sums/junk"), body=BODY, payload_hash="junk")
    refused_and_absent("sums/junk", answer, 400, "InvalidArgument")


@case
def unsigned_payload():
    expect_ok(signed("PUT", object_target("sums/unsigned"), body=BODY, payload_hash=UNSIGNED))
    equal(body_of(S3, BUCKET, "sums/unsigned"), BODY, "body")


@case
def signed_chunks():
    for chunked in (False, True):
        expect_ok(put_streaming(
            "sums/signed-chunks", STREAMING_SIGNED, {},
            lambda signer, seed: chunked_body(signer, seed, SPLIT), chunked))
        equal(body_of(S3, BUCKET, "sums/signed-chunks"), BODY, "body")


@case
def signed_chunks_with_a_signed_trailer():
    trailer = f"{header('CRC32C')}:{checksum('CRC32C', BODY)}".encode()
    for chunked in (False, True):
        expect_ok(put_streaming(
            "sums/signed-trailer", STREAMING_SIGNED_TRAILER, {"x-amz-trailer": header("CRC32C")},
            lambda signer, seed: chunked_body(signer, seed, SPLIT, trailer), chunked))
        equal(body_of(S3, BUCKET, "sums/signed-trailer"), BODY, "body")


@case
def tampered_signed_chunk():
    answer = put_streaming(
        "sums/tampered", STREAMING_SIGNED, {},
        lambda signer, seed: chunked_body(signer, seed, SPLIT).replace(b"0123", b"0124", 1))
    refused_and_absent("sums/tampered", answer, 403, "SignatureDoesNotMatch")


@case
def tampered_last_chunk():
    def make(signer, seed):
        body = chunked_body(signer, seed, SPLIT)
        last = body.rindex(b"chunk-signature=") + len(b"chunk-signature=")
        return body[:last] + b"0" * 64 + body[last + 64:]

    answer = put_streaming("sums/tampered-end", STREAMING_SIGNED, {}, make)
    refused_and_absent("sums/tampered-end", answer, 403, "SignatureDoesNotMatch")


@case
def tampered_signed_trailer():
    trailer = f"{header('CRC32')}:{checksum('CRC32', BODY)}".encode()
    other = f"{header('CRC32')}:{checksum('CRC32', b'other')}".encode()
    answer = put_streaming(
        "sums/tampered-trailer", STREAMING_SIGNED_TRAILER, {"x-amz-trailer": header("CRC32")},
        lambda signer, seed: chunked_body(signer, seed, SPLIT, trailer).replace(trailer, other))
    assert answer.status in (400, 403), f"answered {answer.status}"
    refused_and_absent(
        "sums/tampered-trailer", answer, answer.status, ("SignatureDoesNotMatch", "BadDigest"))


@case
def signed_chunks_cut_short():
    answer = cut_short(
        "sums/left-out", STREAMING_SIGNED, {},
        lambda signer, seed: chunked_body(signer, seed, SPLIT)[:4000])
    assert answer is None or answer.status >= 400, f"answered {answer.status}"
    assert is_absent(S3, BUCKET, "sums/left-out"), "half an object was stored"


@case
def fewer_or_more_bytes_than_the_decoded_length():
    for parts in ([BODY[:-1]], [BODY, b"!"]):
        data = b"".join(parts)
        trailer = f"{header('CRC32')}:{checksum('CRC32', data)}".encode()
        answer = put_streaming(
            "sums/length", STREAMING_UNSIGNED_TRAILER, {"x-amz-trailer": header("CRC32")},
            lambda signer, seed, parts=parts, trailer=trailer: unsigned_chunked_body(parts, trailer))
        refused_and_absent("sums/length", answer, 400, ("IncompleteBody", "InvalidRequest"))


def cut_short(key, kind, headers, make_body):
    """As put_streaming, with an announced length of 4 KiB more than is sent before the end."""
    signer, target = root_signer(), object_target(key)
    headers = {"host": HOST, "content-encoding": "aws-chunked",
               "x-amz-decoded-content-length": str(len(BODY)), **headers}
    headers = signer.sign("PUT", target, headers, kind)
    body = make_body(signer, seed_signature(headers))
    headers["content-length"] = str(len(body) + 4096)
    return half_request(request_head("PUT", target, headers) + body)


def half_request(data):
    """Sends, ends the sending direction, and returns the answer if there is one."""
    with connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            return read_answer(connection)
        except (OSError, ValueError) as error:
            return closed_without_answer(error)


def closed_without_answer(error):
    """A closed connection is a proper end for half a request; a silent server is not."""
    if isinstance(error, TimeoutError):
        raise AssertionError("the server neither answered nor closed") from error


@case
def plain_body_cut_short():
    headers = root_signer().sign(
        "PUT", object_target("sums/short"), {"host": HOST}, hashlib.sha256(BODY).hexdigest())
    headers["content-length"] = str(len(BODY))
    answer = half_request(
        request_head("PUT", object_target("sums/short"), headers) + BODY[:5000])
    assert answer is None or answer.status >= 400, f"answered {answer.status}"
    assert is_absent(S3, BUCKET, "sums/short"), "half an object was stored"


@case
def transfer_chunks_cut_short():
    target = object_target("sums/short-chunks")
    trailer = f"{header('CRC32')}:{checksum('CRC32', BODY)}".encode()
    headers = root_signer().sign(
        "PUT", target,
        {"host": HOST, "content-encoding": "aws-chunked", "x-amz-trailer": header("CRC32"),
         "x-amz-decoded-content-length": str(len(BODY))}, STREAMING_UNSIGNED_TRAILER)
    headers["transfer-encoding"] = "chunked"
    body = transfer_chunks(unsigned_chunked_body(SPLIT, trailer), 1000)
    answer = half_request(request_head("PUT", target, headers) + body[:4321])
    assert answer is None or answer.status >= 400, f"answered {answer.status}"
    assert is_absent(S3, BUCKET, "sums/short-chunks"), "half an object was stored"


@case
def expect_100_continue():
    target = object_target("sums/expect")
    headers = root_signer().sign("PUT", target, {"host": HOST}, hashlib.sha256(BODY).hexdigest())
    headers |= {"expect": "100-continue", "content-length": str(len(BODY))}
    with connect() as connection:
        connection.sendall(request_head("PUT", target, headers))
        interim = connection.recv(4096)
        assert interim.startswith(b"HTTP/1.1 100"), f"answered {interim!r} before the body"
        connection.sendall(BODY)
        expect_ok(read_answer(connection, "PUT"))
    equal(body_of(S3, BUCKET, "sums/expect"), BODY, "body")


@case
def expect_100_continue_of_a_refused_request():
    target = object_target("sums/expect-refused")
    headers = {"host": HOST, "expect": "100-continue", "content-length": str(len(BODY))}
    with connect() as connection:
        connection.sendall(request_head("PUT", target, headers))
        first = connection.recv(12)
        assert first in (b"HTTP/1.1 403", b"HTTP/1.1 100"), f"answered {first!r}"
    assert is_absent(S3, BUCKET, "sums/expect-refused"), "stored"


run_cases()
