//! The command line of `probe`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use statelock_client::probe::{ProbeLimits, ProbeTarget};
use statelock_client::protocol::store::{BucketName, TableName};
use statelock_client::{Encryption, ObjectSettings, Secret, StoreSettings, without_user};

use super::place::{Place, Resolved, given, place, resolved, unused, url};
use crate::shell::quoted;
use crate::span;

/// How long one request may take. Some stores let writers of one key wait for each other, a second each.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(45);

/// Find out whether a store does what a lock needs.
///
/// Tries the conditions, reads, listings and checksums that locks and states rely on: alone, and with many writers
/// at once. It says first what it will do. It writes only below PREFIX/.statelock-probe/, and removes what it wrote,
/// also when it is interrupted. The bucket's settings stay as they are.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "\
Examples:
  statelock probe s3://tfstate
  statelock probe s3://tfstate/team --endpoint-url https://s3.example.com --dynamodb-table locks
  statelock probe s3://tfstate --endpoint-url http://10.0.0.1:9000 --endpoint-url http://10.0.0.2:9000
  statelock probe s3://tfstate --endpoint-url https://s3.example.com --resolve s3.example.com:10.0.0.1,10.0.0.2
  statelock probe s3://tfstate --dry-run              # says what it would do, and sends nothing
  statelock probe s3://tfstate --json | jq '.conclusions'

Exit code 0: safe. 10: not safe. 7: not known.")]
pub(crate) struct ProbeArgs {
    /// Bucket, or beginning of keys below which it may write: s3://BUCKET[/PREFIX].
    #[arg(value_name = "ADDRESS", value_parser = place)]
    pub(super) address: Place,

    /// Where S3 and DynamoDB are, if not at AWS [env: AWS_ENDPOINT_URL]. Repeat it to spread the writers over several
    /// endpoints of one store. A user and a password in it are not sent.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(super) endpoint_url: Vec<String>,

    /// Where DynamoDB is, if elsewhere. May be repeated.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(super) dynamodb_endpoint_url: Vec<String>,

    /// Addresses of an endpoint's host name (and of names below it), instead of those that are looked up. May be
    /// repeated.
    #[arg(long, value_name = "NAME:ADDRESS[,ADDRESS]", value_parser = resolved)]
    pub(super) resolve: Vec<Resolved>,

    /// Try this lock table too.
    #[arg(long, value_name = "TABLE")]
    pub(super) dynamodb_table: Option<String>,

    /// Rounds of writers at once, for each operation that is tried so.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) rounds: u16,

    /// Writers at once, each with a connection of its own.
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(32..=512))]
    pub(super) writers: u16,

    /// End the trying after this time (90s, 10m). What was written is removed after it.
    #[arg(long, value_name = "DURATION", value_parser = span::duration, default_value = "10m")]
    pub(super) time_limit: Duration,

    /// Only say what would be done.
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Do not let this stand in the way: what is written cannot be removed before its retention ends (object_lock).
    #[arg(long, value_name = "OBSTACLE", value_parser = ["object_lock"])]
    pub(super) allow: Option<String>,

    /// Try nothing: remove what earlier probes left here, whatever their age.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) clean: bool,

    /// Show what was asked and answered for every operation.
    #[arg(long)]
    pub(super) verbose: bool,

    /// Print a JSON document.
    #[arg(long)]
    pub(super) json: bool,

    /// Region of bucket and table [env: AWS_REGION].
    #[arg(long, value_name = "REGION", help_heading = "Backend")]
    pub(super) region: Option<String>,

    /// Profile in the shared configuration files [env: AWS_PROFILE].
    #[arg(long, value_name = "NAME", help_heading = "Backend")]
    pub(super) profile: Option<String>,

    /// Name the bucket in the path of a URL, not in its host.
    #[arg(long, help_heading = "Backend")]
    pub(super) use_path_style: bool,

    /// Root certificates, PEM [env: AWS_CA_BUNDLE].
    #[arg(long, value_name = "FILE", help_heading = "Backend")]
    pub(super) custom_ca_bundle: Option<PathBuf>,

    /// Ask the store to encrypt what is written.
    #[arg(long, help_heading = "Backend")]
    pub(super) encrypt: bool,

    /// With this KMS key; needs --encrypt. A key of your own goes into AWS_SSE_CUSTOMER_KEY.
    #[arg(long, value_name = "KEY", requires = "encrypt", help_heading = "Backend")]
    pub(super) kms_key_id: Option<String>,

    /// Canned ACL of what is written.
    #[arg(long, value_name = "ACL", help_heading = "Backend")]
    pub(super) acl: Option<String>,
}

/// Where clients find S3 and DynamoDB, if not at AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) objects: Option<String>,
    pub(super) tables: Option<String>,
}

