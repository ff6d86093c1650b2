//! Who could read a state who should not.

use statelock_client::StoreError;
use statelock_client::bucket::{DefaultEncryption, PublicAccessBlock};

use crate::commands::doctor::finding::{Findings, Fix, Kind, Looked};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;

static NOT_ENCRYPTED: Kind = Kind::warning(
    "encryption-off",
    ExitCode::BadInput,
    "a state, with the secrets in it, is stored as it is unless each backend block asks for `encrypt`",
);
static PUBLIC_ACCESS: Kind = Kind::warning(
    "public-access-not-blocked",
    ExitCode::BadInput,
    "one wrong ACL or policy makes states public, with the secrets in them",
);
static POLICY_PUBLIC: Kind = Kind::critical(
    "bucket-public",
    ExitCode::BadInput,
    "anybody can do what the policy permits: read states, or remove locks",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 3] =
    [&POLICY_PUBLIC, &NOT_ENCRYPTED, &PUBLIC_ACCESS];

const ENCRYPTION: &str = "default encryption";

/// Looks.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let bucket = &subject.bucket;
    let asked = bucket.is_policy_public().await;
    let looked = findings.look(asked, ("policy status", "s3:GetBucketPolicyStatus"))?;
    if matches!(looked, Looked::At(Some(true))) {
        let fix = Fix::paste("let nothing be public", block_command(subject));
        findings.add(&POLICY_PUBLIC, "the store calls the bucket's policy public", fix);
    }
    let asked = bucket.encryption().await;
    let permission = "s3:GetEncryptionConfiguration";
    if let Looked::At(value) = findings.look(asked, (ENCRYPTION, permission))? {
        encryption(subject, value.as_ref(), findings);
    }
    let asked = bucket.public_access_block().await;
    let permission = "s3:GetBucketPublicAccessBlock";
    if let Looked::At(value) = findings.look(asked, ("public access block", permission))? {
        public_access(subject, value.as_ref(), findings);
    }
    Ok(())
}

fn encryption(subject: &Subject, value: Option<&DefaultEncryption>, findings: &mut Findings) {
    if let Some(default) = value {
        let key = default.kms_key.as_ref().map(|key| format!(" with {key}")).unwrap_or_default();
        findings.fine("encryption", format!("{}{key}", default.algorithm));
        return;
    }
    if subject.backend.connection().is_statelock_server() {
        // To set it there makes nothing better.
        findings.not_applied(ENCRYPTION, "a statelock server encrypts nothing at rest");
        return;
    }
    let rule = r#"--server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'"#;
    let fix = Fix::paste("let the bucket encrypt", subject.s3api("put-bucket-encryption", rule));
    findings.add(&NOT_ENCRYPTED, "the bucket has no default encryption", fix);
}

fn public_access(subject: &Subject, value: Option<&PublicAccessBlock>, findings: &mut Findings) {
    let block = value.copied().unwrap_or_default();
    let open: Vec<_> = [
        ("BlockPublicAcls", block.blocks_public_acls),
        ("IgnorePublicAcls", block.ignores_public_acls),
        ("BlockPublicPolicy", block.blocks_public_policy),
        ("RestrictPublicBuckets", block.restricts_public_buckets),
    ]
    .into_iter()
    .filter_map(|(name, is_on)| (!is_on).then_some(name))
    .collect();
    if open.is_empty() {
        findings.fine("public-access", "blocked");
        return;
    }
    if subject.backend.connection().is_statelock_server() {
        findings.fine("public-access", "a statelock server gives nobody access without its key");
        return;
    }
    let evidence = match value {
        None => "the bucket has no public access block".to_owned(),
        Some(_) => format!("not blocked: {}", open.join(", ")),
    };
    findings.add(&PUBLIC_ACCESS, evidence, Fix::paste("block it", block_command(subject)));
}

fn block_command(subject: &Subject) -> String {
    subject.s3api(
        "put-public-access-block",
        "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
    )
}
