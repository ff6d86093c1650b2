//! What `serve` prints once it listens: everything that a first `terraform init` needs.

use std::path::Path;

use statelock_server::Server;
use statelock_server::auth::credentials::{FILE_NAME, Origin};

use super::{ServeArgs, StorageName};

/// The text. Its first line is an interface: scripts wait for it and take the address from it.
pub(super) fn render(args: &ServeArgs, server: &Server) -> String {
    let url = format!("http://{}", server.address());
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
    let ServeArgs { bucket, region, .. } = args;
    format!(
        r#"statelock is listening on {url}
States and locks are kept {kept}.
Credentials ({origin}) are in {credentials}.

Paste this into a Terraform or OpenTofu configuration:

    terraform {{
      backend "s3" {{
        bucket                   = "{bucket}"
        key                      = "example/terraform.tfstate"
        region                   = "{region}"
        use_lockfile             = true
        use_path_style           = true
        endpoints                = {{ s3 = "{url}", sts = "{url}", iam = "{url}" }}
        shared_credentials_files = ["{credentials}"]
      }}
    }}

Other clients, such as aws and boto3, take the same from the environment:

    export AWS_ENDPOINT_URL={url}
    export AWS_SHARED_CREDENTIALS_FILE={credentials}
    export AWS_REGION={region} AWS_DEFAULT_REGION={region}
"#
    )
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
