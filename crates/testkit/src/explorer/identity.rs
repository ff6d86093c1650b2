//! Names, lock IDs, lock infos and call ids of the clients of a run.

use std::sync::OnceLock;

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::lock::{CreatedAt, LockId, LockInfo};

/// Clients in one run, at most.
pub const CLIENTS_MAX: usize = 4;
/// Calls of one client in one run, at most.
const CALLS_MAX: u8 = 40;

/// Who one client is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name in histories.
    pub name: &'static str,
    /// Its lock ID.
    pub id: LockId,
    info: Vec<u8>,
    info_over_http: Vec<u8>,
    calls: Vec<String>,
}

impl Identity {
    /// The lock info that it sends through this facet. Over `http` it has no path.
    pub fn info(&self, facet: Facet) -> &[u8] {
        match facet {
            Facet::Lockfile | Facet::LockTable => &self.info,
            Facet::Http => &self.info_over_http,
        }
    }

    /// The id of one of its calls.
    pub fn call(&self, number: u8) -> &str {
        self.calls.get(usize::from(number)).map_or("", String::as_str)
    }

    fn new(name: &'static str) -> Option<Self> {
        let info = |path: &str| -> Option<LockInfo> {
            Some(LockInfo {
                id: LockId::parse(name).ok()?,
                operation: "OperationTypeApply".to_owned(),
                info: String::new(),
                who: format!("{name}@<ci>"),
                version: "1.11.4".to_owned(),
                created: CreatedAt::go_zero(),
                path: path.to_owned(),
            })
        };
        Some(Self {
            name,
            id: LockId::parse(name).ok()?,
            info: info("bucket/key")?.marshal(),
            info_over_http: info("")?.marshal(),
            calls: (0..CALLS_MAX).map(|number| format!("{name}{number}")).collect(),
        })
    }
}

/// The clients of every run.
pub fn identities() -> &'static [Identity] {
    static IDENTITIES: OnceLock<Vec<Identity>> = OnceLock::new();
    IDENTITIES.get_or_init(|| ["a", "b", "c", "d"].into_iter().filter_map(Identity::new).collect())
}

/// The name of a client.
pub fn name(who: usize) -> &'static str {
    identities().get(who).map_or("?", |identity| identity.name)
}

/// Whose lock ID this is.
pub fn whose(id: &LockId) -> Option<usize> {
    identities().iter().position(|identity| identity.id == *id)
}
