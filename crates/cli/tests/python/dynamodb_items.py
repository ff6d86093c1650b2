"""Items by boto3: writes with conditions, updates, reads, pages, batches, and the older members."""
import itertools

from botocore.exceptions import ClientError

from harness import case, client, equal, run_cases

DYNAMODB = client("dynamodb")
_numbers = itertools.count(1)


def table(*keys):
    """A new table; `keys` are (name, type), the partition key first."""
    name = f"items-{next(_numbers)}"
    DYNAMODB.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": key, "KeyType": role}
            for (key, _), role in zip(keys, ["HASH", "RANGE"])],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in keys],
        BillingMode="PAY_PER_REQUEST")
    return name


def refused(code, call, **arguments):
    """The error answer, which must have this code and status 400."""
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code, "code")
        equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 400, "status")
        return error.response
    raise AssertionError("was not refused")


def get(name, key):
    return DYNAMODB.get_item(TableName=name, Key=key).get("Item")


@case
def every_type_comes_back():
    name = table(("id", "S"))
    item = {
        "id": {"S": "x"}, "n": {"N": "-12.50"}, "b": {"B": b"\x00\xff"}, "t": {"BOOL": True},
        "z": {"NULL": True}, "l": {"L": [{"S": "a"}, {"L": []}]}, "m": {"M": {"": {"S": ""}}},
        "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["2", "1.0"]}, "bs": {"BS": [b"\x01"]},
    }
    DYNAMODB.put_item(TableName=name, Item=item)
    found = get(name, {"id": {"S": "x"}})
    equal(found["n"], {"N": "-12.5"}, "number")
    equal(sorted(found["ss"]["SS"]), ["a", "b"], "set")
    equal(sorted(found["ns"]["NS"]), ["1", "2"], "number set")
    for member in ["b", "t", "z", "l", "m", "bs"]:
        equal(found[member], item[member], member)
    equal(get(name, {"id": {"S": "other"}}), None, "item")


