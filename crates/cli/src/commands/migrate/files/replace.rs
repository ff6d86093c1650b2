//! Replaces a file as a whole: at any moment it has either all its old bytes or all its new ones.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::os;
use super::{Facts, FileError, Files, hash};

/// Where the new bytes stand before they are the file. Terraform reads no file whose name begins with a dot.
/// The name is always the same, so that what a killed process left is found.
pub(in super::super) fn leftover_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".statelock-new");
    path.with_file_name(name)
}

/// Whether a file could be replaced, as far as that is known without doing it.
///
/// # Errors
/// [`FileError`].
pub(in super::super) fn check(files: &dyn Files, path: &Path) -> Result<(), FileError> {
    facts(files, path).map(|_| ())
}

fn facts(files: &dyn Files, path: &Path) -> Result<Facts, FileError> {
    let facts = files.facts(path).map_err(os("look at", path))?;
    if !facts.is_file {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    // The system would let a file be replaced that it does not let be written.
    if !facts.is_writable {
        return Err(FileError::ReadOnly(path.to_owned()));
    }
    if facts.names > 1 {
        return Err(FileError::HardLinked { path: path.to_owned(), names: facts.names });
    }
    let directory = directory(path);
    let around = files.facts(&directory).map_err(os("look at", &directory))?;
    if !around.is_writable {
        return Err(FileError::ReadOnlyDirectory(path.to_owned()));
    }
    if !can_be_given(&facts, &around) {
        return Err(FileError::ForeignOwner(path.to_owned()));
    }
    Ok(facts)
}

/// Whether a new file beside it can have its owner. It may have the directory's group without anybody's doing.
fn can_be_given(facts: &Facts, around: &Facts) -> bool {
    let group = |facts: &Facts| facts.ownership.owner.map(|(_, group)| group);
    facts.own.user && (facts.own.group || group(facts) == group(around))
}

/// Gives a file other bytes if those that it has are `expected` (a [`hash`]). Mode and owner stay.
///
/// # Errors
/// [`FileError`]; the file is as it was, unless the last step fails, which makes the new name durable.
pub(in super::super) fn replace(
    files: &dyn Files,
    path: &Path,
    expected: &str,
    bytes: &[u8],
) -> Result<(), FileError> {
    let facts = facts(files, path)?;
    expect(files, path, expected)?;
    let new = leftover_of(path);
    files.remove(&new).map_err(os("remove", &new))?;
    let written = files
        .create(&new, bytes, facts.ownership)
        .map_err(os("write", &new))
        // Looked at again just before it goes: what an editor saved meanwhile is not lost.
        .and_then(|()| expect(files, path, expected))
        .and_then(|()| files.rename(&new, path).map_err(os("replace", path)));
    if let Err(error) = written {
        // What is left is removed by the next run, too.
        files.remove(&new).unwrap_or_default();
        return Err(error);
    }
    let directory = directory(path);
    files.sync_directory(&directory).map_err(os("make durable", &directory))
}

fn expect(files: &dyn Files, path: &Path, expected: &str) -> Result<(), FileError> {
    let now = files.read(path).map_err(os("read", path))?;
    if hash(&now) == expected { Ok(()) } else { Err(FileError::Changed(path.to_owned())) }
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::super::stopping::StoppingFiles;
    use super::super::{OsFiles, Own, hash};
    use super::*;

    fn a_file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("main.tf");
        fs::write(&path, "old").unwrap();
        (directory, path)
    }

    fn names(directory: &Path) -> Vec<String> {
        let names = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn mode_and_owner_stay_and_nothing_else_is_left() {
        let (directory, path) = a_file();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap();
        replace(&OsFiles, &path, &hash(b"old"), b"new").unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(after.mode(), before.mode());
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_eq!(names(directory.path()), ["main.tf"]);
    }

    #[test]
    fn what_a_killed_process_left_is_no_hindrance() {
        let (directory, path) = a_file();
        fs::write(leftover_of(&path), "hal").unwrap();
        replace(&OsFiles, &path, &hash(b"old"), b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["main.tf"]);
    }

    #[test]
    fn another_content_than_expected_stays() {
        let (_directory, path) = a_file();
        let error = replace(&OsFiles, &path, &hash(b"other"), b"new").unwrap_err();
        assert!(matches!(error, FileError::Changed(_)), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn links_and_read_only_files_are_refused() {
        let (directory, path) = a_file();
        let link = directory.path().join("link.tf");
        symlink(&path, &link).unwrap();
        let refused = |path: &Path| replace(&OsFiles, path, &hash(b"old"), b"new").unwrap_err();
        assert!(matches!(refused(&link), FileError::NotAFile(_)));
        fs::remove_file(&link).unwrap();
        fs::hard_link(&path, &link).unwrap();
        assert!(matches!(refused(&path), FileError::HardLinked { names: 2, .. }));
        fs::remove_file(&link).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(refused(&path), FileError::ReadOnly(_)));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o500)).unwrap();
        assert!(matches!(refused(&path), FileError::ReadOnlyDirectory(_)));
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["main.tf"]);
    }

    #[test]
    fn a_file_of_another_user_or_group_is_refused_beforehand() {
        let (directory, path) = a_file();
        let own = OsFiles.facts(&path).unwrap();
        let around = OsFiles.facts(directory.path()).unwrap();
        assert!(own.own.user && can_be_given(&own, &around));
        assert!(!can_be_given(&Facts { own: Own { user: false, group: true }, ..own }, &around));
        let owner = own.ownership.owner.map(|(user, group)| (user, group + 1));
        let ownership = super::super::Ownership { owner, ..own.ownership };
        let foreign_group = Facts { own: Own { user: true, group: false }, ownership, ..own };
        assert!(!can_be_given(&foreign_group, &around));
        assert!(can_be_given(&Facts { ownership, ..own }, &around));
        assert!(can_be_given(&foreign_group, &Facts { ownership, ..around }));
    }

    #[test]
    fn ended_at_any_step_the_file_is_old_or_new() {
        for steps in 0.. {
            let (_directory, path) = a_file();
            let files = StoppingFiles::after(steps);
            let done = replace(&files, &path, &hash(b"old"), b"new, and longer").is_ok();
            let now = fs::read(&path).unwrap();
            assert!(now == b"old" || now == b"new, and longer", "after {steps} steps: {now:?}");
            if done {
                assert!(steps >= 4, "{steps}");
                break;
            }
        }
    }
}
