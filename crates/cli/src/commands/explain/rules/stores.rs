//! Buckets, and stores that speak S3 with an accent.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "bucket-missing",
        title: "The bucket does not exist",
        patterns: &[
            "NoSuchBucket",
            "S3 bucket does not exist",
            "S3 bucket \" … \" does not exist",
            "The specified bucket does not exist",
        ],
        cause: "There is no bucket of this name at this store. Nothing was written.",
        possible: &[
            maybe(
                "The name is wrong, or the endpoint is another store's.",
                "`aws s3 ls` shows other buckets.",
            ),
            maybe("It was not made yet.", "This is a new configuration."),
            maybe(
                "It was deleted.",
                "It worked before: then its states are gone unless there is a backup.",
            ),
        ],
        next: &[
            run("See what buckets there are.", "aws s3 ls"),
            run(
                "Make it, and keep old versions of states.",
                "aws s3api create-bucket --bucket {bucket}",
            ),
            run(
                "Keep versions.",
                "aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "wrong-region",
        title: "The bucket is in another region",
        patterns: &[
            "PermanentRedirect",
            "must be addressed using the specified endpoint",
            "BucketRegionError",
            "IllegalLocationConstraintException",
            "StatusCode: 301",
            "AuthorizationHeaderMalformed … expecting",
            "incorrect region, the bucket is not in",
        ],
        cause: "The request went to one region, and the bucket lies in another. Nothing was written.",
        next: &[
            run("See where it is.", "aws s3api get-bucket-location --bucket {bucket}"),
            say(
                "Set `region` in the backend block to that, and run `terraform init -reconfigure`. The text may name it (region).",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "checksum-unsupported",
        title: "The store does not understand the checksums of this client",
        patterns: &[
            "XAmzContentSHA256Mismatch",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "Unsupported header 'x-amz-checksum",
            "Unsupported header 'x-amz-sdk-checksum",
            "x-amz-trailer",
            "The provided 'x-amz-content-sha256' header does not match",
        ],
        cause: "Newer AWS SDKs send a checksum behind the body, and many S3-compatible stores reject or misread that. The \
                write was refused and changed nothing. Reading usually still works, so a plan may work and an apply not.",
        possible: &[
            maybe(
                "The store does not know such checksums.",
                "It is no AWS, and it began with an update of Terraform (1.11.2 or newer).",
            ),
            maybe("Something between changed the body.", "There is a proxy, and it is AWS."),
        ],
        next: &[
            run(
                "Send checksums only where they are needed.",
                "export AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required",
            ),
            say("Set `skip_s3_checksum = true` in the backend block as well."),
            run("If a state was not saved: save it then.", "terraform state push errored.tfstate"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "object-lock-checksum",
        title: "The bucket has Object Lock and wants a checksum with each write",
        patterns: &["HTTP header is required for Put Object requests with Object Lock parameters"],
        cause: "A bucket with a default retention takes only writes with Content-MD5 or a checksum, and Terraform 1.10.0 \
                sends none for the lock. The write was refused and changed nothing.",
        next: &[
            say("Use Terraform 1.10.1 or newer, and do not set skip_s3_checksum."),
            say(
                "With a default retention each lock object is kept for all that time: use a bucket without one for states.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "throttled",
        title: "The store wants fewer requests",
        patterns: &[
            "SlowDown",
            "ProvisionedThroughputExceeded",
            "ThrottlingException",
            "RequestLimitExceeded",
            "TooManyRequests",
            "StatusCode: 429",
        ],
        cause: "The store refuses requests because there are too many. The request itself changed nothing. If it was for a \
                lock or a release, look whether one is left over; if it was a state, it is in errored.tfstate.",
        possible: &[
            maybe(
                "Many runs at once ask one bucket prefix, or one table.",
                "It comes at busy times.",
            ),
            maybe(
                "The table's provisioned capacity is too small.",
                "The text says ProvisionedThroughputExceeded.",
            ),
        ],
        next: &[
            run("See whether a lock is left over.", "statelock status {address}"),
            run(
                "Let the table grow with its use.",
                "aws dynamodb update-table --table-name {table} --billing-mode PAY_PER_REQUEST",
            ),
            say("Run the command again, with fewer at once."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "acl-unsupported",
        title: "The bucket takes no ACLs",
        patterns: &["AccessControlListNotSupported", "The bucket does not allow ACLs"],
        cause: "The backend block sets `acl`, and the bucket's owner has ACLs switched off, as is usual today. The write was \
                refused and changed nothing.",
        next: &[say("Remove `acl` from the backend block, and run `terraform init -reconfigure`.")],
        ..Rule::BASE
    },
    Rule {
        id: "versions-unsupported",
        title: "This store keeps no versions",
        patterns: &["ListObjectVersions not implemented", "ListObjectVersions … NotImplemented"],
        cause: "The store does not list versions, so an earlier state cannot be brought back from it. Nothing was changed.",
        next: &[run(
            "Keep copies yourself, before each change.",
            "statelock state pull {address} > backup.tfstate",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "store-unavailable",
        title: "The store failed",
        patterns: &[
            "exceeded maximum number of attempts",
            "ServiceUnavailable",
            "InternalError",
            "InternalServerError",
            "StatusCode: 503",
            "StatusCode: 500",
        ],
        cause: "The store answered with an error of its own, each time it was asked. Such an answer does not say whether a \
                write was done.",
        next: &[
            run(
                "See what is stored, and whether a lock is left over.",
                "statelock status {address}",
            ),
            say("Run the command again when the store is well."),
        ],
        ..Rule::BASE
    },
];
