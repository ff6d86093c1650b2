//! `statelock bootstrap`: makes a state bucket and a lock table, as they should be.

mod error;
mod looking;
mod making;
mod old_versions;
mod report;
mod standing;
mod terraform;
mod tls_policy;
mod wanted;

use std::path::PathBuf;

use clap::Args;
use statelock_client::bucket::{Bucket, OldVersions};
use statelock_client::{Connection, ObjectSettings, StoreSettings, without_user};
use statelock_protocol::store::BucketName;

pub(crate) use error::BootstrapError;

use crate::backend::{self, BackendError};
use crate::output;
use making::Outcome;
use standing::Ending;
use wanted::Wanted;

/// After so many days an upload in parts that was not finished is given up.
const UPLOADS_KEPT_DAYS: u32 = 7;

/// Make a bucket for state, and a lock table if one is named.
///
/// Versions are kept, objects encrypted, nothing is public, and requests without TLS are denied; old versions
/// go in the end. What is there already and other than wanted is kept and named. May be repeated: what is done
/// is found done.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "Examples:
  statelock bootstrap s3://acme-tfstate --region eu-central-1 --dry-run
  statelock bootstrap s3://acme-tfstate --region eu-central-1
  statelock bootstrap s3://acme-tfstate --dynamodb-table terraform-locks
  statelock bootstrap s3://acme-tfstate --kms-key-id alias/state --noncurrent-days 365
  statelock bootstrap s3://acme-tfstate --region eu-central-1 --terraform > state-bucket.tf")]
pub(crate) struct BootstrapArgs {
    /// Bucket: s3://BUCKET.
    #[arg(value_name = "ADDRESS", value_parser = bucket)]
    bucket: BucketName,

    /// Make this DynamoDB table too, for clients that lock by one.
    #[arg(long, value_name = "TABLE")]
    dynamodb_table: Option<String>,

    /// Let the table be restored to any moment of the last weeks.
    #[arg(long, requires = "dynamodb_table")]
    point_in_time_recovery: bool,

    /// Encrypt with this KMS key instead of the store's own.
    #[arg(long, value_name = "KEY")]
    kms_key_id: Option<String>,

    /// How many days old versions stay.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    noncurrent_days: u32,

    /// How many of the newest old versions of each object stay for longer; at most 100.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=100))]
    keep_versions: u32,

    /// Change what is there and other than wanted.
    #[arg(long)]
    change_existing: bool,

    /// Deny requests without TLS although the store is reached without.
    #[arg(long)]
    tls_only: bool,

    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,

    /// Print Terraform code for the same and its backend block, and ask the store nothing.
    #[arg(long, conflicts_with_all = ["dry_run", "json", "change_existing"])]
    terraform: bool,

    /// Print what was found and done as JSON.
    #[arg(long)]
    json: bool,

    /// Region of bucket and table [env: AWS_REGION].
    #[arg(long, value_name = "REGION", help_heading = "Backend")]
    region: Option<String>,

    /// Profile in the shared configuration files [env: AWS_PROFILE].
    #[arg(long, value_name = "NAME", help_heading = "Backend")]
    profile: Option<String>,

    /// Where S3 and DynamoDB are, if not at AWS [env: AWS_ENDPOINT_URL]. A user and a password in it are not sent.
    #[arg(long, value_name = "URL", help_heading = "Backend")]
    endpoint_url: Option<String>,

    /// Name the bucket in the path of a URL, not in its host.
    #[arg(long, help_heading = "Backend")]
    use_path_style: bool,

    /// Root certificates, PEM [env: AWS_CA_BUNDLE].
    #[arg(long, value_name = "FILE", help_heading = "Backend")]
    custom_ca_bundle: Option<PathBuf>,
}

/// Reads `s3://BUCKET`.
fn bucket(text: &str) -> Result<BucketName, String> {
    let form = || "not of the form s3://BUCKET".to_owned();
    let name = text.strip_prefix("s3://").ok_or_else(form)?;
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.contains('/') {
        return Err("a bucket is made as a whole: s3://BUCKET, without a key".to_owned());
    }
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let has_ends = is_end(name.chars().next()) && is_end(name.chars().next_back());
    if !(3..=63).contains(&name.len()) || !name.chars().all(is_known) || !has_ends {
        return Err("no name of a bucket: 3 to 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends".to_owned());
    }
    Ok(BucketName::new(name))
}

