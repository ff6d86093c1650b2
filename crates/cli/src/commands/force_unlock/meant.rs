//! Which of the locks that are there is meant.

use statelock_client::protocol::lock::steps::{Inspection, LockMark, Looked, Place, StoredLock};
use statelock_client::protocol::lock::{LockId, LockInfo};
use statelock_protocol::lock::evidence::Evidence;

use crate::backend::{UNREADABLE, command, holder_text, place_name, typed_id, whose};
use crate::commands::lock_error::LockVerbError;
use crate::evidence::{self, Observers};

/// The lock to remove, in each place where it is, and what else is there.
#[derive(Debug)]
pub(super) struct Meant {
    found: Vec<(Place, StoredLock)>,
    others: Vec<(Place, StoredLock)>,
    /// Places without any lock.
    free: Vec<Place>,
}

impl Meant {
    /// Finds the lock with this ID; `unreadable` means those that cannot be read.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(seen: Inspection, id: &LockId, named: &str) -> Result<Self, LockVerbError> {
        let (mut found, mut others, mut free) = (Vec::new(), Vec::new(), Vec::new());
        for (place, looked) in seen.places {
            match looked {
                Looked::Found(lock) if is_meant(&lock, id) => found.push((place, lock)),
                Looked::Found(lock) => others.push((place, lock)),
                Looked::Absent | Looked::Refused(_) | Looked::Unknown => free.push(place),
            }
        }
        if !found.is_empty() {
            return Ok(Self { found, others, free });
        }
        let Some((place, other)) = others.first() else {
            return Err(LockVerbError::NotHeld {
                what: format!("lock {id} is not held: nobody holds the lock"),
                hint: format!("look at the state: {}", command("status", named, "")),
            });
        };
        let text = holder_text(other);
        let text = text.trim_end();
        let force = command("force-unlock", named, &typed_id(other));
        Err(LockVerbError::NotHeld {
            what: format!(
                "lock {id} is not held: another is there ({})\n{text}",
                place_name(place)
            ),
            hint: format!("if that is the one that you mean: {force}"),
        })
    }

    /// The lock info, if it can be read.
    pub(super) fn info(&self) -> Option<LockInfo> {
        self.found.iter().find_map(|(_, lock)| lock.info().ok())
    }

    /// Whether its holder lives; `None` if the lock does not say whose it is.
    pub(super) fn evidence(&self, observers: &Observers) -> Option<Evidence> {
        self.info().map(|info| evidence::of(&info, observers))
    }

    /// What a removal is conditioned on: exactly these.
    pub(super) fn marks(&self) -> Vec<(Place, LockMark)> {
        self.found.iter().map(|(place, lock)| (place.clone(), lock.mark.clone())).collect()
    }

    /// What is going to be removed, and what is known of its holder.
    pub(super) fn shown(&self, evidence: Option<&Evidence>) -> String {
        let places: Vec<_> = self.found.iter().map(|(place, _)| place_name(place)).collect();
        let mut lines = vec![format!("Lock in {}:", places.join(" and "))];
        if let Some((_, lock)) = self.found.first() {
            let text = holder_text(lock);
            let fields = text.strip_prefix("Lock Info:\n").unwrap_or(&text);
            lines.push(fields.trim_end().to_owned());
        }
        match evidence {
            Some(evidence) => {
                lines.push(format!("  Holder:    {}", evidence.life));
                lines.extend(evidence.remarks().map(|remark| format!("             {remark}")));
            }
            None => {
                lines.push("  Holder:    unknown: the lock does not say whose it is".to_owned());
            }
        }
        lines.extend(self.others().map(|other| format!("Another lock, which stays, in {other}")));
        if self.others.is_empty() {
            let half =
                |place| format!("It is half of a lock: there is none in the {}", place_name(place));
            lines.extend(self.free.iter().map(half));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// Locks that are not removed.
    pub(super) fn others(&self) -> impl Iterator<Item = String> {
        self.others
            .iter()
            .map(|(place, lock)| format!("{}: {}", place_name(place), whose(Some(lock))))
    }
}

fn is_meant(lock: &StoredLock, id: &LockId) -> bool {
    match lock.id() {
        Some(found) => found == *id,
        None => id.as_str() == UNREADABLE,
    }
}

#[cfg(test)]
mod tests {
    use statelock_client::BackendSettings;
    use statelock_client::protocol::lock::steps::{LockMode, Places};
    use statelock_client::protocol::store::TableName;

    use super::*;

    fn lock(text: &str) -> Looked {
        let mark = LockMark::Info(Some(text.to_owned()));
        Looked::Found(StoredLock { bytes: text.as_bytes().to_vec(), mark })
    }

    fn find(looked: [Looked; 2], id: &str) -> Result<Meant, LockVerbError> {
        let address = BackendSettings::lockfile("b", "k").unwrap().address;
        let places = Places::of(&address, &LockMode::Dual(TableName::new("t")));
        let places = places.iter().cloned().zip(looked).collect();
        Meant::find(Inspection { places }, &LockId::parse(id).unwrap(), "s3://b/k")
    }

    #[test]
    fn p4_only_locks_with_the_named_id_are_meant() {
        let (one, two) = (r#"{"ID":"one"}"#, r#"{"ID":"two"}"#);
        let both = find([lock(one), lock(one)], "one").unwrap();
        assert_eq!(both.marks().len(), 2);
        let half = find([Looked::Absent, lock(one)], "one").unwrap();
        assert_eq!(half.marks().len(), 1);
        assert!(half.shown(None).contains("half of a lock"), "{}", half.shown(None));
        let mixed = find([lock(one), lock(two)], "two").unwrap();
        assert_eq!(mixed.marks().len(), 1);
        assert_eq!(mixed.others().count(), 1);
        assert!(!mixed.shown(None).contains("half"), "{}", mixed.shown(None));
        let error = find([lock(one), Looked::Absent], "two").unwrap_err();
        assert!(error.to_string().contains("one"), "{error}");
        let error = find([Looked::Absent, Looked::Absent], "one").unwrap_err();
        assert!(error.to_string().contains("nobody"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_a_word() {
        for bytes in ["", "{", r#"{"ID":""}"#] {
            let meant = find([lock(bytes), lock(r#"{"ID":"one"}"#)], UNREADABLE).unwrap();
            assert_eq!(meant.marks().len(), 1, "{bytes}");
            assert!(meant.info().is_none());
            assert!(find([lock(bytes), Looked::Absent], "one").is_err());
        }
        let shown = find([lock(r#"{"ID":"unreadable"}"#), Looked::Absent], UNREADABLE).unwrap();
        assert!(shown.info().is_some(), "a server shows an unreadable lock under this ID");
    }
}
