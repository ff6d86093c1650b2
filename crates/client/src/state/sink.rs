//! Where the bytes of a state go.

use std::fs::File;
use std::io::{self, Seek, Write};

/// Takes the bytes of a state as they come.
///
/// A reading may have to begin anew, because the state was replaced meanwhile. What was taken until then is
/// void, so nothing should leave the program before the reading has ended well.
pub trait StateSink: Send {
    /// Forgets everything that was taken.
    ///
    /// # Errors
    /// The sink failed; the reading ends.
    fn restart(&mut self) -> io::Result<()>;

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The sink failed; the reading ends.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// For those who only want to know what a state says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl StateSink for Discard {
    fn restart(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes in memory. States can be large: prefer a file.
impl StateSink for Vec<u8> {
    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A file of its own. It is emptied first.
impl StateSink for File {
    fn restart(&mut self) -> io::Result<()> {
        self.set_len(0)?;
        self.rewind()
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}
