//! Twelve root modules, written as people write them, on one bucket and one lock table.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use statelock_testkit::real_clients::terraform::Terraform;

use crate::client::Client;
use crate::contention::HOLDING;
use crate::stage::Stage;

/// Commands of terraform that run at a time.
const AT_A_TIME: usize = 3;

const RESOURCE: &str = "terraform {\n  required_version = \">= 1.10\"\n}\n\nvariable \"revision\" {\n  default = \
                        \"zero\"\n}\n\nresource \"terraform_data\" \"unit\" {\n  input = var.revision\n}\n";

/// The modules, each with its clients.
pub(crate) struct Fleet {
    pub(crate) clients: Vec<Client>,
}

fn block(key: &str, more: &str) -> String {
    format!(
        "terraform {{\n  backend \"s3\" {{\n    bucket         = \"tfstate\"\n    key            = \"{key}\"\n    \
         region         = \"us-east-1\"\n    dynamodb_table = \"terraform-locks\"\n{more}  }}\n}}\n"
    )
}

fn partial(key: &str) -> String {
    format!(
        "bucket = \"tfstate\"\nkey = \"{key}\"\nregion = \"us-east-1\"\ndynamodb_table = \"terraform-locks\"\n"
    )
}

const EMPTY: &str = "terraform {\n  backend \"s3\" {}\n}\n";

impl Fleet {
    /// All twelve. The first is the one that clients contend for.
    pub(crate) fn whole(stage: &Stage, terraform: &Terraform) -> Self {
        let mut fleet = Self::small(stage, terraform);
        let client = |name: &str| Client::new(stage, terraform, &format!("live/{name}"));
        let write = |name: &str, text: &str| stage.write(&format!("live/{name}"), text);

        write("environments/backend.tf", EMPTY);
        for environment in ["dev", "prod"] {
            let key = format!("environments/{environment}.tfstate");
            write(&format!("environments/env/{environment}.tfbackend"), &partial(&key));
            let file = format!("env/{environment}.tfbackend");
            let data = format!(".terraform-{environment}");
            fleet.clients.push(client("environments").completed_by(&file, Some(&data)));
        }

        write("overridden/backend.tf", &block("nowhere.tfstate", ""));
        write("overridden/backend_override.tf", &block("overridden/x.tfstate", ""));
        write(
            "crlf/backend.tf",
            &block("crlf/x.tfstate", "    # as the wiki says\n").replace('\n', "\r\n"),
        );
        write(
            "prefixed/backend.tf",
            &block("prefixed/x.tfstate", "    workspace_key_prefix = \"teams\"\n"),
        );
        write(
            "commented/backend.tf",
            "# dynamodb_table = \"old\"\nterraform {\n  backend \"s3\" { # remote\n    bucket = \"tfstate\" // shared\n    /* \
             one per team */ key = \"commented/x.tfstate\"\n    region = \"us-east-1\"\n\n    dynamodb_table = \
             \"terraform-locks\" # see #42\n  }\n}\n",
        );
        write("encrypted/backend.tf", &block("encrypted/x.tfstate", "    encrypt        = true\n"));
        write("team/deep/down/backend.tf", &block("team/deep/down/x.tfstate", ""));
        write("scripted/backend.tf", EMPTY);
        write("config/scripted.hcl", &partial("scripted/x.tfstate"));
        write(
            "scripted/init.sh",
            "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nterraform init -input=false -backend-config=../config/scripted.hcl\n",
        );
        let plain = ["overridden", "crlf", "commented", "encrypted", "team/deep/down"];
        fleet.clients.extend(plain.map(client));
        fleet.clients.push(client("prefixed").with_workspaces(&["blue"]));
        fleet.clients.push(client("scripted").completed_by("../config/scripted.hcl", None));
        for name in plain.iter().chain(&["environments", "prefixed", "scripted"]) {
            write(&format!("{name}/main.tf"), RESOURCE);
        }
        fleet
    }

    /// Four of them, for what is about every style of file, but not about many.
    pub(crate) fn small(stage: &Stage, terraform: &Terraform) -> Self {
        let client = |name: &str| Client::new(stage, terraform, &format!("live/{name}"));
        let write = |name: &str, text: &str| stage.write(&format!("live/{name}"), text);
        write("contended/backend.tf", &block("contended/x.tfstate", ""));
        write("contended/main.tf", HOLDING);
        write("spaces/backend.tf", &block("spaces/x.tfstate", ""));
        write("partial/backend.tf", EMPTY);
        write("partial/s3.tfbackend", &partial("partial/x.tfstate"));
        write(
            "json/backend.tf.json",
            "{\n  \"terraform\": {\n    \"backend\": {\n      \"s3\": {\n        \"bucket\": \"tfstate\",\n        \"key\": \
             \"json/x.tfstate\",\n        \"region\": \"us-east-1\",\n        \"dynamodb_table\": \
             \"terraform-locks\"\n      }\n    }\n  }\n}\n",
        );
        for name in ["spaces", "partial", "json"] {
            write(&format!("{name}/main.tf"), RESOURCE);
        }
        let mut clients = vec![
            client("contended"),
            client("spaces").with_workspaces(&["dev", "prod"]),
            client("partial").completed_by("s3.tfbackend", None),
            client("json"),
        ];
        for client in &mut clients {
            crate::contention::let_pass(stage, client);
        }
        Self { clients }
    }

    /// Does something with every client, a few at a time. Fails if any of them does.
    pub(crate) fn each(&self, act: impl Fn(&Client) + Sync) {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    while let Some(client) = self.clients.get(next.fetch_add(1, Ordering::SeqCst)) {
                        let done =
                            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| act(client)));
                        if done.is_err() {
                            failed.lock().expect("a list").push(format!("{client:?}"));
                        }
                    }
                });
            }
        });
        let failed = failed.into_inner().expect("a list");
        assert!(failed.is_empty(), "see above: {failed:#?}");
    }

    /// How many states there are.
    pub(crate) fn state_count(&self) -> usize {
        self.clients.iter().map(|client| client.workspaces.len()).sum()
    }
}

/// Every file of configuration below a directory, with its bytes.
pub(crate) fn files(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut left) = (BTreeMap::new(), vec![stage.path().join("live")]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "terraform.tfstate.d" {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("its bytes");
                found.insert(
                    path.strip_prefix(stage.path()).expect("below").display().to_string(),
                    bytes,
                );
            }
        }
    }
    found
}
