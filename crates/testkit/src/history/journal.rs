//! Histories as lines of JSON, one operation each: to keep what failed, and to check it again.

use std::io::{BufRead, Write};

use anyhow::{Context, Result};

use super::operation::Operation;

/// Writes a history.
///
/// # Errors
/// If it cannot be written.
pub fn write(history: &[Operation], to: &mut dyn Write) -> Result<()> {
    for operation in history {
        serde_json::to_writer(&mut *to, operation).context("could not write an operation")?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads a history. Empty lines and lines that begin with `#` are no operations.
///
/// # Errors
/// The line that is no operation.
pub fn read(from: impl BufRead) -> Result<Vec<Operation>> {
    let mut history = Vec::new();
    for (number, line) in from.lines().enumerate() {
        let line = line.context("could not read a history")?;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let operation = serde_json::from_str(&line);
        history.push(operation.with_context(|| format!("line {} is no operation", number + 1))?);
    }
    Ok(history)
}
