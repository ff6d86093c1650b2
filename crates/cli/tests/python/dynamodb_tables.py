"""Tables and their settings by boto3, as bootstrap tools use them."""
import datetime

from botocore.exceptions import ClientError

from harness import REGION, case, client, equal, run_cases

DYNAMODB = client("dynamodb")
LOCK_TABLE = "terraform-locks"
LOCK_KEY = {
    "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
}


def refused(code, call, message=None, **arguments):
    """The call must be refused with this code, and this message if one is given."""
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code, "code")
        if message is not None:
            equal(error.response["Error"]["Message"], message, "message")
        return
    raise AssertionError("was not refused")


def describe(name):
    return DYNAMODB.describe_table(TableName=name)["Table"]


@case
def the_lock_table_is_there_from_the_start():
    table = describe(LOCK_TABLE)
    equal(table["TableStatus"], "ACTIVE", "status")
    equal(table["KeySchema"], LOCK_KEY["KeySchema"], "key schema")
    equal(table["AttributeDefinitions"], LOCK_KEY["AttributeDefinitions"], "definitions")
    equal(table["TableArn"], f"arn:aws:dynamodb:{REGION}:000000000000:table/{LOCK_TABLE}", "ARN")
    equal(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST", "billing mode")
    age = datetime.datetime.now(datetime.timezone.utc) - table["CreationDateTime"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=10), age
    assert LOCK_TABLE in DYNAMODB.list_tables()["TableNames"]


@case
def create_describe_delete():
    made = DYNAMODB.create_table(TableName="made", ProvisionedThroughput={
        "ReadCapacityUnits": 5, "WriteCapacityUnits": 6}, **LOCK_KEY)["TableDescription"]
    equal((made["TableStatus"], made["ItemCount"], made["TableSizeBytes"]), ("ACTIVE", 0, 0), "made")
    equal(made["ProvisionedThroughput"]["WriteCapacityUnits"], 6, "throughput")
    DYNAMODB.get_waiter("table_exists").wait(TableName="made")
    refused("ResourceInUseException", DYNAMODB.create_table, "Table already exists: made",
            TableName="made", BillingMode="PAY_PER_REQUEST", **LOCK_KEY)
    DYNAMODB.put_item(TableName="made", Item={"LockID": {"S": "note"}, "text": {"S": "plain"}})
    described = describe(made["TableArn"])
    equal((described["TableId"], described["ItemCount"]), (made["TableId"], 1), "described")
    equal(DYNAMODB.delete_table(TableName="made")["TableDescription"]["TableStatus"], "DELETING", "status")
    refused("ResourceNotFoundException", DYNAMODB.describe_table,
            "Requested resource not found: Table: made not found", TableName="made")
    refused("ResourceNotFoundException", DYNAMODB.get_item, "Requested resource not found",
            TableName="made", Key={"LockID": {"S": "note"}})
    DYNAMODB.create_table(TableName="made", BillingMode="PAY_PER_REQUEST", **LOCK_KEY)
    equal(DYNAMODB.scan(TableName="made")["Count"], 0, "items of the new table")


@case
def names_are_listed_in_pages():
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        DYNAMODB.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **LOCK_KEY)
    pages = list(DYNAMODB.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    listed = [name for page in pages for name in page["TableNames"]]
    equal(listed, sorted(listed), "order")
    assert set(names) < set(listed) and len(pages) >= 3, pages


@case
def bootstrap_as_terragrunt_does_it():
    name = "bootstrap.locks_1"
    refused("ResourceNotFoundException", DYNAMODB.describe_table, TableName=name)
    DYNAMODB.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "team", "Value": "infra"}], **LOCK_KEY)
    table = describe(name)
    equal(table["TableStatus"], "ACTIVE", "status")
    assert "SSEDescription" not in table, table
    DYNAMODB.tag_resource(ResourceArn=table["TableArn"], Tags=[{"Key": "owner", "Value": "ops"}, {"Key": "team", "Value": "core"}])
    tags = DYNAMODB.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    equal(tags, [{"Key": "owner", "Value": "ops"}, {"Key": "team", "Value": "core"}], "tags")
    DYNAMODB.update_table(TableName=name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    sse = describe(name)["SSEDescription"]
    equal((sse["Status"], sse["SSEType"]), ("ENABLED", "KMS"), "encryption as asked for")
    DYNAMODB.untag_resource(ResourceArn=table["TableArn"], TagKeys=["owner"])
    equal(len(DYNAMODB.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]), 1, "tags left")


