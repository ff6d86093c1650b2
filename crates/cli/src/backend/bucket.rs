//! A bucket, or a part of it: what verbs that are about many states are about.

use statelock_client::listing::ListingScope;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::BucketName;
use statelock_client::{Connection, ObjectSettings, StoreSettings};

use super::{BackendArgs, BackendError, Resolved};

/// Many states, and how their stores are reached.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedBucket {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// Which states in it.
    pub(crate) scope: ListingScope,
    /// How they are locked, as the options or the configuration say.
    pub(crate) mode: LockMode,
    warnings: Vec<String>,
    stores: StoreSettings,
    objects: ObjectSettings,
}

impl BackendArgs {
    /// The states of an address: `s3://BUCKET` or `s3://BUCKET/PREFIX`; or a directory in which Terraform
    /// runs, for all workspaces of its backend. Without an address: the working directory.
    ///
    /// # Errors
    /// The address, the configuration or an option cannot be used.
    pub(crate) fn resolve_bucket(
        &self,
        address: Option<&str>,
    ) -> Result<ResolvedBucket, BackendError> {
        match address {
            Some(address) if address.contains("://") => self.part_of_bucket(address),
            Some(_) | None => self.all_workspaces(address),
        }
    }

    fn part_of_bucket(&self, address: &str) -> Result<ResolvedBucket, BackendError> {
        let error = |problem: &str| BackendError::Bucket(address.to_owned(), problem.to_owned());
        let rest = address.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(error("not of the form s3://BUCKET[/PREFIX]"));
        }
        if !self.backend_config.is_empty() {
            return Err(BackendError::OptionWithUrl);
        }
        if self.names_a_workspace() {
            return Err(error("a part of a bucket, in which --workspace names nothing"));
        }
        Ok(ResolvedBucket {
            bucket: BucketName::new(bucket),
            scope: ListingScope::Prefix(prefix.to_owned()),
            mode: self.mode().unwrap_or(LockMode::Lockfile),
            warnings: Vec::new(),
            stores: self.stores(),
            objects: self.objects(ObjectSettings::default()),
        })
    }

    fn all_workspaces(&self, directory: Option<&str>) -> Result<ResolvedBucket, BackendError> {
        let Resolved { settings, warnings, .. } = self.resolve(directory)?;
        let key = settings.address.state_key().clone();
        let prefix = settings.address.workspace_key_prefix().clone();
        Ok(ResolvedBucket {
            bucket: settings.address.bucket().clone(),
            scope: ListingScope::Workspaces { key, prefix },
            mode: settings.mode,
            warnings,
            stores: settings.stores,
            objects: settings.objects,
        })
    }
}

impl ResolvedBucket {
    /// Prepares the connection, after saying what there is to say. Nothing is sent to the stores.
    ///
    /// # Errors
    /// [`BackendError::Connect`].
    pub(crate) async fn connect(&self) -> Result<Connection, BackendError> {
        for warning in &self.warnings {
            crate::output::warning(warning);
        }
        Ok(Connection::open(&self.stores, &self.objects).await?)
    }
}
