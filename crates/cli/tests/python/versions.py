"""Versions: tags of one version, parts of one object, and listings of versions and of uploads."""
from harness import (
    BUCKET, body_of, case, client, equal, fresh_bucket, refused, run_cases,
)

S3 = client()
FIVE_MIB = 5 * 1024 * 1024
LARGE = b"0123456789abcdef" * (FIVE_MIB // 16)


def tags_of(key, **version):
    """The tags of an object or of one of its versions."""
    found = S3.get_object_tagging(Bucket=BUCKET, Key=key, **version)
    return {each["Key"]: each["Value"] for each in found["TagSet"]}


def tag(key, tags, **version):
    """Replaces the tags of an object or of one of its versions."""
    pairs = [{"Key": name, "Value": value} for name, value in tags.items()]
    return S3.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": pairs}, **version)


def two_versions(key):
    """Stores two versions and returns their ids, the older first."""
    return [S3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"] for body in (b"1", b"2")]


@case
def tags_belong_to_one_version():
    old, new = two_versions("versions/tagged")
    equal(tag("versions/tagged", {"age": "old"}, VersionId=old)["VersionId"], old, "version id")
    tag("versions/tagged", {"age": "new"})
    found = S3.get_object_tagging(Bucket=BUCKET, Key="versions/tagged", VersionId=old)
    equal(found["VersionId"], old, "version id of the tags")
    equal(tags_of("versions/tagged", VersionId=old), {"age": "old"}, "tags of the old version")
    equal(tags_of("versions/tagged", VersionId=new), {"age": "new"}, "tags of the new version")
    equal(tags_of("versions/tagged"), {"age": "new"}, "tags of the latest version")


@case
def tags_of_one_version_are_deleted():
    old, new = two_versions("versions/untagged")
    tag("versions/untagged", {"age": "old"}, VersionId=old)
    tag("versions/untagged", {"age": "new"}, VersionId=new)
    gone = S3.delete_object_tagging(Bucket=BUCKET, Key="versions/untagged", VersionId=old)
    equal((gone["ResponseMetadata"]["HTTPStatusCode"], gone["VersionId"]), (204, old), "answer")
    equal(tags_of("versions/untagged", VersionId=old), {}, "tags of the old version")
    equal(tags_of("versions/untagged", VersionId=new), {"age": "new"}, "tags of the new version")


@case
def tags_of_a_version_that_is_not_there():
    old, new = two_versions("versions/purged")
    S3.delete_object(Bucket=BUCKET, Key="versions/purged", VersionId=old)
    for call, arguments in (
            (S3.get_object_tagging, {}), (S3.delete_object_tagging, {}),
            (S3.put_object_tagging, {"Tagging": {"TagSet": []}})):
        refused(404, "NoSuchVersion", call, Bucket=BUCKET, Key="versions/purged", VersionId=old,
                **arguments)
    equal(tags_of("versions/purged", VersionId=new), {}, "tags of the version that stayed")


@case
def one_part_of_an_object():
    upload = S3.create_multipart_upload(Bucket=BUCKET, Key="versions/parts")
    named = {"Bucket": BUCKET, "Key": "versions/parts", "UploadId": upload["UploadId"]}
    parts = [
        {"PartNumber": number, "ETag": S3.upload_part(**named, PartNumber=number, Body=body)["ETag"]}
        for number, body in ((1, LARGE), (2, b"end"))
    ]
    S3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    whole = {"Bucket": BUCKET, "Key": "versions/parts"}
    for call in (S3.get_object, S3.head_object):
        answer = call(**whole, PartNumber=2)
        equal(answer["ResponseMetadata"]["HTTPStatusCode"], 206, "status")
        equal((answer["PartsCount"], answer["ContentLength"]), (2, 3), "parts and length")
        ranges = answer["ResponseMetadata"]["HTTPHeaders"]["content-range"]
        equal(ranges, f"bytes {FIVE_MIB}-{FIVE_MIB + 2}/{FIVE_MIB + 3}", "Content-Range")
    equal(body_of(S3, BUCKET, "versions/parts", PartNumber=2), b"end", "second part")
    assert body_of(S3, BUCKET, "versions/parts", PartNumber=1) == LARGE, "first part"
    refused(400, "InvalidPart", S3.get_object, **whole, PartNumber=3)
    refused(400, "400", S3.head_object, **whole, PartNumber=3)


@case
def the_only_part_of_an_object_put_at_once():
    S3.put_object(Bucket=BUCKET, Key="versions/one-part", Body=b"whole")
    answer = S3.get_object(Bucket=BUCKET, Key="versions/one-part", PartNumber=1)
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 206, "status")
    equal(answer["Body"].read(), b"whole", "body")
    assert "PartsCount" not in answer, "a count of parts although it was put at once"
    refused(400, "InvalidPart", S3.get_object, Bucket=BUCKET, Key="versions/one-part", PartNumber=2)


@case
def part_number_and_range_together():
    S3.put_object(Bucket=BUCKET, Key="versions/both", Body=b"whole")
    refused(400, "InvalidRequest", S3.get_object, Bucket=BUCKET, Key="versions/both", PartNumber=1,
            Range="bytes=0-1")


@case
def uploads_in_pages():
    bucket = fresh_bucket(S3)
    begun = [
        (key, S3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])
        for key in ("b", "a", "a", "c/1", "c/2")
    ]
    seen, markers = [], {}
    for page in range(len(begun)):
        answer = S3.list_multipart_uploads(Bucket=bucket, MaxUploads=1, **markers)
        found = [(each["Key"], each["UploadId"]) for each in answer["Uploads"]]
        equal((len(found), answer["MaxUploads"]), (1, 1), f"uploads on page {page}")
        equal(answer["IsTruncated"], page < len(begun) - 1, f"IsTruncated on page {page}")
        seen += found
        markers = {"KeyMarker": found[0][0], "UploadIdMarker": found[0][1]}
        if answer["IsTruncated"]:
            next_page = (answer["NextKeyMarker"], answer["NextUploadIdMarker"])
            equal(next_page, found[0], f"next markers on page {page}")
    equal(sorted(seen), sorted(begun), "uploads, each once")
    equal([key for key, _ in seen], ["a", "a", "b", "c/1", "c/2"], "order")
    after = S3.list_multipart_uploads(Bucket=bucket, KeyMarker="a")
    equal([each["Key"] for each in after["Uploads"]], ["b", "c/1", "c/2"], "after a key marker")


