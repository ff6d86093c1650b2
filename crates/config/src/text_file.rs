//! Files are read whole, within a bound, and only regular ones.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{ConfigError, Place};

/// No configuration is as large as this; a state that got a wrong name may be.
const SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The text of `path`.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, is no regular file, is too large or not UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    // Asked before it is opened: to open a pipe waits for its writer.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ConfigError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(SIZE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).map_or(true, |size| size > SIZE_BYTES_MAX) {
        return Err(ConfigError::TooLarge { path: path.to_owned(), limit_bytes: SIZE_BYTES_MAX });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let newlines = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count();
        ConfigError::NotUtf8 { place: Place { file: path.to_owned(), line: Some(newlines + 1) } }
    })
}

/// Whether anything is at `path`, a dangling link included.
///
/// # Errors
/// [`ConfigError::Unreadable`] if that cannot be found out.
pub(crate) fn exists(path: &Path) -> Result<bool, ConfigError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_encoding_is_refused_with_its_line() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("a.tf");
        std::fs::write(&path, b"one\ntwo \xff\n").expect("write");
        let error = read(&path).expect_err("not UTF-8");
        assert_eq!(error.to_string(), format!("{}:2 is not UTF-8", path.display()));
    }

    #[test]
    fn a_directory_is_no_file() {
        let directory = tempfile::tempdir().expect("temporary directory");
        assert!(matches!(read(directory.path()), Err(ConfigError::NotAFile(_))));
    }

    #[test]
    fn more_than_the_bound_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("a.tf");
        let file = File::create(&path).expect("create");
        file.set_len(SIZE_BYTES_MAX).expect("sparse file");
        assert!(read(&path).is_ok());
        file.set_len(SIZE_BYTES_MAX + 1).expect("sparse file");
        assert!(matches!(read(&path), Err(ConfigError::TooLarge { .. })));
    }

    #[test]
    fn a_dangling_link_exists() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("link");
        assert!(!exists(&path).expect("looked"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", &path).expect("link");
            assert!(exists(&path).expect("looked"));
        }
    }
}
