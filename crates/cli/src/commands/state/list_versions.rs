//! `statelock state list-versions`: what a bucket keeps of a state.

use clap::Args;
use futures::StreamExt as _;
use serde_json::{Value, json};
use statelock_client::StoreError;
use statelock_client::state::{HeaderGlimpse, StateObject, StateVersion, VersionKind, Versioning};

use super::StateError;
use super::failure::StateFailure;
use super::shown::utc;
use crate::backend::{self, BackendArgs};
use crate::exit_code::ExitCode;
use crate::output;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;
/// How many versions are looked into at a time.
const GLIMPSES_AT_ONCE: usize = 8;

/// List the versions of a state that the bucket keeps, newest first.
///
/// Of each, the first 64 KiB are read, for serial and lineage.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock state list-versions
  statelock state list-versions s3://tfstate/app/terraform.tfstate --limit 500 --json
  statelock state pull --version-id ID > yesterday.tfstate")]
pub(super) struct ListVersionsArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .]
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    #[command(flatten)]
    backend: BackendArgs,

    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

type Seen = (StateVersion, HeaderGlimpse);

/// Reads and prints.
pub(super) fn run(args: &ListVersionsArgs) -> Result<(), StateError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let runtime = backend::runtime()?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let text = runtime.block_on(async {
        let state = resolved.connect().await?.state();
        let (versions, has_more) = versions(&state, limit).await?;
        if versions.is_empty() {
            let hint = "check key and workspace";
            let message = "there is no state, and no version of one";
            let failure = StateFailure::new(message, ExitCode::NotFound, hint);
            return Err(StateError::from(failure));
        }
        let versioning = state.versioning().await;
        tell(&versioning, &versions);
        if has_more {
            output::note(&format!("there are more than {limit}; see them with --limit"));
        }
        let looked = futures::stream::iter(versions).map(|version| look(&state, version));
        let seen: Vec<Seen> = looked.buffered(GLIMPSES_AT_ONCE).collect().await;
        Ok(if args.json { document(&state, versioning.ok(), &seen) } else { table(&seen) })
    })?;
    output::data(&text).map_err(StateError::Stdout)
}

/// At most so many, and whether there are more.
async fn versions(
    state: &StateObject,
    limit: usize,
) -> Result<(Vec<StateVersion>, bool), StateError> {
    let mut found = Vec::new();
    let mut pages = state.versions();
    while found.len() <= limit {
        let page = pages.next_page().await.map_err(|error| StateFailure::of_store(&error))?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok((found, has_more))
}

/// Says whether what is overwritten is kept.
fn tell(versioning: &Result<Versioning, StoreError>, versions: &[StateVersion]) {
    match versioning {
        Ok(Versioning::Enabled) => {}
        Ok(Versioning::Off) => {
            output::note("the bucket keeps no versions: what is overwritten is gone");
        }
        Ok(Versioning::Suspended) => {
            output::note("the bucket keeps no more versions, only those that it has");
        }
        // What was written without versions has this id.
        Err(error) if versions.iter().all(|version| version.id == "null") => {
            output::note(&format!(
                "the bucket seems to keep no versions, as there is none with an id; it did not say: {error}"
            ));
        }
        Err(error) => {
            output::note(&format!("whether the bucket keeps versions is not known: {error}"));
        }
    }
}

async fn look(state: &StateObject, version: StateVersion) -> Seen {
    let glimpse = match &version.kind {
        VersionKind::DeleteMarker => HeaderGlimpse::default(),
        VersionKind::Content { .. } => state.glimpse(&version.id).await.unwrap_or_else(|error| {
            let id = output::printable(&version.id);
            output::warning(&format!("version {id} could not be looked into: {error}"));
            HeaderGlimpse::default()
        }),
    };
    (version, glimpse)
}

fn time(version: &StateVersion) -> Option<String> {
    utc(u64::try_from(version.last_modified?.as_micros()).ok()?)
}

fn document(state: &StateObject, versioning: Option<Versioning>, seen: &[Seen]) -> String {
    let versioning = versioning.map(|versioning| match versioning {
        Versioning::Enabled => "enabled",
        Versioning::Suspended => "suspended",
        Versioning::Off => "off",
    });
    let version = |(version, glimpse): &Seen| -> Value {
        let size_bytes = match &version.kind {
            VersionKind::Content { size_bytes, .. } => Some(*size_bytes),
            VersionKind::DeleteMarker => None,
        };
        let micros = version.last_modified.map(|time| u64::try_from(time.as_micros()).ok());
        json!({
            "version_id": version.id,
            "last_modified": time(version),
            "last_modified_micros": micros,
            "is_current": version.is_latest,
            "is_delete_marker": version.kind == VersionKind::DeleteMarker,
            "size_bytes": size_bytes,
            "serial": glimpse.serial.map(|serial| serial.0),
            "lineage": glimpse.lineage.as_ref().map(ToString::to_string),
            "terraform_version": glimpse.terraform_version,
        })
    };
    let versions: Vec<_> = seen.iter().map(version).collect();
    let (bucket, key) = (state.bucket().as_str(), state.key().as_str());
    let document = json!({
        "schema": SCHEMA, "bucket": bucket, "key": key, "versioning": versioning, "versions": versions,
    });
    format!("{document}\n")
}

/// One line each.
fn table(seen: &[Seen]) -> String {
    let head = ["", "VERSION", "TIME", "SIZE", "SERIAL", "LINEAGE", "TERRAFORM"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(seen.iter().map(row)).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row((version, glimpse): &Seen) -> [String; 7] {
    let size = match &version.kind {
        VersionKind::Content { size_bytes, .. } => size_bytes.to_string(),
        VersionKind::DeleteMarker => "deleted".to_owned(),
    };
    let or_dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or("-".into());
    [
        if version.is_latest { "*" } else { " " }.to_owned(),
        output::printable(&version.id),
        or_dash(time(version)),
        size,
        or_dash(glimpse.serial.map(|serial| serial.to_string())),
        or_dash(glimpse.lineage.as_ref().map(|lineage| output::printable(lineage.as_str()))),
        or_dash(glimpse.terraform_version.as_deref().map(output::printable)),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use statelock_client::protocol::state::{Lineage, Serial};
    use statelock_client::protocol::store::ETag;

    use super::*;

    #[test]
    fn each_version_is_one_line() {
        let content = StateVersion {
            id: "v2".to_owned(),
            last_modified: Some(Duration::from_secs(1_700_000_000)),
            is_latest: false,
            kind: VersionKind::Content { size_bytes: 1234, etag: ETag::new("e") },
        };
        let deleted = StateVersion {
            id: "v3\x1b".to_owned(),
            is_latest: true,
            kind: VersionKind::DeleteMarker,
            ..content.clone()
        };
        let glimpse = HeaderGlimpse {
            lineage: Some(Lineage::new("L")),
            serial: Some(Serial(7)),
            terraform_version: Some("1.11.4".to_owned()),
        };
        let shown = table(&[(deleted, HeaderGlimpse::default()), (content, glimpse)]);
        assert_eq!(
            shown,
            "   VERSION   TIME                     SIZE     SERIAL  LINEAGE  TERRAFORM\n\
             *  v3\\u{1b}  2023-11-14 22:13:20 UTC  deleted  -       -        -\n   \
             v2        2023-11-14 22:13:20 UTC  1234     7       L        1.11.4\n"
        );
    }
}
