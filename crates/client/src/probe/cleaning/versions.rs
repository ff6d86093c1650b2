//! Versions and delete markers, by their ids.

use statelock_protocol::store::{ObjectKey, Refusal};

use super::{Cleaned, Cleaning, Left, LeftThing, PASSES};
use crate::bucket::{REMOVALS_MAX, RemovalWay, VersionListingError, VersionName};
use crate::error::StoreError;
use crate::system;

/// What a store shows of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All; what could not be removed is noted.
    All,
    /// None, and it may be that it shows none of what it has.
    Nothing,
    /// It does not list them.
    NotListed(VersionListingError),
}

/// Why versions may be left that are not listed; `None` where there can be none.
pub(super) fn may_be_left(
    keeps_versions: Option<bool>,
    error: &VersionListingError,
) -> Option<String> {
    let has_none = match error {
        VersionListingError::Store(StoreError::Refused { refusal, .. }) => {
            *refusal == Refusal::Unsupported
        }
        // It answers what was not asked: it does not know of versions.
        VersionListingError::Store(StoreError::Unknown(trouble)) => trouble.status == Some(200),
        VersionListingError::OutOfOrder { .. }
        | VersionListingError::NoContinuation
        | VersionListingError::Key(_) => false,
    };
    match keeps_versions {
        Some(false) => None,
        None if has_none => None,
        Some(true) => Some(format!("its versions are not listed: {error}")),
        None => Some(format!("there may be versions, and they are not listed: {error}")),
    }
}

impl Cleaning<'_> {
    /// Removes versions and delete markers, as far as the store shows them.
    pub(super) async fn versions(
        &self,
        is_meant: &dyn Fn(&str) -> bool,
        cleaned: &mut Cleaned,
    ) -> Shown {
        let mut refused = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let found = match self.listed_versions().await {
                Ok(found) => found,
                Err(error) if pass == 0 => return Shown::NotListed(error),
                Err(error) => {
                    cleaned.left.push(self.everything(error.to_string()));
                    return Shown::All;
                }
            };
            if pass == 0 && found.is_empty() && self.keeps_versions != Some(true) {
                return Shown::Nothing;
            }
            let names: Vec<_> =
                found.into_iter().filter(|name| is_meant(name.key.as_str())).collect();
            if names.is_empty() {
                return Shown::All;
            }
            refused.clear();
            for batch in names.chunks(REMOVALS_MAX) {
                match self.bucket.remove_versions(batch, RemovalWay::Many).await {
                    Ok(removal) => {
                        let removed = batch.len().saturating_sub(removal.refused.len());
                        cleaned.objects += u64::try_from(removed).unwrap_or(u64::MAX);
                        refused.extend(removal.refused.into_iter().map(|one| Left {
                            why: format!("{}: {}", one.code, one.message),
                            what: of_version(one.version),
                        }));
                    }
                    Err(error) => refused.extend(batch.iter().map(|name| {
                        let why = error.to_string();
                        Left { what: of_version(name.clone()), why }
                    })),
                }
            }
            if !refused.is_empty() && pass > 0 {
                break;
            }
        }
        cleaned.left.append(&mut refused);
        Shown::All
    }

    async fn listed_versions(&self) -> Result<Vec<VersionName>, VersionListingError> {
        let mut versions = self.bucket.object_versions(self.base);
        let mut found = Vec::new();
        while let Some(page) = versions.next_page().await? {
            // Some stores do not look at the prefix.
            let ours = page.into_iter().filter(|one| one.key.as_str().starts_with(self.base));
            found.extend(ours.map(|one| VersionName { key: one.key, id: one.id }));
        }
        Ok(found)
    }
}

fn of_version(VersionName { key, id }: VersionName) -> LeftThing {
    let key = ObjectKey::as_str(&key).to_owned();
    LeftThing::Object { key, version_id: Some(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Trouble;

    fn trouble(status: Option<u16>) -> Trouble {
        Trouble {
            service: "S3",
            operation: "ListObjectVersions",
            endpoint: None,
            status,
            code: None,
            message: "no".into(),
            request_id: None,
            was_sent: true,
        }
    }

    fn refused(refusal: Refusal) -> VersionListingError {
        StoreError::Refused { refusal, trouble: trouble(Some(403)) }.into()
    }

    #[test]
    fn versions_that_are_not_listed_may_be_left_unless_there_are_none() {
        let unknown = |status| StoreError::Unknown(trouble(status)).into();
        let cases: [(VersionListingError, bool); 6] = [
            (refused(Refusal::Denied), true),
            (refused(Refusal::Unsupported), false),
            (unknown(Some(200)), false),
            (unknown(Some(500)), true),
            (unknown(None), true),
            (VersionListingError::NoContinuation, true),
        ];
        for (error, has_some) in cases {
            assert_eq!(may_be_left(None, &error).is_some(), has_some, "{error:?}");
            assert!(may_be_left(Some(true), &error).is_some(), "{error:?}");
            assert_eq!(may_be_left(Some(false), &error), None, "{error:?}");
        }
    }
}
