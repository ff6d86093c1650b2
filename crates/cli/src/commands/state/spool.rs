//! Bytes of a state, kept until they are whole: only then do they leave the program.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use statelock_client::state::{SourceError, StateSink, StateSource};

use crate::output;

/// What is larger goes to a file.
const MEMORY_SIZE_BYTES_MAX: usize = 4 << 20;

/// In memory while they are few, else in a file that has no name any more: states hold secrets.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Keeps all that a source has.
    ///
    /// # Errors
    /// The source, or the file, fails.
    pub(super) fn of(source: &mut impl Read) -> io::Result<Self> {
        let mut spool = Self::default();
        io::copy(source, &mut spool)?;
        Ok(spool)
    }

    /// Prints the bytes as they are.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub(super) fn print(self) -> io::Result<()> {
        match self.file {
            Some(mut file) => {
                file.rewind()?;
                output::stream(&mut file)
            }
            None => output::stream(&mut self.memory.as_slice()),
        }
    }

    /// The bytes, to be written as a state.
    ///
    /// # Errors
    /// They are no state, or cannot be read.
    pub(super) fn into_source(self) -> Result<StateSource, SourceError> {
        match self.file {
            Some(file) => StateSource::of_file(file),
            None => StateSource::of_bytes(self.memory),
        }
    }

    /// A reader of the bytes from their beginning.
    ///
    /// # Errors
    /// The file fails.
    pub(super) fn reader(&mut self) -> io::Result<SpoolReader<'_>> {
        match &mut self.file {
            Some(file) => {
                file.rewind()?;
                Ok(SpoolReader::File(file))
            }
            None => Ok(SpoolReader::Memory(io::Cursor::new(&self.memory))),
        }
    }
}

/// Reads what a [`Spool`] keeps.
#[derive(Debug)]
pub(super) enum SpoolReader<'a> {
    Memory(io::Cursor<&'a Vec<u8>>),
    File(&'a mut File),
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(memory) => memory.read(into),
            Self::File(file) => file.read(into),
        }
    }
}

impl Seek for SpoolReader<'_> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(memory) => memory.seek(position),
            Self::File(file) => file.seek(position),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > MEMORY_SIZE_BYTES_MAX {
            let mut file = unnamed_file()?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StateSink for Spool {
    fn restart(&mut self) -> io::Result<()> {
        *self = Self::default();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}

/// A file that only this process can reach, and that is gone with it.
fn unnamed_file() -> io::Result<File> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let name = format!("statelock-{:032x}", u128::from_be_bytes(random));
    let path = std::env::temp_dir().join(name);
    let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("temporary file {}: {error}", path.display()))
    };
    let file = opened.map_err(named)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bytes_and_few_are_kept_as_they_are() {
        for size in
            [0, 10, MEMORY_SIZE_BYTES_MAX, MEMORY_SIZE_BYTES_MAX + 1, 3 * MEMORY_SIZE_BYTES_MAX]
        {
            let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
            let mut spool = Spool::of(&mut bytes.as_slice()).unwrap();
            assert_eq!(spool.file.is_some(), size > MEMORY_SIZE_BYTES_MAX);
            let mut read = Vec::new();
            spool.reader().unwrap().read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{size} bytes");
        }
    }

    #[test]
    fn a_restart_forgets_what_came() {
        let mut spool = Spool::default();
        spool.take(&vec![1; MEMORY_SIZE_BYTES_MAX + 1]).unwrap();
        spool.restart().unwrap();
        spool.take(b"new").unwrap();
        let mut read = Vec::new();
        spool.reader().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, b"new");
    }
}
