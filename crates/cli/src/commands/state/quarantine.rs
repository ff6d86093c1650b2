//! `statelock state quarantine`: the writes of a state that the write guard refused.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

use super::StateError;
use super::shown::utc;
use crate::address::AddressArgs;
use crate::admin_client::{AdminClient, AdminClientError, REQUEST_TIMEOUT, ServerArgs};
use crate::output;

/// Look at writes of a state that were refused. Their bytes are kept: the newest hundred of each state.
#[derive(Debug, Args)]
pub(super) struct QuarantineArgs {
    #[command(subcommand)]
    command: QuarantineCommand,
}

#[derive(Debug, Subcommand)]
enum QuarantineCommand {
    List(ListArgs),
    Get(GetArgs),
}

/// List them, newest first.
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    address: AddressArgs,

    #[command(flatten)]
    server: ServerArgs,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Print one of them, byte for byte.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  statelock state quarantine get s3://tfstate/app/terraform.tfstate --version-id ID > refused.tfstate")]
struct GetArgs {
    #[command(flatten)]
    address: AddressArgs,

    #[command(flatten)]
    server: ServerArgs,

    /// Its id, as the refusal and the list name it.
    #[arg(long, value_name = "ID")]
    version_id: String,
}

#[derive(Deserialize)]
struct Quarantine {
    refused: Vec<Value>,
}

/// Shows what the server keeps.
pub(super) fn run(args: &QuarantineArgs) -> Result<(), StateError> {
    match &args.command {
        QuarantineCommand::List(args) => list(args),
        QuarantineCommand::Get(args) => get(args),
    }
}

fn list(args: &ListArgs) -> Result<(), StateError> {
    let (client, query) = prepare(&args.server, &args.address)?;
    let document: Value = client.get("quarantine", &query, REQUEST_TIMEOUT)?;
    let text = if args.json { format!("{document}\n") } else { lines(&document) };
    output::data(&text).map_err(StateError::Stdout)
}

fn get(args: &GetArgs) -> Result<(), StateError> {
    let (client, mut query) = prepare(&args.server, &args.address)?;
    query.push(("version", args.version_id.clone()));
    let mut body = client.open("quarantine/body", &query, REQUEST_TIMEOUT)?;
    output::stream(&mut body).map_err(StateError::Stdout)
}

type Query = Vec<(&'static str, String)>;

fn prepare(server: &ServerArgs, address: &AddressArgs) -> Result<(AdminClient, Query), StateError> {
    let state = address.state().ok_or(StateError::NoAddress)?;
    let client = AdminClient::new(server).map_err(AdminClientError::from)?;
    let key = state.object_key();
    let query =
        vec![("bucket", state.bucket().as_str().to_owned()), ("key", key.as_str().to_owned())];
    Ok((client, query))
}

/// One line each: id, when, size, serial, who, why.
fn lines(document: &Value) -> String {
    let refused = Quarantine::deserialize(document).map(|document| document.refused);
    refused.unwrap_or_default().iter().map(line).collect()
}

fn line(body: &Value) -> String {
    let text = |value: &Value| value.as_str().map(output::printable);
    let id = text(&body["version"]).unwrap_or_default();
    let time = body["refused_micros"].as_u64().and_then(utc).unwrap_or_default();
    let size = body["size"].as_u64().unwrap_or_default();
    let serial = body["facts"]["serial"].as_u64();
    let serial = serial.map_or_else(|| "no state".to_owned(), |serial| format!("serial {serial}"));
    let writer = &body["writer"];
    let by = text(&writer["who"]).or_else(|| text(&writer["principal"])).unwrap_or_default();
    let reason = text(&body["reason"]).unwrap_or_default();
    format!("{id}  {time}  {size} bytes  {serial}  {by}  {reason}\n")
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_refused_body_is_one_line() {
        let document = serde_json::json!({ "schema": 1, "refused": [
            {
                "version": "00ab", "refused_micros": 1_700_000_000_000_000_u64, "size": 12,
                "reason": "the stored\nstate is newer", "facts": { "kind": "state", "serial": 4 },
                "writer": { "principal": "KEY", "who": "you@laptop" },
            },
            { "version": "00aa", "refused_micros": 0, "size": 0, "reason": "none", "facts": { "kind": "empty" } },
        ]});
        assert_eq!(
            lines(&document),
            "00ab  2023-11-14 22:13:20 UTC  12 bytes  serial 4  you@laptop  the stored\\nstate is newer\n\
             00aa  1970-01-01 00:00:00 UTC  0 bytes  no state    none\n"
        );
    }
}
