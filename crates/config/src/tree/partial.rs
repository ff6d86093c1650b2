//! Files that complete a partial configuration: `backend.hcl`, `prod.s3.tfbackend`, …
//!
//! Their names follow no rule, so the content decides: arguments of an `s3` backend, and nothing else.

use std::path::{Path, PathBuf};

use super::Tree;
use super::options::Scan;
use super::parallel;
use super::walk::{Found, FoundKind};
use crate::argument::Arguments;
use crate::error::ConfigError;
use crate::s3;
use crate::text_file;
use crate::written::body::HclFile;
use crate::written::{NotLiteral, json_file};

/// Endings of names that are for nothing else.
const OWN_ENDINGS: &[&str] = &[".tfbackend", ".tfbackend.json"];
/// Endings of names that are for many things: `backend` must stand in the name.
const NAMED_ENDINGS: &[&str] = &[".cfg", ".json", ".txt"];
/// The same, and in a directory with `backend` in its name any name will do.
const ENDINGS: &[&str] = &[".backend", ".conf", ".config", ".hcl", ".tfvars", ".tfvars.json"];
const BUCKET: &str = "bucket";
/// Arguments by which a file shows that it is about an `s3` backend, even if another one is misspelt.
const TELLING: [&str; 4] = ["dynamodb_table", "key", "region", "use_lockfile"];

/// A file that gives arguments to a backend.
#[derive(Clone, Debug)]
pub(super) struct PartialFile {
    pub(super) path: PathBuf,
    pub(super) arguments: Arguments,
    pub(super) expressions: Vec<NotLiteral>,
}

/// What a file turned out to be.
#[derive(Debug)]
pub(super) enum Content {
    /// Arguments of an `s3` backend.
    Arguments(PartialFile),
    /// The same, but with a name that no version has.
    Doubtful,
    /// Something else.
    Other,
}

/// Whether a file of that name is worth a look.
pub(super) fn is_candidate(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if OWN_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return true;
    }
    let directory = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let is_named = |name: &str| name.contains("backend");
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    (ends(ENDINGS) && (is_named(name) || directory.is_some_and(is_named)))
        || (ends(NAMED_ENDINGS) && is_named(name))
}

/// What the candidates turned out to be.
#[derive(Debug, Default)]
pub(super) struct PartialFiles {
    /// Those that complete a backend.
    pub(super) files: Vec<PartialFile>,
    /// Those with a name that no version has.
    pub(super) doubtful: Vec<PathBuf>,
    /// Those that could not be read.
    pub(super) unreadable: Vec<(PathBuf, ConfigError)>,
}

/// Reads every candidate.
pub(super) fn read_all(scan: &Scan, found: &[Found], tree: &mut Tree) -> PartialFiles {
    let candidates: Vec<&Path> = found
        .iter()
        .filter(|found| found.kind == FoundKind::Partial)
        .map(|found| found.path.as_path())
        .collect();
    let contents = parallel::map(&candidates, scan.threads, |path| read(path));
    let mut all = PartialFiles::default();
    for (path, content) in candidates.iter().zip(contents) {
        tree.files += 1;
        match content {
            Ok(Content::Arguments(file)) => all.files.push(file),
            Ok(Content::Doubtful) => all.doubtful.push((*path).to_owned()),
            Ok(Content::Other) => {}
            Err(error) => all.unreadable.push(((*path).to_owned(), error)),
        }
    }
    all
}

/// Reads one file.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, or is about a backend and has an error.
pub(super) fn read(path: &Path) -> Result<Content, ConfigError> {
    let must_be_one = path
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| OWN_ENDINGS.iter().any(|ending| name.ends_with(ending)));
    let text = match text_file::read(path) {
        Err(ConfigError::TooLarge { .. } | ConfigError::NotUtf8 { .. }) if !must_be_one => {
            return Ok(Content::Other);
        }
        text => text?,
    };
    match content(path, &text) {
        Err(_) if !must_be_one && !sets_an_argument(&text) => Ok(Content::Other),
        content => content,
    }
}

/// Whether a line begins as one that sets an argument of an `s3` backend: an error there matters.
fn sets_an_argument(text: &str) -> bool {
    text.lines().any(|line| {
        let name = line.split_once('=').map(|(name, _)| name.trim().trim_matches('"'));
        name.is_some_and(|name| name == BUCKET || TELLING.contains(&name))
    })
}

fn content(path: &Path, text: &str) -> Result<Content, ConfigError> {
    let mut expressions = Vec::new();
    let arguments = if path.extension().is_some_and(|extension| extension == "json") {
        json_file::arguments(path, text)?
    } else {
        let file = HclFile::new(path, text);
        let body = file.parse()?;
        if body.blocks().next().is_some() {
            return Ok(Content::Other);
        }
        file.arguments(s3::KIND, &body, &mut expressions)?
    };
    let names = || {
        let fixed = arguments.iter().map(|(name, _)| name);
        fixed.chain(expressions.iter().map(|open| open.argument.as_str()))
    };
    let is_known = |name| s3::type_of(name).is_some();
    if names().next().is_none() {
        return Ok(Content::Other);
    }
    if names().all(is_known) {
        return Ok(Content::Arguments(PartialFile {
            path: path.to_owned(),
            arguments,
            expressions,
        }));
    }
    // A bucket alone would also be Google's.
    let is_doubtful =
        names().any(|name| name == BUCKET) && names().any(|name| TELLING.contains(&name));
    Ok(if is_doubtful { Content::Doubtful } else { Content::Other })
}
