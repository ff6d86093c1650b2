"""What boto3 itself is refused: wrong credentials, a wrong clock, checksums that do not fit.

Nothing here is signed by hand: these are the errors that a person meets who uses an SDK.
"""
import base64
import contextlib
import datetime
import hashlib

import boto3
import botocore.auth
from botocore.config import Config

from harness import BUCKET, ENDPOINT, REGION, case, client, credentials, is_absent, refused, run_cases
from sums import ALGORITHMS, checksum

S3 = client()
BODY = b"a state"


def client_with(access_key, secret_key):
    """A client with other credentials than those of the environment."""
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.session.Session(access_key, secret_key).client(
        "s3", region_name=REGION, endpoint_url=ENDPOINT, config=config)


@contextlib.contextmanager
def clock_off_by(minutes):
    """Inside, botocore signs with a clock that is off; the rest of Python keeps the right time."""
    kept = botocore.auth.get_current_datetime
    off = datetime.timedelta(minutes=minutes)
    botocore.auth.get_current_datetime = lambda *arguments, **named: kept(*arguments, **named) + off
    try:
        yield
    finally:
        botocore.auth.get_current_datetime = kept


def every_kind_of_call(s3, key):
    """A read, a listing, a write and a delete, each with its arguments."""
    return [
        (s3.get_object, {"Bucket": BUCKET, "Key": key}),
        (s3.list_objects_v2, {"Bucket": BUCKET}),
        (s3.put_object, {"Bucket": BUCKET, "Key": key, "Body": BODY}),
        (s3.delete_object, {"Bucket": BUCKET, "Key": key}),
    ]


def refused_and_absent(key, code, **arguments):
    """A put with these arguments is a 400 with this code, and stores nothing."""
    refused(400, code, S3.put_object, Bucket=BUCKET, Key=key, Body=BODY, **arguments)
    assert is_absent(S3, BUCKET, key), f"{key} was stored although refused"


@case
def right_key_and_wrong_secret():
    access_key, _ = credentials()
    for call, arguments in every_kind_of_call(client_with(access_key, "wrong"), "refused/secret"):
        refused(403, "SignatureDoesNotMatch", call, **arguments)
    assert is_absent(S3, BUCKET, "refused/secret"), "stored with a wrong secret"


@case
def unknown_key():
    _, secret_key = credentials()
    stranger = client_with("AKIAIOSFODNN7EXAMPLE", secret_key)
    for call, arguments in every_kind_of_call(stranger, "refused/unknown"):
        refused(403, "InvalidAccessKeyId", call, **arguments)
    assert is_absent(S3, BUCKET, "refused/unknown"), "stored with an unknown key"


@case
def clock_twenty_minutes_off():
    for minutes in (-20, 20):
        with clock_off_by(minutes):
            for call, arguments in every_kind_of_call(S3, "refused/clock"):
                refused(403, "RequestTimeTooSkewed", call, **arguments)
        assert is_absent(S3, BUCKET, "refused/clock"), f"stored {minutes} minutes off"


@case
def clock_ten_minutes_off_is_served():
    for minutes in (-10, 10):
        with clock_off_by(minutes):
            S3.put_object(Bucket=BUCKET, Key=f"refused/served{minutes}", Body=BODY)
        assert not is_absent(S3, BUCKET, f"refused/served{minutes}"), "not stored"


@case
def wrong_checksum():
    for algorithm in ALGORITHMS:
        wrong = {f"Checksum{algorithm}": checksum(algorithm, b"something else")}
        refused_and_absent(f"refused/sum-{algorithm}", "BadDigest", **wrong)


@case
def wrong_content_md5():
    wrong = base64.b64encode(hashlib.md5(b"something else").digest()).decode()
    refused_and_absent("refused/md5", "BadDigest", ContentMD5=wrong)
    refused_and_absent("refused/md5", "InvalidDigest", ContentMD5="AAAA")


run_cases()
