//! Working directories on disk, as Terraform finds and leaves them.

mod directories;
mod initialised_directories;
mod mutations;
mod real_terraform;
mod s3_arguments;
mod scratch;
