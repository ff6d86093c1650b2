//! Rules of this repository that no other tool knows.
//!
//! Each rule takes text and returns findings; this file brings the tree to them and prints.

mod documented;
mod layout;
mod named_tests;
mod promises;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::tree::{self, SourceFile};

/// Where what is documented.
const SEMANTICS: &str = "docs/semantics.md";
const ERRORS: &str = "docs/errors.md";
const BUGS: &str = "docs/bugs.md";
const SERVE: &str = "docs/operations/serve.md";
const OPERATIONS: &str = "docs/operations/";
const CONTRIBUTING: &str = "CONTRIBUTING.md";

/// Runs all rules; fails if any finds something.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = tree::read(root)?;
    let mut findings = Vec::new();
    findings.extend(layout::check(&files));
    findings.extend(promises::check(document(&files, SEMANTICS), &files));
    findings.extend(named_tests::check(&files));
    findings.extend(named_tests::losses(document(&files, BUGS)));
    findings.extend(documented::error_codes(document(&files, ERRORS), &files));
    findings.extend(documented::exit_codes(document(&files, ERRORS), &files));
    let operators = document(&files, SERVE);
    let pages = documents_in(&files, OPERATIONS);
    findings.extend(documented::settings(&pages, document(&files, CONTRIBUTING), &files));
    match serve_help(root) {
        Ok(help) => findings.extend(documented::flags(operators, &help)),
        Err(error) => findings.push(format!("{error:#}")),
    }

    for size in layout::long_files(&files) {
        println!("note: {size}");
    }
    for finding in &findings {
        println!("tidy: {finding}");
    }
    ensure!(findings.is_empty(), "tidy found {} thing(s) to change", findings.len());
    Ok(())
}

/// A document's text; a missing document is empty, so that everything is missing from it.
fn document<'tree>(files: &'tree [SourceFile], path: &str) -> &'tree str {
    files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}

/// The text of all documents of a folder.
fn documents_in(files: &[SourceFile], folder: &str) -> String {
    let inside = files.iter().filter(|file| file.path.starts_with(folder));
    inside.map(|file| file.text.as_str()).collect()
}

/// What the built binary says about its flags. The build is the same one that the tests use.
fn serve_help(root: &Path) -> Result<String> {
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--workspace", "--all-targets"])
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    ensure!(built.success(), "the workspace does not build, so `serve --help` cannot be read");
    let binary = target_directory(root).join("debug/statelock");
    let help = Command::new(&binary)
        .args(["serve", "--help"])
        .output()
        .with_context(|| format!("could not start `{}`", binary.display()))?;
    if !help.status.success() {
        bail!("`statelock serve --help` failed: {}", String::from_utf8_lossy(&help.stderr));
    }
    Ok(String::from_utf8_lossy(&help.stdout).into_owned())
}

/// Where cargo builds.
pub(crate) fn target_directory(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
