//! `statelock state allow-overwrite`: permits one write that the write guard would refuse.

use clap::Args;
use serde::Deserialize;

use super::StateError;
use super::shown::utc;
use crate::address::AddressArgs;
use crate::admin_client::{AdminClient, AdminClientError, REQUEST_TIMEOUT, ServerArgs};
use crate::{output, span};

/// A server permits nothing for longer.
const SECONDS_MAX: u64 = 24 * 60 * 60;

/// Permit one write of a state that the write guard would refuse: a lower serial, another lineage, no
/// state at all.
///
/// The first write that needs it uses it up; it ends by itself, and it never lifts a lock. The
/// permission and its use are in the audit log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock state allow-overwrite s3://tfstate/app/terraform.tfstate --for 5m --reason 'rollback, #123'
  terraform state push -force good.tfstate")]
pub(super) struct AllowOverwriteArgs {
    #[command(flatten)]
    address: AddressArgs,

    #[command(flatten)]
    server: ServerArgs,

    /// For how long: a span such as 90s, 5m or 1h, at most 24h.
    #[arg(long = "for", value_name = "SPAN", value_parser = seconds)]
    seconds: u64,

    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Permission {
    until_micros: u64,
}

/// Asks the server to permit it.
pub(super) fn run(args: &AllowOverwriteArgs) -> Result<(), StateError> {
    let state = args.address.state().ok_or(StateError::NoAddress)?;
    let client = AdminClient::new(&args.server).map_err(AdminClientError::from)?;
    let request = serde_json::json!({
        "bucket": state.bucket().as_str(),
        "key": state.object_key().as_str(),
        "seconds": args.seconds,
        "reason": args.reason,
    });
    let answer: serde_json::Value = client.post("allow-overwrite", &request, REQUEST_TIMEOUT)?;
    let text = if args.json {
        format!("{answer}\n")
    } else {
        let until = Permission::deserialize(&answer)
            .ok()
            .and_then(|permission| utc(permission.until_micros))
            .unwrap_or_else(|| "its time is over".to_owned());
        let state = output::printable(&state.to_string());
        format!("One write of {state} may break the write rule, until {until}.\n")
    };
    output::data(&text).map_err(StateError::Stdout)
}

fn seconds(text: &str) -> Result<u64, String> {
    match span::seconds(text) {
        Some(seconds) if (1..=SECONDS_MAX).contains(&seconds) => Ok(seconds),
        Some(_) => Err("not between 1s and 24h".to_owned()),
        None => Err("not a span such as 90s, 5m or 1h".to_owned()),
    }
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("a reason is needed".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{reason, seconds};

    #[test]
    fn a_permission_is_short_and_has_a_reason() {
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("24h"), Ok(86_400));
        for text in ["0s", "25h", "2d", "5", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(reason(" rollback "), Ok("rollback".to_owned()));
        assert!(reason("  ").is_err());
    }
}
