"""The lock table, with the requests that Terraform and OpenTofu send, byte for byte."""
import hashlib
import json
import uuid

from harness import BUCKET, case, client, equal, run_cases
from dynamodb_wire import send

DYNAMODB = client("dynamodb")
S3 = client("s3")
TABLE = "terraform-locks"


def info(lock_id, path):
    """Lock info as Terraform writes it."""
    return json.dumps({
        "ID": lock_id, "Operation": "OperationTypeApply", "Info": "", "Who": "root@vm", "Version": "1.11.4",
        "Created": "2026-11-21T20:59:50.707283404Z", "Path": path}, separators=(",", ":"))


def quoted(text):
    return json.dumps(text)


def lock_body(path, text):
    return (f'{{"ConditionExpression":"attribute_not_exists(LockID)","Item":{{"LockID":{{"S":{quoted(path)}}},'
            f'"Info":{{"S":{quoted(text)}}}}},"TableName":"{TABLE}"}}').encode()


def read_body(path, what):
    return (f'{{"ConsistentRead":true,"Key":{{"LockID":{{"S":{quoted(path)}}}}},"ProjectionExpression":"LockID, {what}",'
            f'"TableName":"{TABLE}"}}').encode()


def release_body(path):
    return f'{{"Key":{{"LockID":{{"S":{quoted(path)}}}}},"TableName":"{TABLE}"}}'.encode()


def tofu_release_body(path, text):
    return (f'{{"ConditionExpression":"Info = :info","ExpressionAttributeValues":{{":info":{{"S":{quoted(text)}}}}},'
            f'"Key":{{"LockID":{{"S":{quoted(path)}}}}},"TableName":"{TABLE}"}}').encode()


@case
def p1_the_second_lock_is_refused_and_sees_the_first():
    path = f"{BUCKET}/wire/first.tfstate"
    mine, yours = info(str(uuid.uuid4()), path), info(str(uuid.uuid4()), path)
    equal(send("PutItem", lock_body(path, mine)), (200, {}), "answer to the lock")
    status, answer = send("PutItem", lock_body(path, yours))
    equal((status, answer["__type"], answer["message"]), (
        400, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "The conditional request failed"), "refusal")
    equal(send("GetItem", read_body(path, "Info")),
          (200, {"Item": {"LockID": {"S": path}, "Info": {"S": mine}}}), "holder")
    equal(send("DeleteItem", release_body(path)), (200, {}), "release")
    # Who was refused a moment ago is shown the lock that refused it, so nothing is read here.
    equal(send("PutItem", lock_body(path, yours)), (200, {}), "answer to the second lock")
    equal(send("GetItem", read_body(path, "Info")),
          (200, {"Item": {"LockID": {"S": path}, "Info": {"S": yours}}}), "next holder")
    equal(send("DeleteItem", release_body(path)), (200, {}), "release")


@case
def a_lock_that_nobody_wanted_is_gone_when_it_is_released():
    path = f"{BUCKET}/wire/alone.tfstate"
    equal(send("GetItem", read_body(path, "Info")), (200, {}), "read of a free lock")
    equal(send("PutItem", lock_body(path, info(str(uuid.uuid4()), path))), (200, {}), "answer to the lock")
    equal(send("DeleteItem", release_body(path)), (200, {}), "release")
    equal(send("GetItem", read_body(path, "Info")), (200, {}), "read of a free lock")


@case
def p11_opentofu_releases_only_what_it_read():
    path = f"{BUCKET}/wire/tofu.tfstate"
    mine, yours = info(str(uuid.uuid4()), path), info(str(uuid.uuid4()), path)
    equal(send("PutItem", lock_body(path, mine))[0], 200, "status of the lock")
    status, answer = send("DeleteItem", tofu_release_body(path, yours))
    assert status == 400 and answer["__type"].endswith("#ConditionalCheckFailedException"), answer
    equal(send("DeleteItem", tofu_release_body(path, mine)), (200, {}), "release")
    equal(send("GetItem", read_body(path, "Info")), (200, {}), "read of a free lock")


