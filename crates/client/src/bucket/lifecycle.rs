//! Lifecycle rules as S3 writes them.

use aws_sdk_s3::types::{LifecycleRule as SdkRule, LifecycleRuleAndOperator, LifecycleRuleFilter};

use super::setting::LifecycleRule;
use super::settings::count;

fn size(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

/// Understands a rule.
pub(super) fn lifecycle_rule(rule: SdkRule) -> LifecycleRule {
    let expiration = rule.expiration.as_ref();
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    #[expect(deprecated, reason = "old rules have their prefix there, and count")]
    let old_prefix = rule.prefix.clone().unwrap_or_default();
    let of_rule = LifecycleRule {
        is_enabled: rule.status.as_str() == "Enabled",
        prefix: old_prefix,
        expires_current_after_days: count(expiration.and_then(|expiration| expiration.days)),
        expires_current_on_a_date: expiration.is_some_and(|expiration| expiration.date.is_some()),
        expires_noncurrent_after_days: count(noncurrent.and_then(|rule| rule.noncurrent_days)),
        keeps_newer_noncurrent: count(noncurrent.and_then(|rule| rule.newer_noncurrent_versions)),
        removes_expired_delete_markers: expiration
            .and_then(|expiration| expiration.expired_object_delete_marker)
            .unwrap_or_default(),
        aborts_uploads_after_days: count(
            rule.abort_incomplete_multipart_upload
                .as_ref()
                .and_then(|abort| abort.days_after_initiation),
        ),
        has_transitions: !rule.transitions().is_empty()
            || !rule.noncurrent_version_transitions().is_empty(),
        id: rule.id,
        ..LifecycleRule::default()
    };
    match rule.filter {
        Some(filter) => filtered(of_rule, filter),
        None => of_rule,
    }
}

/// What a rule's filter adds: one condition, or several in `And`.
fn filtered(rule: LifecycleRule, filter: LifecycleRuleFilter) -> LifecycleRule {
    let and = filter.and.as_ref();
    let tags = filter.tag.iter().chain(and.into_iter().flat_map(LifecycleRuleAndOperator::tags));
    let prefix = filter.prefix.or_else(|| and.and_then(|and| and.prefix.clone()));
    let above = filter.object_size_greater_than;
    let below = filter.object_size_less_than;
    LifecycleRule {
        tags: tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
        prefix: prefix.unwrap_or(rule.prefix),
        size_bytes_above: size(above.or_else(|| and.and_then(|and| and.object_size_greater_than))),
        size_bytes_below: size(below.or_else(|| and.and_then(|and| and.object_size_less_than))),
        ..rule
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{
        ExpirationStatus, LifecycleExpiration, NoncurrentVersionExpiration, Tag,
    };

    use super::*;

    #[test]
    fn a_rule_says_what_it_is_about_in_one_of_three_places() {
        let rule = || {
            let days = NoncurrentVersionExpiration::builder().noncurrent_days(90);
            let days = days.newer_noncurrent_versions(5).build();
            let markers = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
            SdkRule::builder()
                .status(ExpirationStatus::Enabled)
                .expiration(markers)
                .noncurrent_version_expiration(days)
        };
        #[expect(deprecated, reason = "old rules have their prefix there")]
        let old = lifecycle_rule(rule().prefix("old/").build().unwrap());
        assert_eq!(old.prefix, "old/");
        assert_eq!(old.expires_noncurrent_after_days, Some(90));
        assert_eq!(old.keeps_newer_noncurrent, Some(5));
        assert!(old.is_enabled && old.removes_expired_delete_markers && !old.has_transitions);
        let filter = LifecycleRuleFilter::builder().prefix("new/").build();
        assert_eq!(lifecycle_rule(rule().filter(filter).build().unwrap()).prefix, "new/");
        let tag = Tag::builder().key("kind").value("lock").build().unwrap();
        let and = LifecycleRuleAndOperator::builder().prefix("and/").tags(tag);
        let and = and.object_size_less_than(1024).build();
        let filter = LifecycleRuleFilter::builder().and(and).build();
        let several = lifecycle_rule(rule().filter(filter).build().unwrap());
        assert_eq!(several.prefix, "and/");
        assert_eq!(several.tags, [("kind".to_owned(), "lock".to_owned())]);
        assert_eq!(several.size_bytes_below, Some(1024));
    }
}
