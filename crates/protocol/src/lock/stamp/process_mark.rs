//! Which process holds a lock, so that it can be told from every other one that ever had its id.

use std::fmt;

/// The longest boot id, in bytes. Linux's is a UUID.
const BOOT_ID_SIZE_BYTES_MAX: usize = 64;

/// The random id that a kernel makes each time its machine starts: letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootId(String);

impl BootId {
    /// Takes a boot id as the kernel shows it; `None` for a text that cannot be one.
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let fits = (1..=BOOT_ID_SIZE_BYTES_MAX).contains(&text.len());
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (fits && is_plain).then_some(Self(text))
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One process of one boot of one machine.
///
/// Process ids are used again. Together with the start time, the pid namespace (of a container) and
/// the boot of the machine the id names one process only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessMark {
    /// Its id in its pid namespace.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub started_ticks: u64,
    /// The inode of its pid namespace.
    pub pid_namespace: u64,
    /// The boot of the machine.
    pub boot_id: BootId,
}

impl ProcessMark {
    /// Reads `process PID since TICKS in NAMESPACE on BOOT`, in exactly that form.
    pub(super) fn read_clause(clause: &str) -> Option<Self> {
        let mut words = clause.split(' ');
        let mut after = |keyword| words.next().filter(|word| *word == keyword).and(words.next());
        let mark = Self {
            pid: after("process")?.parse().ok()?,
            started_ticks: after("since")?.parse().ok()?,
            pid_namespace: after("in")?.parse().ok()?,
            boot_id: BootId::parse(after("on")?)?,
        };
        // The number parser takes signs and leading zeros, and there may be more words.
        (mark.to_clause() == clause).then_some(mark)
    }

    pub(super) fn to_clause(&self) -> String {
        let Self { pid, started_ticks, pid_namespace, boot_id } = self;
        format!("process {pid} since {started_ticks} in {pid_namespace} on {boot_id}")
    }
}
