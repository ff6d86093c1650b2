//! What counts as wanted, as different, and as not set.

use super::*;

const OLD: OldVersions = OldVersions { kept_days: 90, kept_newest: 10, uploads_kept_days: 7 };

fn rule(id: &str) -> LifecycleRule {
    LifecycleRule {
        id: Some(id.to_owned()),
        is_enabled: true,
        expires_noncurrent_after_days: Some(90),
        keeps_newer_noncurrent: Some(10),
        ..LifecycleRule::default()
    }
}

fn is_different(standing: &Standing, words: &str) -> bool {
    matches!(standing, Standing::Different(is) if is.contains(words))
}

#[test]
fn a_rule_of_anybody_counts_if_it_does_what_is_wanted() {
    assert!(matches!(old_versions(&[rule("theirs")], OLD), Standing::AsWanted(_)));
    assert_eq!(old_versions(&[], OLD), Standing::NotSet);
    let shorter = LifecycleRule { expires_noncurrent_after_days: Some(1), ..rule("theirs") };
    assert!(is_different(&old_versions(std::slice::from_ref(&shorter), OLD), "kept for 1 days"));
    let both = [shorter, rule(OLD_VERSIONS_RULE)];
    assert!(matches!(old_versions(&both, OLD), Standing::AsWanted(_)), "ours was added");
}

#[test]
fn a_rule_for_some_objects_says_nothing_of_all() {
    for part in [
        LifecycleRule { prefix: "logs/".to_owned(), ..rule("a") },
        LifecycleRule { tags: vec![("a".to_owned(), "b".to_owned())], ..rule("a") },
        LifecycleRule { size_bytes_below: Some(1000), ..rule("a") },
        LifecycleRule { expires_noncurrent_after_days: None, ..rule("a") },
        LifecycleRule { is_enabled: false, ..rule("a") },
    ] {
        assert_eq!(old_versions(std::slice::from_ref(&part), OLD), Standing::NotSet, "{part:?}");
    }
    let off = LifecycleRule { is_enabled: false, ..rule(OLD_VERSIONS_RULE) };
    assert!(is_different(&old_versions(&[off], OLD), "switched off"));
}

#[test]
fn rules_that_delete_states_are_named() {
    let days = LifecycleRule { expires_current_after_days: Some(30), ..rule("tidy") };
    let date = LifecycleRule {
        expires_current_on_a_date: true,
        prefix: "old/".to_owned(),
        ..rule("late")
    };
    let off = LifecycleRule { is_enabled: false, ..days.clone() };
    let told = dangerous_rules(&[days, date, off, rule("fine")]);
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("`tidy` deletes current objects 30 days"), "{told:?}");
    assert!(told[1].contains("`late` deletes current objects under `old/` on a date"), "{told:?}");
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
