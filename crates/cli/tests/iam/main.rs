//! Generated policies against what the real terraform sends, the verb's output, and its page.

mod captured;
mod command;
mod page;
mod policy;
