"""What terragrunt 1.1 sends to make a state bucket, an access-log bucket and a lock table.

The calls, their order and what is looked for in the answers were read from terragrunt's published
source (`internal/remotestate/backend/s3`); no flag that skips a step is set. The second run must find
everything as it wants it: it reads, and changes nothing.
"""
import dataclasses
import json

from botocore.exceptions import ClientError

from harness import case, client, equal, run_cases

S3, STS = client(), client("sts")
TABLES = client("dynamodb")
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
LOCK_ID = "LockID"
READS = ("Head", "Get", "List", "Describe")
# terragrunt asks thirty times, with pauses for what is slow on AWS and immediate here.
TRIES = 3

calls = []
for each in (S3, STS, TABLES):
    each.meta.events.register(
        "before-call", lambda model, **_: calls.append(model.name))


@dataclasses.dataclass
class Settings:
    """A terragrunt `remote_state` block."""

    bucket: str
    logs: str = ""
    table: str = ""
    algorithm: str = "aws:kms"  # terragrunt's own choice where none is configured
    tags: dict = dataclasses.field(default_factory=lambda: {"owner": "infra", "name": "states"})


def code_of(call, **arguments):
    """The error code of a call that fails, else None."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def bucket_exists(bucket):
    """HeadBucket; any other answer than yes and no is an error."""
    code = code_of(S3.head_bucket, Bucket=bucket)
    assert code in (None, "404"), code
    return code is None


def tag_list(settings):
    """Tags as the SDK takes them."""
    return [{"Key": key, "Value": value} for key, value in settings.tags.items()]


def create(bucket, settings):
    """Makes a bucket with its tags and waits until it exists."""
    S3.create_bucket(Bucket=bucket, ObjectOwnership="ObjectWriter",
                     CreateBucketConfiguration={"Tags": tag_list(settings)})
    assert bucket_exists(bucket), "the bucket that was made does not exist"


def statements(bucket):
    """The statements of a bucket's policy; none if there is no policy."""
    try:
        text = S3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        equal(error.response["Error"]["Code"], "NoSuchBucketPolicy", "code")
        return []
    return json.loads(text)["Statement"]


def add_statement(bucket, statement):
    """Puts a statement about everything in a bucket before those that are there."""
    present = statements(bucket)
    if statement["Sid"] in [each["Sid"] for each in present]:
        return
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    new = {"Principal": statement["Principal"], "Action": "s3:*", "Resource": both, **statement}
    policy = {"Version": "2012-10-17", "Statement": [new, *present]}
    S3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def allow_root(bucket):
    """The account comes from STS, and so does the partition."""
    account = STS.get_caller_identity()["Account"]
    partition = STS.get_caller_identity()["Arn"].split(":")[1]
    add_statement(bucket, {"Sid": "RootAccess", "Effect": "Allow",
                           "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root"]}})


def demand_tls(bucket):
    """Denies everything that comes without TLS."""
    add_statement(bucket, {"Sid": "EnforcedTLS", "Effect": "Deny", "Principal": {"*": ["*"]},
                           "Condition": {"Bool": {"aws:SecureTransport": "false"}}})


def block_public_access(bucket):
    """All four settings."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    S3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True))


def encrypt(bucket, algorithm):
    """Default encryption, with a bucket key."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm},
            "BucketKeyEnabled": True}
    S3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def version(bucket):
    """Switches versioning on."""
    S3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def let_logs_in(bucket):
    """Grants log delivery what it needs, and looks whether it has it."""
    uri = f"uri={LOG_DELIVERY}"
    S3.put_bucket_acl(Bucket=bucket, GrantWrite=uri, GrantReadACP=uri)
    granted = {grant["Permission"] for grant in S3.get_bucket_acl(Bucket=bucket)["Grants"]
               if grant["Grantee"].get("URI") == LOG_DELIVERY}
    assert {"READ_ACP", "WRITE"} <= granted, granted


def configure_logs(settings):
    """The access-log bucket, and logging of the state bucket into it."""
    if not bucket_exists(settings.logs):
        create(settings.logs, settings)
    block_public_access(settings.logs)
    let_logs_in(settings.logs)
    S3.put_bucket_logging(Bucket=settings.bucket, BucketLoggingStatus={
        "LoggingEnabled": {"TargetBucket": settings.logs, "TargetPrefix": "TFStateLogs/"}})
    encrypt(settings.logs, "AES256")
    demand_tls(settings.logs)
    version(settings.logs)


def make_bucket(settings):
    """The state bucket with everything that belongs to it."""
    create(settings.bucket, settings)
    allow_root(settings.bucket)
    demand_tls(settings.bucket)
    block_public_access(settings.bucket)
    S3.put_bucket_tagging(Bucket=settings.bucket, Tagging={"TagSet": tag_list(settings)})
    version(settings.bucket)
    encrypt(settings.bucket, settings.algorithm)
    if settings.logs:
        configure_logs(settings)
        S3.put_bucket_tagging(Bucket=settings.logs, Tagging={"TagSet": tag_list(settings)})


