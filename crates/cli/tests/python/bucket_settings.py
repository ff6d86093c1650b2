"""What configures a bucket: each setting put, read, replaced, removed, and what is refused."""
import json

from harness import BUCKET, case, client, equal, fresh_bucket, refused, run_cases
from wire import expect_error, expect_ok, object_target, signed

S3 = client()
NOT_APPLIED = "x-statelock-not-applied"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
OWNER = "000000000000"


def note_of(answer):
    """What an answer says about a setting that has no effect."""
    return answer["ResponseMetadata"]["HTTPHeaders"].get(NOT_APPLIED)


def encryption(algorithm, **more):
    """A default encryption."""
    default = {"SSEAlgorithm": algorithm, **more}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}


def policy(bucket, *statements):
    """A policy of statements about everything in a bucket."""
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    whole = [{"Action": "s3:*", "Resource": both, **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


ROOT = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"}}
TLS = {"Sid": "TLS", "Effect": "Deny", "Principal": "*",
       "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
BLOCKED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
           "RestrictPublicBuckets": True}
RULES = [
    {"ID": "old versions", "Status": "Enabled", "Filter": {"Prefix": "env:/"},
     "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 5},
     "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "STANDARD_IA"}]},
    {"ID": "uploads", "Status": "Disabled", "Filter": {"And": {
        "Prefix": "a&b", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10}},
     "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
     "Expiration": {"ExpiredObjectDeleteMarker": False, "Days": 3}},
]


@case
def encryption_is_kept_and_not_claimed():
    bucket = fresh_bucket(S3)
    refused(404, "ServerSideEncryptionConfigurationNotFoundError", S3.get_bucket_encryption,
            Bucket=bucket)
    for algorithm in ("AES256", "aws:kms"):
        given = encryption(algorithm)
        put = S3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=given)
        got = S3.get_bucket_encryption(Bucket=bucket)
        equal(got["ServerSideEncryptionConfiguration"], given, "encryption")
        for answer in (put, got):
            assert "nothing is encrypted" in note_of(answer), note_of(answer)
        for method, body in (("PUT", b"state"), ("GET", b""), ("HEAD", b"")):
            answer = expect_ok(signed(method, object_target("o", bucket), {}, body))
            claims = [name for name in answer.headers if "server-side-encryption" in name]
            equal(claims, [], f"claims of {method} under {algorithm}")
    S3.delete_bucket_encryption(Bucket=bucket)
    refused(404, "ServerSideEncryptionConfigurationNotFoundError", S3.get_bucket_encryption,
            Bucket=bucket)


@case
def encryption_with_a_key_is_refused():
    bucket = fresh_bucket(S3)
    for status, code, given in (
        (501, "NotImplemented", encryption("aws:kms", KMSMasterKeyID="arn:aws:kms:::key/1")),
        (501, "NotImplemented", encryption("aws:kms:dsse")),
        (400, "InvalidArgument", encryption("AES256", KMSMasterKeyID="1")),
        (400, "MalformedXML", encryption("rot13")),
        (400, "MalformedXML", {"Rules": []}),
        (400, "MalformedXML", {"Rules": [{"BucketKeyEnabled": True}]}),
        (400, "MalformedXML", {"Rules": encryption("AES256")["Rules"] * 2}),
    ):
        refused(status, code, S3.put_bucket_encryption, Bucket=bucket,
                ServerSideEncryptionConfiguration=given)
    refused(404, "ServerSideEncryptionConfigurationNotFoundError", S3.get_bucket_encryption,
            Bucket=bucket)


@case
def public_access_block():
    bucket = fresh_bucket(S3)
    code = "NoSuchPublicAccessBlockConfiguration"
    refused(404, code, S3.get_public_access_block, Bucket=bucket)
    for given, wanted in ((BLOCKED, BLOCKED),
                          ({"BlockPublicAcls": True}, {**dict.fromkeys(BLOCKED, False),
                                                       "BlockPublicAcls": True})):
        S3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=given)
        got = S3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        equal(got, wanted, "block")
    S3.delete_public_access_block(Bucket=bucket)
    refused(404, code, S3.get_public_access_block, Bucket=bucket)


@case
def policy_is_kept_byte_for_byte():
    bucket = fresh_bucket(S3)
    refused(404, "NoSuchBucketPolicy", S3.get_bucket_policy, Bucket=bucket)
    refused(404, "NoSuchBucketPolicy", S3.get_bucket_policy_status, Bucket=bucket)
    text = policy(bucket, ROOT, TLS)
    put = S3.put_bucket_policy(Bucket=bucket, Policy=text)
    equal(put["ResponseMetadata"]["HTTPStatusCode"], 204, "status")
    got = S3.get_bucket_policy(Bucket=bucket)
    equal(got["Policy"], text, "policy")
    for answer in (put, got):
        assert "not evaluated" in note_of(answer), note_of(answer)
    equal(S3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"], {"IsPublic": False}, "status")
    S3.put_object(Bucket=bucket, Key="without-tls", Body=b"")
    S3.delete_bucket_policy(Bucket=bucket)
    refused(404, "NoSuchBucketPolicy", S3.get_bucket_policy, Bucket=bucket)


@case
def policies_that_would_not_be_kept_to_are_refused():
    bucket = fresh_bucket(S3)
    kept = policy(bucket, ROOT)
    S3.put_bucket_policy(Bucket=bucket, Policy=kept)
    no_deletes = {"Sid": "NoDeletes", "Effect": "Deny", "Principal": "*",
                  "Action": "s3:DeleteObject"}
    answer = refused(501, "NotImplemented", S3.put_bucket_policy, Bucket=bucket,
                     Policy=policy(bucket, ROOT, no_deletes))
    assert "NoDeletes" in answer["Error"]["Message"], answer["Error"]
    public = {**ROOT, "Principal": "*"}
    refused(501, "NotImplemented", S3.put_bucket_policy, Bucket=bucket,
            Policy=policy(bucket, public))
    refused(400, "MalformedPolicy", S3.put_bucket_policy, Bucket=bucket,
            Policy=policy("another", ROOT))
    refused(400, "MalformedPolicy", S3.put_bucket_policy, Bucket=bucket, Policy="allow all")
    equal(S3.get_bucket_policy(Bucket=bucket)["Policy"], kept, "policy after refusals")


def grants(bucket):
    """Who has which permission, by an ACL."""
    found = S3.get_bucket_acl(Bucket=bucket)
    equal(found["Owner"]["ID"], OWNER, "owner")
    return sorted((grant["Grantee"].get("ID") or grant["Grantee"]["URI"], grant["Permission"])
                  for grant in found["Grants"])


@case
def acl_of_the_owner_and_of_log_delivery():
    bucket = fresh_bucket(S3)
    owners = [(OWNER, "FULL_CONTROL")]
    equal(grants(bucket), owners, "grants of a new bucket")
    delivery = [(LOG_DELIVERY, "READ_ACP"), (LOG_DELIVERY, "WRITE")]
    uri = f"uri={LOG_DELIVERY}"
    S3.put_bucket_acl(Bucket=bucket, GrantWrite=uri, GrantReadACP=uri)
    equal(grants(bucket), delivery, "grants by header")
    S3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    equal(grants(bucket), owners + delivery, "grants by canned ACL")
    S3.put_bucket_acl(Bucket=bucket, GrantFullControl=f'id="{OWNER}", uri="{LOG_DELIVERY}"')
    equal(grants(bucket), owners + [(LOG_DELIVERY, "FULL_CONTROL")], "grants of a list")
    document = S3.get_bucket_acl(Bucket=bucket)
    S3.put_bucket_acl(Bucket=bucket, ACL="private")
    equal(grants(bucket), owners, "grants of private")
    S3.put_bucket_acl(Bucket=bucket, AccessControlPolicy={
        "Owner": document["Owner"], "Grants": document["Grants"]})
    equal(grants(bucket), owners + [(LOG_DELIVERY, "FULL_CONTROL")], "grants of a document")


@case
def acls_for_others_are_refused():
    bucket = fresh_bucket(S3)
    before = grants(bucket)
    for arguments in ({"ACL": "public-read"}, {"ACL": "public-read-write"},
                      {"ACL": "authenticated-read"}, {"GrantRead": f"uri={ALL_USERS}"},
                      {"GrantRead": "id=123456789012"}, {"GrantRead": "emailAddress=a@b.example"}):
        refused(501, "NotImplemented", S3.put_bucket_acl, Bucket=bucket, **arguments)
    refused(400, "InvalidArgument", S3.put_bucket_acl, Bucket=bucket, GrantRead="everyone")
    refused(400, "InvalidArgument", S3.put_bucket_acl, Bucket=bucket, GrantRead="uri=http://a")
    refused(400, "InvalidRequest", S3.put_bucket_acl, Bucket=bucket, ACL="private",
            GrantRead=f"id={OWNER}")
    expect_error(signed("PUT", f"/{bucket}?acl="), 400, "MissingSecurityHeader")
    expect_error(signed("PUT", f"/{bucket}?acl=", {"x-amz-acl": "no-such"}), 400, "InvalidArgument")
    stranger = {"Owner": {"ID": "another"}, "Grants": []}
    refused(403, "AccessDenied", S3.put_bucket_acl, Bucket=bucket, AccessControlPolicy=stranger)
    wrong = {"Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": OWNER}, "Permission": "ALL"}]}
    refused(400, "MalformedACLError", S3.put_bucket_acl, Bucket=bucket, AccessControlPolicy=wrong)
    equal(grants(bucket), before, "grants after refusals")