@case
def a_conditional_put_is_refused_and_shows_the_item_if_asked():
    name = table(("id", "S"))
    put = {"TableName": name, "ConditionExpression": "attribute_not_exists(id)"}
    DYNAMODB.put_item(Item={"id": {"S": "x"}, "v": {"N": "1"}}, **put)
    error = refused("ConditionalCheckFailedException", DYNAMODB.put_item,
                    Item={"id": {"S": "x"}}, **put)
    equal(error["Error"]["Message"], "The conditional request failed", "message")
    assert "Item" not in error, error
    error = refused("ConditionalCheckFailedException", DYNAMODB.put_item, Item={"id": {"S": "x"}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD", **put)
    equal(error["Item"], {"id": {"S": "x"}, "v": {"N": "1"}}, "item in the refusal")
    equal(get(name, {"id": {"S": "x"}})["v"], {"N": "1"}, "stored value")
    old = DYNAMODB.put_item(TableName=name, Item={"id": {"S": "x"}}, ReturnValues="ALL_OLD")
    equal(old["Attributes"]["v"], {"N": "1"}, "old attributes")


@case
def deletes_take_conditions():
    name = table(("id", "S"))
    key = {"id": {"S": "x"}}
    DYNAMODB.put_item(TableName=name, Item={**key, "Info": {"S": "mine"}})
    delete = {"TableName": name, "Key": key, "ConditionExpression": "#i = :info",
              "ExpressionAttributeNames": {"#i": "Info"}}
    refused("ConditionalCheckFailedException", DYNAMODB.delete_item,
            ExpressionAttributeValues={":info": {"S": "yours"}}, **delete)
    assert get(name, key), "the item is gone"
    gone = DYNAMODB.delete_item(
        ExpressionAttributeValues={":info": {"S": "mine"}}, ReturnValues="ALL_OLD", **delete)
    equal(gone["Attributes"]["Info"], {"S": "mine"}, "old attributes")
    equal(get(name, key), None, "item")
    again = DYNAMODB.delete_item(TableName=name, Key=key, ReturnValues="ALL_OLD")
    assert "Attributes" not in again, again
    refused("ConditionalCheckFailedException", DYNAMODB.delete_item,
            ExpressionAttributeValues={":info": {"S": "mine"}}, **delete)


@case
def updates_and_all_five_return_values():
    name = table(("id", "S"))
    update = {
        "TableName": name, "Key": {"id": {"S": "x"}},
        "UpdateExpression": "SET n = if_not_exists(n, :zero) + :one, l = list_append(if_not_exists(l, :none), :l) "
                            "ADD s :s REMOVE gone",
        "ExpressionAttributeValues": {
            ":zero": {"N": "0"}, ":one": {"N": "1"}, ":l": {"L": [{"S": "a"}]}, ":none": {"L": []},
            ":s": {"SS": ["p"]}},
    }
    answer = DYNAMODB.update_item(**update)
    assert "Attributes" not in answer, answer
    DYNAMODB.put_item(TableName=name, Item={
        "id": {"S": "x"}, "n": {"N": "1"}, "l": {"L": [{"S": "a"}]}, "s": {"SS": ["p"]},
        "gone": {"S": "g"}, "kept": {"S": "k"}})
    old = DYNAMODB.update_item(ReturnValues="UPDATED_OLD", **update)["Attributes"]
    equal(sorted(old), ["gone", "l", "n", "s"], "updated old attributes")
    new = DYNAMODB.update_item(ReturnValues="UPDATED_NEW", **update)["Attributes"]
    equal(new, {"n": {"N": "3"}, "l": {"L": [{"S": "a"}] * 3}, "s": {"SS": ["p"]}}, "updated new")
    everything = DYNAMODB.update_item(ReturnValues="ALL_OLD", **update)["Attributes"]
    equal((everything["n"], everything["kept"]), ({"N": "3"}, {"S": "k"}), "all old")
    everything = DYNAMODB.update_item(ReturnValues="ALL_NEW", **update)["Attributes"]
    equal((everything["n"], everything["kept"]), ({"N": "5"}, {"S": "k"}), "all new")


@case
def an_update_with_a_condition_that_fails_makes_nothing():
    name = table(("id", "S"))
    refused("ConditionalCheckFailedException", DYNAMODB.update_item, TableName=name,
            Key={"id": {"S": "x"}}, UpdateExpression="SET a = :a",
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeValues={":a": {"N": "1"}})
    equal(get(name, {"id": {"S": "x"}}), None, "item")
    DYNAMODB.update_item(TableName=name, Key={"id": {"S": "x"}})
    equal(get(name, {"id": {"S": "x"}}), {"id": {"S": "x"}}, "item of an update of nothing")


@case
def queries_of_a_range_in_both_directions():
    name = table(("p", "S"), ("r", "N"))
    numbers = [-3, 0, 0.5, 2, 10, 100]
    for number in numbers:
        DYNAMODB.put_item(TableName=name, Item={"p": {"S": "a"}, "r": {"N": str(number)}})
    DYNAMODB.put_item(TableName=name, Item={"p": {"S": "ab"}, "r": {"N": "1"}})

    def query(condition, values, **more):
        found = DYNAMODB.query(
            TableName=name, KeyConditionExpression=f"p = :p{condition}",
            ExpressionAttributeValues={":p": {"S": "a"}, **values}, **more)
        equal(found["Count"], len(found["Items"]), "count")
        return [float(item["r"]["N"]) for item in found["Items"]]

    equal(query("", {}), numbers, "all")
    equal(query("", {}, ScanIndexForward=False), numbers[::-1], "all backwards")
    equal(query(" AND r > :x", {":x": {"N": "0"}}), numbers[2:], "greater")
    equal(query(" AND r BETWEEN :x AND :y", {":x": {"N": "0"}, ":y": {"N": "10.0"}}), numbers[1:5], "between")
    equal(query(" AND r <= :x", {":x": {"N": "0.5"}}, ScanIndexForward=False), numbers[2::-1], "at most, backwards")
    equal(query(" AND r = :x", {":x": {"N": "1E+1"}}), [10], "equal")


@case
def queries_of_texts_and_bytes():
    name = table(("p", "N"), ("r", "S"))
    for text in ["a", "a#1", "a#2", "b", "é"]:
        DYNAMODB.put_item(TableName=name, Item={"p": {"N": "1.0"}, "r": {"S": text}})
    found = DYNAMODB.query(
        TableName=name, KeyConditionExpression="p = :p AND begins_with(r, :r)",
        ExpressionAttributeValues={":p": {"N": "1"}, ":r": {"S": "a#"}})
    equal([item["r"]["S"] for item in found["Items"]], ["a#1", "a#2"], "texts")
    name = table(("p", "B"), ("r", "B"))
    for byte in [0, 1, 127, 255]:
        DYNAMODB.put_item(TableName=name, Item={"p": {"B": b"\x00"}, "r": {"B": bytes([byte])}})
    found = DYNAMODB.query(
        TableName=name, KeyConditionExpression="p = :p AND r >= :r",
        ExpressionAttributeValues={":p": {"B": b"\x00"}, ":r": {"B": b"\x7f"}})
    equal([item["r"]["B"] for item in found["Items"]], [b"\x7f", b"\xff"], "bytes")


@case
def pages_of_scans_and_queries():
    name = table(("p", "S"), ("r", "S"))
    keys = [(p, f"{r:03}") for p in "ab" for r in range(25)]
    for p, r in keys:
        DYNAMODB.put_item(TableName=name, Item={"p": {"S": p}, "r": {"S": r}, "v": {"N": str(int(r))}})
    pages = DYNAMODB.get_paginator("scan").paginate(TableName=name, PaginationConfig={"PageSize": 7})
    pages = list(pages)
    found = [(item["p"]["S"], item["r"]["S"]) for page in pages for item in page["Items"]]
    equal(sorted(found), keys, "scanned keys")
    assert len(pages) >= 8, len(pages)
    for forward in (True, False):
        pages = DYNAMODB.get_paginator("query").paginate(
            TableName=name, KeyConditionExpression="p = :p", ScanIndexForward=forward,
            ExpressionAttributeValues={":p": {"S": "b"}}, PaginationConfig={"PageSize": 10})
        found = [item["r"]["S"] for page in pages for item in page["Items"]]
        equal(found, [f"{r:03}" for r in range(25)][::1 if forward else -1], "queried keys")
    first = DYNAMODB.scan(TableName=name, Limit=5, FilterExpression="v < :two", ExpressionAttributeValues={":two": {"N": "2"}})
    equal((first["Count"], first["ScannedCount"]), (2, 5), "counts of a filtered page")
    assert first["LastEvaluatedKey"], first
    counted = DYNAMODB.scan(TableName=name, Select="COUNT")
    equal((counted["Count"], "Items" in counted), (50, False), "only the count")


@case
def a_page_ends_at_one_mebibyte():
    name = table(("id", "S"))
    for number in range(5):
        DYNAMODB.put_item(TableName=name, Item={"id": {"S": str(number)}, "v": {"S": "x" * 390_000}})
    first = DYNAMODB.scan(TableName=name)
    equal(first["Count"], 3, "items on the page")
    rest = DYNAMODB.scan(TableName=name, ExclusiveStartKey=first["LastEvaluatedKey"])
    equal((rest["Count"], "LastEvaluatedKey" in rest), (2, False), "the rest")


@case
def segments_are_the_table():
    name = table(("id", "N"))
    for number in range(40):
        DYNAMODB.put_item(TableName=name, Item={"id": {"N": str(number)}})
    found = []
    for segment in range(4):
        page = DYNAMODB.scan(TableName=name, Segment=segment, TotalSegments=4)
        assert page["Count"] < 40, "a segment is the whole table"
        found += [int(item["id"]["N"]) for item in page["Items"]]
    equal(sorted(found), list(range(40)), "items of all segments")


@case
def projections_and_capacity():
    name = table(("id", "S"))
    DYNAMODB.put_item(TableName=name, Item={
        "id": {"S": "x"}, "m": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, "v": {"S": "y" * 9000}})
    found = DYNAMODB.get_item(
        TableName=name, Key={"id": {"S": "x"}}, ProjectionExpression="id, m.#b",
        ExpressionAttributeNames={"#b": "b"})
    equal(found["Item"], {"id": {"S": "x"}, "m": {"M": {"b": {"N": "2"}}}}, "projected item")
    read = DYNAMODB.get_item(TableName=name, Key={"id": {"S": "x"}}, ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
    equal(read["ConsumedCapacity"], {"TableName": name, "CapacityUnits": 3.0}, "read units")
    write = DYNAMODB.delete_item(TableName=name, Key={"id": {"S": "x"}}, ReturnConsumedCapacity="INDEXES")
    equal(write["ConsumedCapacity"]["Table"], {"CapacityUnits": 9.0}, "write units")


@case
def batches():
    one, two = table(("id", "S")), table(("id", "S"))
    DYNAMODB.put_item(TableName=two, Item={"id": {"S": "old"}})
    answer = DYNAMODB.batch_write_item(RequestItems={
        one: [{"PutRequest": {"Item": {"id": {"S": str(n)}, "v": {"N": str(n)}}}} for n in range(20)],
        two: [{"DeleteRequest": {"Key": {"id": {"S": "old"}}}}]}, ReturnConsumedCapacity="TOTAL")
    equal(answer["UnprocessedItems"], {}, "unprocessed")
    equal(len(answer["ConsumedCapacity"]), 2, "tables with capacity")
    equal(get(two, {"id": {"S": "old"}}), None, "deleted item")
    answer = DYNAMODB.batch_get_item(RequestItems={
        one: {"Keys": [{"id": {"S": str(n)}} for n in range(18, 25)], "ProjectionExpression": "v"},
        two: {"Keys": [{"id": {"S": "old"}}]}})
    equal(sorted(item["v"]["N"] for item in answer["Responses"][one]), ["18", "19"], "found")
    equal((answer["Responses"][two], answer["UnprocessedKeys"]), ([], {}), "the rest")


@case
def a_refused_batch_has_no_effect():
    name = table(("id", "S"))
    put = lambda value: {"PutRequest": {"Item": {"id": {"S": value}}}}
    error = refused("ValidationException", DYNAMODB.batch_write_item, RequestItems={name: [put("a"), put("a")]})
    equal(error["Error"]["Message"], "Provided list of item keys contains duplicates", "message")
    refused("ResourceNotFoundException", DYNAMODB.batch_write_item, RequestItems={name: [put("a")], "no-such-table": [put("b")]})
    equal(DYNAMODB.scan(TableName=name)["Count"], 0, "items")
    error = refused("ValidationException", DYNAMODB.batch_write_item, RequestItems={name: [put(str(n)) for n in range(26)]})
    assert "Too many items requested" in error["Error"]["Message"] or "less than or equal to 25" in error["Error"]["Message"], error


@case
def older_members():
    name = table(("id", "S"), ("r", "N"))
    key = {"id": {"S": "x"}, "r": {"N": "1"}}
    DYNAMODB.put_item(TableName=name, Item={**key, "v": {"N": "1"}}, Expected={"id": {"Exists": False}})
    refused("ConditionalCheckFailedException", DYNAMODB.put_item, TableName=name, Item=key, Expected={"id": {"Exists": False}})
    refused("ConditionalCheckFailedException", DYNAMODB.delete_item, TableName=name, Key=key, Expected={"v": {"Value": {"N": "2"}}})
    new = DYNAMODB.update_item(
        TableName=name, Key=key, ReturnValues="ALL_NEW",
        AttributeUpdates={
            "v": {"Action": "ADD", "Value": {"N": "4"}}, "w": {"Value": {"S": "w"}}, "gone": {"Action": "DELETE"},
            "s": {"Action": "ADD", "Value": {"SS": ["a"]}}},
        Expected={"v": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "1"}]},
                  "absent": {"ComparisonOperator": "NOT_NULL"}},
        ConditionalOperator="OR")["Attributes"]
    equal((new["v"], new["w"], new["s"]), ({"N": "5"}, {"S": "w"}, {"SS": ["a"]}), "new attributes")
    found = DYNAMODB.query(
        TableName=name, AttributesToGet=["v"],
        KeyConditions={
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]},
            "r": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "2"}]}},
        QueryFilter={"w": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "w"}]}})
    equal(found["Items"], [{"v": {"N": "5"}}], "queried")
    found = DYNAMODB.scan(TableName=name, ScanFilter={"s": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "a"}]}})
    equal((found["Count"], found["ScannedCount"]), (0, 1), "scanned")
    DYNAMODB.delete_item(TableName=name, Key=key, Expected={"v": {"Value": {"N": "5.0"}}})
    equal(DYNAMODB.scan(TableName=name)["Count"], 0, "items")


