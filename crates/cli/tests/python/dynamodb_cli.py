"""The AWS command line on the lock table, as a person on call uses it."""
import json
import os
import subprocess
import time
import uuid

from harness import BUCKET, REGION, case, equal, run_cases

TABLE = "terraform-locks"
ENVIRONMENT = os.environ | {"AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}


def dynamodb(*arguments, fails=None):
    """Runs `aws dynamodb` and returns its JSON; `fails` is a text that its error must show."""
    run = subprocess.run(["aws", "dynamodb", *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    said = f"aws dynamodb {' '.join(arguments)}\n{run.stdout}\n{run.stderr}"
    if fails is None:
        assert run.returncode == 0, said
        return json.loads(run.stdout) if run.stdout.strip() else {}
    assert run.returncode != 0 and fails in run.stderr, said
    return {}


@case
def find_look_at_and_remove_a_lock():
    path, lock_id = f"{BUCKET}/cli/app.tfstate", str(uuid.uuid4())
    info = json.dumps({"ID": lock_id, "Operation": "OperationTypePlan", "Info": "", "Who": "ci@runner", "Version": "1.11.4",
                       "Created": "2026-11-21T20:59:50Z", "Path": path}, separators=(",", ":"))
    item = json.dumps({"LockID": {"S": path}, "Info": {"S": info}})
    put = ["put-item", "--table-name", TABLE, "--item", item, "--condition-expression", "attribute_not_exists(LockID)"]
    dynamodb(*put)
    other = json.dumps({"LockID": {"S": path}, "Info": {"S": info.replace(lock_id, str(uuid.uuid4()))}})
    dynamodb(*put[:4], other, *put[5:], fails="(ConditionalCheckFailedException)")
    listed = dynamodb("scan", "--table-name", TABLE, "--filter-expression", "attribute_exists(Info)")
    assert any(found["LockID"]["S"] == path for found in listed["Items"]), listed
    key = json.dumps({"LockID": {"S": path}})
    got = dynamodb("get-item", "--table-name", TABLE, "--key", key, "--consistent-read")
    equal(json.loads(got["Item"]["Info"]["S"])["Who"], "ci@runner", "holder")
    values = json.dumps({":i": {"S": "something else"}})
    dynamodb("delete-item", "--table-name", TABLE, "--key", key, "--condition-expression", "Info = :i",
             "--expression-attribute-values", values, fails="(ConditionalCheckFailedException)")
    dynamodb("delete-item", "--table-name", TABLE, "--key", key)
    # Whoever was refused by a lock is shown it for a moment longer.
    deadline = time.monotonic() + 60
    while dynamodb("get-item", "--table-name", TABLE, "--key", key):
        assert time.monotonic() < deadline, "the lock is still shown"


@case
def tables_from_the_command_line():
    assert TABLE in dynamodb("list-tables")["TableNames"]
    made = dynamodb("create-table", "--table-name", "cli-locks", "--attribute-definitions", "AttributeName=LockID,AttributeType=S",
                    "--key-schema", "AttributeName=LockID,KeyType=HASH", "--billing-mode", "PAY_PER_REQUEST",
                    "--tags", "Key=team,Value=infra")
    equal(made["TableDescription"]["TableStatus"], "ACTIVE", "status")
    dynamodb("wait", "table-exists", "--table-name", "cli-locks")
    described = dynamodb("describe-table", "--table-name", "cli-locks")["Table"]
    tags = dynamodb("list-tags-of-resource", "--resource-arn", described["TableArn"])
    equal(tags["Tags"], [{"Key": "team", "Value": "infra"}], "tags")
    dynamodb("describe-continuous-backups", "--table-name", "cli-locks")
    dynamodb("delete-table", "--table-name", "cli-locks")
    dynamodb("describe-table", "--table-name", "cli-locks", fails="(ResourceNotFoundException)")


@case
def pages_and_batches():
    dynamodb("create-table", "--table-name", "cli-pages", "--attribute-definitions", "AttributeName=id,AttributeType=N",
             "--key-schema", "AttributeName=id,KeyType=HASH", "--billing-mode", "PAY_PER_REQUEST")
    puts = [{"PutRequest": {"Item": {"id": {"N": str(number)}}}} for number in range(25)]
    dynamodb("batch-write-item", "--request-items", json.dumps({"cli-pages": puts}))
    whole = dynamodb("scan", "--table-name", "cli-pages", "--page-size", "4")
    equal(whole["Count"], 25, "items over all pages")
    some = dynamodb("scan", "--table-name", "cli-pages", "--max-items", "10", "--page-size", "4")
    rest = dynamodb("scan", "--table-name", "cli-pages", "--starting-token", some["NextToken"])
    equal(len(some["Items"]) + len(rest["Items"]), 25, "items of both calls")


run_cases()
