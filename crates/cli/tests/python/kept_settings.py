"""Every bucket setting at once, set by one run and read by another: between them the server was killed."""
import json

from harness import case, client, equal, run_cases

S3 = client()
KEPT, LOGS = {"Bucket": "kept-settings"}, "kept-logs"
ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                         "BucketKeyEnabled": True}]}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True,
         "RestrictPublicBuckets": False}
POLICY = json.dumps({"Statement": {
    "Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:*",
    "Resource": "arn:aws:s3:::kept-settings"}})
LOGGING = {"TargetBucket": LOGS, "TargetPrefix": "a <prefix> & more/"}
RULES = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "é"}, "Expiration": {"Days": 1}}]
OWNERSHIP = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
TAGS = [{"Key": "k", "Value": "v"}]


@case
def set_everything():
    S3.create_bucket(Bucket=LOGS)
    S3.create_bucket(**KEPT, ObjectOwnership="ObjectWriter")
    S3.put_bucket_encryption(**KEPT, ServerSideEncryptionConfiguration=ENCRYPTION)
    S3.put_public_access_block(**KEPT, PublicAccessBlockConfiguration=BLOCK)
    S3.put_bucket_policy(**KEPT, Policy=POLICY)
    S3.put_bucket_acl(**KEPT, ACL="log-delivery-write")
    S3.put_bucket_logging(**KEPT, BucketLoggingStatus={"LoggingEnabled": LOGGING})
    S3.put_bucket_lifecycle_configuration(**KEPT, LifecycleConfiguration={"Rules": RULES})
    S3.put_bucket_tagging(**KEPT, Tagging={"TagSet": TAGS})


@case
def read_everything():
    for what, got, wanted in (
        ("encryption", S3.get_bucket_encryption(**KEPT)["ServerSideEncryptionConfiguration"],
         ENCRYPTION),
        ("block", S3.get_public_access_block(**KEPT)["PublicAccessBlockConfiguration"], BLOCK),
        ("policy", S3.get_bucket_policy(**KEPT)["Policy"], POLICY),
        ("grants", [grant["Permission"] for grant in S3.get_bucket_acl(**KEPT)["Grants"]],
         ["FULL_CONTROL", "WRITE", "READ_ACP"]),
        ("logging", S3.get_bucket_logging(**KEPT)["LoggingEnabled"], LOGGING),
        ("rules", S3.get_bucket_lifecycle_configuration(**KEPT)["Rules"], RULES),
        ("ownership", S3.get_bucket_ownership_controls(**KEPT)["OwnershipControls"], OWNERSHIP),
        ("tags", S3.get_bucket_tagging(**KEPT)["TagSet"], TAGS),
    ):
        equal(got, wanted, what)


run_cases()
