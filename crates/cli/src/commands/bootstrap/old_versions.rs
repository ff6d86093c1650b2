//! How long old versions stay, and how that stands to what is wanted. Pure.
//!
//! Of several lifecycle rules for one version S3 applies the one that removes it first. So a rule beside ours
//! can shorten what is kept, and ours can shorten what theirs keep; none can lengthen it.

use statelock_client::bucket::{LifecycleRule, OLD_VERSIONS_RULE, OldVersions};

use super::standing::Standing;

/// How old versions stand where no rule removes any.
pub(super) const FOR_EVER: &str = "kept for ever";

/// How the rules stand to what is wanted; [`Standing::NotSet`] if there is none about old versions.
pub(super) fn judge(rules: &[LifecycleRule], wanted: OldVersions) -> Standing {
    let (all, some): (Vec<_>, Vec<_>) =
        expiring(rules).partition(|expiring| is_for_all(expiring.rule));
    let is = |expiring: &Expiring<'_>| (expiring.days, expiring.newest);
    let is_as_wanted = all.iter().any(|one| is(one) == (wanted.kept_days, wanted.kept_newest));
    let words = |shown: Vec<&Expiring<'_>>| {
        let shown: Vec<_> = shown.into_iter().map(Expiring::words).collect();
        shown.join("; ")
    };
    let is_cut = |shown: &[Expiring<'_>]| shown.iter().any(|one| one.is_shorter_than(wanted));
    let is_cut_by_others = |shown: &[Expiring<'_>]| {
        shown.iter().any(|one| !one.is_ours() && one.is_shorter_than(wanted))
    };
    let both = || words(all.iter().chain(&some).collect());
    if is_cut_by_others(&all) || (is_as_wanted && !is_cut(&all) && is_cut_by_others(&some)) {
        return Standing::Fixed(format!("{}; rules of others are not changed", both()));
    }
    if is_as_wanted && !is_cut(&all) {
        return Standing::AsWanted(words(all.iter().collect()));
    }
    let is_switched_off =
        rules.iter().any(|rule| !rule.is_enabled && rule.id.as_deref() == Some(OLD_VERSIONS_RULE));
    match (all.is_empty(), some.is_empty()) {
        (false, _) => Standing::Different(both()),
        (true, false) => Standing::Different(format!("{FOR_EVER}, but {}", both())),
        (true, true) if is_switched_off => Standing::Different(format!(
            "{FOR_EVER}: the rule `{OLD_VERSIONS_RULE}` is switched off"
        )),
        (true, true) => Standing::NotSet,
    }
}

/// What is to be said of others' rules that remove what is wanted to stay: they stay in force beside ours.
pub(super) fn shorter_rules(rules: &[LifecycleRule], wanted: OldVersions) -> Vec<String> {
    let shorter = expiring(rules).filter(|one| !one.is_ours() && one.is_shorter_than(wanted));
    let told = shorter.map(|one| {
        format!(
            "the lifecycle rule `{}` removes old versions of {} sooner than wanted: {}",
            name(one.rule),
            reach(one.rule),
            kept(one.days, one.newest)
        )
    });
    told.collect()
}

/// What is to be said of rules that delete current objects: states that are not written for a time.
pub(super) fn dangerous_rules(rules: &[LifecycleRule]) -> Vec<String> {
    let in_force = rules.iter().filter(|rule| rule.is_enabled);
    let deletes = in_force
        .filter(|rule| rule.expires_current_after_days.is_some() || rule.expires_current_on_a_date);
    let told = deletes.map(|rule| {
        let when = match rule.expires_current_after_days {
            Some(days) => format!("{days} days after they were written"),
            None => "on a date".to_owned(),
        };
        let which = if rule.prefix.is_empty() {
            "objects".to_owned()
        } else {
            format!("objects under `{}`", rule.prefix)
        };
        format!("the lifecycle rule `{}` deletes current {which} {when}: states too", name(rule))
    });
    told.collect()
}

/// How long old versions stay, for people.
pub(super) fn kept(days: u32, newest: u32) -> String {
    match newest {
        0 => format!("kept for {days} days"),
        _ => format!("kept for {days} days, the newest {newest} of each object for longer"),
    }
}

/// A rule in force that removes old versions.
struct Expiring<'a> {
    rule: &'a LifecycleRule,
    days: u32,
    newest: u32,
}

impl Expiring<'_> {
    fn is_ours(&self) -> bool {
        self.rule.id.as_deref() == Some(OLD_VERSIONS_RULE)
    }

    /// Whether it removes versions that are wanted to stay.
    fn is_shorter_than(&self, wanted: OldVersions) -> bool {
        self.days < wanted.kept_days || self.newest < wanted.kept_newest
    }

    fn words(&self) -> String {
        let which =
            if is_for_all(self.rule) { String::new() } else { format!("{} ", reach(self.rule)) };
        format!("{which}{} (rule `{}`)", kept(self.days, self.newest), name(self.rule))
    }
}

fn expiring(rules: &[LifecycleRule]) -> impl Iterator<Item = Expiring<'_>> {
    rules.iter().filter(|rule| rule.is_enabled).filter_map(|rule| {
        let days = rule.expires_noncurrent_after_days?;
        Some(Expiring { rule, days, newest: rule.keeps_newer_noncurrent.unwrap_or_default() })
    })
}

fn is_for_all(rule: &LifecycleRule) -> bool {
    rule.prefix.is_empty() && !is_selective(rule)
}

/// Whether it asks for more than a prefix.
fn is_selective(rule: &LifecycleRule) -> bool {
    let has_size = rule.size_bytes_above.is_some() || rule.size_bytes_below.is_some();
    !rule.tags.is_empty() || has_size
}

/// Which objects a rule is about.
fn reach(rule: &LifecycleRule) -> String {
    let which = if is_selective(rule) { "some objects" } else { "objects" };
    match rule.prefix.as_str() {
        "" => which.to_owned(),
        prefix => format!("{which} under `{prefix}`"),
    }
}

fn name(rule: &LifecycleRule) -> &str {
    rule.id.as_deref().unwrap_or("(without a name)")
}

#[cfg(test)]
#[path = "old_versions_tests.rs"]
mod tests;