@case
def uploads_with_delimiter_in_pages():
    bucket = fresh_bucket(S3)
    for key in ("c/1", "a", "c/2", "c/sub/3", "d/4", "e", "e"):
        S3.create_multipart_upload(Bucket=bucket, Key=key)

    def entries_of(answer):
        uploads = [each["Key"] for each in answer.get("Uploads", [])]
        return uploads + [each["Prefix"] for each in answer.get("CommonPrefixes", [])]

    whole = S3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    equal((entries_of(whole), whole["Delimiter"]), (["a", "e", "e", "c/", "d/"], "/"), "entries")
    for prefix, wanted in (("", ["a", "c/", "d/", "e", "e"]), ("c/", ["c/1", "c/2", "c/sub/"])):
        seen, markers = [], {}
        while True:
            page = S3.list_multipart_uploads(
                Bucket=bucket, Prefix=prefix, Delimiter="/", MaxUploads=1, **markers)
            equal(len(entries_of(page)), 1, "entries on a page")
            seen += entries_of(page)
            if not page["IsTruncated"]:
                break
            markers = {"KeyMarker": page["NextKeyMarker"]}
            if page.get("NextUploadIdMarker"):
                markers["UploadIdMarker"] = page["NextUploadIdMarker"]
        equal(seen, wanted, f"entries under {prefix!r}, each once")


def bucket_of_versions():
    """A bucket with versions and a marker in folders and beside them."""
    bucket = fresh_bucket(S3, versioned=True)
    for key in ("dev/a", "dev/a", "dev/sub/b", "prod/a", "top"):
        S3.put_object(Bucket=bucket, Key=key, Body=b"x")
    S3.delete_object(Bucket=bucket, Key="dev/c")
    return bucket


def entries(answer):
    """Keys of versions and markers, and common prefixes, of one page."""
    versions = [each["Key"] for each in answer.get("Versions", [])]
    markers = [f"-{each['Key']}" for each in answer.get("DeleteMarkers", [])]
    return versions + markers + [each["Prefix"] for each in answer.get("CommonPrefixes", [])]


@case
def versions_with_prefix_and_delimiter():
    bucket = bucket_of_versions()
    equal(entries(S3.list_object_versions(Bucket=bucket, Delimiter="/")),
          ["top", "dev/", "prod/"], "entries at the top")
    equal(entries(S3.list_object_versions(Bucket=bucket, Prefix="dev/", Delimiter="/")),
          ["dev/a", "dev/a", "-dev/c", "dev/sub/"], "entries in a folder")
    equal(entries(S3.list_object_versions(Bucket=bucket, Prefix="dev/")),
          ["dev/a", "dev/a", "dev/sub/b", "-dev/c"], "entries below a folder")


@case
def versions_with_delimiter_in_pages():
    bucket = bucket_of_versions()
    for prefix, wanted in (("", ["dev/", "prod/", "top"]),
                           ("dev/", ["dev/a", "dev/a", "-dev/c", "dev/sub/"])):
        seen, markers = [], {}
        while True:
            page = S3.list_object_versions(
                Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=1, **markers)
            equal(len(entries(page)), 1, "entries on a page")
            seen += entries(page)
            if not page["IsTruncated"]:
                break
            markers = {"KeyMarker": page["NextKeyMarker"]}
            if page.get("NextVersionIdMarker"):
                markers["VersionIdMarker"] = page["NextVersionIdMarker"]
        equal(seen, wanted, f"entries under {prefix!r}, each once")


run_cases()
