//! One change of an HCL file: in each list of arguments, aligned, and compared afterwards.

use std::collections::BTreeSet;
use std::path::Path;

use hcl_edit::structure::Structure;

use super::added::{Setting, Step, set};
use super::alignment::{Splice, is_aligned, of_comments, of_equals, spliced};
use super::list::{ArgumentList, generated, lists};
use super::syntax::{Document, Entry, Item};
use super::tokens::{Kind, tokens, unclosed_text};
use super::{ArgumentChange, Form, NewValue, Outcome, Refusal, model, removed};
use crate::error::ConfigError;
use crate::value::Value;
use crate::written::body::HclFile;
use crate::written::{ConfigFile, terraform_blocks};

/// What goes with this change in terragrunt's configuration: its old name of the argument.
const REMOVE_TABLE: ArgumentChange = ArgumentChange::Remove { path: &["dynamodb_table"] };
const REMOVE_OLD_NAME: ArgumentChange = ArgumentChange::Remove { path: &["lock_table"] };
const BOM: char = '\u{feff}';

/// Attributes of terragrunt's files. No backend has an argument of such a name.
const TERRAGRUNT: &[&str] =
    &["remote_state", "generate", "inputs", "locals", "include", "terraform"];

/// Makes a change in a text, if it is needed.
///
/// # Errors
/// [`ConfigError`] if the text is not valid.
pub(super) fn changed(
    path: &Path,
    form: Form,
    text: &str,
    change: &ArgumentChange,
) -> Result<Outcome, ConfigError> {
    if form == Form::Terragrunt && path.extension().is_some_and(|ending| ending == "json") {
        let refusal = Refusal::unseen(0, "terragrunt's files of JSON are not edited");
        return Ok(Outcome { text: None, backends: 1, refusals: vec![refusal] });
    }
    let bare = text.strip_prefix(BOM).unwrap_or(text);
    let mark = text.len() - bare.len();
    let mut outcome = match check(path, form, text) {
        Ok(()) => everywhere(form, bare, change),
        // Two arguments of one name are no HCL, but what to do about them is clear.
        Err(error) => match twice(form, bare) {
            Some(refusal) => Outcome { text: None, backends: 1, refusals: vec![refusal] },
            None => return Err(error),
        },
    };
    for refusal in &mut outcome.refusals {
        refusal.at += mark;
    }
    if mark > 0 {
        outcome.text = outcome.text.map(|text| format!("{BOM}{text}"));
    }
    Ok(outcome)
}

/// Whether an HCL text is one of terragrunt's and no file for `-backend-config`: it has blocks, or sets
/// what terragrunt also takes as an attribute.
pub(super) fn is_terragrunt(text: &str) -> bool {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    hcl_edit::parser::parse_body(text).is_ok_and(|body| {
        body.iter().any(|structure| match structure {
            Structure::Block(_) => true,
            Structure::Attribute(attribute) => TERRAGRUNT.contains(&attribute.key.as_str()),
        })
    })
}

