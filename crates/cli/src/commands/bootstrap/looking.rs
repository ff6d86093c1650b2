//! How each setting stands to what is wanted.

use statelock_client::StoreError;
use statelock_client::bucket::{DefaultEncryption, Setting, VersionListingError};
use statelock_client::protocol::store::Refusal;

use super::making::{Making, OF_BUCKET};
use super::old_versions;
use super::standing::{Standing, Step};
use super::tls_policy::{self, TlsOnly};
use super::wanted;

/// How a setting stands, and what the store says that it only shows.
pub(super) type Looked = (Standing, Option<String>);

impl Making<'_> {
    /// What is there.
    pub(super) async fn look(&mut self, step: Step) -> Result<Looked, StoreError> {
        let (bucket, wanted) = (self.bucket, self.wanted);
        if !self.has_bucket && OF_BUCKET.contains(&step) && step != Step::TlsOnly {
            return Ok((Standing::NotSet, None));
        }
        match step {
            // It was looked at first of all.
            Step::Bucket => Ok((Standing::AsWanted(String::new()), None)),
            Step::Ownership => {
                let mut looked = judged(bucket.ownership().await?, |is| wanted::ownership(is))?;
                if looked.0 == Standing::NotSet && self.was_there {
                    looked.0 = wanted::no_ownership();
                }
                Ok(looked)
            }
            Step::PublicAccess => {
                judged(bucket.public_access_block().await?, |is| wanted::public_access(*is))
            }
            Step::Versioning => judged(bucket.versioning().await?, |is| wanted::versioning(*is)),
            Step::Encryption => {
                let said = bucket.encryption().await?;
                let is_dual =
                    |is: &DefaultEncryption| is.algorithm == DefaultEncryption::DUAL_LAYER;
                self.is_dual_layer = said.value().is_some_and(is_dual);
                judged(said, |is| wanted::encryption(is, wanted.kms_key.as_deref()))
            }
            Step::TlsOnly => self.look_at_policy().await,
            Step::OldVersions => self.look_at_rules().await,
            Step::LockTable => self.look_at_table().await,
            Step::Billing => {
                Ok((self.described.as_ref().map_or(Standing::NotSet, wanted::billing), None))
            }
            Step::DeletionProtection => {
                let is_on =
                    self.described.as_ref().is_some_and(|table| table.is_deletion_protected);
                let off =
                    Standing::Different("off: the table can be deleted by mistake".to_owned());
                Ok((if is_on { Standing::AsWanted("on".to_owned()) } else { off }, None))
            }
            Step::PointInTimeRecovery => {
                let is_on = match &self.table {
                    Some(table) => table.has_point_in_time_recovery().await?,
                    None => false,
                };
                let on = Standing::AsWanted("on".to_owned());
                Ok((if is_on { on } else { Standing::NotSet }, None))
            }
        }
    }

    async fn look_at_rules(&mut self) -> Result<Looked, StoreError> {
        let rules = self.bucket.lifecycle().await?;
        let (all, old) = (rules.value().map(Vec::as_slice).unwrap_or_default(), self.wanted.old);
        let warnings = &mut self.outcome.warnings;
        warnings.extend(old_versions::dangerous_rules(all));
        warnings.extend(old_versions::shorter_rules(all, old));
        let looked = judged(rules, |is| old_versions::judge(is, old))?;
        if looked.0 == Standing::NotSet && self.may_lose_versions().await? {
            return Ok((Standing::Different(old_versions::FOR_EVER.to_owned()), looked.1));
        }
        Ok(looked)
    }

    /// Whether a rule could remove versions that somebody keeps. A bucket without any is as good as new: an
    /// earlier run may have broken off in it.
    async fn may_lose_versions(&self) -> Result<bool, StoreError> {
        if !self.was_there {
            return Ok(false);
        }
        let mut pages = self.bucket.object_versions("");
        loop {
            match pages.next_page().await {
                Ok(None) => return Ok(false),
                Ok(Some(page)) if page.is_empty() => {}
                // Who may not look, or does not understand the answer, does not know.
                Ok(Some(_))
                | Err(
                    VersionListingError::Store(StoreError::Refused {
                        refusal: Refusal::Denied | Refusal::Unsupported,
                        ..
                    })
                    | VersionListingError::OutOfOrder { .. }
                    | VersionListingError::NoContinuation
                    | VersionListingError::Key(_),
                ) => return Ok(true),
                Err(VersionListingError::Store(error)) => return Err(error),
            }
        }
    }

    async fn look_at_policy(&mut self) -> Result<Looked, StoreError> {
        let is_safe = self.bucket.is_reached_by_tls().await? || self.wanted.insists_on_tls;
        let policy = if self.has_bucket { self.bucket.policy().await? } else { Setting::NotSet };
        let name = self.bucket.name().as_str();
        let region = self.outcome.region.clone();
        let lacking = match tls_policy::judge(None, name, &region) {
            TlsOnly::Lacking { merged, .. } => merged,
            TlsOnly::Denied | TlsOnly::Unusable(_) => String::new(),
        };
        let judge = |policy: &String| tls_policy::judge(Some(policy), name, &region);
        let found = policy.value().map(judge);
        let (standing, not_applied) = judged(policy, |_| match &found {
            Some(TlsOnly::Denied) => {
                Standing::AsWanted("requests without TLS are denied".to_owned())
            }
            Some(TlsOnly::Unusable(why)) => Standing::Impossible(why.clone()),
            Some(TlsOnly::Lacking { .. }) | None => Standing::NotSet,
        })?;
        self.policy = match found {
            Some(TlsOnly::Lacking { merged, .. }) => merged,
            Some(TlsOnly::Denied | TlsOnly::Unusable(_)) | None => lacking,
        };
        if standing == Standing::NotSet && !is_safe {
            let why = "the store is reached without TLS, and would refuse you; --tls-only sets it nevertheless";
            return Ok((Standing::NotHere(why.to_owned()), None));
        }
        Ok((standing, not_applied))
    }

    async fn look_at_table(&mut self) -> Result<Looked, StoreError> {
        let Some(table) = &self.table else { return Ok((Standing::NotSet, None)) };
        let described = match table.describe().await {
            Err(StoreError::Refused { refusal: Refusal::NoSuchTable, .. }) => {
                return Ok((Standing::NotSet, None));
            }
            // One that an earlier run has made may not be ready yet.
            Ok(described) if described.has_lock_key() && !self.wanted.is_dry => {
                table.ready().await?
            }
            other => other?,
        };
        let standing = match wanted::lock_table(&described) {
            Standing::AsWanted(is) => {
                self.described = Some(described);
                Standing::AsWanted(format!("{}: {is}", table.name()))
            }
            other => other,
        };
        Ok((standing, None))
    }
}

/// How a setting stands; one that may not be asked for cannot be judged.
fn judged<T>(
    setting: Setting<T>,
    judge: impl FnOnce(&T) -> Standing,
) -> Result<Looked, StoreError> {
    match setting {
        Setting::Set { value, not_applied } => Ok((judge(&value), not_applied)),
        Setting::NotSet => Ok((Standing::NotSet, None)),
        Setting::Unsupported(_) => {
            Ok((Standing::NotHere("this store has no such setting".to_owned()), None))
        }
        Setting::NotPermitted(trouble) => {
            Err(StoreError::Refused { refusal: Refusal::Denied, trouble })
        }
    }
}
