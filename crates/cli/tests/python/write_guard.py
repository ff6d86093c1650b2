"""States that the AWS CLI and boto3 must not replace, and what they are told."""
import json
import os
import subprocess
import tempfile

from harness import BUCKET, REGION, body_of, case, client, equal, keys_of, refused, run_cases

s3 = client()
WORK = tempfile.mkdtemp(prefix="statelock-write-guard-")
ENVIRONMENT = os.environ | {
    "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "3", "HOME": WORK,
}
PART = 5 * 1024 * 1024


def snapshot(serial, output="x", lineage="L"):
    """A state."""
    return json.dumps({
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage,
        "outputs": {"o": {"value": output, "type": "string"}}, "resources": [],
    }).encode()


def put(key, body, **more):
    """Stores an object."""
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)


def write_is_refused(key, body):
    """Fails unless the write is refused; the answer."""
    return refused(409, "StateWriteRefused", s3.put_object, Bucket=BUCKET, Key=key, Body=body)


def version_in(message):
    """The id under which the message says that the body is kept."""
    return message.split("--version-id ")[1].split(" ")[0]


@case
def the_aws_cli_shows_why_a_lower_serial_is_refused_and_where_it_is_kept():
    put("cli.tfstate", snapshot(5))
    path = os.path.join(WORK, "older.tfstate")
    with open(path, "wb") as file:
        file.write(snapshot(4, "older"))
    run = subprocess.run(
        ["aws", "s3", "cp", path, f"s3://{BUCKET}/cli.tfstate"],
        env=ENVIRONMENT, capture_output=True, text=True, check=False)
    equal(run.returncode, 1, "exit code")
    for text in ["StateWriteRefused", "serial 5, which is newer than the offered serial 4",
                 "Stored: serial 5, lineage L", "Offered: serial 4, lineage L",
                 f"statelock state allow-overwrite s3://{BUCKET}/cli.tfstate --for 5m"]:
        assert text in run.stderr, run.stderr
    assert "reached max retries" not in run.stderr, run.stderr
    # The command that the message names gives the refused body back.
    command = run.stderr.split("`")[1].split(" ")
    equal(command[:3], ["aws", "s3api", "get-object"], "command")
    subprocess.run(command, cwd=WORK, env=ENVIRONMENT, check=True, capture_output=True)
    with open(os.path.join(WORK, "refused.tfstate"), "rb") as file:
        equal(file.read(), snapshot(4, "older"), "kept body")
    equal(body_of(s3, BUCKET, "cli.tfstate"), snapshot(5), "stored state")


@case
def a_state_does_not_become_empty():
    put("zero.tfstate", snapshot(1))
    for body in [b"", b"text", snapshot(2)[:-5]]:
        write_is_refused("zero.tfstate", body)
        equal(body_of(s3, BUCKET, "zero.tfstate"), snapshot(1), "stored state")


@case
def a_refused_body_is_in_no_listing_and_can_be_removed():
    put("listed.tfstate", snapshot(3))
    message = write_is_refused("listed.tfstate", snapshot(2))["Error"]["Message"]
    version = version_in(message)
    equal(keys_of(s3, BUCKET, "listed."), ["listed.tfstate"], "keys")
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix="listed.")["Versions"]
    equal(len(versions), 1, "versions")
    equal(body_of(s3, BUCKET, "listed.tfstate", VersionId=version), snapshot(2), "kept body")
    head = s3.head_object(Bucket=BUCKET, Key="listed.tfstate", VersionId=version)
    equal(head["ContentLength"], len(snapshot(2)), "length")
    s3.delete_object(Bucket=BUCKET, Key="listed.tfstate", VersionId=version)
    refused(404, "NoSuchVersion", s3.get_object,
            Bucket=BUCKET, Key="listed.tfstate", VersionId=version)


@case
def an_old_version_is_not_copied_over_a_newer_one():
    old = put("copied.tfstate", snapshot(1))["VersionId"]
    put("copied.tfstate", snapshot(2))
    source = {"Bucket": BUCKET, "Key": "copied.tfstate", "VersionId": old}
    refused(409, "StateWriteRefused", s3.copy_object,
            Bucket=BUCKET, Key="copied.tfstate", CopySource=source)
    # To a key of its own it goes, and removing the newer version is a deliberate way back.
    s3.copy_object(Bucket=BUCKET, Key="elsewhere.tfstate", CopySource=source)
    newer = s3.head_object(Bucket=BUCKET, Key="copied.tfstate")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key="copied.tfstate", VersionId=newer)
    equal(body_of(s3, BUCKET, "copied.tfstate"), snapshot(1), "stored state")


@case
def a_locked_state_is_not_deleted():
    put("locked.tfstate", snapshot(1))
    put("locked.tfstate.tflock", b'{"ID":"11111111-2222-3333-4444-555555555555"}', IfNoneMatch="*")
    refused(409, "StateWriteRefused", s3.delete_object, Bucket=BUCKET, Key="locked.tfstate")
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "locked.tfstate"}]})
    equal([error["Code"] for error in answer["Errors"]], ["StateWriteRefused"], "errors")
    s3.delete_object(Bucket=BUCKET, Key="locked.tfstate.tflock")
    s3.delete_object(Bucket=BUCKET, Key="locked.tfstate")
    equal(keys_of(s3, BUCKET, "locked."), [], "keys")


@case
def parts_are_judged_together():
    put("parts.tfstate", snapshot(5))
    whole = snapshot(4, "x" * (PART + 1000))
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts.tfstate")["UploadId"]
    named = {"Bucket": BUCKET, "Key": "parts.tfstate", "UploadId": upload}
    parts = []
    for number, start in enumerate(range(0, len(whole), PART), 1):
        part = s3.upload_part(PartNumber=number, Body=whole[start:start + PART], **named)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    answer = refused(409, "StateWriteRefused", s3.complete_multipart_upload,
                     MultipartUpload={"Parts": parts}, **named)
    message = answer["Error"]["Message"]
    again = refused(409, "StateWriteRefused", s3.complete_multipart_upload,
                    MultipartUpload={"Parts": parts}, **named)
    equal(again["Error"]["Message"], message, "message of the repeated completion")
    refused(404, "NoSuchUpload", s3.abort_multipart_upload, **named)
    kept = body_of(s3, BUCKET, "parts.tfstate", VersionId=version_in(message))
    assert kept == whole, "the kept body is not what was sent"
    equal(body_of(s3, BUCKET, "parts.tfstate"), snapshot(5), "stored state")


@case
def another_lineage_is_refused_and_an_empty_state_gives_way():
    put("lineage.tfstate", snapshot(1))
    message = write_is_refused("lineage.tfstate", snapshot(2, lineage="M"))["Error"]["Message"]
    assert "lineage `L`, the offered one has lineage `M`" in message, message
    empty = b'{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"E","outputs":{}}'
    put("fresh.tfstate", empty)
    put("fresh.tfstate", snapshot(1, lineage="M"))


@case
def what_is_no_state_is_not_guarded():
    for body in [b"one", b"", b'{"version":4}', b"two"]:
        put("notes.txt", body)
        equal(body_of(s3, BUCKET, "notes.txt"), body, "object")


run_cases()
