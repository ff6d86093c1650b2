"""Named cases against one running server.

A script decorates its cases with `@case` and ends with `run_cases()`. Every case prints `ok NAME` or
`FAILED NAME: why`; the last line counts them, and one failure makes the script exit with 1. Names
given as arguments choose cases: `python objects.py put_and_get`.

The server is found as every AWS client finds it: AWS_ENDPOINT_URL, AWS_SHARED_CREDENTIALS_FILE,
AWS_REGION.
"""
import faulthandler
import itertools
import os
import sys
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ.get("AWS_REGION", "us-east-1")
BUCKET = "tfstate"
# A script that hangs says where, and ends.
TIME_LIMIT_SECONDS = 170

_cases = []
_bucket_numbers = itertools.count(1)


def case(function):
    """Registers a case under the function's name."""
    _cases.append(function)
    return function


def run_cases():
    """Runs the registered cases, or those named on the command line, and exits."""
    faulthandler.dump_traceback_later(TIME_LIMIT_SECONDS, exit=True)
    wanted = set(sys.argv[1:])
    chosen = [each for each in _cases if not wanted or each.__name__ in wanted]
    passed = sum(run_one(each) for each in chosen)
    print(f"passed {passed} of {len(chosen)} cases")
    sys.exit(0 if chosen and passed == len(chosen) else 1)


def run_one(function):
    """True if the case passed."""
    try:
        function()
    except Exception as error:  # every failure is reported, whatever it is
        traceback.print_exc()
        print(f"FAILED {function.__name__}: {type(error).__name__}: {error}")
        return False
    print(f"ok {function.__name__}")
    return True


def client(service="s3", **settings):
    """A boto3 client that does not repeat requests: a repeated one could hide a wrong answer."""
    settings.setdefault("retries", {"total_max_attempts": 1})
    settings.setdefault("signature_version", "s3v4" if service == "s3" else "v4")
    if service == "s3":
        settings.setdefault("s3", {"addressing_style": "path"})
    return boto3.session.Session().client(
        service, region_name=REGION, endpoint_url=ENDPOINT, config=Config(**settings)
    )


def credentials():
    """Access key and secret of the shared credentials file."""
    found = boto3.session.Session().get_credentials().get_frozen_credentials()
    return found.access_key, found.secret_key


def fresh_bucket(s3, versioned=False):
    """A new bucket of this script's own."""
    script = os.path.splitext(os.path.basename(sys.argv[0]))[0].replace("_", "-")
    name = f"{script}-{next(_bucket_numbers)}"
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def refused(status, code, call, **arguments):
    """Calls and returns the error answer, which must have this status and code."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        check_refusal(error.response, status, code)
        return error.response
    raise AssertionError(f"answered {answer['ResponseMetadata']['HTTPStatusCode']}, not {status}")


def check_refusal(response, status, code):
    """Status and code are as given, and there is a message and a request id to report."""
    meta = response["ResponseMetadata"]
    got = (meta["HTTPStatusCode"], response["Error"]["Code"])
    assert got == (status, code), f"answered {got}, not {(status, code)}: {response['Error']}"
    assert response["Error"].get("Message"), f"no message: {response['Error']}"
    assert meta["HTTPHeaders"].get("x-amz-request-id"), f"no x-amz-request-id: {meta}"


def equal(got, wanted, what="value"):
    """Fails with both sides shown."""
    assert got == wanted, f"{what} is {got!r}, not {wanted!r}"


def body_of(s3, bucket, key, **arguments):
    """The bytes of an object."""
    return s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()


def keys_of(s3, bucket, prefix=""):
    """All keys under a prefix, over all pages."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def is_absent(s3, bucket, key):
    """True if there is no such object."""
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 404, "status of HEAD")
        return True
    return False
