"""PUTs whose body is aws-chunked, with one body for all cases."""
from harness import BUCKET, client, is_absent
from sigv4 import STREAMING_UNSIGNED_TRAILER, seed_signature, unsigned_chunked_body
from sums import header
from wire import HOST, expect_error, object_target, root_signer, send

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
