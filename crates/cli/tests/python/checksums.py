"""Checksums and Content-MD5, in headers and in trailers."""
import base64
import hashlib

from harness import BUCKET, case, equal, run_cases
from sigv4 import STREAMING_UNSIGNED_TRAILER, unsigned_chunked_body
from streaming import BODY, S3, SPLIT, put_streaming, put_with_trailer, refused_and_absent
from sums import ALGORITHMS, checksum, header
from wire import expect_ok, object_target, signed


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
    refused_and_absent("sums/no-trailer", answer, 400, "MalformedTrailerError")


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


run_cases()
