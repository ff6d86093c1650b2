//! Whose account it is, and how long the credentials last.

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;

use crate::connection::Connection;
use crate::error::{ConnectError, StoreError};
use crate::system;
use crate::transport::failure::failed;

/// Who asks, as the store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account.
    pub account: String,
    /// The user, or the assumed role.
    pub arn: String,
    /// Its unique id.
    pub user_id: String,
}

impl Connection {
    /// Asks who these credentials are of (STS `GetCallerIdentity`, which needs no permission). Changes nothing; may
    /// be dropped at any time.
    ///
    /// # Errors
    /// The credentials are not valid, or there is no answer: stores that are not AWS often have no STS.
    pub async fn caller_identity(&self) -> Result<CallerIdentity, StoreError> {
        let sent = Box::pin(self.identity().get_caller_identity().send()).await;
        let output = sent.map_err(|error| failed("STS", "GetCallerIdentity", &error))?;
        Ok(CallerIdentity {
            account: output.account.unwrap_or_default(),
            arn: output.arn.unwrap_or_default(),
            user_id: output.user_id.unwrap_or_default(),
        })
    }

    /// How long the credentials that are used now go on working; `None` if they do not end. Zero if they have
    /// ended.
    ///
    /// # Errors
    /// [`ConnectError::Credentials`]: they could not be had again.
    pub async fn credentials_last(&self) -> Result<Option<Duration>, ConnectError> {
        let Some(provider) = self.credentials() else { return Ok(None) };
        let had = provider.provide_credentials().await;
        let had = had.map_err(|error| ConnectError::Credentials(error.to_string()))?;
        Ok(had.expiry().map(system::time_until))
    }
}
