//! How many requests a run makes.

use super::super::survey::LockPhase;

/// Requests of one run, by how they are billed. A test counts those of the real Terraform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requests {
    /// PUT and LIST.
    pub(crate) object_writes: u32,
    /// GET and HEAD.
    pub(crate) object_reads: u32,
    /// DELETE, which costs nothing.
    pub(crate) object_deletes: u32,
    /// PutItem and DeleteItem.
    pub(crate) table_writes: u32,
    /// GetItem.
    pub(crate) table_reads: u32,
}

impl Requests {
    /// Of a `terraform apply` that changes something and whose state fits into one request. Without any
    /// lock it lists the workspaces, looks for the state, reads and writes it.
    pub(crate) const fn per_apply(phase: LockPhase) -> Self {
        let mut requests = Self::STATE_ALONE;
        if phase.has_lockfile() {
            // Takes it; on release reads it and deletes it.
            requests.object_writes += 1;
            requests.object_reads += 1;
            requests.object_deletes += 1;
        }
        if phase.has_table() {
            // The lock is put, and on release read and deleted; the digest is read and put.
            requests.table_writes += 3;
            requests.table_reads += 2;
        }
        requests
    }

    const STATE_ALONE: Self = Self {
        object_writes: 2,
        object_reads: 2,
        object_deletes: 0,
        table_writes: 0,
        table_reads: 0,
    };

    /// To S3.
    pub(crate) const fn to_objects(self) -> u32 {
        self.object_writes + self.object_reads + self.object_deletes
    }

    /// To DynamoDB.
    pub(crate) const fn to_table(self) -> u32 {
        self.table_writes + self.table_reads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_real_terraform_was_seen_to_make() {
        for (phase, objects, table) in [
            (LockPhase::Unlocked, 4, 0),
            (LockPhase::LockTable, 4, 5),
            (LockPhase::Dual, 7, 5),
            (LockPhase::Lockfile, 7, 0),
        ] {
            let requests = Requests::per_apply(phase);
            assert_eq!((requests.to_objects(), requests.to_table()), (objects, table), "{phase}");
        }
    }
}