@case
def ownership_controls_and_acls():
    bucket = fresh_bucket(S3)
    refused(404, "OwnershipControlsNotFoundError", S3.get_bucket_ownership_controls, Bucket=bucket)

    def controls(rule):
        return {"Bucket": bucket, "OwnershipControls": {"Rules": [{"ObjectOwnership": rule}]}}

    S3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    refused(400, "InvalidBucketAclWithObjectOwnership", S3.put_bucket_ownership_controls,
            **controls("BucketOwnerEnforced"))
    S3.put_bucket_acl(Bucket=bucket, ACL="private")
    for rule in ("ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"):
        S3.put_bucket_ownership_controls(**controls(rule))
        got = S3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
        equal(got, {"Rules": [{"ObjectOwnership": rule}]}, "controls")
    refused(400, "AccessControlListNotSupported", S3.put_bucket_acl, Bucket=bucket,
            ACL="log-delivery-write")
    S3.put_bucket_acl(Bucket=bucket, ACL="bucket-owner-full-control")
    refused(400, "MalformedXML", S3.put_bucket_ownership_controls, **controls("Nobody"))
    S3.delete_bucket_ownership_controls(Bucket=bucket)
    refused(404, "OwnershipControlsNotFoundError", S3.get_bucket_ownership_controls, Bucket=bucket)