/// A text as it is written in HCL.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            // `${` and `%{` would begin a template.
            '{' if quoted.ends_with('$') => quoted.push_str("${"),
            '{' if quoted.ends_with('%') => quoted.push_str("%{"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn check(path: &Path, form: Form, text: &str) -> Result<(), ConfigError> {
    let file = HclFile::new(path, text);
    if let Some(at) = unclosed_text(file.text()) {
        return Err(file.invalid_at(at, "a quoted text is not closed on its line"));
    }
    match form {
        Form::Terraform => {
            let file = ConfigFile { path: path.to_owned(), is_json: false };
            terraform_blocks(&file, text).map(drop)
        }
        Form::BackendConfig => file.only_arguments(&file.parse()?),
        Form::Terragrunt | Form::TerraformJson | Form::BackendConfigJson => file.parse().map(drop),
    }
}

/// The second of two arguments of one name.
fn twice(form: Form, text: &str) -> Option<Refusal> {
    let document = Document::new(text);
    lists(&document, form).ok()?.iter().find_map(|list| {
        let mut seen = BTreeSet::new();
        let entries = document.entries(list.inside.clone());
        entries.iter().find_map(|entry| match entry {
            Entry::Argument(Item { name: Some(name), key, .. }) if !seen.insert(name) => {
                Some(Refusal::at(document.start(*key), format!("`{name}` is set twice")))
            }
            Entry::Argument(_) | Entry::Block(_) => None,
        })
    })
}

fn everywhere(form: Form, text: &str, change: &ArgumentChange) -> Outcome {
    let mut outcome = Outcome { text: None, backends: 0, refusals: Vec::new() };
    let in_all = in_lists(form, text, change).and_then(|(new, count)| {
        if form != Form::Terragrunt || *change != REMOVE_TABLE {
            return Ok((new, count));
        }
        let (without, _) = in_lists(form, new.as_deref().unwrap_or(text), &REMOVE_OLD_NAME)?;
        Ok((without.or(new), count))
    });
    match in_all {
        Ok((new, count)) => {
            outcome.text = new;
            outcome.backends = count;
        }
        Err(refusal) => {
            outcome.backends = 1;
            outcome.refusals.push(refusal);
        }
    }
    if form == Form::Terragrunt {
        in_generated(text, change, &mut outcome);
    }
    outcome
}

/// The text with the change in every list, and how many lists there are.
fn in_lists(
    form: Form,
    text: &str,
    change: &ArgumentChange,
) -> Result<(Option<String>, usize), Refusal> {
    let count = lists(&Document::new(text), form)?.len();
    let mut current = text.to_owned();
    for number in 0..count {
        if let Some(new) = in_list(form, &current, number, change)? {
            current = new;
        }
    }
    if current == text {
        return Ok((None, count));
    }
    if !model::is_only(form, text, &current, change) {
        return Err(Refusal::at(0, "the change would change more than this"));
    }
    Ok((Some(current), count))
}

fn in_list(
    form: Form,
    text: &str,
    number: usize,
    change: &ArgumentChange,
) -> Result<Option<String>, Refusal> {
    let document = Document::new(text);
    let Some(list) = lists(&document, form)?.into_iter().nth(number) else { return Ok(None) };
    let was_aligned = is_aligned(&document, &list.region(&document));
    let new = match change {
        ArgumentChange::Set { name, value, after } => {
            match set(&document, &list, &Setting { name, value, after })? {
                Step::Nothing => None,
                Step::Done(new) => Some(new),
                Step::Opened(opened) => return in_list(form, &opened, number, change),
            }
        }
        ArgumentChange::Remove { path } => removed::removed(&document, &list, path)?,
    };
    let Some(new) = new else { return Ok(None) };
    if !was_aligned {
        return Ok(Some(new));
    }
    let with_equals = corrected(form, &new, number, of_equals)?;
    Ok(Some(corrected(form, &with_equals, number, of_comments)?))
}

/// The text with the corrections around a list.
fn corrected(
    form: Form,
    text: &str,
    number: usize,
    corrections: fn(&Document<'_>, &std::ops::Range<usize>) -> Vec<Splice>,
) -> Result<String, Refusal> {
    let document = Document::new(text);
    let region = |list: ArgumentList| list.region(&document);
    let region = lists(&document, form)?.into_iter().nth(number).map(region);
    Ok(spliced(text, &region.map(|region| corrections(&document, &region)).unwrap_or_default()))
}

/// The change in the heredocs that `generate` blocks write.
fn in_generated(text: &str, change: &ArgumentChange, outcome: &mut Outcome) {
    let current = outcome.text.clone().unwrap_or_else(|| text.to_owned());
    let document = Document::new(&current);
    let mut splices = Vec::new();
    for (label, contents) in generated(&document) {
        match in_contents(&document, &label, &contents, change) {
            Ok(Some((splice, backends))) => {
                splices.extend(splice);
                outcome.backends += backends;
            }
            Ok(None) => {}
            Err(refusal) => {
                outcome.backends += 1;
                outcome.refusals.push(refusal);
            }
        }
    }
    if splices.is_empty() {
        return;
    }
    let new = spliced(&current, &splices);
    if model::differ_in_contents_only(&current, &new) {
        outcome.text = Some(new);
    } else {
        outcome.refusals.push(Refusal::at(0, "the change would change more than this"));
    }
}

fn in_contents(
    document: &Document<'_>,
    label: &str,
    contents: &Item,
    change: &ArgumentChange,
) -> Result<Option<(Option<Splice>, usize)>, Refusal> {
    let refused = |reason: &str| Err(Refusal::unseen(document.start(contents.key), reason));
    let value = contents.value.clone();
    if value.len() != 1 || document.kind(value.start) != Some(Kind::Heredoc) {
        return match document.value(contents) {
            Ok(Some(Value::Text(text))) if mentions_s3(&text) => {
                refused("`contents` is a quoted text")
            }
            Err(_) if label.contains("backend") => refused("`contents` is computed"),
            Ok(_) | Err(_) => Ok(None),
        };
    }
    let bytes = document.bytes(&value);
    let heredoc = document.text.get(bytes.clone()).unwrap_or("");
    let (Some(first), Some(last)) = (heredoc.find('\n'), heredoc.rfind('\n')) else {
        return Ok(None);
    };
    let range = bytes.start + first + 1..bytes.start + last + 1;
    let inner = document.text.get(range.clone()).unwrap_or("");
    if hcl_edit::parser::parse_body(inner).is_err() {
        let is_backend = label.contains("backend") || mentions_s3(inner);
        return if is_backend {
            refused("`contents` is a template of more than texts")
        } else {
            Ok(None)
        };
    }
    let is_template = |text: &str| text.contains("${") || text.contains("%{");
    if let ArgumentChange::Set { value: NewValue::Text(text), .. } = change
        && is_template(text)
    {
        return Err(Refusal::at(range.start, "the new value would be taken for a template"));
    }
    let (new, backends) = in_lists(Form::Terraform, inner, change)
        .map_err(|refusal| Refusal { at: refusal.at + range.start, ..refusal })?;
    Ok(Some((new.map(|text| Splice { range, text }), backends)))
}

/// Whether a text looks like a configuration with an `s3` backend.
fn mentions_s3(text: &str) -> bool {
    let all = tokens(text);
    let words: Vec<_> = all.iter().filter_map(|token| text.get(token.range())).collect();
    words.windows(2).any(|pair| matches!(pair, ["backend", "\"s3\"" | "s3"]))
}
