"""Multipart uploads."""
import base64
import hashlib

from harness import (
    BUCKET, body_of, case, client, equal, fresh_bucket, is_absent, refused, run_cases,
)
from sums import checksum, header, raw
from wire import HOST, expect_error, expect_ok, object_target, root_signer, send, signed

S3 = client()
FIVE_MIB = 5 * 1024 * 1024
LARGE = hashlib.sha256(b"multipart").digest() * (FIVE_MIB // 32)
SMALL = b"the last part may be small"
ABSENT_UPLOAD = "bm8gc3VjaCB1cGxvYWQ"


def begin(key, **arguments):
    """Starts an upload and returns the arguments that name it."""
    upload = S3.create_multipart_upload(Bucket=BUCKET, Key=key, **arguments)
    return {"Bucket": BUCKET, "Key": key, "UploadId": upload["UploadId"]}


def upload_parts(upload, bodies, algorithm=None):
    """Uploads the bodies as parts 1, 2, … and returns the list for the completion."""
    parts = []
    for number, body in enumerate(bodies, 1):
        extra = {f"Checksum{algorithm}": checksum(algorithm, body)} if algorithm else {}
        answer = S3.upload_part(**upload, PartNumber=number, Body=body, **extra)
        parts.append({"PartNumber": number, "ETag": answer["ETag"], **extra})
    return parts


def complete(upload, parts, **arguments):
    """Completes an upload."""
    return S3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **arguments)


def open_uploads(key):
    """Upload ids of a key that are neither complete nor aborted."""
    answer = S3.list_multipart_uploads(Bucket=BUCKET, Prefix=key)
    return [each["UploadId"] for each in answer.get("Uploads", []) if each["Key"] == key]


@case
def two_parts():
    upload = begin("parts/two", ContentType="text/x-parts", Metadata={"a": "b"})
    parts = upload_parts(upload, [LARGE, SMALL])
    assert is_absent(S3, BUCKET, "parts/two"), "visible before its completion"
    answer = complete(upload, parts)
    md5s = b"".join(hashlib.md5(body).digest() for body in (LARGE, SMALL))
    equal(answer["ETag"], f'"{hashlib.md5(md5s).hexdigest()}-2"', "ETag")
    assert answer.get("VersionId"), "no version id"
    got = S3.get_object(Bucket=BUCKET, Key="parts/two")
    equal(hashlib.md5(got["Body"].read()).digest(), hashlib.md5(LARGE + SMALL).digest(), "MD5")
    equal((got["ContentType"], got["Metadata"]), ("text/x-parts", {"a": "b"}), "headers")
    equal(open_uploads("parts/two"), [], "open uploads")


@case
def part_numbers_may_have_gaps_and_be_replaced():
    upload = begin("parts/gaps")
    S3.upload_part(**upload, PartNumber=7, Body=b"replaced")
    last = S3.upload_part(**upload, PartNumber=7, Body=b"-end")["ETag"]
    first = S3.upload_part(**upload, PartNumber=3, Body=LARGE)["ETag"]
    complete(upload, [{"PartNumber": 3, "ETag": first}, {"PartNumber": 7, "ETag": last}])
    equal(body_of(S3, BUCKET, "parts/gaps")[FIVE_MIB:], b"-end", "end of the body")


@case
def only_listed_parts_are_used():
    upload = begin("parts/some")
    parts = upload_parts(upload, [SMALL, b"left out"])
    complete(upload, parts[:1])
    equal(body_of(S3, BUCKET, "parts/some"), SMALL, "body")


@case
def ranges_of_a_multipart_object():
    upload = begin("parts/ranges")
    complete(upload, upload_parts(upload, [LARGE, SMALL]))
    got = S3.get_object(
        Bucket=BUCKET, Key="parts/ranges", Range=f"bytes={FIVE_MIB - 2}-{FIVE_MIB + 2}")
    equal(got["Body"].read(), LARGE[-2:] + SMALL[:3], "bytes across the parts")


@case
def listing_parts_and_uploads():
    upload = begin("parts/listed")
    upload_parts(upload, [b"one", b"two!", b"three"])
    answer = S3.list_parts(**upload)
    equal([(each["PartNumber"], each["Size"]) for each in answer["Parts"]],
          [(1, 3), (2, 4), (3, 5)], "parts")
    first = S3.list_parts(**upload, MaxParts=2)
    equal((len(first["Parts"]), first["IsTruncated"]), (2, True), "first page")
    rest = S3.list_parts(**upload, PartNumberMarker=first["NextPartNumberMarker"])
    equal([each["PartNumber"] for each in rest["Parts"]], [3], "second page")
    equal(open_uploads("parts/listed"), [upload["UploadId"]], "open uploads")
    S3.abort_multipart_upload(**upload)


