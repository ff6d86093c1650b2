//! Locks and state in S3 and DynamoDB, with exactly the protocols of Terraform and OpenTofu.
