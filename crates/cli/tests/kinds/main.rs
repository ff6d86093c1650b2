//! The real, unmodified terraform over all kinds of client on one state of one server: `use_lockfile`,
//! `dynamodb_table`, both, and `backend "http"`.
//!
//! What is asserted of the server is looked up past terraform: in the bucket's listing, in a scan of the
//! lock table, and with a LOCK of the HTTP backend. `docs/bugs.md` names the tests here that show a loss
//! of other servers not to happen. On a machine without terraform they are reported as skipped.

#[path = "../bucket/mod.rs"]
mod bucket;
mod exclusion;
mod forcing;
mod look;
mod losses;
mod lost_answers;
mod secrets;
mod stage;
mod turns;
mod versions;