@case
def abort():
    upload = begin("parts/aborted")
    parts = upload_parts(upload, [SMALL])
    S3.abort_multipart_upload(**upload)
    equal(open_uploads("parts/aborted"), [], "open uploads")
    refused(404, "NoSuchUpload", complete, upload=upload, parts=parts)
    assert is_absent(S3, BUCKET, "parts/aborted"), "stored although aborted"


@case
def no_such_upload():
    upload = {"Bucket": BUCKET, "Key": "parts/none", "UploadId": ABSENT_UPLOAD}
    part = {"PartNumber": 1, "ETag": '"0123456789abcdef0123456789abcdef"'}
    refused(404, "NoSuchUpload", S3.upload_part, **upload, PartNumber=1, Body=b"x")
    refused(404, "NoSuchUpload", S3.list_parts, **upload)
    refused(404, "NoSuchUpload", S3.abort_multipart_upload, **upload)
    refused(404, "NoSuchUpload", complete, upload=upload, parts=[part])


@case
def upload_id_of_another_key():
    upload = begin("parts/mine")
    other = upload | {"Key": "parts/yours"}
    refused(404, "NoSuchUpload", S3.upload_part, **other, PartNumber=1, Body=b"x")
    S3.abort_multipart_upload(**upload)


@case
def parts_in_the_wrong_order():
    upload = begin("parts/order")
    parts = upload_parts(upload, [LARGE, SMALL])
    refused(400, "InvalidPartOrder", complete, upload=upload, parts=parts[::-1])
    refused(400, "InvalidPartOrder", complete, upload=upload, parts=[parts[0], parts[0]])
    complete(upload, parts)


@case
def parts_that_are_not_there():
    upload = begin("parts/invalid")
    parts = upload_parts(upload, [SMALL])
    wrong = {"PartNumber": 1, "ETag": '"0123456789abcdef0123456789abcdef"'}
    refused(400, "InvalidPart", complete, upload=upload, parts=[wrong])
    refused(400, "InvalidPart", complete, upload=upload, parts=[parts[0] | {"PartNumber": 2}])
    complete(upload, parts)


@case
def too_small_a_part():
    upload = begin("parts/small")
    parts = upload_parts(upload, [SMALL, SMALL])
    refused(400, "EntityTooSmall", complete, upload=upload, parts=parts)
    assert is_absent(S3, BUCKET, "parts/small"), "stored although refused"
    S3.abort_multipart_upload(**upload)


@case
def part_numbers_out_of_range():
    upload = begin("parts/numbers")
    for number in (0, 10001):
        refused(400, "InvalidArgument", S3.upload_part, **upload, PartNumber=number, Body=b"x")
    S3.abort_multipart_upload(**upload)


@case
def completion_without_parts():
    upload = begin("parts/nothing")
    target = f"{object_target('parts/nothing')}?uploadId={upload['UploadId']}"
    for body in (b"", b"<CompleteMultipartUpload></CompleteMultipartUpload>"):
        expect_error(signed("POST", target, body=body), 400, "MalformedXML")
    S3.abort_multipart_upload(**upload)


@case
def completion_if_absent():
    S3.put_object(Bucket=BUCKET, Key="parts/cond", Body=b"here")
    upload = begin("parts/cond")
    parts = upload_parts(upload, [SMALL])
    refused(412, "PreconditionFailed", complete, upload=upload, parts=parts, IfNoneMatch="*")
    equal(body_of(S3, BUCKET, "parts/cond"), b"here", "body")
    fresh = begin("parts/cond-fresh")
    complete(fresh, upload_parts(fresh, [SMALL]), IfNoneMatch="*")
    equal(body_of(S3, BUCKET, "parts/cond-fresh"), SMALL, "body")


@case
def completion_if_match():
    etag = S3.put_object(Bucket=BUCKET, Key="parts/cas", Body=b"one")["ETag"]
    upload = begin("parts/cas")
    parts = upload_parts(upload, [SMALL])
    other = '"0123456789abcdef0123456789abcdef"'
    refused(412, "PreconditionFailed", complete, upload=upload, parts=parts, IfMatch=other)
    upload = begin("parts/cas")
    complete(upload, upload_parts(upload, [SMALL]), IfMatch=etag)
    equal(body_of(S3, BUCKET, "parts/cas"), SMALL, "body")
    upload = begin("parts/cas-missing")
    parts = upload_parts(upload, [SMALL])
    refused(404, "NoSuchKey", complete, upload=upload, parts=parts, IfMatch=etag)