def updates_needed(settings):
    """What terragrunt would ask its user to update."""
    bucket = settings.bucket
    needed = []
    if S3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        needed.append("Versioning")
    rules = S3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    algorithms = [each["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for each in rules]
    if settings.algorithm not in algorithms:
        needed.append("Server-Side Encryption")
    for sid in ("RootAccess", "EnforcedTLS"):
        if sid not in [each["Sid"] for each in statements(bucket)]:
            needed.append(sid)
    if settings.logs and "LoggingEnabled" not in S3.get_bucket_logging(Bucket=bucket):
        needed.append("Access Logging")
    block = S3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    if list(block.values()) != [True] * 4:
        needed.append("Public Access Blocking")
    return needed


def table_status(table):
    """A table's description, None if there is no such table."""
    try:
        return TABLES.describe_table(TableName=table)["Table"]
    except ClientError as error:
        equal(error.response["Error"]["Code"], "ResourceNotFoundException", "code")
        return None


def is_active(table):
    """Whether a table can be used."""
    return (table_status(table) or {}).get("TableStatus") == "ACTIVE"


def is_encrypted(table):
    """Whether a table says so."""
    return (table_status(table) or {}).get("SSEDescription", {}).get("Status") == "ENABLED"


def make_table(settings):
    """The lock table, with its tags."""
    made = TABLES.create_table(
        TableName=settings.table, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": LOCK_ID, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": LOCK_ID, "KeyType": "HASH"}], Tags=tag_list(settings))
    assert any(is_active(settings.table) for _ in range(TRIES)), "the table does not become active"
    TABLES.tag_resource(
        ResourceArn=made["TableDescription"]["TableArn"], Tags=tag_list(settings))


def encrypt_table(table):
    """Encryption by KMS with AWS's own key."""
    TABLES.update_table(TableName=table, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    assert any(is_encrypted(table) for _ in range(TRIES)), "the table does not become encrypted"
    assert any(is_active(table) for _ in range(TRIES)), "the table does not become active again"


def bootstrap(settings):
    """One run of `terragrunt backend bootstrap`. Returns the names of the calls that change."""
    calls.clear()
    STS.get_caller_identity()
    if not bucket_exists(settings.bucket):
        make_bucket(settings)
    assert bucket_exists(settings.bucket), "the bucket is gone"
    equal(updates_needed(settings), [], "what terragrunt would update")
    if settings.table:
        if not is_active(settings.table):
            make_table(settings)
        if not is_encrypted(settings.table):
            encrypt_table(settings.table)
    return [name for name in calls if not name.startswith(READS)]


def runs_twice(settings, changes):
    """The first run makes these changes and the second none."""
    equal(bootstrap(settings), changes, "changes of the first run")
    equal(bootstrap(settings), [], "changes of the second run")
    equal(S3.get_bucket_tagging(Bucket=settings.bucket)["TagSet"], tag_list(settings), "tags")


STATE_BUCKET = ["CreateBucket", "PutBucketPolicy", "PutBucketPolicy", "PutPublicAccessBlock",
                "PutBucketTagging", "PutBucketVersioning", "PutBucketEncryption"]
LOG_BUCKET = ["CreateBucket", "PutPublicAccessBlock", "PutBucketAcl", "PutBucketLogging",
              "PutBucketEncryption", "PutBucketPolicy", "PutBucketVersioning", "PutBucketTagging"]
LOCK_TABLE = ["CreateTable", "TagResource", "UpdateTable"]


@case
def state_bucket_with_kms():
    runs_twice(Settings("tg-kms"), STATE_BUCKET)


@case
def state_bucket_with_aes256():
    runs_twice(Settings("tg-aes256", algorithm="AES256"), STATE_BUCKET)


@case
def state_bucket_with_access_logs():
    settings = Settings("tg-logged", logs="tg-logs")
    runs_twice(settings, STATE_BUCKET + LOG_BUCKET)
    equal(S3.get_bucket_tagging(Bucket="tg-logs")["TagSet"], tag_list(settings), "tags of the logs")
    equal(S3.get_bucket_logging(Bucket="tg-logged")["LoggingEnabled"],
          {"TargetBucket": "tg-logs", "TargetPrefix": "TFStateLogs/"}, "logging")


@case
def a_bucket_that_lost_a_setting_is_noticed():
    settings = Settings("tg-drifted")
    bootstrap(settings)
    S3.put_public_access_block(Bucket="tg-drifted", PublicAccessBlockConfiguration={})
    encrypt("tg-drifted", "AES256")
    S3.delete_bucket_policy(Bucket="tg-drifted")
    equal(updates_needed(settings), ["Server-Side Encryption", "RootAccess", "EnforcedTLS",
                                     "Public Access Blocking"], "what terragrunt would update")


@case
def the_bucket_is_deleted_with_all_that_is_in_it():
    settings = Settings("tg-deleted")
    bootstrap(settings)
    for body in (b"1", b"2"):
        S3.put_object(Bucket="tg-deleted", Key="a/terraform.tfstate", Body=body)
    for entry in S3.list_objects_v2(Bucket="tg-deleted")["Contents"]:
        S3.delete_object(Bucket="tg-deleted", Key=entry["Key"])
    found = S3.list_object_versions(Bucket="tg-deleted")
    for entry in found["DeleteMarkers"] + found["Versions"]:
        S3.delete_object(Bucket="tg-deleted", Key=entry["Key"], VersionId=entry["VersionId"])
    S3.delete_bucket(Bucket="tg-deleted")
    assert not bucket_exists("tg-deleted"), "the bucket still exists"
    runs_twice(settings, STATE_BUCKET)


@case
def state_bucket_with_a_lock_table():
    settings = Settings("tg-locked", table="tg-locks")
    runs_twice(settings, STATE_BUCKET + LOCK_TABLE)
    arn = TABLES.describe_table(TableName="tg-locks")["Table"]["TableArn"]
    tags = TABLES.list_tags_of_resource(ResourceArn=arn)["Tags"]
    by_key = {tag["Key"]: tag["Value"] for tag in tags}
    equal(by_key, settings.tags, "tags of the table")


run_cases()
