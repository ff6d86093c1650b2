//! The backend block to use with a store.

use super::arguments::{Endpoints, ProbeArgs};

/// How states are to be locked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By<'a> {
    Lockfile,
    LockTable(&'a str),
}

/// The block, with a key to be filled in.
pub(super) fn of(
    args: &ProbeArgs,
    endpoints: &Endpoints,
    (by, region): (By<'_>, Option<&str>),
    arguments: &[&str],
) -> String {
    let mut lines = vec![("bucket", text(&args.address.bucket))];
    let prefix = &args.address.prefix;
    let key = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    lines.push(("key", text(&format!("{key}NAME/terraform.tfstate"))));
    let region = args.region.as_deref().or(region).unwrap_or("us-east-1");
    lines.push(("region", text(region)));
    lines.push(match by {
        By::Lockfile => ("use_lockfile", "true".to_owned()),
        By::LockTable(table) => ("dynamodb_table", text(table)),
    });
    if let Some(named) = named(endpoints, by) {
        lines.push(("endpoints", named));
    }
    if args.use_path_style || endpoints.objects.as_ref().is_some_and(|url| is_address(url)) {
        lines.push(("use_path_style", "true".to_owned()));
    }
    if endpoints.objects.is_some() {
        // Each of them would be asked at AWS.
        for name in [
            "skip_credentials_validation",
            "skip_requesting_account_id",
            "skip_region_validation",
            "skip_metadata_api_check",
        ] {
            lines.push((name, "true".to_owned()));
        }
    }
    lines.extend(arguments.iter().map(|name| (*name, "true".to_owned())));
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = lines.iter().map(|(name, value)| format!("    {name:<width$} = {value}\n"));
    format!("terraform {{\n  backend \"s3\" {{\n{}  }}\n}}\n", lines.collect::<String>())
}

fn named(endpoints: &Endpoints, by: By<'_>) -> Option<String> {
    let objects = endpoints.objects.as_ref().map(|url| format!("s3 = {}", text(url)));
    let tables = endpoints.tables.as_ref().filter(|_| matches!(by, By::LockTable(_)));
    let tables = tables.map(|url| format!("dynamodb = {}", text(url)));
    let both: Vec<_> = objects.into_iter().chain(tables).collect();
    (!both.is_empty()).then(|| format!("{{ {} }}", both.join(", ")))
}

/// Whether the host of a URL is an IP address, in which no bucket has a place.
fn is_address(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let host =
        host.map_or_else(|| authority.split(':').next().unwrap_or_default(), |(host, _)| host);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}

/// A text of the configuration language.
fn text(value: &str) -> String {
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(character),
        }
    }
    let quoted = quoted.replace("${", "$${").replace("%{", "%%{");
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: ProbeArgs,
    }

    fn args(words: &[&str]) -> ProbeArgs {
        Line::try_parse_from([&["probe"], words].concat()).unwrap().args
    }

    #[test]
    fn a_block_at_aws_is_short() {
        let args = args(&["s3://tfstate", "--region", "eu-west-1"]);
        assert_eq!(
            of(&args, &Endpoints::default(), (By::Lockfile, None), &[]),
            "terraform {\n  backend \"s3\" {\n    bucket       = \"tfstate\"\n    key          = \
             \"NAME/terraform.tfstate\"\n    region       = \"eu-west-1\"\n    use_lockfile = true\n  }\n}\n"
        );
    }

    #[test]
    fn a_block_elsewhere_names_the_endpoints_and_skips_what_is_asked_at_aws() {
        let url = "http://127.0.0.1:9000";
        let args = args(&["s3://b/team", "--endpoint-url", url, "--dynamodb-table", "locks"]);
        let block = of(
            &args,
            &args.endpoints(),
            (By::LockTable("locks"), Some("r1")),
            &["skip_s3_checksum"],
        );
        for line in [
            "key                         = \"team/NAME/terraform.tfstate\"",
            "region                      = \"r1\"",
            "dynamodb_table              = \"locks\"",
            "endpoints                   = { s3 = \"http://127.0.0.1:9000\", dynamodb = \"http://127.0.0.1:9000\" }",
            "use_path_style              = true",
            "skip_requesting_account_id  = true",
            "skip_s3_checksum            = true",
        ] {
            assert!(block.contains(line), "{line}\n{block}");
        }
    }

    #[test]
    fn hosts_that_are_addresses_are_known() {
        for (url, is) in [
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000/x", true),
            ("http://localhost", true),
            ("https://s3.example.com:443", false),
        ] {
            assert_eq!(is_address(url), is, "{url}");
        }
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(text("a\"${b}"), "\"a\\\"$${b}\"");
    }
}
