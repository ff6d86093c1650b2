//! `generate` blocks whose text is a backend block.

use hcl_edit::expr::Expression;

use super::evaluation::Scope;
use crate::error::{ConfigError, Place};
use crate::tree::ModuleBackend;
use crate::value::Value;
use crate::written::{self, ConfigFile, WrittenBackend};

/// The backend that a file generates, if it generates one. Every place is that of the `generate` block,
/// since its text is no file.
///
/// # Errors
/// [`ConfigError::Structure`] if it generates one, and that cannot be known.
pub(super) fn backend(scope: &Scope<'_>) -> Result<Option<ModuleBackend>, ConfigError> {
    let file = scope.source.file();
    for block in scope.source.blocks("generate") {
        let Some(contents) = block.body.get_attribute("contents") else { continue };
        let raw = contents.value.to_string();
        if !raw.contains("backend") {
            continue;
        }
        let place = file.place(&block.ident);
        match generated(scope, &contents.value, &place) {
            Ok(Some(backend)) => return Ok(Some(of_written(backend, place))),
            Err(what) if raw.contains("backend \"") => {
                let message =
                    format!("the backend that is generated here is not known: `contents` {what}");
                return Err(file.wrong(&block.ident, message));
            }
            Ok(None) | Err(_) => {}
        }
    }
    Ok(None)
}

/// The backend in a generated text, or why that is not known.
fn generated(
    scope: &Scope<'_>,
    contents: &Expression,
    place: &Place,
) -> Result<Option<WrittenBackend>, &'static str> {
    let text = match contents {
        Expression::HeredocTemplate(heredoc) => scope.template(&heredoc.template)?,
        other => match scope.value(other)? {
            Some(Value::Text(text)) => text,
            _ => return Err("is no text"),
        },
    };
    let file = ConfigFile { path: place.file.clone(), is_json: false };
    let blocks = written::terraform_blocks(&file, &text).map_err(|_| "is no configuration")?;
    Ok(blocks.backends.into_iter().next())
}

fn of_written(mut written: WrittenBackend, place: Place) -> ModuleBackend {
    written.arguments.move_to(&place);
    for open in &mut written.unknown {
        open.place.clone_from(&place);
    }
    ModuleBackend {
        kind: written.kind,
        place,
        completed_by: Vec::new(),
        arguments: written.arguments,
        expressions: written.unknown,
    }
}
