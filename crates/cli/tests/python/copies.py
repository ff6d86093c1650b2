"""Copies: conditions on the target, and parts that are copied from an object."""
from harness import BUCKET, body_of, case, client, equal, is_absent, refused, run_cases

S3 = client()
FIVE_MIB = 5 * 1024 * 1024
WRONG_ETAG = '"0123456789abcdef0123456789abcdef"'
PAYLOAD = b"0123456789"
SOURCE = {"Bucket": BUCKET, "Key": "copies/source"}
LARGE = bytes(range(256)) * (FIVE_MIB // 256)
LARGE_SOURCE = {"Bucket": BUCKET, "Key": "copies/large"}


def put(key, body=PAYLOAD):
    """Stores an object and returns its ETag."""
    return S3.put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"]


def copy_to(key, **conditions):
    """The arguments that copy the source to `key`."""
    put(SOURCE["Key"])
    return {"Bucket": BUCKET, "Key": key, "CopySource": SOURCE, **conditions}


def versions_of(key):
    """How many versions a key has."""
    return len(S3.list_object_versions(Bucket=BUCKET, Prefix=key).get("Versions", []))


def begin(key):
    """Starts an upload and returns the arguments that name it."""
    upload = S3.create_multipart_upload(Bucket=BUCKET, Key=key)
    return {"Bucket": BUCKET, "Key": key, "UploadId": upload["UploadId"]}


def copied_part(upload, number, source, **arguments):
    """Copies a part and returns its entry in the completion."""
    answer = S3.upload_part_copy(**upload, PartNumber=number, CopySource=source, **arguments)
    return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}


def complete(upload, parts):
    """Completes an upload."""
    return S3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def parts_of(upload):
    """Numbers and sizes of the parts that an upload has."""
    parts = S3.list_parts(**upload).get("Parts", [])
    return [(each["PartNumber"], each["Size"]) for each in parts]


@case
def copy_if_the_target_is_absent():
    S3.copy_object(**copy_to("copies/fresh", IfNoneMatch="*"))
    equal(body_of(S3, BUCKET, "copies/fresh"), PAYLOAD, "body")


@case
def copy_if_the_target_is_absent_and_it_is_not():
    put("copies/taken", b"kept")
    refused(412, "PreconditionFailed", S3.copy_object, **copy_to("copies/taken", IfNoneMatch="*"))
    equal(body_of(S3, BUCKET, "copies/taken"), b"kept", "body")
    equal(versions_of("copies/taken"), 1, "number of versions")


@case
def copy_if_the_target_is_absent_wins_once():
    arguments = copy_to("copies/once", IfNoneMatch="*")
    S3.copy_object(**arguments)
    refused(412, "PreconditionFailed", S3.copy_object, **arguments)
    equal(versions_of("copies/once"), 1, "number of versions")


@case
def copy_if_the_target_is_as_expected():
    etag = put("copies/cas", b"old")
    S3.copy_object(**copy_to("copies/cas", IfMatch=etag))
    equal(body_of(S3, BUCKET, "copies/cas"), PAYLOAD, "body")


@case
def copy_if_the_target_is_another():
    put("copies/other", b"old")
    refused(412, "PreconditionFailed", S3.copy_object, **copy_to("copies/other", IfMatch=WRONG_ETAG))
    equal(body_of(S3, BUCKET, "copies/other"), b"old", "body")


@case
def copy_if_the_target_matches_and_there_is_none():
    refused(404, "NoSuchKey", S3.copy_object, **copy_to("copies/nowhere", IfMatch=WRONG_ETAG))
    assert is_absent(S3, BUCKET, "copies/nowhere"), "a refused copy was stored"


@case
def part_copied_whole():
    put(SOURCE["Key"])
    upload = begin("copies/whole")
    part = copied_part(upload, 1, SOURCE)
    equal(parts_of(upload), [(1, len(PAYLOAD))], "parts")
    complete(upload, [part])
    equal(body_of(S3, BUCKET, "copies/whole"), PAYLOAD, "body")


@case
def part_copied_from_an_old_version():
    old = S3.put_object(Bucket=BUCKET, Key="copies/aged", Body=b"old")["VersionId"]
    put("copies/aged", b"new")
    upload = begin("copies/from-old")
    source = {"Bucket": BUCKET, "Key": "copies/aged", "VersionId": old}
    complete(upload, [copied_part(upload, 1, source)])
    equal(body_of(S3, BUCKET, "copies/from-old"), b"old", "body")


@case
def parts_copied_with_ranges():
    put(LARGE_SOURCE["Key"], LARGE + PAYLOAD)
    upload = begin("copies/ranges")
    parts = [
        copied_part(upload, 1, LARGE_SOURCE, CopySourceRange=f"bytes=10-{FIVE_MIB + 9}"),
        copied_part(upload, 2, LARGE_SOURCE, CopySourceRange="bytes=0-2"),
    ]
    equal(parts_of(upload), [(1, FIVE_MIB), (2, 3)], "parts")
    complete(upload, parts)
    wanted = (LARGE + PAYLOAD)[10:] + LARGE[:3]
    assert body_of(S3, BUCKET, "copies/ranges") == wanted, "other bytes than the ranges"


@case
def part_copied_says_when_it_was_copied():
    put(SOURCE["Key"])
    source = S3.list_objects_v2(Bucket=BUCKET, Prefix=SOURCE["Key"])["Contents"][0]["LastModified"]
    upload = begin("copies/time")
    answer = S3.upload_part_copy(**upload, PartNumber=1, CopySource=SOURCE)
    copied = answer["CopyPartResult"]["LastModified"]
    equal(copied, S3.list_parts(**upload)["Parts"][0]["LastModified"], "LastModified")
    assert copied > source, f"copied at {copied}, and the source was written at {source}"


@case
def part_copied_with_a_bad_range():
    put(SOURCE["Key"])
    upload = begin("copies/bad-range")
    for text in ("bytes=0-10", "bytes=10-11", "bytes=5-4", "bytes=0-", "bytes=-3", "0-1", "junk"):
        refused(400, "InvalidArgument", S3.upload_part_copy, **upload, PartNumber=1,
                CopySource=SOURCE, CopySourceRange=text)
    equal(parts_of(upload), [], "parts")
    S3.abort_multipart_upload(**upload)


@case
def part_copied_from_nowhere():
    upload = begin("copies/no-source")
    refused(404, "NoSuchKey", S3.upload_part_copy, **upload, PartNumber=1,
            CopySource={"Bucket": BUCKET, "Key": "copies/nothing-here"})
    refused(412, "PreconditionFailed", S3.upload_part_copy, **upload, PartNumber=1,
            CopySource=put_source(), CopySourceIfMatch=WRONG_ETAG)
    equal(parts_of(upload), [], "parts")
    S3.abort_multipart_upload(**upload)


def put_source():
    """The source, which exists afterwards."""
    put(SOURCE["Key"])
    return SOURCE


run_cases()
