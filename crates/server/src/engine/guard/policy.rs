//! How the write guard is set.

/// What happens to a write that the guard would refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GuardMode {
    /// It is refused, and its body is kept.
    #[default]
    Refuse,
    /// It is done, logged and recorded.
    Audit,
    /// It is done; nothing is judged.
    Off,
}

/// The settings of the write guard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardPolicy {
    /// What happens to a write that it would refuse.
    pub mode: GuardMode,
    /// Whether no proxy and no address translation stands between the clients and this server, so
    /// that another address is another client.
    pub direct_clients: bool,
}