@case
def locks_are_seen_by_people():
    path = f"{BUCKET}/people/app.tfstate"
    held = info(str(uuid.uuid4()), path)
    equal(send("PutItem", lock_body(path, held))[0], 200, "status of the lock")
    found = DYNAMODB.scan(TableName=TABLE, FilterExpression="begins_with(LockID, :people)",
                          ExpressionAttributeValues={":people": {"S": f"{BUCKET}/people/"}})
    equal([(item["LockID"]["S"], item["Info"]["S"]) for item in found["Items"]], [(path, held)], "scanned locks")
    found = DYNAMODB.query(TableName=TABLE, KeyConditionExpression="LockID = :id",
                           ExpressionAttributeValues={":id": {"S": path}})
    equal(found["Items"][0]["Info"]["S"], held, "queried lock")
    DYNAMODB.delete_item(TableName=TABLE, Key={"LockID": {"S": path}},
                         ConditionExpression="contains(Info, :id)",
                         ExpressionAttributeValues={":id": {"S": json.loads(held)["ID"]}})
    equal(send("GetItem", read_body(path, "Info")), (200, {}), "read of a free lock")


@case
def p8_the_digest_is_that_of_the_stored_state():
    key = "digest/app.tfstate"
    path = f"{BUCKET}/{key}"
    equal(send("GetItem", read_body(f"{path}-md5", "Digest")), (200, {}), "digest of no state")
    state = json.dumps({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": str(uuid.uuid4()),
                        "outputs": {}, "resources": []}).encode()
    S3.put_object(Bucket=BUCKET, Key=key, Body=state)
    digest = hashlib.md5(state).hexdigest()
    wanted = {"Item": {"LockID": {"S": f"{path}-md5"}, "Digest": {"S": digest}}}
    equal(send("GetItem", read_body(f"{path}-md5", "Digest")), (200, wanted), "digest")
    body = (f'{{"Item":{{"Digest":{{"S":"{digest}"}},"LockID":{{"S":{quoted(path + "-md5")}}}}},"TableName":"{TABLE}"}}')
    equal(send("PutItem", body.encode()), (200, {}), "answer to the digest that Terraform writes")
    equal(send("GetItem", read_body(f"{path}-md5", "Digest")), (200, wanted), "digest")


@case
def every_lock_table_shows_the_same_locks():
    DYNAMODB.create_table(TableName="other-locks", BillingMode="PAY_PER_REQUEST",
                          KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}])
    path = f"{BUCKET}/shared/app.tfstate"
    held = info(str(uuid.uuid4()), path)
    equal(send("PutItem", lock_body(path, held))[0], 200, "status of the lock")
    other = lock_body(path, info(str(uuid.uuid4()), path)).replace(TABLE.encode(), b"other-locks")
    status, answer = send("PutItem", other)
    assert status == 400 and answer["__type"].endswith("#ConditionalCheckFailedException"), answer
    shown = DYNAMODB.get_item(TableName="other-locks", Key={"LockID": {"S": path}})["Item"]
    equal(shown["Info"]["S"], held, "lock in the other table")
    equal(send("DeleteItem", release_body(path)), (200, {}), "release")


@case
def items_that_are_no_locks_are_kept_as_they_are():
    item = {"LockID": {"S": "a note"}, "text": {"S": "who to call"}, "n": {"N": "1"}}
    DYNAMODB.put_item(TableName=TABLE, Item=item)
    equal(DYNAMODB.get_item(TableName=TABLE, Key={"LockID": {"S": "a note"}})["Item"], item, "item")
    new = DYNAMODB.update_item(TableName=TABLE, Key={"LockID": {"S": "a note"}}, UpdateExpression="SET n = n + :one",
                               ExpressionAttributeValues={":one": {"N": "1"}}, ReturnValues="ALL_NEW")
    equal(new["Attributes"]["n"], {"N": "2"}, "updated value")
    DYNAMODB.delete_item(TableName=TABLE, Key={"LockID": {"S": "a note"}})


run_cases()
