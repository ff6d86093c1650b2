//! `status` for people.

use statelock_client::protocol::lock::{CreatedAt, Stamp};
use statelock_client::state::{StateRead, Stored, StoredDigest, Versioning};

use super::facts::{DigestVerdict, Facts};
use super::locks::{FoundLock, Holder, Shape};
use super::next;
use crate::backend::place_name;
use crate::{output, span};

/// All of it, line by line.
pub(super) fn of(facts: &Facts) -> String {
    let mut lines = vec![output::printable(&facts.settings.address.to_string())];
    lines.extend(locks(facts));
    lines.extend(state(facts));
    lines.push(row("Next:", &next::step(facts)));
    lines.push(String::new());
    lines.join("\n")
}

fn row(label: &str, value: &str) -> String {
    format!("{label:<13}{}", output::printable(value))
}

fn locks(facts: &Facts) -> Vec<String> {
    let locks = &facts.locks;
    let word = match (locks.shape(), locks.is_partial) {
        (Shape::Free, false) => "free",
        (Shape::Free, true) => "not known",
        (Shape::Held, _) => "held",
        (Shape::Half, _) => "held in one of its two places",
        (Shape::Split, _) => "held by different locks",
    };
    let mut lines = vec![row("Lock:", &format!("{word} (mode {})", facts.settings.mode))];
    lines.extend(locks.found.iter().flat_map(lock));
    if locks.shape() == Shape::Half {
        let none = |place| row("  None in:", &place_name(place));
        lines.extend(locks.free.iter().map(none));
    }
    lines
}

fn lock(found: &FoundLock) -> Vec<String> {
    let places: Vec<_> = found.places.iter().map(place_name).collect();
    let mut lines = vec![row("  ID:", &found.id()), row("  In:", &places.join(" and "))];
    match (&found.holder, found.lock.info()) {
        (Some(holder), _) => lines.extend(self::holder(holder)),
        (None, Err(error)) => lines.push(row("  Holder:", &format!("unknown: {error}"))),
        (None, Ok(_)) => {}
    }
    lines
}

fn holder(holder: &Holder) -> Vec<String> {
    let info = &holder.info;
    let stamp = Stamp::read(&info.info);
    let mut lines = vec![
        row("  Who:", &info.who),
        row("  Operation:", &info.operation),
        row("  Taken:", &taken(holder)),
    ];
    let version = Some(&info.version).filter(|version| !version.is_empty());
    lines.extend(version.map(|version| row("  Version:", version)));
    lines.extend(stamp.reason.map(|reason| row("  Reason:", &reason.to_string())));
    lines.extend(stamp.run.map(|run| row("  Run:", run.as_str())));
    lines.push(row("  Holder:", &holder.evidence.life.to_string()));
    lines.extend(holder.evidence.remarks().map(|remark| row("", remark)));
    lines
}

fn taken(holder: &Holder) -> String {
    let when = holder.info.created.to_human();
    match u64::try_from(holder.age_seconds) {
        Ok(age) => format!("{} ago, by the holder's clock ({when})", span::shown(age)),
        Err(_) => format!("in the future, by the holder's clock ({when})"),
    }
}

fn state(facts: &Facts) -> Vec<String> {
    let mut lines = match &facts.state {
        Err(error) => vec![row("State:", &format!("could not be read: {error}"))],
        Ok((Stored::Absent, _)) => vec![row("State:", "none yet")],
        Ok((Stored::Empty(_), _)) => {
            vec![row("State:", "an object of no bytes, which is no state to Terraform")]
        }
        Ok((Stored::State(read), _)) => stored(read),
    };
    if let Ok((_, digest)) = &facts.state {
        let text = digest_text(digest, facts.digest());
        lines.extend(text.map(|text| row("  Digest:", &text)));
    }
    let versions = match facts.versioning {
        Some(Versioning::Enabled) => "kept by the bucket",
        Some(Versioning::Suspended) => "not kept any more: the bucket's versioning is suspended",
        Some(Versioning::Off) => "not kept: the bucket has no versioning",
        None => "not known: the store does not say",
    };
    lines.push(row("  Versions:", versions));
    lines
}

fn stored(read: &StateRead) -> Vec<String> {
    let what = match &read.header {
        Ok(header) => {
            let by = Some(&header.terraform_version).filter(|version| !version.is_empty());
            let by = by.map(|version| format!(", by version {version}")).unwrap_or_default();
            format!("serial {}, lineage {}{by}", header.serial, header.lineage)
        }
        Err(error) => format!("cannot be understood: {error}"),
    };
    let mut lines =
        vec![row("State:", &what), row("  Size:", &format!("{} bytes", read.size_bytes))];
    let when = read.last_modified.and_then(|time| {
        let seconds = i64::try_from(time.as_secs()).ok()?;
        CreatedAt::from_unix(seconds, 0).ok()
    });
    lines.extend(when.map(|when| row("  Written:", &when.to_human())));
    lines
}

fn digest_text(digest: &StoredDigest, verdict: DigestVerdict) -> Option<String> {
    match (digest, verdict) {
        (StoredDigest::NoTable, _) => None,
        (StoredDigest::Absent, _) => Some("none in the lock table".to_owned()),
        (StoredDigest::Unreadable(text), _) => {
            Some(format!("`{text}` in the lock table, which is no digest"))
        }
        (StoredDigest::Unknown(trouble), _) => Some(format!("not known: {trouble}")),
        (StoredDigest::Digest(_), DigestVerdict::Agrees) => {
            Some("the lock table has that of this state".to_owned())
        }
        (StoredDigest::Digest(stored), DigestVerdict::Disagrees | DigestVerdict::NotCompared) => {
            Some(format!(
                "the lock table has {stored}, not that of this state: a write is under way, or stopped half-way"
            ))
        }
    }
}
