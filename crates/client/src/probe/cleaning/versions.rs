//! Versions and delete markers, by their ids.

use statelock_protocol::store::ObjectKey;

use super::{Cleaned, Cleaning, Left, LeftThing, PASSES};
use crate::bucket::{REMOVALS_MAX, RemovalWay, VersionListingError, VersionName};
use crate::error::StoreError;
use crate::system;

impl Cleaning<'_> {
    /// Removes versions and delete markers; whether the store shows them at all.
    pub(super) async fn versions(
        &self,
        is_meant: &dyn Fn(&str) -> bool,
        cleaned: &mut Cleaned,
    ) -> bool {
        let mut refused = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let found = match self.listed_versions().await {
                Ok(found) => found,
                Err(VersionListingError::Store(StoreError::Refused { .. })) if pass == 0 => {
                    return false;
                }
                Err(error) => {
                    let what = LeftThing::Everything { prefix: self.base.to_owned() };
                    cleaned.left.push(Left { what, why: error.to_string() });
                    return true;
                }
            };
            let names: Vec<_> =
                found.into_iter().filter(|name| is_meant(name.key.as_str())).collect();
            if names.is_empty() {
                return true;
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
        true
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