@case
def ownership_from_the_start_and_a_bucket_made_anew():
    S3.create_bucket(Bucket="settings-owned", ObjectOwnership="ObjectWriter")
    got = S3.get_bucket_ownership_controls(Bucket="settings-owned")["OwnershipControls"]
    equal(got, {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, "controls")
    S3.put_public_access_block(Bucket="settings-owned", PublicAccessBlockConfiguration=BLOCKED)
    S3.create_bucket(Bucket="settings-owned")
    S3.get_bucket_ownership_controls(Bucket="settings-owned")
    S3.delete_bucket(Bucket="settings-owned")
    refused(404, "NoSuchBucket", S3.get_public_access_block, Bucket="settings-owned")
    S3.create_bucket(Bucket="settings-owned")
    refused(404, "OwnershipControlsNotFoundError", S3.get_bucket_ownership_controls,
            Bucket="settings-owned")
    refused(404, "NoSuchPublicAccessBlockConfiguration", S3.get_public_access_block,
            Bucket="settings-owned")
    refused(400, "InvalidArgument", S3.create_bucket, Bucket="settings-nobodys",
            ObjectOwnership="Nobody")
    refused(404, "404", S3.head_bucket, Bucket="settings-nobodys")


@case
def access_logging():
    bucket, logs = fresh_bucket(S3), fresh_bucket(S3)
    assert "LoggingEnabled" not in S3.get_bucket_logging(Bucket=bucket), "logging of a new bucket"
    enabled = {"TargetBucket": logs, "TargetPrefix": "TFStateLogs/"}
    partitioned = {**enabled, "TargetObjectKeyFormat": {
        "PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}
    for given in (enabled, partitioned):
        put = S3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": given})
        got = S3.get_bucket_logging(Bucket=bucket)
        equal(got["LoggingEnabled"], given, "logging")
        for answer in (put, got):
            assert "no access logs" in note_of(answer), note_of(answer)
    refused(400, "InvalidTargetBucketForLogging", S3.put_bucket_logging, Bucket=bucket,
            BucketLoggingStatus={"LoggingEnabled": {**enabled, "TargetBucket": "no-such-bucket"}})
    equal(S3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"], partitioned, "after a refusal")
    S3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in S3.get_bucket_logging(Bucket=bucket), "still enabled"


@case
def lifecycle_rules():
    bucket = fresh_bucket(S3)
    code = "NoSuchLifecycleConfiguration"
    refused(404, code, S3.get_bucket_lifecycle_configuration, Bucket=bucket)
    put = S3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": RULES})
    got = S3.get_bucket_lifecycle_configuration(Bucket=bucket)
    equal(got["Rules"], RULES, "rules")
    for answer in (put, got):
        assert "nothing is expired" in note_of(answer), note_of(answer)
        equal(answer["TransitionDefaultMinimumObjectSize"], "all_storage_classes_128K", "minimum")
    S3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": RULES[:1]},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    got = S3.get_bucket_lifecycle_configuration(Bucket=bucket)
    equal((got["Rules"], got["TransitionDefaultMinimumObjectSize"]),
          (RULES[:1], "varies_by_storage_class"), "replaced rules")
    S3.delete_bucket_lifecycle(Bucket=bucket)
    refused(404, code, S3.get_bucket_lifecycle_configuration, Bucket=bucket)


@case
def lifecycle_rules_that_are_none():
    bucket = fresh_bucket(S3)
    nothing = {key: RULES[0][key] for key in ("ID", "Status", "Filter")}
    for code, rules in (
        ("MalformedXML", []),
        ("MalformedXML", [{**RULES[0], "Status": "enabled"}]),
        ("MalformedXML", [{**RULES[0], "Prefix": "too"}]),
        ("InvalidRequest", [nothing]),
        ("InvalidArgument", [RULES[0], RULES[0]]),
        ("InvalidArgument", [{**RULES[0], "ID": "x" * 256}]),
    ):
        refused(400, code, S3.put_bucket_lifecycle_configuration, Bucket=bucket,
                LifecycleConfiguration={"Rules": rules})
    refused(404, "NoSuchLifecycleConfiguration", S3.get_bucket_lifecycle_configuration,
            Bucket=bucket)


@case
def what_is_never_set():
    refused(404, "NoSuchCORSConfiguration", S3.get_bucket_cors, Bucket=BUCKET)
    refused(404, "NoSuchWebsiteConfiguration", S3.get_bucket_website, Bucket=BUCKET)
    refused(404, "ReplicationConfigurationNotFoundError", S3.get_bucket_replication, Bucket=BUCKET)
    refused(404, "ObjectLockConfigurationNotFoundError", S3.get_object_lock_configuration,
            Bucket=BUCKET)
    equal(S3.get_bucket_request_payment(Bucket=BUCKET)["Payer"], "BucketOwner", "payer")
    for call in (S3.get_bucket_notification_configuration, S3.get_bucket_accelerate_configuration):
        equal(set(call(Bucket=BUCKET)), {"ResponseMetadata"}, "fields of what is not set")
    for call in (S3.delete_bucket_cors, S3.delete_bucket_website, S3.delete_bucket_replication):
        equal(call(Bucket=BUCKET)["ResponseMetadata"]["HTTPStatusCode"], 204, "status")
    S3.put_bucket_request_payment(
        Bucket=BUCKET, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    S3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})


@case
def what_is_never_set_is_refused():
    refused(501, "NotImplemented", S3.put_object_lock_configuration, Bucket=BUCKET,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    refused(501, "NotImplemented", S3.create_bucket, Bucket="settings-locked",
            ObjectLockEnabledForBucket=True)
    refused(404, "404", S3.head_bucket, Bucket="settings-locked")
    refused(501, "NotImplemented", S3.put_bucket_request_payment, Bucket=BUCKET,
            RequestPaymentConfiguration={"Payer": "Requester"})
    topic = {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Events": ["s3:ObjectCreated:*"]}
    refused(501, "NotImplemented", S3.put_bucket_notification_configuration, Bucket=BUCKET,
            NotificationConfiguration={"TopicConfigurations": [topic]})
    refused(501, "NotImplemented", S3.put_bucket_cors, Bucket=BUCKET, CORSConfiguration={
        "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})


@case
def no_setting_of_a_missing_bucket():
    missing = {"Bucket": "no-such-bucket"}
    for call in (
        S3.get_bucket_encryption, S3.get_public_access_block, S3.get_bucket_policy,
        S3.get_bucket_policy_status, S3.get_bucket_acl, S3.get_bucket_logging,
        S3.get_bucket_lifecycle_configuration, S3.get_bucket_ownership_controls,
        S3.get_object_lock_configuration, S3.get_bucket_request_payment,
        S3.get_bucket_notification_configuration, S3.get_bucket_accelerate_configuration,
        S3.get_bucket_cors, S3.get_bucket_website, S3.get_bucket_replication,
        S3.delete_bucket_encryption, S3.delete_public_access_block, S3.delete_bucket_policy,
        S3.delete_bucket_lifecycle, S3.delete_bucket_ownership_controls, S3.delete_bucket_cors,
        S3.delete_bucket_website, S3.delete_bucket_replication,
    ):
        refused(404, "NoSuchBucket", call, **missing)
    refused(404, "NoSuchBucket", S3.put_public_access_block, **missing,
            PublicAccessBlockConfiguration=BLOCKED)
    refused(404, "NoSuchBucket", S3.put_bucket_logging, **missing, BucketLoggingStatus={
        "LoggingEnabled": {"TargetBucket": BUCKET, "TargetPrefix": ""}})


run_cases()
