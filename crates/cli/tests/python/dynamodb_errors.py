"""Errors: exact types and texts, from requests that an SDK would not send."""
import json
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness import ENDPOINT, REGION, case, client, credentials, equal, run_cases

DYNAMODB = client("dynamodb")
TABLE = "errors"
VALIDATION = "com.amazon.coral.validate#ValidationException"
SERVICE = "com.amazon.coral.service#"
MODEL = "com.amazonaws.dynamodb.v20120810#"

DYNAMODB.create_table(
    TableName=TABLE, BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])


def send(operation, body, key=None, headers=None, sign=True, method="POST", path="/"):
    """Sends a request byte for byte; answers status, headers and the JSON of the body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/x-amz-json-1.0"}
    if operation is not None:
        sent["X-Amz-Target"] = operation if "." in operation else f"DynamoDB_20120810.{operation}"
    sent.update(headers or {})
    request = AWSRequest(method=method, url=ENDPOINT + path, data=data, headers=sent)
    if sign:
        SigV4Auth(Credentials(*(key or credentials())), "dynamodb", REGION).add_auth(request)
    wire = urllib.request.Request(ENDPOINT + path, data=data, headers=dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(wire) as answer:
            return answer.status, answer.headers, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read())


def refused(operation, body, error_type, message=None, status=400, **how):
    """The request must be refused with exactly this type, and this message if one is given."""
    got, headers, answer = send(operation, body, **how)
    said = answer.get("message", answer.get("Message"))
    equal((got, answer.get("__type")), (status, error_type), f"status and type of {operation} ({said})")
    if message is not None:
        equal(said, message, f"message of {operation}")
    assert said, answer
    assert headers["x-amzn-requestid"], "no request id"
    equal(headers["content-type"], "application/x-amz-json-1.0", "content type")


def invalid(operation, body, message):
    refused(operation, {"TableName": TABLE, **body}, VALIDATION, message)


PARAMETERS = "One or more parameter values were invalid: "


@case
def keys_that_do_not_fit():
    schema = "The provided key element does not match the schema"
    invalid("GetItem", {"Key": {"id": {"N": "1"}}}, schema)
    invalid("GetItem", {"Key": {"other": {"S": "1"}}}, schema)
    invalid("DeleteItem", {"Key": {"id": {"S": "1"}, "more": {"S": "1"}}}, schema)
    invalid("UpdateItem", {"Key": {}}, schema)
    empty = ("One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
             "contain an empty string value. Key: id")
    invalid("GetItem", {"Key": {"id": {"S": ""}}}, empty)
    invalid("PutItem", {"Item": {"id": {"S": ""}}}, empty)
    invalid("PutItem", {"Item": {"x": {"S": "1"}}}, PARAMETERS + "Missing the key id in the item")
    invalid("PutItem", {"Item": {"id": {"N": "1"}}}, PARAMETERS + "Type mismatch for key id expected: S actual: N")
    invalid("UpdateItem", {"Key": {"id": {"S": "1"}}, "UpdateExpression": "SET id = :v",
                           "ExpressionAttributeValues": {":v": {"S": "2"}}},
            PARAMETERS + "Cannot update attribute id. This attribute is part of the key")


@case
def values_that_are_none():
    one_type = "Supplied AttributeValue {}, must contain exactly one of the supported datatypes"
    for value, message in [
            ({}, one_type.format("is empty")),
            ({"X": "1"}, one_type.format("is empty")),
            ({"S": "a", "N": "1"}, one_type.format("has more than one datatypes set")),
            ({"N": "abc"}, "The parameter cannot be converted to a numeric value: abc"),
            ({"N": ""}, "The parameter cannot be converted to a numeric value"),
            ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
            ({"N": "1E126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
            ({"N": "1E-131"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
            ({"NULL": False}, PARAMETERS + "Null attribute value types must have the value of true"),
            ({"SS": []}, PARAMETERS + "An string set  may not be empty"),
            ({"NS": []}, PARAMETERS + "An number set  may not be empty"),
            ({"BS": []}, PARAMETERS + "Binary sets should not be empty"),
            ({"SS": ["a", "a"]}, PARAMETERS + "Input collection [a, a] contains duplicates."),
            ({"NS": ["1", "1.0"]}, "Input collection contains duplicates")]:
        invalid("PutItem", {"Item": {"id": {"S": "x"}, "v": value}}, message)
    deep = {"S": "x"}
    for _ in range(34):
        deep = {"L": [deep]}
    invalid("PutItem", {"Item": {"id": {"S": "x"}, "v": deep}}, "Nesting Levels have exceeded supported limits")
    equal(send("Scan", {"TableName": TABLE})[2]["Count"], 0, "items stored by refused requests")


@case
def members_of_another_type():
    for body in [{"TableName": 5}, {"TableName": TABLE, "Key": []}, {"TableName": TABLE, "Key": {"id": {"S": 1}}},
                 {"TableName": TABLE, "Key": {"id": {"B": "*"}}}, {"TableName": TABLE, "Key": {"id": {"SS": "x"}}}, []]:
        refused("GetItem", body, SERVICE + "SerializationException")
    for body in [b"", b"{", b"\xff", b"[1", b"nothing"]:
        refused("GetItem", body, SERVICE + "SerializationException")
    refused("GetItem", b"[" * 100_000, SERVICE + "SerializationException")


@case
def members_that_break_the_model():
    constraint = "1 validation error detected: Value {} failed to satisfy constraint: Member must {}"
    refused("GetItem", {}, VALIDATION, constraint.format("null at 'tableName'", "not be null"))
    invalid("GetItem", {}, constraint.format("null at 'key'", "not be null"))
    refused("GetItem", {"TableName": "ab"}, VALIDATION,
            constraint.format("'ab' at 'tableName'", "have length greater than or equal to 3"))
    refused("GetItem", {"TableName": "a/b/c"}, VALIDATION,
            constraint.format("'a/b/c' at 'tableName'", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"))
    item = {"Item": {"id": {"S": "x"}}}
    invalid("PutItem", {**item, "ReturnValues": "SOME"}, constraint.format(
        "'SOME' at 'returnValues'", "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"))
    invalid("PutItem", {**item, "ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE")
    invalid("Scan", {"Limit": 0}, constraint.format("'0' at 'limit'", "have value greater than or equal to 1"))
    invalid("Scan", {"Segment": 1},
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
    invalid("Scan", {"Segment": 2, "TotalSegments": 2},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less "
            "than TotalSegments: 2")


@case
def expressions_that_mean_nothing():
    item = {"Item": {"id": {"S": "x"}}}
    for expression, more, message in [
            ("", {}, "Invalid ConditionExpression: The expression can not be empty;"),
            ("id = :v", {}, "Invalid ConditionExpression: An expression attribute value used in expression is not "
                            "defined; attribute value: :v"),
            ("attribute_not_exists(#k)", {}, "Invalid ConditionExpression: An expression attribute name used in the "
                                             "document path is not defined; attribute name: #k"),
            ("name = :v", {"ExpressionAttributeValues": {":v": {"S": "x"}}},
             "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name"),
            ("id = = :v", {"ExpressionAttributeValues": {":v": {"S": "x"}}},
             'Invalid ConditionExpression: Syntax error; token: "=", near: "= = :v"'),
            ("attribute_exists(id)", {"ExpressionAttributeNames": {"#k": "id"}},
             "Value provided in ExpressionAttributeNames unused in expressions: keys: {#k}"),
            ("attribute_exists(id)", {"ExpressionAttributeValues": {":v": {"S": "x"}}},
             "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"),
            ("attribute_exists(id)", {"ExpressionAttributeNames": {"k": "id"}},
             'ExpressionAttributeNames contains invalid key: Syntax error; key: "k"'),
            ("attribute_exists(id)", {"ExpressionAttributeNames": {}}, "ExpressionAttributeNames must not be empty"),
            ("id = :v", {"ExpressionAttributeValues": {":v": {"N": "x"}}},
             "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x "
             "for key :v"),
            ("id.x = :v", {"ExpressionAttributeValues": {":v": {"S": "x"}}},
             "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id"),
            ("attribute_exists(id)", {"Expected": {"id": {"Exists": False}}},
             "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
             "{Expected} Expression parameters: {ConditionExpression}")]:
        invalid("PutItem", {**item, "ConditionExpression": expression, **more}, message)
    invalid("PutItem", {**item, "ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions")
    invalid("PutItem", {**item, "ExpressionAttributeValues": {":a": {"S": "a"}}},
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null")
    equal(send("Scan", {"TableName": TABLE})[2]["Count"], 0, "items stored by refused requests")


@case
def queries_that_do_not_fit():
    value = {"ExpressionAttributeValues": {":v": {"S": "x"}}}
    invalid("Query", {}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    invalid("Query", {"KeyConditionExpression": "a = :v", **value}, "Query condition missed key schema element: id")
    invalid("Query", {"KeyConditionExpression": "id > :v", **value}, "Query key condition not supported")
    invalid("Query", {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
            PARAMETERS + "Condition parameter type does not match schema type")
    invalid("Query", {"KeyConditionExpression": "id = :v AND b = :v", **value},
            "The number of query conditions (2) exceeds the number of key attributes defined in the schema (1)")
    invalid("Query", {"KeyConditionExpression": "id = :v", "FilterExpression": "id <> :v", **value},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: id")


@case
def who_may_not():
    key_id, secret = credentials()
    get = {"TableName": TABLE, "Key": {"id": {"S": "x"}}}
    refused("GetItem", get, SERVICE + "MissingAuthenticationTokenException", "Request is missing Authentication Token", sign=False)
    refused("GetItem", get, SERVICE + "UnrecognizedClientException",
            "The security token included in the request is invalid.", key=("AKIDUNKNOWN", secret))
    refused("GetItem", get, SERVICE + "InvalidSignatureException", key=(key_id, "not the secret"))
    refused("GetItem", get, SERVICE + "UnrecognizedClientException", key=(key_id, secret, "a-session-token"))


@case
def what_is_not_the_api():
    refused("NoSuchOperation", {}, SERVICE + "UnknownOperationException", "The operation `NoSuchOperation` is not served here.")
    refused("DynamoDB_20111205.GetItem", {}, SERVICE + "UnknownOperationException")
    refused("GetItem", {}, SERVICE + "UnknownOperationException", status=404, path="/table")
    refused("GetItem", {}, SERVICE + "UnknownOperationException", status=404, headers={"Content-Type": "text/xml"})


@case
def a_table_that_is_not_there():
    for operation, more in [("GetItem", {"Key": {"id": {"S": "x"}}}), ("PutItem", {"Item": {"id": {"S": "x"}}}),
                            ("Scan", {}), ("DeleteItem", {"Key": {"id": {"S": "x"}}}), ("UpdateItem", {"Key": {"id": {"S": "x"}}})]:
        refused(operation, {"TableName": "absent", **more}, MODEL + "ResourceNotFoundException", "Requested resource not found")
    refused("DescribeTable", {"TableName": "absent"}, MODEL + "ResourceNotFoundException",
            "Requested resource not found: Table: absent not found")


@case
def bodies_beyond_the_limit():
    refused("PutItem", b" " * ((16 << 20) + 1), SERVICE + "RequestEntityTooLargeException", status=413)


run_cases()