@case
def repeated_completion_succeeds():
    upload = begin("parts/again")
    parts = upload_parts(upload, [SMALL])
    first = complete(upload, parts)
    again = complete(upload, parts)
    equal(again["ETag"], first["ETag"], "ETag")
    versions = S3.list_object_versions(Bucket=BUCKET, Prefix="parts/again")["Versions"]
    equal(len(versions), 1, "number of versions")


@case
def composite_checksums():
    for algorithm in ("SHA256", "SHA1", "CRC32"):
        key = f"parts/composite-{algorithm}"
        upload = begin(key, ChecksumAlgorithm=algorithm, ChecksumType="COMPOSITE")
        answer = complete(upload, upload_parts(upload, [LARGE, SMALL], algorithm))
        sums = b"".join(raw(algorithm, body) for body in (LARGE, SMALL))
        wanted = f"{checksum(algorithm, sums)}-2"
        equal(answer[f"Checksum{algorithm}"], wanted, f"{algorithm} of the completion")
        equal(answer["ChecksumType"], "COMPOSITE", "type")
        head = S3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        equal(head[f"Checksum{algorithm}"], wanted, f"{algorithm} of HEAD")


@case
def full_object_checksums():
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME"):
        key = f"parts/full-{algorithm}"
        upload = begin(key, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
        parts = upload_parts(upload, [LARGE, SMALL], algorithm)
        wanted = {f"Checksum{algorithm}": checksum(algorithm, LARGE + SMALL)}
        answer = complete(upload, parts, ChecksumType="FULL_OBJECT", **wanted)
        equal(answer[f"Checksum{algorithm}"], wanted[f"Checksum{algorithm}"], algorithm)
        equal(answer["ChecksumType"], "FULL_OBJECT", "type")


@case
def wrong_full_object_checksum():
    upload = begin("parts/full-wrong", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = upload_parts(upload, [SMALL], "CRC32")
    refused(400, "BadDigest", complete, upload=upload, parts=parts, ChecksumType="FULL_OBJECT",
            ChecksumCRC32=checksum("CRC32", b"other"))
    assert is_absent(S3, BUCKET, "parts/full-wrong"), "stored although refused"


@case
def wrong_checksum_of_a_part():
    upload = begin("parts/part-wrong", ChecksumAlgorithm="SHA256")
    refused(400, "BadDigest", S3.upload_part, **upload, PartNumber=1, Body=SMALL,
            ChecksumSHA256=checksum("SHA256", b"other"))
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    target = f"{object_target('parts/part-wrong')}?partNumber=1&uploadId={upload['UploadId']}"
    expect_error(signed("PUT", target, {"content-md5": md5}, SMALL), 400, "BadDigest")
    assert not S3.list_parts(**upload).get("Parts"), "a refused part is listed"
    S3.abort_multipart_upload(**upload)


@case
def listed_checksum_that_differs_from_the_part():
    upload = begin("parts/listed-wrong", ChecksumAlgorithm="SHA256")
    parts = upload_parts(upload, [SMALL], "SHA256")
    wrong = [parts[0] | {"ChecksumSHA256": checksum("SHA256", b"other")}]
    refused(400, "InvalidPart", complete, upload=upload, parts=wrong)
    complete(upload, parts)


@case
def part_checksum_is_echoed():
    upload = begin("parts/echo", ChecksumAlgorithm="SHA256")
    answer = S3.upload_part(
        **upload, PartNumber=1, Body=SMALL, ChecksumSHA256=checksum("SHA256", SMALL))
    equal(answer["ChecksumSHA256"], checksum("SHA256", SMALL), header("SHA256"))
    S3.abort_multipart_upload(**upload)


@case
def part_through_a_presigned_url():
    upload = begin("parts/presigned")
    target = f"{object_target('parts/presigned')}?uploadId={upload['UploadId']}&partNumber=1"
    url = root_signer().presign("PUT", target, {"host": HOST}, 600)
    etag = expect_ok(send("PUT", url, {}, SMALL)).headers["etag"]
    complete(upload, [{"PartNumber": 1, "ETag": etag}])
    equal(body_of(S3, BUCKET, "parts/presigned"), SMALL, "body")


@case
def an_open_upload_does_not_keep_a_bucket():
    bucket = fresh_bucket(S3)
    S3.create_multipart_upload(Bucket=bucket, Key="a")
    S3.delete_bucket(Bucket=bucket)


run_cases()
