//! What actions let somebody do to states and locks, and how bad that is.

/// How bad it is to have a permission that is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Danger {
    /// Shows more than needed.
    Low,
    /// Changes states or locks that are none of this role's business, with a way back.
    Medium,
    /// Destroys states, or opens the bucket to others.
    High,
}

impl Danger {
    /// For people and programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bucket,
    Object,
    Table,
    Key,
}

/// An action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) action: &'static str,
    pub(super) kind: Kind,
    pub(super) danger: Danger,
    /// What it lets somebody do, where its name does not say it.
    pub(super) means: &'static str,
}

const fn grant(action: &'static str, kind: Kind, danger: Danger, means: &'static str) -> Grant {
    Grant { action, kind, danger, means }
}

use Danger::{High, Low, Medium};
use Kind::{Bucket, Key, Object, Table};

/// The worst first. Actions that are not listed here only matter where a policy names them.
pub(super) const GRANTS: &[Grant] = &[
    grant("s3:DeleteObject", Object, High, "deletes states"),
    grant("s3:DeleteObjectVersion", Object, High, "removes versions of states for good"),
    grant("s3:PutBucketPolicy", Bucket, High, "opens the bucket to others"),
    grant("s3:DeleteBucketPolicy", Bucket, High, "takes the bucket's protection away"),
    grant("s3:DeleteBucket", Bucket, High, ""),
    grant("s3:PutBucketAcl", Bucket, High, "opens the bucket to others"),
    grant("s3:PutBucketPublicAccessBlock", Bucket, High, "opens the bucket to everybody"),
    grant("s3:PutBucketVersioning", Bucket, High, "stops old states from being kept"),
    grant("s3:PutLifecycleConfiguration", Bucket, High, "lets states expire"),
    grant("s3:PutReplicationConfiguration", Bucket, High, "copies states elsewhere"),
    grant("s3:PutEncryptionConfiguration", Bucket, High, "encrypts with another key"),
    grant("s3:PutBucketOwnershipControls", Bucket, High, "lets ACLs open the bucket"),
    grant("s3:PutBucketObjectLockConfiguration", Bucket, High, ""),
    grant("s3:BypassGovernanceRetention", Object, High, "removes what is retained"),
    grant("s3:PutObjectAcl", Object, High, "opens states to others"),
    grant("s3:PutObjectVersionAcl", Object, High, "opens old states to others"),
    grant("dynamodb:DeleteTable", Table, High, "every lock is gone"),
    grant("dynamodb:UpdateTable", Table, High, ""),
    grant("dynamodb:UpdateTimeToLive", Table, High, "lets locks expire"),
    grant("dynamodb:PutResourcePolicy", Table, High, "opens the table to others"),
    grant("kms:ScheduleKeyDeletion", Key, High, "no state can be read again"),
    grant("kms:DisableKey", Key, High, "no state can be read"),
    grant("kms:PutKeyPolicy", Key, High, "opens the key to others"),
    grant("kms:CreateGrant", Key, High, "opens the key to others"),
    grant("s3:PutObject", Object, Medium, "overwrites states"),
    grant("s3:CreateBucket", Bucket, Medium, ""),
    grant("s3:PutObjectTagging", Object, Medium, ""),
    grant("s3:DeleteObjectTagging", Object, Medium, ""),
    grant("s3:PutObjectRetention", Object, Medium, ""),
    grant("s3:PutObjectLegalHold", Object, Medium, ""),
    grant("s3:RestoreObject", Object, Medium, ""),
    grant("s3:PutBucketNotification", Bucket, Medium, ""),
    grant("s3:PutBucketLogging", Bucket, Medium, ""),
    grant("s3:PutBucketTagging", Bucket, Medium, ""),
    grant("dynamodb:PutItem", Table, Medium, "writes locks"),
    grant("dynamodb:DeleteItem", Table, Medium, "removes locks"),
    grant("dynamodb:UpdateItem", Table, Medium, "changes locks"),
    grant("dynamodb:BatchWriteItem", Table, Medium, "writes and removes locks"),
    grant("dynamodb:PartiQLDelete", Table, Medium, "removes locks"),
    grant("dynamodb:PartiQLInsert", Table, Medium, "writes locks"),
    grant("dynamodb:PartiQLUpdate", Table, Medium, "changes locks"),
    grant("dynamodb:CreateTable", Table, Medium, ""),
    grant("dynamodb:UpdateContinuousBackups", Table, Medium, ""),
    grant("dynamodb:TagResource", Table, Medium, ""),
    grant("kms:Encrypt", Key, Medium, "S3 never asks for it"),
    grant("kms:ReEncryptFrom", Key, Medium, ""),
    grant("kms:ReEncryptTo", Key, Medium, ""),
    grant("s3:GetObject", Object, Low, "reads states, and the secrets in them"),
    grant("s3:GetObjectVersion", Object, Low, "reads old states, and the secrets in them"),
    grant("s3:GetObjectAcl", Object, Low, ""),
    grant("s3:GetObjectTagging", Object, Low, ""),
    grant("s3:GetObjectAttributes", Object, Low, ""),
    grant("s3:AbortMultipartUpload", Object, Low, ""),
    grant("s3:ListMultipartUploadParts", Object, Low, ""),
    grant("s3:ListBucket", Bucket, Low, "lists every key"),
    grant("s3:ListBucketVersions", Bucket, Low, "lists every version"),
    grant("s3:ListBucketMultipartUploads", Bucket, Low, ""),
    grant("s3:GetBucketVersioning", Bucket, Low, ""),
    grant("s3:GetEncryptionConfiguration", Bucket, Low, ""),
    grant("s3:GetBucketPublicAccessBlock", Bucket, Low, ""),
    grant("s3:GetBucketOwnershipControls", Bucket, Low, ""),
    grant("s3:GetBucketPolicy", Bucket, Low, ""),
    grant("s3:GetBucketPolicyStatus", Bucket, Low, ""),
    grant("s3:GetLifecycleConfiguration", Bucket, Low, ""),
    grant("s3:GetBucketObjectLockConfiguration", Bucket, Low, ""),
    grant("s3:GetBucketLocation", Bucket, Low, ""),
    grant("s3:GetBucketAcl", Bucket, Low, ""),
    grant("s3:GetBucketTagging", Bucket, Low, ""),
    grant("s3:GetBucketLogging", Bucket, Low, ""),
    grant("dynamodb:GetItem", Table, Low, "reads locks"),
    grant("dynamodb:BatchGetItem", Table, Low, "reads locks"),
    grant("dynamodb:Query", Table, Low, "reads locks"),
    grant("dynamodb:Scan", Table, Low, "reads every lock"),
    grant("dynamodb:ConditionCheckItem", Table, Low, ""),
    grant("dynamodb:PartiQLSelect", Table, Low, "reads locks"),
    grant("dynamodb:DescribeTable", Table, Low, "Terraform and OpenTofu never ask for it"),
    grant("dynamodb:DescribeTimeToLive", Table, Low, ""),
    grant("dynamodb:DescribeContinuousBackups", Table, Low, ""),
    grant("kms:Decrypt", Key, Low, ""),
    grant("kms:GenerateDataKey", Key, Low, ""),
    grant("kms:DescribeKey", Key, Low, ""),
];