impl ProbeArgs {
    /// What is to be probed.
    pub(super) fn target(&self) -> ProbeTarget {
        ProbeTarget {
            bucket: BucketName::new(&self.address.bucket),
            prefix: self.address.prefix.clone(),
            table: self.dynamodb_table.as_ref().map(TableName::new),
            stores: self.stores(),
            addresses: given(&self.resolve),
            objects: ObjectSettings {
                encryption: self.encryption(),
                acl: self.acl.clone(),
                ..ObjectSettings::default()
            },
            // It has no other value.
            allows_retention: self.allow.is_some(),
        }
    }

    /// Where clients find the stores, as it is named here or in the environment.
    pub(super) fn endpoints(&self) -> Endpoints {
        let variable = |name: &str| {
            let url = std::env::var(name).ok().filter(|url| !url.is_empty());
            url.map(|url| without_user(&url))
        };
        let all = || variable("AWS_ENDPOINT_URL");
        let objects = self.endpoint_url.first().cloned();
        let tables = self.dynamodb_endpoint_url.first().cloned();
        let tables = tables.or_else(|| objects.clone());
        Endpoints {
            tables: tables.or_else(|| variable("AWS_ENDPOINT_URL_DYNAMODB")).or_else(all),
            objects: objects.or_else(|| variable("AWS_ENDPOINT_URL_S3")).or_else(all),
        }
    }

    /// A name that has addresses, and is no host of an endpoint. At AWS hosts are made of region and service.
    pub(super) fn unused_name(&self) -> Option<&str> {
        let Endpoints { objects, tables } = self.endpoints();
        let named = self.endpoint_url.iter().chain(&self.dynamodb_endpoint_url);
        let urls: Vec<_> = named.chain(&objects).chain(&tables).map(String::as_str).collect();
        if urls.is_empty() { None } else { unused(&self.resolve, &urls) }
    }

    /// How much it may do.
    pub(super) fn limits(&self) -> ProbeLimits {
        let (writers, rounds) = (usize::from(self.writers), usize::from(self.rounds));
        ProbeLimits { writers, rounds, time: self.time_limit }
    }

    fn stores(&self) -> Vec<StoreSettings> {
        let (objects, tables) = (&self.endpoint_url, &self.dynamodb_endpoint_url);
        let count = objects.len().max(tables.len()).max(1);
        let one = |urls: &[String], number: usize| urls.iter().cycle().nth(number).cloned();
        let stores = (0..count).map(|number| StoreSettings {
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint_url: one(objects, number),
            endpoint_dynamodb: one(tables, number),
            use_path_style: self.use_path_style.then_some(true),
            custom_ca_bundle: self.custom_ca_bundle.clone(),
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            ..StoreSettings::default()
        });
        stores.collect()
    }

    fn encryption(&self) -> Encryption {
        let own = std::env::var("AWS_SSE_CUSTOMER_KEY").ok().filter(|key| !key.is_empty());
        match (self.encrypt, &self.kms_key_id, own) {
            (false, _, _) => Encryption::Bucket,
            (true, Some(key), _) => Encryption::Kms(key.clone()),
            (true, None, Some(key)) => Encryption::Customer(Secret::new(key)),
            (true, None, None) => Encryption::Store,
        }
    }

    /// The command that removes what probes left there.
    pub(super) fn command_to_clean(&self) -> String {
        let mut words = vec!["statelock probe".to_owned(), quoted(&self.address.to_string())];
        let mut option = |name: &str, value: Option<&str>| {
            words.extend(value.map(|value| format!("--{name} {}", quoted(value))));
        };
        // At each of them something may be left: they need not share what they store.
        self.endpoint_url.iter().for_each(|url| option("endpoint-url", Some(url)));
        self.dynamodb_endpoint_url
            .iter()
            .for_each(|url| option("dynamodb-endpoint-url", Some(url)));
        let given: Vec<_> = self.resolve.iter().map(ToString::to_string).collect();
        for given in &given {
            option("resolve", Some(given));
        }
        option("region", self.region.as_deref());
        option("profile", self.profile.as_deref());
        option("custom-ca-bundle", self.custom_ca_bundle.as_deref().and_then(|path| path.to_str()));
        if self.use_path_style {
            words.push("--use-path-style".to_owned());
        }
        words.push("--clean".to_owned());
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        probe: ProbeArgs,
    }

    #[test]
    fn the_command_to_clean_names_every_endpoint() {
        let urls = ["http://a:9000", "http://b:9000", "http://c:8000", "http://d:8000"];
        let [a, b, c, d] = urls.map(str::to_owned);
        let args = ["probe", "s3://t/x", "--endpoint-url", &a, "--endpoint-url", &b];
        let tables = ["--dynamodb-endpoint-url", &c, "--dynamodb-endpoint-url", &d];
        let given = ["--resolve", "a:10.0.0.1,::1"];
        let all = args.into_iter().chain(tables).chain(given);
        let line = <Line as clap::Parser>::parse_from(all);
        assert_eq!(
            line.probe.command_to_clean(),
            format!(
                "statelock probe s3://t/x --endpoint-url {a} --endpoint-url {b} --dynamodb-endpoint-url {c} \
                 --dynamodb-endpoint-url {d} --resolve a:10.0.0.1,::1 --clean"
            )
        );
    }
}
