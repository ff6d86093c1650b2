//! A tree of root modules as people write them, and the binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every file of the tree. The styles differ on purpose.
pub(crate) const FILES: [(&str, &str); 27] = [
    (
        "aligned/main.tf",
        "# The network.\nterraform {\n  required_version = \">= 1.10\"\n\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"network/terraform.tfstate\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\" # shared\n    encrypt        = true\n  }\n}\n\nresource \"terraform_data\" \"a\" {\n  input = <<-EOT\n    dynamodb_table = \"not this one\"\n  EOT\n}\n",
    ),
    (
        "crlf/backend.tf",
        "\u{feff}terraform {\r\n\tbackend \"s3\" {\r\n\t\tbucket = \"tfstate\"\r\n\t\tkey = \"crlf\"\r\n\t\tregion = \"eu-west-1\"\r\n\t\tdynamodb_table = \"terraform-locks\"\r\n\t}\r\n}",
    ),
    (
        "json/backend.tf.json",
        "{\n  \"terraform\": {\n    \"backend\": {\n      \"s3\": {\n        \"bucket\": \"tfstate\",\n        \"key\": \"json\",\n        \"region\": \"eu-west-1\",\n        \"dynamodb_table\": \"terraform-locks\"\n      }\n    }\n  }\n}\n",
    ),
    ("partial/main.tf", "terraform {\n  backend \"s3\" {}\n}\n"),
    (
        "partial/dev.tfbackend",
        "bucket         = \"tfstate-dev\"\nkey            = \"partial\"\nregion         = \"eu-west-1\"\ndynamodb_table = \"locks-dev\"\n",
    ),
    (
        "partial/prod.tfbackend",
        "bucket         = \"tfstate-prod\"\nkey            = \"partial\"\nregion         = \"eu-west-1\"\ndynamodb_table = \"locks-prod\"\n",
    ),
    (
        "shared/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    ("shared/one.tfbackend", "key = \"shared/one\"\n"),
    ("shared/two.tfbackend", "key = \"shared/two\"\n"),
    (
        "override/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"old\"\n    key    = \"old\"\n    region = \"eu-west-1\"\n  }\n}\n",
    ),
    (
        "override/backend_override.tf",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"override\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "live/root.hcl",
        "remote_state {\n  backend = \"s3\"\n  config = {\n    bucket         = \"tfstate\"\n    key            = \"live/${path_relative_to_include()}/terraform.tfstate\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "live/a/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\nterraform {\n  source = \"../../modules//a\"\n}\n",
    ),
    (
        "live/b/terragrunt.hcl",
        "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n\nterraform {\n  source = \"../../modules//b\"\n}\n",
    ),
    (
        "endpoints/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"endpoints\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n    endpoints = {\n      s3       = \"https://s3.example.com\"\n      dynamodb = \"https://dynamodb.example.com\"\n    }\n  }\n}\n",
    ),
    (
        "comments/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"tfstate\" // where\n    /* which */ key = \"comments\"\n    region = \"eu-west-1\"\n    # The lock table is made by bootstrap/.\n    dynamodb_table = \"terraform-locks\"\n    # dynamodb_table = \"old-locks\"\n  }\n}\n",
    ),
    (
        "false/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"false\"\n    region         = \"eu-west-1\"\n    use_lockfile   = false\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "tofu/backend.tofu",
        "terraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"tofu\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "done/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket       = \"tfstate\"\n    key          = \"done\"\n    region       = \"eu-west-1\"\n    use_lockfile = true\n  }\n}\n",
    ),
    (
        "unlocked/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"tfstate\"\n    key    = \"unlocked\"\n    region = \"eu-west-1\"\n  }\n}\n",
    ),
    (
        "old/main.tf",
        "terraform {\n  required_version = \"~> 1.5.0\"\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"old\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "may_be_old/main.tf",
        "terraform {\n  required_version = \">= 1.3\"\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"may_be_old\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    (
        "generated/main.tf",
        "# Generated by Terragrunt. Sig: nIlQXj57tbuaRZEa\nterraform {\n  backend \"s3\" {\n    bucket         = \"tfstate\"\n    key            = \"generated\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"terraform-locks\"\n  }\n}\n",
    ),
    ("other/main.tf", "terraform {\n  backend \"local\" {}\n}\n"),
    ("modules/a/main.tf", "variable \"x\" {}\n"),
    ("modules/b/main.tf", "variable \"x\" {}\n"),
    (".gitignore", ".terraform/\n"),
];

/// What a command did.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A copy of the tree in a directory of its own.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    /// With all files, or those below these directories.
    pub(crate) fn new(below: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("it can be done");
        for (path, text) in FILES {
            if below.is_empty() || below.iter().any(|one| Path::new(path).starts_with(one)) {
                let path = directory.path().join(path);
                fs::create_dir_all(path.parent().expect("it can be done")).expect("it can be done");
                fs::write(path, text).expect("it can be done");
            }
        }
        Self { directory }
    }

    pub(crate) fn top(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.top().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it can be done")
    }

    /// `statelock migrate WORDS` in the tree.
    pub(crate) fn migrate(&self, words: &[&str]) -> Said {
        ended(self.command(words).output().expect("it can be done"))
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.arg("migrate").args(words).current_dir(self.top());
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "TF_DATA_DIR", "TF_WORKSPACE"] {
            command.env_remove(name);
        }
        command
    }

    /// Every file outside of records and git, with its bytes.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut directories = vec![self.top().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("it can be done") {
                let path = entry.expect("it can be done").path();
                if path.ends_with(".statelock") || path.ends_with(".git") {
                    continue;
                }
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(self.top()).expect("it can be done").to_owned();
                    found.insert(name, fs::read(&path).expect("it can be done"));
                }
            }
        }
        found
    }
}

pub(crate) fn ended(output: Output) -> Said {
    Said {
        code: output.status.code().expect("it can be done"),
        out: String::from_utf8(output.stdout).expect("it can be done"),
        err: String::from_utf8(output.stderr).expect("it can be done"),
    }
}

/// Compares with a file beside this one.
pub(crate) fn assert_golden(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate_files/golden").join(name);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let actual = std::env::temp_dir().join(format!("statelock-{name}"));
    if expected != shown {
        fs::write(&actual, shown).expect("it can be written");
    }
    assert!(expected == shown, "{} is not what is in {}", path.display(), actual.display());
}
