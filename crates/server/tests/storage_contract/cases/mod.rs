//! The cases that every engine passes.

mod concurrency;
mod rollback;
mod rows;

pub(crate) use self::concurrency::*;
pub(crate) use self::rollback::*;
pub(crate) use self::rows::*;
