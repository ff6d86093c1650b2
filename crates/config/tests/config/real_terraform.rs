//! The real terraform and this crate read the same files; they must find the same.

use std::path::Path;
use std::process::{Command, Stdio};

use statelock_config::{ConfigError, ConfiguredBackend, Value, WorkingDirectory};
use statelock_testkit::real_clients::terraform::Terraform;

use crate::scratch::{backend, directory, environment, write};

const STATE: &str = ".terraform/terraform.tfstate";

/// What terraform says to `arguments`, with nothing in its environment but `variables`.
fn run(
    terraform: &Terraform,
    path: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Option<String> {
    let output = Command::new(terraform.binary())
        .args(arguments)
        .current_dir(path)
        .env_clear()
        .env("CHECKPOINT_DISABLE", "1")
        .env("HOME", path)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("terraform runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn init(terraform: &Terraform, path: &Path) -> bool {
    run(terraform, path, &["init", "-input=false", "-no-color"], &[]).is_some()
}

/// The path as the text that terraform makes of it.
fn path_of(backend: &ConfiguredBackend) -> Option<String> {
    assert_eq!(backend.kind, "local");
    match backend.arguments.get("path")? {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// Each directory is read before `terraform init`, from the files, and after it, from what terraform
/// wrote; both must give the same, without a warning.
#[test]
fn what_is_written_is_what_terraform_initialises() {
    let Some(terraform) = Terraform::find("config: what is written is what terraform initialises")
    else {
        return;
    };
    let block =
        |value: &str| format!("terraform {{\n backend \"local\" {{\npath = {value}\n}}\n}}\n");
    let crlf = block("<<-E\n    a\n      \n\n      b\n  \n   \t\n  E").replace('\n', "\r\n");
    let cases: Vec<Vec<(&str, String)>> = vec![
        vec![("a.tf", block(r#""a\"\\\n\t\u00e9\U0001F600$${x}%%{y}$5%""#))],
        vec![("a.tf", block("\"e\u{301}\""))],
        vec![("a.tf", block(r#""a${1}${true}${"x"}""#))],
        vec![("a.tf", block("1.50"))],
        vec![("a.tf", block("012"))],
        vec![("a.tf", block("-1e3"))],
        vec![("a.tf", block("<<-E\n    a\n      \n\n      b\n  \n\t\n\t\t\t\t\t\n  E"))],
        vec![("a.tf", block("<<E\n a\\n$${b}\n\n E"))],
        vec![("a.tf", block("<<-E\n  a\n EE\n E "))],
        vec![("a.tf", crlf)],
        vec![("a.tf", format!("\u{feff}{}", block("\"bom\"")))],
        vec![("a.tf", block("/* x */ (\"x\") # y"))],
        vec![
            ("a.tf", block("\"a\"")),
            ("a_override.tf", block("\"b\"")),
            (
                "override.tf.json",
                r#"{"terraform": {"backend": {"local": {"path": "j${x}"}}}}"#.into(),
            ),
        ],
        vec![
            ("a.tf", block("\"a\"")),
            ("#x.tf#", "{".into()),
            (".#x.tf", "{".into()),
            ("x.tf~", "{".into()),
        ],
        vec![("override.tf", block("\"only\""))],
    ];
    for files in cases {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let root = directory(&files);
        let written = backend(root.path()).unwrap_or_else(|error| panic!("{error} in {files:?}"));
        assert!(init(&terraform, root.path()), "{files:?}");
        assert!(root.path().join(STATE).exists(), "{files:?}");
        let initialised = backend(root.path()).expect("initialised");
        assert!(path_of(&written).is_some(), "{files:?}");
        assert_eq!(path_of(&written), path_of(&initialised), "{files:?}");
        assert_eq!(initialised.warnings, [], "{files:?}");
    }
}

/// A directory with whose configuration terraform will not go on is never taken as something clear.
#[test]
fn what_terraform_refuses_is_not_read() {
    let Some(terraform) = Terraform::find("config: what terraform refuses is not read") else {
        return;
    };
    let block =
        |value: &str| format!("terraform {{\n backend \"local\" {{\npath = {value}\n}}\n}}\n");
    for files in [
        vec![("a.tf", block("\"a\"")), ("b.tf", block("\"b\"")), ("override.tf", block("\"c\""))],
        vec![("a.tf", block("var.x"))],
        vec![("a.tf", block("lower(\"X\")"))],
        vec![("a.tf", block("\"a\\q\""))],
        vec![("a.tf", block("\"a\"\npath = \"b\""))],
        vec![("a.tf", block("[null]"))],
        vec![("a.tf", block("\"a\"")), ("b.tf", "garbage {{{".into())],
        vec![("a.tf", "terraform {\n backend {}\n}\n".into())],
        vec![(
            "a.tf.json",
            r#"{"terraform": {"backend": {"local": {"path": "a", "path": "b"}}}}"#.into(),
        )],
        vec![("a.tf.json", r#"{"terraform": {"backend": null}}"#.into())],
    ] {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let root = directory(&files);
        assert!(backend(root.path()).is_err(), "{files:?}");
        assert!(!init(&terraform, root.path()), "{files:?}");
    }
}

#[test]
fn damage_that_terraform_refuses_is_refused() {
    let Some(terraform) = Terraform::find("config: damage that terraform refuses is refused")
    else {
        return;
    };
    let root = directory(&[("a.tf", "terraform {\n backend \"local\" {}\n}\n")]);
    assert!(init(&terraform, root.path()));
    let good = std::fs::read_to_string(root.path().join(STATE)).expect("written");
    let pull = || run(&terraform, root.path(), &["state", "pull"], &[]).is_some();
    assert!(pull());
    for (damaged, expected) in [
        (String::new(), false),
        (good.get(..40).expect("a part").to_owned(), false),
        (format!("{good}x"), false),
        (good.replace("\"version\": 3", "\"version\": 4"), false),
        (good.replace("666019178", "\"x\""), false),
        (good.clone(), true),
    ] {
        write(root.path(), STATE, &damaged);
        assert_eq!(pull(), expected, "{damaged}");
        assert_eq!(backend(root.path()).is_ok(), expected, "{damaged}");
    }
}

/// Terraform's own workspace commands write the file, and its variable wins.
#[test]
fn the_selected_workspace_is_terraforms() {
    let Some(terraform) = Terraform::find("config: the selected workspace is terraform's") else {
        return;
    };
    let root = directory(&[("a.tf", "terraform {\n backend \"local\" {}\n}\n")]);
    assert!(init(&terraform, root.path()));
    run(&terraform, root.path(), &["workspace", "new", "dev"], &[]).expect("a workspace");
    for variables in [&[][..], &[("TF_WORKSPACE", "other")], &[("TF_WORKSPACE", "")]] {
        let shown = run(&terraform, root.path(), &["workspace", "show"], variables).expect("shown");
        let environment = environment(variables);
        let open = WorkingDirectory::open(root.path(), &environment).expect("open");
        assert_eq!(open.workspace().expect("a workspace").name, shown.trim());
    }
    let bad = environment(&[("TF_WORKSPACE", "a/b")]);
    assert!(
        run(&terraform, root.path(), &["workspace", "show"], &[("TF_WORKSPACE", "a/b")]).is_none()
    );
    let open = WorkingDirectory::open(root.path(), &bad).expect("open");
    assert!(matches!(open.workspace(), Err(ConfigError::WorkspaceVariable)));
}
