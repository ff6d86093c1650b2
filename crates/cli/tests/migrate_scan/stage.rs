//! A directory with root modules, and the binary in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A copy of a fleet, or an empty directory.
pub(crate) struct Stage {
    directory: TempDir,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A module in phase `lock_table`.
pub(crate) const LOCK_TABLE_BLOCK: &str = r#"terraform {
  backend "s3" {
    bucket         = "tfstate"
    key            = "app/terraform.tfstate"
    region         = "us-east-1"
    dynamodb_table = "terraform-locks"
  }
}
"#;

impl Stage {
    /// A directory with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let stage =
            Self { directory: TempDir::with_prefix("statelock-scan-").expect("a directory") };
        for (name, text) in files {
            stage.write(name, text);
        }
        stage
    }

    /// The fleet of the goldens.
    pub(crate) fn fleet() -> Self {
        let stage = Self::with(&[]);
        let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate_scan/fleet");
        copy_all(&fleet, stage.directory.path());
        stage
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
    }

    /// Runs `statelock migrate scan ARGS` here, with nothing of AWS in the environment but `env`.
    pub(crate) fn scan_with(&self, env: &[(String, String)], args: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
        command.args(["migrate", "scan"]).args(args).env_clear().envs(env.iter().cloned());
        command.env("AWS_CONFIG_FILE", "/dev/null").stdin(Stdio::null()).current_dir(self.path());
        let output = command.output().expect("statelock can be started");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(crate) fn scan(&self, args: &[&str]) -> Run {
        self.scan_with(&[], args)
    }
}

impl Run {
    /// Itself, if it ended so and said so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, said: &str) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(said), "expected {said:?} in {}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout);
        assert!(document.is_ok(), "no JSON: {self:?}");
        document.unwrap_or_default()
    }

    /// One unit of the JSON document.
    #[track_caller]
    pub(crate) fn unit(&self, name: &str) -> Value {
        let document = self.json();
        let units = document["units"].as_array().expect("units");
        let unit = units.iter().find(|unit| unit["name"] == name);
        assert!(unit.is_some(), "no unit {name} in {units:?}");
        unit.cloned().unwrap_or_default()
    }
}

/// The ids of a unit's findings, with their severities.
pub(crate) fn findings(unit: &Value) -> Vec<String> {
    let word = |finding: &Value, name| finding[name].as_str().expect("a text").to_owned();
    let findings = unit["findings"].as_array().expect("findings");
    findings.iter().map(|it| format!("{}:{}", word(it, "severity"), word(it, "id"))).collect()
}

/// Compares with a golden text. What was found instead is left in a file.
#[track_caller]
pub(crate) fn matches(golden: &str, found: &str) {
    let expected_file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate_scan/goldens").join(golden);
    let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
    if found != expected {
        let actual = std::env::temp_dir().join(format!("statelock-scan-{golden}"));
        std::fs::write(&actual, found).expect("write");
        let (from, to) = (actual.display(), expected_file.display());
        assert_eq!(found, expected, "If that is right: cp {from} {to}");
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory of the fleet") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir_all(&target).expect("a directory");
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
