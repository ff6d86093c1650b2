//! The suite that every implementer of the object-store contract runs.
//!
//! A case states one promise and needs nothing but a function from request to reply
//! ([`ObjectStoreUnderTest`]). Each case works under its own key prefix, `contract/<case>/`, in a
//! bucket that exists; nothing else may write there while the suite runs.
//!
//! - [`OBJECT_CASES`]: the cases for one caller at a time;
//! - [`run_all`]: runs them all, and names every case that failed;
//! - [`race`]: promises that only show when several callers meet.

mod bench;
mod delete_cases;
mod key_cases;
mod list_cases;
mod object_cases;
pub mod race;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use statelock_protocol::store::{BucketName, ObjectRequest, ObjectSuccess, Reply};

pub use bench::Bench;
pub use race::{race_for_one_key, race_for_one_version};

/// An implementer of the object-store contract.
///
/// Calls are synchronous: an asynchronous implementer blocks on its runtime.
pub trait ObjectStoreUnderTest {
    /// Sends one request and waits for its answer.
    fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess>;

    /// A bucket that exists and holds no key that starts with `contract/`.
    fn bucket(&self) -> BucketName;
}

/// What a case returns: nothing, or what went otherwise than promised.
pub type CaseResult = anyhow::Result<()>;

/// One promise of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise in words, as an identifier.
    pub name: &'static str,
    /// Shows that it holds.
    pub run: fn(&mut Bench<'_>) -> CaseResult,
}

/// Makes a list of cases from functions; the name of a case is the name of its function.
macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$(Case { name: stringify!($name), run: $module::$name }),*]
    };
}

/// Every case of the object-store contract.
pub const OBJECT_CASES: &[Case] = cases![
    object_cases::empty_bytes_are_read_back,
    object_cases::all_byte_values_are_read_back,
    object_cases::three_mebibytes_are_read_back,
    object_cases::a_read_shows_the_tag_that_the_write_returned,
    object_cases::a_missing_object_cannot_be_read,
    object_cases::an_overwrite_replaces_the_bytes_and_changes_the_tag,
    object_cases::if_absent_applies_to_a_fresh_key_only_once,
    object_cases::if_absent_applies_again_after_a_delete,
    object_cases::if_match_applies_to_the_current_tag,
    object_cases::if_match_is_refused_for_an_older_tag,
    object_cases::if_match_is_refused_where_there_is_no_object,
    object_cases::a_refused_write_leaves_the_old_bytes,
    object_cases::an_unknown_bucket_refuses_every_request,
    delete_cases::a_deleted_object_cannot_be_read,
    delete_cases::deleting_nothing_is_applied,
    delete_cases::delete_if_match_applies_to_the_current_tag,
    delete_cases::delete_if_match_is_refused_for_an_older_tag,
    delete_cases::delete_if_match_is_refused_where_there_is_no_object,
    delete_cases::delete_if_absent_makes_no_sense,
    key_cases::unusual_keys_are_kept_apart_and_exactly,
    key_cases::a_key_of_1024_bytes_is_stored,
    key_cases::a_key_and_keys_below_it_coexist,
    key_cases::deleting_a_key_leaves_keys_below_it,
    list_cases::a_listing_is_ordered_by_bytes,
    list_cases::a_listing_shows_sizes_and_tags,
    list_cases::a_listing_has_only_keys_with_the_prefix,
    list_cases::a_listing_starts_strictly_after_the_given_key,
    list_cases::a_listing_follows_writes_and_deletes,
    list_cases::a_thousand_keys_are_listed_in_pages_without_gaps,
];

/// The cases that failed, each with what went wrong.
pub struct FailedCases(Vec<(&'static str, String)>);

impl FailedCases {
    /// The names of the failed cases, in the order of the suite.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// `unwrap` shows this form, so it is the readable one too.
impl fmt::Debug for FailedCases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for FailedCases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} contract cases failed:", self.0.len(), OBJECT_CASES.len())?;
        self.0.iter().try_for_each(|(name, message)| writeln!(f, "  {name}: {message}"))
    }
}

impl std::error::Error for FailedCases {}

/// Runs every case, each on a store from `make_store` (which may always be the same one).
///
/// # Errors
/// All cases that failed or panicked, not only the first.
pub fn run_all(
    make_store: &mut dyn FnMut() -> Box<dyn ObjectStoreUnderTest>,
) -> Result<(), FailedCases> {
    let mut failed = Vec::new();
    for case in OBJECT_CASES {
        if let Err(message) = run_one(case, make_store) {
            failed.push((case.name, message));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(FailedCases(failed)) }
}

fn run_one(
    case: &Case,
    make_store: &mut dyn FnMut() -> Box<dyn ObjectStoreUnderTest>,
) -> Result<(), String> {
    // A panic inside one store must not hide the other cases.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut store = make_store();
        (case.run)(&mut Bench::new(store.as_mut(), case.name))
    }));
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err("the store panicked".to_owned()),
    }
}

#[cfg(test)]
mod tests;
