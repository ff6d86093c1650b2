//! What counts as wanted, as different, and as not set.

use super::*;

fn is_different(standing: &Standing, words: &str) -> bool {
    matches!(standing, Standing::Different(is) if is.contains(words))
}

#[test]
fn encryption_that_is_stricter_is_as_wanted_and_another_key_is_different() {
    let is = |algorithm: &str, key: Option<&str>| DefaultEncryption {
        algorithm: algorithm.to_owned(),
        kms_key: key.map(str::to_owned),
        is_bucket_key: false,
    };
    let arn = "arn:aws:kms:eu-central-1:1:key/1234";
    assert!(matches!(encryption(&is("AES256", None), None), Standing::AsWanted(_)));
    assert!(matches!(encryption(&is("aws:kms", Some(arn)), None), Standing::AsWanted(_)));
    assert_eq!(encryption(&is("AES256", None), Some(arn)), Standing::NotSet);
    for same in [arn, "1234"] {
        assert!(matches!(encryption(&is("aws:kms", Some(arn)), Some(same)), Standing::AsWanted(_)));
    }
    for other in ["5678", "arn:aws:kms:eu-west-1:1:key/1234", "alias/1234"] {
        assert!(
            is_different(&encryption(&is("aws:kms", Some(arn)), Some(other)), "1234"),
            "{other}"
        );
    }
    assert!(is_different(&encryption(&is("aws:kms", None), Some(arn)), "aws:kms"));
}

#[test]
fn a_public_access_block_is_whole_or_different() {
    let whole = PublicAccessBlock {
        blocks_public_acls: true,
        ignores_public_acls: true,
        blocks_public_policy: true,
        restricts_public_buckets: true,
    };
    assert!(matches!(public_access(whole), Standing::AsWanted(_)));
    let part = PublicAccessBlock { blocks_public_policy: false, ..whole };
    assert!(is_different(&public_access(part), "without BlockPublicPolicy"));
}

#[test]
fn suspended_versioning_was_somebodys_decision() {
    let is = |versioning| super::versioning(BucketVersioning { versioning, is_mfa_delete: false });
    assert!(is_different(&is(Versioning::Suspended), "suspended"));
    assert!(matches!(is(Versioning::Enabled), Standing::AsWanted(_)));
    assert!(is_different(&ownership("ObjectWriter"), "ACLs count"));
}
