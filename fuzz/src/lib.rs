//! What the fuzz targets share: requests as text, a key, and a server in this process.

pub mod key;
pub mod request;
pub mod server;