impl BootstrapArgs {
    fn wanted(&self) -> Wanted {
        Wanted {
            bucket: self.bucket.as_str().to_owned(),
            kms_key: self.kms_key_id.clone(),
            old: OldVersions {
                kept_days: self.noncurrent_days,
                kept_newest: self.keep_versions,
                uploads_kept_days: UPLOADS_KEPT_DAYS,
            },
            table: self.dynamodb_table.clone(),
            recovers_table: self.point_in_time_recovery,
            changes_existing: self.change_existing,
            is_dry: self.dry_run,
            insists_on_tls: self.tls_only,
        }
    }

    fn stores(&self) -> StoreSettings {
        StoreSettings {
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            use_path_style: self.use_path_style.then_some(true),
            custom_ca_bundle: self.custom_ca_bundle.clone(),
            ..StoreSettings::default()
        }
    }

    /// The region, where it is said without a configuration file.
    fn said_region(&self) -> Option<String> {
        let variable = |name| std::env::var(name).ok().filter(|region| !region.is_empty());
        let named = self.region.clone();
        named.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"))
    }

    /// The endpoint of the store, if it is not Amazon S3. Without a user: a block is pasted, and read by others.
    fn endpoint(&self) -> Option<String> {
        let variable = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
        let named = self.endpoint_url.clone();
        let named = named
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"));
        named.map(|url| without_user(&url))
    }
}

/// Makes what is asked for.
///
/// # Errors
/// [`BootstrapError`]
pub(crate) fn run(args: &BootstrapArgs) -> Result<(), BootstrapError> {
    let wanted = args.wanted();
    if args.terraform
        && let Some(region) = args.said_region()
    {
        return print_code(args, &wanted, &region);
    }
    let outcome = backend::runtime()?.block_on(async {
        let stores = args.stores();
        let connection = Connection::open(&stores, &ObjectSettings::default()).await;
        let connection = connection.map_err(BackendError::Connect)?;
        let bucket = Bucket::new(connection.clone(), args.bucket.clone());
        if args.terraform {
            return print_code(args, &wanted, &bucket.asked_region()).map(|()| None);
        }
        Box::pin(making::run(&connection, &bucket, &wanted)).await.map(Some)
    })?;
    match outcome {
        Some(outcome) => tell(args, &wanted, outcome),
        None => Ok(()),
    }
}

fn print_code(args: &BootstrapArgs, wanted: &Wanted, region: &str) -> Result<(), BootstrapError> {
    let block = terraform::backend(wanted, region, args.endpoint().as_deref());
    let commented = format!("# {}\n", block.trim_end().replace('\n', "\n# "));
    let head = "# The backend of root modules whose state is in this bucket:\n#\n";
    let code = format!("{}\n{head}{commented}", terraform::resources(wanted));
    output::data(&code).map_err(BootstrapError::Stdout)
}

fn tell(args: &BootstrapArgs, wanted: &Wanted, outcome: Outcome) -> Result<(), BootstrapError> {
    let text = if args.json {
        report::json(wanted, &outcome).map_err(BootstrapError::Json)?
    } else {
        report::text(&outcome)
    };
    output::data(&text).map_err(BootstrapError::Stdout)?;
    for warning in &outcome.warnings {
        output::warning(&output::printable(warning));
    }
    if let Some(failure) = outcome.failure {
        let failed = outcome.ended.iter().filter(|one| one.ending == Ending::Failed);
        let steps = failed.map(|one| one.step.words()).collect();
        return Err(BootstrapError::Steps { steps, failure });
    }
    if let Some(note) = report::note(&outcome) {
        output::note(note);
    }
    if !wanted.is_dry && !args.json {
        let block = terraform::backend(wanted, &outcome.region, args.endpoint().as_deref());
        output::text(&format!("\nThe backend of a root module whose state is in it:\n\n{block}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn a_bucket_is_named_as_a_whole() {
        for text in ["s3://acme-tfstate", "s3://acme-tfstate/", "s3://a.b"] {
            assert!(bucket(text).is_ok(), "{text}");
        }
        for text in ["acme", "s3://", "s3://ab", "s3://a/b", "s3://Acme", "s3://-acme", "s3://a_b"]
        {
            assert!(bucket(text).is_err(), "{text}");
        }
    }
}
