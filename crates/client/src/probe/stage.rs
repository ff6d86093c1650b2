//! What all checks of a probe share: seats, names, allowance, and a list of what was written.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use statelock_protocol::lock::LockInfo;
use statelock_protocol::store::{BucketName, TableName};

use super::answer::NotSent;
use super::body::BodyForm;
use super::limits::Limits;
use super::progress::ProbeProgress;
use super::seat::{Seat, Service};
use super::written::Written;
use crate::settings::ObjectSettings;
use crate::system;

/// How often a request is sent again that the store only puts off, as long as nothing races.
pub(super) const ATTEMPTS: u8 = 4;

/// The common ground of the checks.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) seats: Vec<Seat>,
    pub(super) bucket: BucketName,
    /// What all keys of this probe begin with; it ends with `/`.
    pub(super) base: String,
    pub(super) table: Option<TableName>,
    pub(super) settings: ObjectSettings,
    pub(super) limits: Limits,
    pub(super) progress: ProbeProgress,
    pub(super) form: Mutex<BodyForm>,
    written: Mutex<Written>,
}

impl Stage {
    pub(super) fn new(
        seats: Vec<Seat>,
        (bucket, base): (BucketName, String),
        table: Option<TableName>,
        settings: ObjectSettings,
        (limits, progress): (Limits, ProbeProgress),
    ) -> Self {
        let form = Mutex::new(BodyForm::Sha256Header);
        let written = Mutex::default();
        Self { seats, bucket, base, table, settings, limits, progress, form, written }
    }

    /// The seat for what is done alone.
    ///
    /// There is always one: a probe without any does not begin.
    pub(super) fn first(&self) -> &Seat {
        self.seat(0)
    }

    /// A seat by its number, round and round.
    #[expect(clippy::expect_used, reason = "a probe without a seat does not begin")]
    pub(super) fn seat(&self, number: usize) -> &Seat {
        let index = number.checked_rem(self.seats.len());
        index.and_then(|index| self.seats.get(index)).expect("at least one seat")
    }

    /// One seat for each endpoint and address, other than that of the first.
    pub(super) fn other_places(&self) -> Vec<&Seat> {
        let mut places = BTreeSet::from([(self.first().endpoint, self.first().address())]);
        let is_new = |seat: &&Seat| places.insert((seat.endpoint, seat.address()));
        self.seats.iter().filter(is_new).collect()
    }

    /// One seat for each endpoint and address of the lock table, other than that of the first. Addresses are known of
    /// seats that have spoken to it.
    pub(super) fn other_table_places(&self) -> Vec<&Seat> {
        let mut places = BTreeSet::from([self.first().table_place()]);
        self.seats.iter().filter(|seat| places.insert(seat.table_place())).collect()
    }

    /// The key with this name below the probe's own prefix.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    /// The LockID with this name, of the form that clients use: bucket and key.
    pub(super) fn lock_id(&self, name: &str) -> String {
        format!("{}/{}{name}", self.bucket, self.base)
    }

    /// A lock info as Terraform writes it, of nobody.
    pub(super) fn lock_info(&self, name: &str, who: &str) -> Bytes {
        let Ok(id) = system::new_lock_id() else { return Bytes::from(who.to_owned()) };
        let info = LockInfo {
            id,
            operation: OPERATION.to_owned(),
            info: who.to_owned(),
            who: "statelock probe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: system::now(),
            path: self.lock_id(name),
        };
        Bytes::from(info.marshal())
    }

    pub(super) fn form(&self) -> BodyForm {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_form(&self, form: BodyForm) {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner) = form;
    }

    /// What may be there.
    pub(super) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that the connection of a seat is open, if the store keeps connections at all.
    pub(super) async fn warm(&self, seat: &Seat, service: Service) -> Result<(), NotSent> {
        if seat.is_warm(service) {
            return Ok(());
        }
        self.limits.admit(1)?;
        match (service, &self.table) {
            (Service::Tables, Some(table)) => {
                self.read_item_once(seat, table, &self.lock_id("nothing")).await.ok();
            }
            (Service::Objects, _) | (Service::Tables, None) => {
                let call = seat.objects.head_bucket().bucket(self.bucket.as_str());
                Box::pin(call.send()).await.map(|_| ()).unwrap_or_default();
            }
        }
        seat.note_use(service);
        Ok(())
    }
}

/// What the lock info of a probe says that it is for.
pub(super) const OPERATION: &str = "statelock-probe";
