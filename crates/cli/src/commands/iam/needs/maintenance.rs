//! What `migrate`, `doctor`, `bootstrap` and `gc` need.

use super::locks::{digest_items, lockfiles, of_items, table};
use super::states::{key_for_writing, need, reading};
use super::{Action, Need};
use crate::commands::iam::target::Target;
use crate::policy::Subject;

/// `migrate scan --online`, `plan`, `verify` and `finish`, and `doctor`.
pub(super) fn migration(target: &Target) -> Vec<Option<Need>> {
    let locked: Vec<_> = target.states().into_iter().chain(target.throwaways()).collect();
    vec![
        Some(whole_listing(target)),
        Some(settings(target)),
        Some(reading(target)),
        lockfiles(target, &locked),
        Some(throwaway_versions(target)),
        table(target, &locked),
        repaired_digests(target),
        table_reading(target),
        key_for_writing(target),
    ]
}

/// Making bucket and table.
pub(super) fn bootstrap(target: &Target) -> Vec<Option<Need>> {
    let without = "the step is refused and named; the others are done";
    let put = |name| Action::new(name, "bootstrap", without);
    let actions = vec![
        Action::new(
            "s3:CreateBucket",
            "bootstrap, when there is no bucket",
            "the bucket cannot be made",
        ),
        Action::new(
            "s3:ListBucket",
            "HeadBucket, to see whether the bucket is there",
            "it is not known whether there is a bucket",
        ),
        Action::new(
            "s3:ListBucketVersions",
            "bootstrap, to see whether a bucket that was there holds anything",
            "old versions there stay for ever, unless --change-existing is given",
        ),
        put("s3:PutBucketVersioning"),
        put("s3:PutEncryptionConfiguration"),
        put("s3:PutBucketPublicAccessBlock"),
        put("s3:PutBucketOwnershipControls"),
        put("s3:PutBucketPolicy"),
        put("s3:PutLifecycleConfiguration"),
    ];
    let of_table = vec![
        Action::new(
            "dynamodb:DescribeTable",
            "bootstrap, to see whether the table is there and right",
            without,
        ),
        Action::new(
            "dynamodb:CreateTable",
            "bootstrap, when there is no table",
            "the lock table cannot be made",
        ),
        put("dynamodb:UpdateTable"),
        Action::new(
            "dynamodb:DescribeContinuousBackups",
            "bootstrap, for point-in-time recovery",
            without,
        ),
        put("dynamodb:UpdateContinuousBackups"),
    ];
    vec![
        Some(settings(target)),
        Some(need("MakeBucket", "make the bucket and set it up", actions, vec![target.bucket()])),
        target.table().map(|table| need("MakeTable", "make the lock table", of_table, vec![table])),
    ]
}

/// Removing old versions of lockfiles.
pub(super) fn collection(target: &Target) -> Vec<Option<Need>> {
    let list = Action::new(
        "s3:ListBucketVersions",
        "ListObjectVersions, page by page",
        "old versions and delete markers are not found",
    );
    let versioning = Action::new(
        "s3:GetBucketVersioning",
        "to see whether the bucket keeps versions",
        "it is not known whether there are versions",
    );
    let delete = Action::new(
        "s3:DeleteObjectVersion",
        "DeleteObjects with the version id of an old lockfile or delete marker",
        "nothing is removed",
    );
    let keys: Vec<_> = target.states().into_iter().map(|state| state.then(".tflock")).collect();
    vec![
        Some(need(
            "ListVersions",
            "find old versions of lockfiles",
            vec![list, versioning],
            vec![target.bucket()],
        )),
        Some(need(
            "DeleteLockVersions",
            "remove old versions of lockfiles, never of states",
            vec![delete],
            target.objects_at(&keys),
        )),
    ]
}

fn whole_listing(target: &Target) -> Need {
    let list = Action::new(
        "s3:ListBucket",
        "ListObjectsV2 of the whole bucket: states that no root module names, and locks without a state",
        "`scan --online` and `doctor` see only what the configuration names",
    );
    let versions = Action::new(
        "s3:ListBucketVersions",
        "ListObjectVersions: versions and delete markers of lockfiles are counted, and those of a proof removed",
        "their number and price are not known, and a proof leaves a version and a delete marker behind",
    );
    need(
        "ListBucket",
        "see every state and lock in the bucket",
        vec![list, versions],
        vec![target.bucket()],
    )
}

fn settings(target: &Target) -> Need {
    let get = |name| {
        Action::new(
            name,
            "doctor, migrate plan and bootstrap, which read the bucket's settings",
            "the finding is `not permitted to see`",
        )
    };
    let names = [
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetLifecycleConfiguration",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketLocation",
    ];
    need(
        "ReadSettings",
        "see how the bucket is set up",
        names.map(get).into(),
        vec![target.bucket()],
    )
}

fn throwaway_versions(target: &Target) -> Need {
    let delete = Action::new(
        "s3:DeleteObjectVersion",
        "DeleteObject by version id of the lockfile of a proof, on a key that only the proof uses",
        "in a bucket with versioning a proof leaves a version and a delete marker behind",
    );
    let keys: Vec<Subject> =
        target.throwaways().into_iter().map(|key| key.then(".tflock")).collect();
    need("RemoveProofs", "leave nothing of a proof behind", vec![delete], target.objects_at(&keys))
}

fn repaired_digests(target: &Target) -> Option<Need> {
    let actions = vec![
        Action::new(
            "dynamodb:GetItem",
            "GetItem of each digest, which is compared with its state",
            "digests are not compared",
        ),
        Action::new(
            "dynamodb:PutItem",
            "PutItem of a digest that is put right",
            "a wrong digest stays",
        ),
        Action::new(
            "dynamodb:DeleteItem",
            "`migrate finish`, for digests that nobody uses any more",
            "the digests stay in the table",
        ),
    ];
    of_items(
        target,
        ("Digests", "compare digests with states, and remove them in the end"),
        actions,
        digest_items(target, &target.states()),
    )
}

fn table_reading(target: &Target) -> Option<Need> {
    let actions = vec![
        Action::new(
            "dynamodb:Scan",
            "`migrate finish` and `scan --online`, to see every lock and digest in the table",
            "it cannot be shown that the table is empty",
        ),
        Action::new(
            "dynamodb:DescribeTable",
            "doctor, for the table's key, billing and protection",
            "the finding is `not permitted to see`",
        ),
        Action::new(
            "dynamodb:DescribeTimeToLive",
            "doctor: an expiry would remove locks",
            "the finding is `not permitted to see`",
        ),
    ];
    Some(need("ReadTable", "see the whole lock table", actions, vec![target.table()?]))
}
