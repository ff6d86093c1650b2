//! Where records stand, and how they are read and written.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use statelock_client::{StoreSettings, without_user};

use super::verdicts::Record;

/// The endpoint where none is named.
const USUAL: &str = "default";

/// What there is, if it can be read.
pub(super) fn read(path: &Path) -> Option<Record> {
    Record::of_json(&fs::read(path).ok()?)
}

/// Written beside, and put in place: whoever reads sees a whole file.
pub(super) fn write(path: &Path, record: &Record) -> io::Result<()> {
    let text = serde_json::to_vec(record).map_err(io::Error::other)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = file.write_all(&text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).unwrap_or_default();
    }
    written
}

/// The name of the file of an endpoint and a bucket.
pub(super) fn name(endpoint: &str, bucket: &str) -> String {
    let digest = Sha256::digest(format!("{endpoint}\n{bucket}"));
    let (half, _) = digest.split_at(16);
    let number = half.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("{number:032x}.json")
}

/// The endpoint as it is named by an option, the configuration or the environment, in one form.
pub(super) fn endpoint_of(stores: &StoreSettings) -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    let named = stores.endpoint_s3.clone().or_else(|| stores.endpoint_url.clone());
    let named =
        named.or_else(|| variable("AWS_ENDPOINT_URL_S3")).or_else(|| variable("AWS_ENDPOINT_URL"));
    named.map_or_else(|| USUAL.to_owned(), |url| in_one_form(&without_user(&url)))
}

/// `scheme://host:port` in lower case, without a port that goes without saying.
fn in_one_form(url: &str) -> String {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let port = if url.starts_with("https://") { ":443" } else { ":80" };
    url.strip_suffix(port).unwrap_or(&url).to_owned()
}

/// The directory of all records.
pub(super) fn directory() -> Option<PathBuf> {
    let set =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("statelock").join("probes"))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::commands::probe::record::verdicts::Kept;

    #[test]
    fn what_is_kept_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("x.json");
        let kept = Kept { verdict: "safe".to_owned(), because: String::new(), date: None };
        let place = ("http://h:9000".to_owned(), "b".to_owned());
        write(&path, &Record::new(place, "2026-11-22T10:00:00Z", kept)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(read(&path).unwrap().is_of("http://h:9000", "b"));
    }

    #[test]
    fn endpoints_have_one_form() {
        assert_eq!(in_one_form("HTTPS://S3.Example.com:443/"), "https://s3.example.com");
        assert_eq!(in_one_form("http://h:9000"), "http://h:9000");
        let endpoint_url = Some("http://You:hunter2@h:9000/".to_owned());
        let stores = StoreSettings { endpoint_url, ..StoreSettings::default() };
        assert_eq!(endpoint_of(&stores), "http://h:9000", "it is kept without its user");
    }
}
