//! What `serve` prints once it listens: everything that a first `terraform init` needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use statelock_server::Server;
use statelock_server::auth::credentials::{FILE_NAME, Origin};

use super::{ServeArgs, StorageName};

/// The text. Its first line is an interface: scripts wait for it and take the address from it.
pub(super) fn render(args: &ServeArgs, server: &Server) -> String {
    let listening = server.address();
    let url = client_url(listening);
    let credentials = absolute(&args.data.join(FILE_NAME));
    let origin = match server.credentials().origin() {
        Origin::Generated => "made now",
        Origin::Stored => "from an earlier start",
        Origin::Explicit => "from the environment",
    };
    let kept = match args.storage {
        StorageName::Embedded => format!("durably in {}", absolute(&args.data)),
        StorageName::Memory => "in memory only: everything is gone when it stops".to_owned(),
    };
    let ServeArgs { bucket, lock_table, region, .. } = args;
    let (region_hcl, region_sh) = (hcl_string(region), shell_word(region));
    let (credentials_hcl, credentials_sh) = (hcl_string(&credentials), shell_word(&credentials));
    format!(
        r#"statelock is listening on http://{listening}
States and locks are kept {kept}.
Credentials ({origin}) are in {credentials}.

Paste this into a Terraform or OpenTofu configuration:

    terraform {{
      backend "s3" {{
        bucket                   = "{bucket}"
        key                      = "example/terraform.tfstate"
        region                   = {region_hcl}
        use_lockfile             = true
        use_path_style           = true
        endpoints                = {{ s3 = "{url}", dynamodb = "{url}", sts = "{url}", iam = "{url}" }}
        shared_credentials_files = [{credentials_hcl}]
      }}
    }}

Clients that lock in DynamoDB take the same locks; they have, instead of use_lockfile or beside it:

        dynamodb_table           = "{lock_table}"

Other clients, such as aws and boto3, take the same from the environment:

    export AWS_ENDPOINT_URL={url}
    export AWS_SHARED_CREDENTIALS_FILE={credentials_sh}
    export AWS_REGION={region_sh} AWS_DEFAULT_REGION={region_sh}
{http}"#,
        http = http_backend(&url, bucket, &credentials_sh),
    )
}

/// Terraform's `http` backend cannot sign: it takes the key as username and password.
fn http_backend(url: &str, bucket: &str, credentials_sh: &str) -> String {
    let address = hcl_string(&format!("{url}/_statelock/state/{bucket}/example/terraform.tfstate"));
    format!(
        r#"
The http backend keeps the same states and takes the same locks:

    terraform {{
      backend "http" {{
        address        = {address}
        lock_address   = {address}
        unlock_address = {address}
      }}
    }}

    export TF_HTTP_USERNAME="$(sed -n 's/^aws_access_key_id *= *//p' {credentials_sh})"
    export TF_HTTP_PASSWORD="$(sed -n 's/^aws_secret_access_key *= *//p' {credentials_sh})"
"#
    )
}

/// Where a client on this machine finds the server: "every address" is no address to connect to.
fn client_url(listening: SocketAddr) -> String {
    let mut address = listening;
    if listening.ip().is_unspecified() {
        address.set_ip(match listening {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    format!("http://{address}")
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// A quoted string of Terraform's language; `${` and `%{` would begin a template.
fn hcl_string(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace("${", "$${").replace("%{", "%%{"))
}

/// A word of a shell command, quoted where it must be.
fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{client_url, hcl_string, shell_word};

    #[test]
    fn clients_are_given_an_address_to_connect_to() {
        let url = |address: &str| client_url(address.parse().unwrap());
        assert_eq!(url("127.0.0.1:9000"), "http://127.0.0.1:9000");
        assert_eq!(url("10.1.2.3:80"), "http://10.1.2.3:80");
        assert_eq!(url("0.0.0.0:9000"), "http://127.0.0.1:9000");
        assert_eq!(url("[::]:9000"), "http://[::1]:9000");
    }

    #[test]
    fn only_odd_paths_are_quoted_for_a_shell() {
        assert_eq!(shell_word("/var/lib/statelock-1.0"), "/var/lib/statelock-1.0");
        assert_eq!(shell_word("/a b/$c"), "'/a b/$c'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn terraform_strings_are_escaped() {
        assert_eq!(hcl_string("/a b"), "\"/a b\"");
        assert_eq!(hcl_string("a\\b\"c"), r#""a\\b\"c""#);
        assert_eq!(hcl_string("${x}%{y}$z"), "\"$${x}%%{y}$z\"");
    }
}