@case
def settings_are_kept_and_shown():
    name = "settings"
    DYNAMODB.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True, **LOCK_KEY)
    refused("ValidationException", DYNAMODB.delete_table, TableName=name)
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    refused("ValidationException", DYNAMODB.update_table, TableName=name, BillingMode="PROVISIONED")
    DYNAMODB.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    table = describe(name)
    equal(table["BillingModeSummary"]["BillingMode"], "PROVISIONED", "billing mode")
    equal(table["ProvisionedThroughput"]["WriteCapacityUnits"], 2, "throughput")
    DYNAMODB.update_table(TableName=name, BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=False,
                          TableClass="STANDARD_INFREQUENT_ACCESS")
    table = describe(name)
    equal(table["ProvisionedThroughput"]["WriteCapacityUnits"], 0, "throughput")
    equal(table["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS", "class")
    refused("ValidationException", DYNAMODB.update_table, TableName=name)
    DYNAMODB.delete_table(TableName=name)


@case
def a_lock_never_expires():
    enable = {"Enabled": True, "AttributeName": "expires"}
    refused("ValidationException", DYNAMODB.update_time_to_live, TableName=LOCK_TABLE, TimeToLiveSpecification=enable)
    equal(DYNAMODB.describe_time_to_live(TableName=LOCK_TABLE)["TimeToLiveDescription"],
          {"TimeToLiveStatus": "DISABLED"}, "time to live")


@case
def backups_and_limits():
    described = DYNAMODB.describe_continuous_backups(TableName=LOCK_TABLE)["ContinuousBackupsDescription"]
    equal(described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "DISABLED", "recovery")
    refused("TableNotFoundException", DYNAMODB.describe_continuous_backups, TableName="no-such-table")
    assert DYNAMODB.describe_limits()["TableMaxReadCapacityUnits"] > 0


@case
def what_is_not_done_is_refused_by_name():
    index = {"IndexName": "by-x", "KeySchema": LOCK_KEY["KeySchema"], "Projection": {"ProjectionType": "ALL"}}
    for member, value in [
            ("GlobalSecondaryIndexes", [index]), ("LocalSecondaryIndexes", [index]),
            ("StreamSpecification", {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}),
            ("ResourcePolicy", "{}")]:
        try:
            DYNAMODB.create_table(TableName="unsupported", BillingMode="PAY_PER_REQUEST", **{member: value}, **LOCK_KEY)
        except ClientError as error:
            equal(error.response["Error"]["Code"], "ValidationException", member)
            assert member in error.response["Error"]["Message"], error
        else:
            raise AssertionError(f"{member} was accepted")
    refused("ValidationException", DYNAMODB.query, TableName=LOCK_TABLE, IndexName="by-x",
            KeyConditionExpression="LockID = :k", ExpressionAttributeValues={":k": {"S": "x"}})
    put = {"Put": {"TableName": LOCK_TABLE, "Item": {"LockID": {"S": "x"}}}}
    refused("UnknownOperationException", DYNAMODB.transact_write_items, TransactItems=[put])
    refused("UnknownOperationException", DYNAMODB.execute_statement, Statement="SELECT * FROM x")
    DYNAMODB.create_table(TableName="off", BillingMode="PAY_PER_REQUEST", StreamSpecification={"StreamEnabled": False}, **LOCK_KEY)


@case
def key_schemas_are_checked():
    hash_a, range_b = {"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}
    define = lambda *names: [{"AttributeName": name, "AttributeType": "S"} for name in names]
    for schema, definitions in [
            ([range_b, hash_a], define("a", "b")), ([hash_a], define("b")), ([hash_a], define("a", "b")),
            ([hash_a, {"AttributeName": "a", "KeyType": "RANGE"}], define("a")), ([hash_a], define("a", "a")),
            ([hash_a, hash_a], define("a"))]:
        refused("ValidationException", DYNAMODB.create_table, TableName="bad-key", KeySchema=schema,
                AttributeDefinitions=definitions, BillingMode="PAY_PER_REQUEST")
    refused("ValidationException", DYNAMODB.create_table, TableName="no-mode", **LOCK_KEY)
    refused("ResourceNotFoundException", DYNAMODB.describe_table, TableName="bad-key")


run_cases()
