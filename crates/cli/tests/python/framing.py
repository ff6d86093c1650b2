"""How a body is framed: aws-chunked, signed and unsigned, inside chunked, and cut short."""
import hashlib
import socket

from harness import BUCKET, body_of, case, equal, is_absent, run_cases
from sigv4 import (
    STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER, UNSIGNED, chunked_body,
    seed_signature, unsigned_chunked_body,
)
from streaming import BODY, S3, SPLIT, put_streaming, refused_and_absent, transfer_chunks
from sums import checksum, header
from wire import (
    HOST, connect, expect_ok, object_target, read_answer, request_head, root_signer, signed,
)


@case
def unsigned_payload():
    expect_ok(signed("PUT", object_target("sums/unsigned"), body=BODY, payload_hash=UNSIGNED))
    equal(body_of(S3, BUCKET, "sums/unsigned"), BODY, "body")


@case
def other_content_encodings_survive_aws_chunked():
    value = checksum("CRC32", BODY)
    expect_ok(put_streaming(
        "sums/gzip", STREAMING_UNSIGNED_TRAILER,
        {"x-amz-trailer": header("CRC32"), "content-encoding": "aws-chunked,gzip"},
        lambda signer, seed: unsigned_chunked_body(SPLIT, f"{header('CRC32')}:{value}".encode())))
    equal(S3.head_object(Bucket=BUCKET, Key="sums/gzip")["ContentEncoding"], "gzip", "encoding")


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
    refused_and_absent("sums/tampered-trailer", answer, 403, "SignatureDoesNotMatch")


@case
def signed_chunks_cut_short():
    answer = cut_short(
        "sums/left-out", STREAMING_SIGNED, {},
        lambda signer, seed: chunked_body(signer, seed, SPLIT)[:4000])
    refused_and_absent("sums/left-out", answer, 400, "IncompleteBody")


@case
def fewer_or_more_bytes_than_the_decoded_length():
    for parts, code in (([BODY[:-1]], "IncompleteBody"), ([BODY, b"!"], "InvalidRequest")):
        data = b"".join(parts)
        trailer = f"{header('CRC32')}:{checksum('CRC32', data)}".encode()
        answer = put_streaming(
            "sums/length", STREAMING_UNSIGNED_TRAILER, {"x-amz-trailer": header("CRC32")},
            lambda signer, seed, parts=parts, trailer=trailer: unsigned_chunked_body(parts, trailer))
        refused_and_absent("sums/length", answer, 400, code)


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
    """Sends, ends the sending direction only, and returns the answer."""
    with connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_answer(connection)


@case
def plain_body_cut_short():
    headers = root_signer().sign(
        "PUT", object_target("sums/short"), {"host": HOST}, hashlib.sha256(BODY).hexdigest())
    headers["content-length"] = str(len(BODY))
    answer = half_request(
        request_head("PUT", object_target("sums/short"), headers) + BODY[:5000])
    refused_and_absent("sums/short", answer, 400, "IncompleteBody")


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
    refused_and_absent("sums/short-chunks", answer, 400, "IncompleteBody")


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
        refused_and_absent(
            "sums/expect-refused", read_answer(connection, "PUT"), 403, "AccessDenied")


@case
def client_that_leaves_in_the_middle():
    target = object_target("sums/left")
    headers = root_signer().sign("PUT", target, {"host": HOST}, hashlib.sha256(BODY).hexdigest())
    headers["content-length"] = str(len(BODY))
    with connect() as connection:
        connection.sendall(request_head("PUT", target, headers) + BODY[:5000])
    # Nobody is left to be answered; the server goes on, and has stored nothing.
    assert is_absent(S3, BUCKET, "sums/left"), "half an object was stored"
    expect_ok(signed("PUT", object_target("sums/after"), body=BODY))


run_cases()