@case
def sizes_are_bounded():
    name = table(("id", "S"), ("r", "S"))
    key = lambda hash_size, range_size: {"id": {"S": "h" * hash_size}, "r": {"S": "r" * range_size}}
    DYNAMODB.put_item(TableName=name, Item=key(2048, 1024))
    equal(get(name, key(2048, 1024)), key(2048, 1024), "item with the longest key")
    for too_long in (key(2049, 1), key(1, 1025)):
        error = refused("ValidationException", DYNAMODB.put_item, TableName=name, Item=too_long)
        assert "exceeded the" in error["Error"]["Message"], error
    error = refused("ValidationException", DYNAMODB.put_item, TableName=name,
                    Item={**key(1, 1), "v": {"S": "x" * (400 * 1024)}})
    equal(error["Error"]["Message"], "Item size has exceeded the maximum allowed size", "message")
    fits = {**key(1, 1), "v": {"S": "x" * (400 * 1024 - 6)}}
    DYNAMODB.put_item(TableName=name, Item=fits)
    error = refused("ValidationException", DYNAMODB.update_item, TableName=name, Key=key(1, 1),
                    UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"N": "1"}})
    equal(error["Error"]["Message"], "Item size to update has exceeded the maximum allowed size", "message")
    equal(get(name, key(1, 1)), fits, "item")


run_cases()
