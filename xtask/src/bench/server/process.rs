//! What a process takes: memory, and room on the disk.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) now: u64,
    /// The most since the start, or since [`forget_peak`].
    pub(super) peak: u64,
}

/// Reads both from the kernel.
pub(super) fn memory(process: u32) -> Result<Memory> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    let bytes = |name: &str| of_status(&text, name).with_context(|| format!("no {name} in {path}"));
    Ok(Memory { now: bytes("VmRSS")?, peak: bytes("VmHWM")? })
}

fn of_status(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Lets the peak begin anew at what is taken now.
pub(super) fn forget_peak(process: u32) -> Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    fs::write(&path, "5").with_context(|| format!("could not write {path}"))
}

/// All files below a directory, in bytes.
pub(super) fn size(directory: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = entry.metadata()?;
        sum += if found.is_dir() { size(&entry.path())? } else { found.len() };
    }
    Ok(sum)
}

/// In MiB, for a table.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "Name:\tit\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(of_status(text, "VmHWM"), Some(2 << 20));
        assert_eq!(of_status(text, "VmPeak"), None);
        let own = memory(std::process::id()).unwrap();
        assert!(own.peak >= own.now && own.now > 0, "{own:?}");
    }

    #[test]
    fn a_directory_is_as_large_as_its_files() {
        let own = env!("CARGO_MANIFEST_DIR");
        let manifest = fs::metadata(format!("{own}/Cargo.toml")).unwrap().len();
        assert!(size(Path::new(own)).unwrap() > manifest);
    }
}
