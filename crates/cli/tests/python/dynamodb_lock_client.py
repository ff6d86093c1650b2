"""python-dynamodb-lock on a table of its own: made by the client, taken, contended for, kept, released."""
import datetime
import threading
import time

import boto3
from python_dynamodb_lock.python_dynamodb_lock import DynamoDBLockClient, DynamoDBLockError

from harness import ENDPOINT, REGION, case, client, equal, run_cases

TABLE = "python-locks"
PLAIN = client("dynamodb")
RESOURCE = boto3.resource("dynamodb", region_name=REGION, endpoint_url=ENDPOINT)

DynamoDBLockClient.create_dynamodb_table(PLAIN, table_name=TABLE)


def locker(name):
    return DynamoDBLockClient(
        RESOURCE, table_name=TABLE, owner_name=name,
        heartbeat_period=datetime.timedelta(milliseconds=400), safe_period=datetime.timedelta(seconds=3),
        lease_duration=datetime.timedelta(seconds=5))


def item(key):
    return PLAIN.get_item(TableName=TABLE, Key={"lock_key": {"S": key}, "sort_key": {"S": "-"}}).get("Item")


@case
def the_table_is_as_the_client_asked():
    table = PLAIN.describe_table(TableName=TABLE)["Table"]
    equal([key["KeyType"] for key in table["KeySchema"]], ["HASH", "RANGE"], "key")
    equal(PLAIN.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"],
          {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiry_time"}, "time to live")


@case
def acquire_and_release():
    mine = locker("one")
    lock = mine.acquire_lock("job", additional_attributes={"why": "test"})
    equal((item("job")["owner_name"], item("job")["why"]), ({"S": "one"}, {"S": "test"}), "item of the lock")
    lock.release()
    equal(item("job"), None, "item after the release")
    mine.close()


@case
def contention_and_heartbeat():
    mine, yours = locker("one"), locker("two")
    lock = mine.acquire_lock("contended")
    version = item("contended")["record_version_number"]
    deadline = time.monotonic() + 20
    while item("contended")["record_version_number"] == version:
        assert time.monotonic() < deadline, "no heartbeat came"
        time.sleep(0.05)
    try:
        yours.acquire_lock("contended", retry_period=datetime.timedelta(milliseconds=100),
                           retry_timeout=datetime.timedelta(seconds=1))
    except DynamoDBLockError as error:
        equal(error.code, DynamoDBLockError.ACQUIRE_TIMEOUT, "code")
    else:
        raise AssertionError("the lock was taken twice")
    threading.Timer(0.5, lock.release).start()
    second = yours.acquire_lock("contended", retry_period=datetime.timedelta(milliseconds=100),
                                retry_timeout=datetime.timedelta(seconds=20))
    equal(item("contended")["owner_name"], {"S": "two"}, "owner after the release")
    second.release()
    for each in (mine, yours):
        each.close()


@case
def a_lock_that_was_stolen_is_not_released():
    mine = locker("one")
    lock = mine.acquire_lock("stolen")
    PLAIN.update_item(TableName=TABLE, Key={"lock_key": {"S": "stolen"}, "sort_key": {"S": "-"}},
                      UpdateExpression="SET record_version_number = :v, owner_name = :o",
                      ExpressionAttributeValues={":v": {"S": "another"}, ":o": {"S": "thief"}})
    try:
        lock.release(best_effort=False)
    except DynamoDBLockError as error:
        assert error.code in (DynamoDBLockError.LOCK_STOLEN, DynamoDBLockError.LOCK_NOT_OWNED), error.code
    else:
        raise AssertionError("the thief's lock was released")
    equal(item("stolen")["owner_name"], {"S": "thief"}, "owner")
    mine.close()


run_cases()
