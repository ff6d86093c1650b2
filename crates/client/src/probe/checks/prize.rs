//! What many writers at once are after.

use crate::probe::operation::Operation;
use crate::probe::seat::Service;

/// What the writers of a round want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Prize {
    /// A key that never was.
    FreshKey,
    /// The same in two rounds, and in the next two one whose lock was just released.
    FreshOrFreedKey,
    /// A key with a delete marker.
    DeletedKey,
    /// To replace what is there.
    Replacement,
    /// An item that never was.
    Item,
}

impl Prize {
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::FreshKey | Self::FreshOrFreedKey => Operation::PutIfAbsentConcurrent,
            Self::DeletedKey => Operation::PutIfAbsentAfterDeleteMarkerConcurrent,
            Self::Replacement => Operation::PutIfMatchConcurrent,
            Self::Item => Operation::ItemPutIfAbsentConcurrent,
        }
    }

    pub(super) fn service(self) -> Service {
        match self {
            Self::FreshKey | Self::FreshOrFreedKey | Self::DeletedKey | Self::Replacement => {
                Service::Objects
            }
            Self::Item => Service::Tables,
        }
    }

    /// Whether somebody has the key first, and lets go of it, in the round with this number.
    pub(super) fn is_freed(self, number: usize) -> bool {
        match self {
            Self::DeletedKey => true,
            // Of both kinds one round holds whole requests, and one their last bytes.
            Self::FreshOrFreedKey => number % 4 >= 2,
            Self::FreshKey | Self::Replacement | Self::Item => false,
        }
    }
}
