"""Object keys that break careless servers."""
from harness import body_of, case, client, equal, fresh_bucket, keys_of, run_cases
from sigv4 import hex_sha256
from wire import HOST, expect_error, expect_ok, object_target, root_signer, send, signed

S3 = client()
ODD_KEYS = [
    "env:/dev/app/terraform.tfstate", "folder/", "a//b", "//", "/leading", "a/../b", "a/./b", "..a",
    "ünïcödé/☃/𝄞", "space in key", " ", "plus+plus", "100%", "%41", "%2F", "what?x=y", "hash#tag",
    "semi;colon&amp=eq", "quote'\"<tag>&amp;", "back\\slash", "star*", "tilde~", "new\nline", "tab\t",
    "e\u0301", "\u00e9", "a" * 1024, "é" * 512,
]


@case
def odd_keys_round_trip():
    bucket = fresh_bucket(S3, versioned=True)
    for number, key in enumerate(ODD_KEYS):
        body = f"body {number}".encode()
        expect_ok(signed("PUT", object_target(key, bucket), body=body))
    for number, key in enumerate(ODD_KEYS):
        got = expect_ok(signed("GET", object_target(key, bucket)))
        equal(got.body, f"body {number}".encode(), f"body of {key[:20]!r}")
    equal(keys_of(S3, bucket), sorted(ODD_KEYS, key=str.encode), "listed keys")


@case
def odd_keys_through_the_sdk():
    bucket = fresh_bucket(S3)
    for key in ODD_KEYS:
        S3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        equal(body_of(S3, bucket, key), key.encode(), f"body of {key[:20]!r}")
    objects = [{"Key": key} for key in ODD_KEYS if key.isprintable()]
    S3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    left = sorted(key for key in ODD_KEYS if not key.isprintable())
    equal(sorted(keys_of(S3, bucket)), left, "keys left")


@case
def too_long_a_key():
    bucket = fresh_bucket(S3)
    for key in ("a" * 1025, "é" * 513):
        expect_error(
            signed("PUT", object_target(key, bucket), body=b"x"), 400, "KeyTooLongError")
    equal(keys_of(S3, bucket), [], "keys")


@case
def dot_segments_do_not_climb():
    """A signed path is a bucket and a key, dots and all: each key is kept as it was sent."""
    buckets = bucket_names()
    bucket = fresh_bucket(S3)
    tricks = {
        "../tfstate/climbed": "../tfstate/climbed", "%2e%2e/tfstate/other": "../tfstate/other",
        "a/../../x": "a/../../x", "./a": "./a", "..": "..", "..%2f..%2fcredentials":
        "../../credentials", "/a": "/a", "%00": "\0",
    }
    for number, (path, key) in enumerate(tricks.items(), 1):
        body = path.encode()
        expect_ok(signed("PUT", f"/{bucket}/{path}", body=body))
        equal(expect_ok(signed("GET", f"/{bucket}/{path}")).body, body, f"body of {path}")
        equal(len(keys_of(S3, bucket)), number, f"number of keys after {path}")
        assert key in keys_of(S3, bucket), f"{key!r} is not in {keys_of(S3, bucket)}"
    equal(keys_of(S3, "tfstate"), [], "keys of the other bucket")
    equal(bucket_names(), sorted([*buckets, bucket]), "buckets")


@case
def paths_that_name_no_bucket_or_no_text():
    buckets = bucket_names()
    bucket = fresh_bucket(S3)
    for path, code in (
            (f"/../{bucket}/k", "InvalidBucketName"), (f"/%2e%2e/{bucket}/k", "InvalidBucketName"),
            ("/../../etc/passwd", "InvalidBucketName"), ("//", "InvalidBucketName"),
            ("/%00", "InvalidBucketName"), (f"/{bucket}/%ff", "InvalidURI"),
            (f"/{bucket}/%", "InvalidURI"), (f"/{bucket}/%zz", "InvalidURI")):
        for method in ("PUT", "GET"):
            expect_error(signed(method, path), 400, code)
    equal(keys_of(S3, bucket), [], "keys")
    equal(bucket_names(), sorted([*buckets, bucket]), "buckets")


def bucket_names():
    """The names of all buckets."""
    return [each["Name"] for each in S3.list_buckets()["Buckets"]]


@case
def prefixes_with_odd_characters():
    bucket = fresh_bucket(S3)
    for key in ("a+b/1", "a b/1", "a%20b/1", "env:/x/1", "é/1"):
        S3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for prefix in ("a+b/", "a b/", "a%20b/", "env:/x/", "é/"):
        equal(keys_of(S3, bucket, prefix), [prefix + "1"], f"keys under {prefix!r}")


@case
def plus_in_the_path_is_a_plus():
    bucket = fresh_bucket(S3)
    expect_ok(signed("PUT", f"/{bucket}/a+b", body=b"x"))
    equal(keys_of(S3, bucket), ["a+b"], "keys")


@case
def less_escaped_paths_are_the_same_key():
    bucket = fresh_bucket(S3)
    S3.put_object(Bucket=bucket, Key="env:/dev/a@b", Body=b"x")
    equal(expect_ok(signed("GET", f"/{bucket}/env:/dev/a@b")).body, b"x", "body")


@case
def keys_that_are_not_utf_8():
    bucket = fresh_bucket(S3)
    for path in (f"/{bucket}/%ff", f"/{bucket}/a%c3%28", f"/{bucket}/%ed%a0%80"):
        expect_error(signed("PUT", path, body=b"x"), 400, "InvalidURI")
    equal(keys_of(S3, bucket), [], "keys")


@case
def broken_percent_encoding():
    bucket = fresh_bucket(S3)
    for path in (f"/{bucket}/%zz", f"/{bucket}/a%4"):
        expect_error(signed("PUT", path, body=b"x"), 400, "InvalidURI")
    equal(keys_of(S3, bucket), [], "keys")


@case
def zero_byte_in_a_key_is_a_byte():
    bucket = fresh_bucket(S3)
    expect_ok(signed("PUT", f"/{bucket}/a%00b", body=b"x"))
    expect_ok(signed("PUT", f"/{bucket}/a", body=b"y"))
    equal(expect_ok(signed("GET", f"/{bucket}/a%00b")).body, b"x", "body")
    equal(keys_of(S3, bucket), ["a", "a\0b"], "keys")


@case
def absolute_form_of_the_request_target():
    bucket = fresh_bucket(S3)
    signer = root_signer()
    target = f"/{bucket}/absolute"
    headers = signer.sign("PUT", target, {"host": HOST}, hex_sha256(b"x"))
    expect_ok(send("PUT", f"http://{HOST}{target}", headers, b"x"))
    equal(keys_of(S3, bucket), ["absolute"], "keys")


run_cases()
