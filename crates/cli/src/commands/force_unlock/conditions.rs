//! Conditions under which a script wants a lock removed.

use std::time::Duration;

use statelock_client::protocol::lock::{CreatedAt, LockInfo};

use crate::commands::lock_error::LockVerbError;
use crate::{output, span};

/// What must be true besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions<'a> {
    /// Who holds it.
    pub(super) holder: Option<&'a str>,
    /// How old it is, by two clocks.
    pub(super) older_than: Option<Duration>,
}

impl Conditions<'_> {
    /// Checks them; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`LockVerbError::Held`]: one is not met, or cannot be shown to be.
    pub(super) fn check(&self, info: Option<&LockInfo>, now: i64) -> Result<(), LockVerbError> {
        let not_met = |what: String| LockVerbError::Held {
            what: format!("the lock was left alone: {what}"),
            hint: "give other conditions, or none".to_owned(),
        };
        if self.holder.is_none() && self.older_than.is_none() {
            return Ok(());
        }
        let Some(info) = info else {
            return Err(not_met("it cannot be read, so no condition can be met".to_owned()));
        };
        if let Some(holder) = self.holder
            && holder != info.who
        {
            let who = output::printable(&info.who);
            return Err(not_met(format!("its holder is {who}, not {holder}")));
        }
        let Some(wanted) = self.older_than else { return Ok(()) };
        if info.created == CreatedAt::go_zero() {
            return Err(not_met(
                "its age is not known: it does not say when it was taken".to_owned(),
            ));
        }
        match u64::try_from(now - info.created.unix_seconds()) {
            Ok(age) if age >= wanted.as_secs() => Ok(()),
            Ok(age) => Err(not_met(format!("it is {} old", span::shown(age)))),
            Err(_) => Err(not_met("it was taken in the future: the clocks differ".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(holder: Option<&str>, older_than: Option<u64>, now: i64) -> Option<String> {
        let info = br#"{"ID":"i","Who":"me@ci","Created":"1970-01-01T01:00:00Z"}"#;
        let info = LockInfo::parse(info).unwrap();
        let conditions = Conditions { holder, older_than: older_than.map(Duration::from_secs) };
        conditions.check(Some(&info), now).err().map(|error| error.to_string())
    }

    #[test]
    fn a_lock_goes_only_if_all_conditions_are_met() {
        assert_eq!(check(None, None, 0), None);
        assert_eq!(check(Some("me@ci"), Some(3600), 7200), None);
        assert!(check(Some("me@other"), None, 7200).unwrap().contains("me@ci"));
        assert!(check(Some("me@ci"), Some(3601), 7200).unwrap().contains("1 h old"));
        assert!(check(None, Some(1), 3599).unwrap().contains("future"));
        let timeless = LockInfo::parse(br#"{"ID":"i","Who":"me@ci"}"#).unwrap();
        let old = Conditions { holder: None, older_than: Some(Duration::from_secs(1)) };
        assert!(old.check(Some(&timeless), 7200).unwrap_err().to_string().contains("not known"));
        let unreadable = Conditions { holder: Some("x"), older_than: None };
        assert!(unreadable.check(None, 0).is_err());
    }
}
