"""Server-side encryption: what is not done is not claimed, and a client's own key is refused."""
import base64
import hashlib
import os

from harness import BUCKET, body_of, case, client, equal, is_absent, run_cases
from wire import expect_error, expect_ok, object_target, signed

S3 = client()
SSE = "x-amz-server-side-encryption"


def claims(headers):
    """Names of headers that claim encryption."""
    return [name for name in headers if name.lower().startswith(SSE)]


@case
def aes256_is_taken_and_not_claimed():
    target = object_target("sse/aes256")
    written = expect_ok(signed("PUT", target, {SSE: "AES256"}, b"state"))
    read = expect_ok(signed("GET", target))
    head = expect_ok(signed("HEAD", target))
    for name, answer in {"PUT": written, "GET": read, "HEAD": head}.items():
        equal(claims(answer.headers), [], f"claims of {name}")
    equal(read.body, b"state", "body")


@case
def aes256_in_parts_is_not_claimed():
    begun = S3.create_multipart_upload(Bucket=BUCKET, Key="sse/parts", ServerSideEncryption="AES256")
    assert "ServerSideEncryption" not in begun, begun
    part = S3.upload_part(Bucket=BUCKET, Key="sse/parts", UploadId=begun["UploadId"], PartNumber=1,
                          Body=b"state")
    done = S3.complete_multipart_upload(
        Bucket=BUCKET, Key="sse/parts", UploadId=begun["UploadId"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert "ServerSideEncryption" not in done, done
    equal(body_of(S3, BUCKET, "sse/parts"), b"state", "body")


@case
def a_kms_key_is_refused():
    for algorithm in ("aws:kms", "aws:kms:dsse", "rot13"):
        answer = signed("PUT", object_target("sse/kms"), {SSE: algorithm}, b"state")
        expect_error(answer, 501, "NotImplemented")
    assert is_absent(S3, BUCKET, "sse/kms")
    answer = signed("POST", object_target("sse/kms") + "?uploads=", {SSE: "aws:kms"})
    expect_error(answer, 501, "NotImplemented")


@case
def a_customer_key_is_refused():
    key = os.urandom(32)
    headers = {
        SSE + "-customer-algorithm": "AES256",
        SSE + "-customer-key": base64.b64encode(key).decode(),
        SSE + "-customer-key-md5": base64.b64encode(hashlib.md5(key).digest()).decode(),
    }
    expect_error(signed("PUT", object_target("sse/c"), headers, b"state"), 501, "NotImplemented")
    assert is_absent(S3, BUCKET, "sse/c")
    expect_ok(signed("PUT", object_target("sse/plain"), {}, b"state"))
    expect_error(signed("GET", object_target("sse/plain"), headers), 501, "NotImplemented")


run_cases()
