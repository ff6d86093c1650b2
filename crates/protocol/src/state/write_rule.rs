//! When one snapshot may replace another.
//!
//! The rule is the one that `terraform state push` applies before it writes
//! (`internal/states/statemgr/migrate.go`, `CheckValidImport`), made strict where the client can
//! afford to be lenient: it applies to every write, not only to pushes.
//!
//! 1. The same bytes may always be written again.
//! 2. Where either side has no lineage there is nothing to compare: the write is allowed.
//! 3. Another lineage may replace only a state that describes nothing. A migration into a freshly
//!    created workspace does just that.
//! 4. Within a lineage the serial must grow. This holds for empty states too: a `destroy` is not
//!    undone by a writer who was paused before it.

use super::digest::Digest;
use super::snapshot::{Lineage, Serial, StateContent, StateHeader};

/// What the rule says about a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteVerdict {
    /// The offered snapshot may replace what is stored.
    Allowed,
    /// The offered snapshot is what is stored, byte for byte.
    Identical,
    /// The offered snapshot must not replace what is stored.
    Refused(WriteRefusal),
}

/// Why a snapshot must not replace the stored one, with both sides of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefusal {
    /// The two belong to different states.
    #[error("the stored state has lineage `{stored}`, the offered one has lineage `{offered}`")]
    LineageDiffers {
        /// What is stored.
        stored: Lineage,
        /// What was offered.
        offered: Lineage,
    },
    /// The offered snapshot is older.
    #[error(
        "the stored state has serial {stored}, which is newer than the offered serial {offered}"
    )]
    SerialLower {
        /// What is stored.
        stored: Serial,
        /// What was offered.
        offered: Serial,
    },
    /// Two writers started from the same snapshot, and the other one was first.
    #[error("the stored state already has serial {serial}, with other content")]
    SerialEqualContentDiffers {
        /// The serial of both.
        serial: Serial,
        /// The digest of what is stored.
        stored: Digest,
        /// The digest of what was offered.
        offered: Digest,
    },
}

/// Judges whether `offered` may replace `stored`; `None` means that nothing is stored.
pub fn judge_write(
    stored: Option<(&StateHeader, &Digest)>,
    offered: (&StateHeader, &Digest),
) -> WriteVerdict {
    let Some((stored, stored_digest)) = stored else {
        return WriteVerdict::Allowed;
    };
    let (offered, offered_digest) = offered;
    if stored_digest == offered_digest {
        return WriteVerdict::Identical;
    }
    if stored.lineage.is_empty() || offered.lineage.is_empty() {
        return WriteVerdict::Allowed;
    }
    if stored.lineage != offered.lineage {
        return judge_other_lineage(stored, offered);
    }
    match offered.serial.cmp(&stored.serial) {
        std::cmp::Ordering::Greater => WriteVerdict::Allowed,
        std::cmp::Ordering::Less => WriteVerdict::Refused(WriteRefusal::SerialLower {
            stored: stored.serial,
            offered: offered.serial,
        }),
        std::cmp::Ordering::Equal => {
            WriteVerdict::Refused(WriteRefusal::SerialEqualContentDiffers {
                serial: stored.serial,
                stored: *stored_digest,
                offered: *offered_digest,
            })
        }
    }
}

fn judge_other_lineage(stored: &StateHeader, offered: &StateHeader) -> WriteVerdict {
    match stored.content {
        StateContent::Empty => WriteVerdict::Allowed,
        StateContent::Present | StateContent::Hidden => {
            WriteVerdict::Refused(WriteRefusal::LineageDiffers {
                stored: stored.lineage.clone(),
                offered: offered.lineage.clone(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::snapshot::StateFormat;

    fn header(lineage: &str, serial: u64) -> StateHeader {
        StateHeader {
            format: StateFormat::Plain { version: 4 },
            lineage: Lineage::new(lineage),
            serial: Serial(serial),
            terraform_version: "1.11.4".to_owned(),
            content: StateContent::Present,
        }
    }

    fn judge(stored: (&str, u64, &str), offered: (&str, u64, &str)) -> WriteVerdict {
        let (old, new) = (header(stored.0, stored.1), header(offered.0, offered.1));
        let digests = (Digest::of(stored.2.as_bytes()), Digest::of(offered.2.as_bytes()));
        judge_write(Some((&old, &digests.0)), (&new, &digests.1))
    }

    fn refusal(verdict: WriteVerdict) -> WriteRefusal {
        match verdict {
            WriteVerdict::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_write_is_allowed() {
        let (new, digest) = (header("L", 0), Digest::of(b"x"));
        assert_eq!(judge_write(None, (&new, &digest)), WriteVerdict::Allowed);
    }

    #[test]
    fn the_same_bytes_are_identical_whatever_else() {
        assert_eq!(judge(("L", 3, "x"), ("L", 3, "x")), WriteVerdict::Identical);
    }

    #[test]
    fn a_serial_that_grows_is_allowed_and_may_skip() {
        assert_eq!(judge(("L", 3, "x"), ("L", 4, "y")), WriteVerdict::Allowed);
        assert_eq!(judge(("L", 3, "x"), ("L", 900, "y")), WriteVerdict::Allowed);
    }

    #[test]
    fn a_lower_serial_is_refused_with_both_serials() {
        let refusal = refusal(judge(("L", 5, "x"), ("L", 4, "y")));
        assert_eq!(refusal, WriteRefusal::SerialLower { stored: Serial(5), offered: Serial(4) });
        assert_eq!(
            refusal.to_string(),
            "the stored state has serial 5, which is newer than the offered serial 4"
        );
    }

    #[test]
    fn an_equal_serial_with_other_content_is_refused_with_both_digests() {
        let refusal = refusal(judge(("L", 5, "x"), ("L", 5, "y")));
        let (stored, offered) = (Digest::of(b"x"), Digest::of(b"y"));
        let expected =
            WriteRefusal::SerialEqualContentDiffers { serial: Serial(5), stored, offered };
        assert_eq!(refusal, expected);
    }

    #[test]
    fn another_lineage_is_refused_even_with_a_higher_serial() {
        let refusal = refusal(judge(("L", 5, "x"), ("M", 6, "y")));
        let (stored, offered) = (Lineage::new("L"), Lineage::new("M"));
        assert_eq!(refusal, WriteRefusal::LineageDiffers { stored, offered });
    }

    #[test]
    fn a_missing_lineage_on_either_side_compares_nothing() {
        assert_eq!(judge(("", 5, "x"), ("M", 1, "y")), WriteVerdict::Allowed);
        assert_eq!(judge(("L", 5, "x"), ("", 1, "y")), WriteVerdict::Allowed);
    }

    #[test]
    fn an_empty_state_gives_way_to_another_lineage_but_not_to_an_older_serial() {
        let empty = StateHeader { content: StateContent::Empty, ..header("L", 5) };
        let digests = (Digest::of(b"x"), Digest::of(b"y"));
        let judge = |new: &StateHeader| judge_write(Some((&empty, &digests.0)), (new, &digests.1));
        assert_eq!(judge(&header("M", 1)), WriteVerdict::Allowed);
        let lower = WriteRefusal::SerialLower { stored: Serial(5), offered: Serial(4) };
        assert_eq!(judge(&header("L", 4)), WriteVerdict::Refused(lower));
    }

    proptest! {
        #[test]
        fn within_a_lineage_exactly_the_growing_serials_are_allowed(old: u64, new: u64) {
            let allowed = judge(("L", old, "x"), ("L", new, "y")) == WriteVerdict::Allowed;
            prop_assert_eq!(allowed, new > old);
        }
    }
}
