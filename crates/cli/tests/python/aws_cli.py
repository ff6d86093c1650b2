"""The AWS command line, as a person or a script uses it."""
import json
import os
import subprocess
import tempfile

from harness import BUCKET, REGION, case, credentials, equal, run_cases

WORK = tempfile.mkdtemp(prefix="statelock-aws-cli-")
ENVIRONMENT = os.environ | {
    "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "HOME": WORK,
}


def aws(*arguments, fails=None):
    """Runs the command and returns its output; `fails` is a text that its error must show."""
    run = subprocess.run(
        ["aws", *arguments], cwd=WORK, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    said = f"aws {' '.join(arguments)}\n{run.stdout}\n{run.stderr}"
    if fails is None:
        assert run.returncode == 0, said
    else:
        assert run.returncode != 0, f"did not fail: {said}"
        assert fails in run.stderr, said
    return run.stdout


def api(*arguments, **options):
    """The same for `aws s3api`, whose output is JSON or nothing."""
    output = aws("s3api", *arguments, **options)
    return json.loads(output) if output.strip() else {}


def write(name, text):
    """Writes a file in the scratch directory."""
    path = os.path.join(WORK, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text)
    return path


def read(name):
    """Reads a file of the scratch directory."""
    with open(os.path.join(WORK, name), "rb") as file:
        return file.read()


@case
def cp_ls_rm():
    aws("s3", "cp", write("plain.txt", b"hello"), f"s3://{BUCKET}/cli/plain.txt")
    listing = aws("s3", "ls", f"s3://{BUCKET}/cli/")
    assert "5 plain.txt" in listing, listing
    aws("s3", "cp", f"s3://{BUCKET}/cli/plain.txt", "back.txt")
    equal(read("back.txt"), b"hello", "file")
    aws("s3", "rm", f"s3://{BUCKET}/cli/plain.txt")
    equal(aws("s3", "ls", f"s3://{BUCKET}/cli/", fails=""), "", "listing of nothing")


@case
def cp_of_twelve_mebibytes_is_multipart():
    large = os.urandom(12 * 1024 * 1024)
    aws("s3", "cp", write("large.bin", large), f"s3://{BUCKET}/cli/large.bin")
    head = api("head-object", "--bucket", BUCKET, "--key", "cli/large.bin")
    assert head["ETag"].endswith('-2"'), head
    aws("s3", "cp", f"s3://{BUCKET}/cli/large.bin", "large.back")
    assert read("large.back") == large, "other bytes came back"


@case
def cp_between_keys_and_from_standard_input():
    aws("s3", "cp", write("a.txt", b"copied"), f"s3://{BUCKET}/cli/from")
    aws("s3", "cp", f"s3://{BUCKET}/cli/from", f"s3://{BUCKET}/cli/to")
    equal(aws("s3", "cp", f"s3://{BUCKET}/cli/to", "-"), "copied", "output")


@case
def sync_there_and_back():
    for name in ("tree/a.txt", "tree/sub dir/b+c.txt", "tree/env:dev/ü.txt"):
        write(name, name.encode())
    aws("s3", "sync", "tree", f"s3://{BUCKET}/cli/tree")
    aws("s3", "sync", f"s3://{BUCKET}/cli/tree", "tree-back")
    equal(read("tree-back/env:dev/ü.txt"), "tree/env:dev/ü.txt".encode(), "file")
    os.remove(os.path.join(WORK, "tree/a.txt"))
    aws("s3", "sync", "--delete", "tree", f"s3://{BUCKET}/cli/tree")
    assert "a.txt" not in aws("s3", "ls", "--recursive", f"s3://{BUCKET}/cli/tree/"), "not deleted"
    equal(aws("s3", "sync", "tree", f"s3://{BUCKET}/cli/tree"), "", "second sync")


@case
def mb_rb_and_recursive_rm():
    aws("s3", "mb", "s3://cli-made-this")
    assert "cli-made-this" in aws("s3", "ls"), "not listed"
    aws("s3", "cp", write("x", b"x"), "s3://cli-made-this/x")
    aws("s3", "rb", "s3://cli-made-this", fails="BucketNotEmpty")
    aws("s3", "rm", "--recursive", "s3://cli-made-this")
    aws("s3", "rb", "s3://cli-made-this")


@case
def put_object_if_none_match():
    put = ("put-object", "--bucket", BUCKET, "--key", "cli/once", "--body", write("once", b"1"),
           "--if-none-match", "*")
    assert api(*put)["ETag"], "no ETag"
    api(*put, fails="(PreconditionFailed)")


@case
def versions_and_delete_by_version():
    for text in (b"one", b"two"):
        api("put-object", "--bucket", BUCKET, "--key", "cli/v", "--body", write("v", text))
    listed = api("list-object-versions", "--bucket", BUCKET, "--prefix", "cli/v")["Versions"]
    equal([each["IsLatest"] for each in listed], [True, False], "IsLatest")
    for each in listed:
        api("delete-object", "--bucket", BUCKET, "--key", "cli/v", "--version-id", each["VersionId"])
    api("head-object", "--bucket", BUCKET, "--key", "cli/v", fails="404")


@case
def listing_with_and_without_pages():
    for number in range(3):
        api("put-object", "--bucket", BUCKET, "--key", f"cli/page/{number}")
    for command in ("list-objects", "list-objects-v2"):
        found = api(command, "--bucket", BUCKET, "--prefix", "cli/page/", "--page-size", "1")
        equal(len(found["Contents"]), 3, f"keys of {command}")
        found = api(command, "--bucket", BUCKET, "--prefix", "cli/", "--delimiter", "/")
        assert {"Prefix": "cli/page/"} in found["CommonPrefixes"], found


@case
def bucket_settings():
    equal(api("get-bucket-versioning", "--bucket", BUCKET)["Status"], "Enabled", "versioning")
    equal(api("get-bucket-location", "--bucket", BUCKET)["LocationConstraint"], None, "location")
    api("put-object-tagging", "--bucket", BUCKET, "--key", "none", "--tagging",
        "TagSet=[{Key=a,Value=b}]", fails="(NoSuchKey)")


@case
def presign():
    api("put-object", "--bucket", BUCKET, "--key", "cli/url", "--body", write("u", b"by URL"))
    # Without this setting the version 1 of the CLI presigns with SigV2, which is refused.
    ENVIRONMENT["AWS_CONFIG_FILE"] = write(
        "config", b"[default]\ns3 =\n    signature_version = s3v4\n")
    url = aws("s3", "presign", f"s3://{BUCKET}/cli/url").strip()
    assert "X-Amz-Signature=" in url, url
    got = subprocess.run(
        ["python", "-c", "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())",
         url], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    equal((got.stdout.strip(), got.stderr), ("b'by URL'", ""), "output")


@case
def who_am_i():
    identity = json.loads(aws("sts", "get-caller-identity"))
    equal(sorted(identity), ["Account", "Arn", "UserId"], "fields")
    assert json.loads(aws("iam", "get-user"))["User"]["Arn"].startswith("arn:aws:iam::")


def refused_with(access_key, secret_key, code):
    """With these credentials, the command line shows the user this code."""
    text = f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    kept = ENVIRONMENT["AWS_SHARED_CREDENTIALS_FILE"]
    ENVIRONMENT["AWS_SHARED_CREDENTIALS_FILE"] = write("wrong", text.encode())
    try:
        aws("s3", "ls", fails=f"({code})")
    finally:
        ENVIRONMENT["AWS_SHARED_CREDENTIALS_FILE"] = kept


@case
def wrong_secret_is_told_to_the_user():
    refused_with(credentials()[0], "wrong", "SignatureDoesNotMatch")


@case
def unknown_key_is_told_to_the_user():
    refused_with("AKIAIOSFODNN7EXAMPLE", credentials()[1], "InvalidAccessKeyId")


run_cases()
