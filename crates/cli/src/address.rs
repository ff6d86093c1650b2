//! Which state a command is about.

use clap::Args;
use statelock_protocol::state::{StateAddress, StateKey, WorkspaceKeyPrefix, WorkspaceName};
use statelock_protocol::store::BucketName;

/// The arguments that name a state, or none.
#[derive(Clone, Debug, Args)]
pub(crate) struct AddressArgs {
    /// State: s3://BUCKET/KEY, with the `key` of the backend configuration.
    #[arg(value_name = "ADDRESS", value_parser = backend_address)]
    address: Option<BackendAddress>,

    /// Workspace of that backend, if it is not the default one.
    #[arg(long, value_name = "NAME", requires = "address", value_parser = workspace)]
    workspace: Option<WorkspaceName>,

    /// What the keys of named workspaces start with, if it is configured.
    #[arg(long, value_name = "PREFIX", requires = "workspace", value_parser = workspace_key_prefix)]
    workspace_key_prefix: Option<WorkspaceKeyPrefix>,
}

/// Bucket and key of a backend configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackendAddress {
    bucket: BucketName,
    key: StateKey,
}

impl AddressArgs {
    /// The state, if one was named.
    pub(crate) fn state(&self) -> Option<StateAddress> {
        let prefix = self.workspace_key_prefix.clone();
        Some(self.address.clone()?.in_workspace(self.workspace.clone(), prefix))
    }
}

impl BackendAddress {
    /// The state of a workspace of this backend; of the default one if none is named. The prefix is the
    /// backend's, and says where all its workspaces are, whichever of them is named.
    pub(crate) fn in_workspace(
        self,
        workspace: Option<WorkspaceName>,
        prefix: Option<WorkspaceKeyPrefix>,
    ) -> StateAddress {
        StateAddress::new(self.bucket, self.key)
            .in_workspace(workspace.unwrap_or_default(), prefix.unwrap_or_default())
    }
}

/// Reads `s3://BUCKET/KEY`.
///
/// # Errors
/// What the text is instead.
pub(crate) fn backend_address(text: &str) -> Result<BackendAddress, String> {
    let form = "not of the form s3://BUCKET/KEY";
    let rest = text.strip_prefix("s3://").ok_or(form)?;
    let (bucket, key) = rest.split_once('/').ok_or(form)?;
    if bucket.is_empty() {
        return Err(form.to_owned());
    }
    let key = StateKey::parse(key).map_err(|error| format!("no address: {error}"))?;
    Ok(BackendAddress { bucket: BucketName::new(bucket), key })
}

/// Reads a workspace's name.
///
/// # Errors
/// Why it is none.
pub(crate) fn workspace(text: &str) -> Result<WorkspaceName, String> {
    WorkspaceName::parse(text).map_err(|error| error.to_string())
}

/// Reads a workspace key prefix.
///
/// # Errors
/// Why it is none.
pub(crate) fn workspace_key_prefix(text: &str) -> Result<WorkspaceKeyPrefix, String> {
    WorkspaceKeyPrefix::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(address: &str, workspace: Option<&str>) -> String {
        let args = AddressArgs {
            address: Some(backend_address(address).unwrap()),
            workspace: workspace.map(|name| WorkspaceName::parse(name).unwrap()),
            workspace_key_prefix: None,
        };
        args.state().unwrap().to_string()
    }

    #[test]
    fn an_address_is_a_bucket_and_a_key() {
        assert_eq!(state("s3://tfstate/a/b.tfstate", None), "s3://tfstate/a/b.tfstate");
        assert_eq!(state("s3://tfstate/a", Some("dev")), "s3://tfstate/env:/dev/a");
        assert_eq!(state("s3://tfstate/a", Some("default")), "s3://tfstate/a");
    }

    #[test]
    fn a_prefix_is_kept_without_a_workspace() {
        let prefix = WorkspaceKeyPrefix::parse("teams").unwrap();
        let address = backend_address("s3://tfstate/a").unwrap();
        let state = address.clone().in_workspace(None, Some(prefix.clone()));
        assert_eq!(state.workspace_key_prefix(), &prefix);
        assert_eq!(state.to_string(), "s3://tfstate/a");
        assert_eq!(address.in_workspace(None, None).workspace_key_prefix().as_str(), "env:");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "tfstate/a", "s3://", "s3://tfstate", "s3:///a", "s3://b/", "s3://b/a/"] {
            assert!(backend_address(text).is_err(), "{text}");
        }
    }
}
