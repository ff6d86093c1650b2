//! Repositories made for one test, and what a scan says about them, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use statelock_config::tree::{
    self, Completion, FileOrigin, ModuleBackend, RootModule, Runner, ScanOptions, Tree,
};
use statelock_config::{Arguments, Value};
use tempfile::TempDir;

/// A repository with `files`, each a path and its text.
pub(crate) fn repository(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::create_dir(directory.path().join(".git")).expect("directory");
    for (name, text) in files {
        write(directory.path(), name, text);
    }
    directory
}

/// Writes a file below `directory`.
pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, text).expect("write");
}

/// What is found in `directory`, in an empty environment.
pub(crate) fn scan(directory: &Path) -> Tree {
    scan_with(&[directory.to_owned()], &[], &ScanOptions::default())
}

/// As [`scan`], with `variables`.
pub(crate) fn scan_with(
    roots: &[PathBuf],
    variables: &[(&str, &str)],
    options: &ScanOptions,
) -> Tree {
    let environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    tree::scan(roots, &environment, options)
}

/// The tree as text, with paths relative to `root`.
pub(crate) fn text_of(tree: &Tree, root: &Path) -> String {
    let mut text = String::new();
    for module in &tree.modules {
        show_module(&mut text, module);
    }
    for path in &tree.unattached {
        line(&mut text, 0, &format!("unattached {}", path.display()));
    }
    for (path, origin) in &tree.origins {
        let origin = match origin {
            FileOrigin::Link { target } => format!("a link to {}", target.display()),
            FileOrigin::Outside { target } => format!("outside: {}", target.display()),
            FileOrigin::Ignored => "ignored".to_owned(),
        };
        line(&mut text, 0, &format!("origin {}: {origin}", path.display()));
    }
    for trouble in &tree.troubles {
        let module = trouble.module.as_ref().map(|m| format!(" of {}", m.display()));
        let module = module.unwrap_or_default();
        line(&mut text, 0, &format!("trouble{module}: {}", trouble.error));
    }
    line(&mut text, 0, &format!("{} directories, {} files", tree.directories, tree.files));
    let real = root.canonicalize().expect("a root");
    let mut shown = text;
    for root in [root, real.as_path()] {
        shown = shown.replace(&format!("{}/", root.display()), "");
        shown = shown.replace(&root.display().to_string(), ".");
    }
    shown
}

fn line(text: &mut String, depth: usize, content: &str) {
    writeln!(text, "{}{content}", "  ".repeat(depth)).expect("a text");
}

fn show_module(text: &mut String, module: &RootModule) {
    let runner = match module.runner {
        Runner::Terraform => "",
        Runner::Terragrunt => " (terragrunt)",
    };
    line(text, 0, &format!("module {}{runner}", module.directory.display()));
    for backend in &module.backends {
        show_backend(text, backend);
    }
    for version in &module.required_versions {
        line(text, 1, &format!("requires `{}` at {}", version.text, version.place));
    }
    if let Some(initialised) = &module.initialised {
        line(text, 1, &format!("initialised {}", initialised.kind));
        show_arguments(text, &initialised.arguments);
        for warning in &initialised.warnings {
            line(text, 2, &format!("warning: {warning}"));
        }
    }
    if let Some(workspace) = &module.selected_workspace {
        line(text, 1, &format!("workspace {workspace}"));
    }
}

fn show_backend(text: &mut String, backend: &ModuleBackend) {
    line(text, 1, &format!("{} at {}", backend.kind, backend.place));
    for completion in &backend.completed_by {
        let completion = match completion {
            Completion::File(path) => format!("file {}", path.display()),
            Completion::CommandLine { argument, place } => format!("{argument} at {place}"),
        };
        line(text, 2, &format!("completed by {completion}"));
    }
    show_arguments(text, &backend.arguments);
    for open in &backend.expressions {
        line(text, 2, &format!("{} {} at {}", open.argument, open.what, open.place));
    }
}

fn show_arguments(text: &mut String, arguments: &Arguments) {
    for (name, value) in arguments.iter() {
        let source = arguments.source(name).expect("a source");
        line(text, 2, &format!("{name} = {} from {source}", show_value(value)));
    }
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show_value).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries =
                entries.iter().map(|(name, value)| format!("{name}: {}", show_value(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
