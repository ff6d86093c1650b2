//! Reading and writing the credentials file.
//!
//! The parser is strict on purpose: what it does not understand, some SDK would understand
//! differently, and then the server and its clients would disagree about the key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::{AccessKey, CredentialsError};

/// Far above what this server writes; a larger file is not ours.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads the key, or nothing if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<AccessKey>, CredentialsError> {
    let Some((file, mode)) = open(path)? else { return Ok(None) };
    if is_exposed(mode) {
        return Err(CredentialsError::Exposed { path: path.to_owned(), mode });
    }
    parse_file(path, file).map(Some)
}

/// Reads the key of a file that no server uses, whoever may read it; and its mode, if others may.
pub(super) fn read_at_rest(
    path: &Path,
) -> Result<Option<(AccessKey, Option<u32>)>, CredentialsError> {
    let Some((file, mode)) = open(path)? else { return Ok(None) };
    Ok(Some((parse_file(path, file)?, is_exposed(mode).then_some(mode))))
}

fn is_exposed(mode: u32) -> bool {
    mode & 0o077 != 0
}

fn open(path: &Path) -> Result<Option<(File, u32)>, CredentialsError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path)(error)),
    };
    // The mode of the opened file, not of the path: it cannot be swapped in between.
    let mode = file.metadata().map_err(unreadable(path))?.permissions().mode() & 0o7777;
    Ok(Some((file, mode)))
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CredentialsError {
    let path = path.to_owned();
    move |source| CredentialsError::Io { action: "read", path, source }
}

fn parse_file(path: &Path, file: File) -> Result<AccessKey, CredentialsError> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable(path))?;
    let malformed = |what| CredentialsError::Malformed { path: path.to_owned(), what };
    let text = String::from_utf8(bytes).map_err(|_| malformed("is not UTF-8 text".to_owned()))?;
    parse(&text).map_err(malformed)
}

/// Parses the text of a credentials file; the error says what is wrong and where.
fn parse(text: &str) -> Result<AccessKey, String> {
    let mut in_default = false;
    let (mut id, mut secret) = (None, None);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line == "[default]" && !in_default {
            in_default = true;
            continue;
        }
        let setting = line.split_once('=').filter(|_| in_default && !line.starts_with('['));
        let Some((name, value)) = setting else {
            return Err(format!("has something unexpected on line {number}"));
        };
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => &mut id,
            "aws_secret_access_key" => &mut secret,
            _ => return Err(format!("has an unknown setting on line {number}")),
        };
        if slot.replace(value.trim()).is_some() {
            return Err(format!("repeats a setting on line {number}"));
        }
    }
    let id = id.ok_or("has no `aws_access_key_id`")?;
    let secret = secret.ok_or("has no `aws_secret_access_key`")?;
    AccessKey::new(id, secret).map_err(|error| format!("holds an unusable key ({error})"))
}

/// Replaces the file with one that holds `key`, durably.
pub(super) fn write(path: &Path, key: &AccessKey) -> Result<(), CredentialsError> {
    let temporary = path.with_extension("tmp");
    let error =
        |action| move |source| CredentialsError::Io { action, path: path.to_owned(), source };
    write_temporary(&temporary, key).map_err(error("write"))?;
    fs::rename(&temporary, path).map_err(error("replace"))?;
    // The rename is durable only once the directory is.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or_else(|| Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(error("make durable"))
}

fn write_temporary(temporary: &Path, key: &AccessKey) -> io::Result<()> {
    // A crash may have left one, with any mode: `create_new` below must make it afresh, as 0600.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(render(key).as_bytes())?;
    file.sync_all()
}

fn render(key: &AccessKey) -> String {
    format!(
        "# The root access key of this statelock server, written by the server.\n\
         # For clients: AWS_SHARED_CREDENTIALS_FILE=<this file>\n\
         [default]\n\
         aws_access_key_id = {}\n\
         aws_secret_access_key = {}\n",
        key.id(),
        key.secret(),
    )
}
