//! The file system itself.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::process::{Gid, getegid, geteuid, getgroups};

use super::{Facts, Files, Own, Ownership};

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct OsFiles;

impl Files for OsFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        let metadata = std::fs::symlink_metadata(path)?;
        let (user, is_root) = (geteuid(), geteuid().is_root());
        let is_mine = |group: Gid| group.as_raw() == metadata.gid();
        let group = is_root || is_mine(getegid()) || getgroups()?.into_iter().any(is_mine);
        Ok(Facts {
            is_file: metadata.is_file(),
            is_writable: !metadata.permissions().readonly()
                && access(path, Access::WRITE_OK).is_ok(),
            own: Own { user: is_root || user.as_raw() == metadata.uid(), group },
            names: metadata.nlink(),
            ownership: Ownership {
                mode: metadata.mode() & 0o7777,
                owner: Some((metadata.uid(), metadata.gid())),
            },
        })
    }

    fn create(&self, path: &Path, bytes: &[u8], ownership: Ownership) -> io::Result<()> {
        // Nobody else reads it before it has the mode that it shall have.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        let made = file.metadata()?;
        if let Some((user, group)) = ownership.owner
            && (made.uid(), made.gid()) != (user, group)
        {
            fchown(&file, Some(user), Some(group))?;
        }
        // After the owner: a change of owner takes bits away.
        file.set_permissions(std::fs::Permissions::from_mode(ownership.mode))?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
