//! What can go wrong between clients and stores, and what stores do that AWS does not.

/// A fault. Each one that happens to a message or a client counts against the bound of a run; those of
/// the store itself hold for a whole run.
///
/// A paused process and a slow network are no faults: any request may be under way for any time, any
/// client may wait for any time before its next one, and everything else may happen meanwhile. Nor does
/// a clock that jumps matter: the machines know no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The store never sees the request, and its sender has no answer. A connection that breaks, a
    /// proxy's own 502.
    RequestLost,
    /// The store does what was asked, and its sender has no answer. A timeout; opentofu/opentofu#4405.
    AnswerLost,
    /// The request is carried out twice, one right after the other, and the answer is that of the
    /// second. A proxy that repeats a request whose connection broke, as nginx does for PUT and DELETE.
    DeliveredTwice,
    /// Its sender has no answer, and the request is carried out after anything, or never. A full
    /// buffer, a stalled connection, a proxy that gives up before its upstream does.
    DeliveredLate,
    /// 409 `ConditionalRequestConflict`, `TransactionConflictException`: not carried out. Amazon S3 on
    /// conditional requests to one key at the same moment.
    Conflict409,
    /// 503 with a code of S3, throttling by DynamoDB: not carried out. Amazon S3's `SlowDown`.
    Throttled503,
    /// 500, though it was carried out. `InternalError`, `InternalServerError`.
    Error500Applied,
    /// 500, and it was not carried out.
    Error500NotApplied,
    /// A read of the lockfile shows what was true one change ago. Amazon S3 until December 2020; stores
    /// that replicate without a quorum.
    StaleRead,
    /// The client stops for ever; what it sent may still arrive. `kill -9`, a lost machine.
    ClientKilled,
    /// Of the store: once an object was deleted, a write on condition that there is none is refused
    /// though a read finds none. rustfs/rustfs#1610.
    DeleteMarkerBlocksCreate,
    /// Of the store: `If-None-Match` is ignored. lxc/incus#3651.
    IgnoresIfNoneMatch,
    /// Of the store: `If-Match` of a DELETE is ignored. rustfs/rustfs discussion 2602.
    IgnoresConditionalDelete,
    /// Of the store: a DELETE with `If-Match` is answered 501. Backblaze B2
    /// answers conditions so: hashicorp/terraform#37143.
    RefusesConditionalDelete,
    /// Of the store: the ETag is not the MD5 of the bytes, and each write has its own. Objects encrypted
    /// with KMS.
    EtagIsNotMd5,
    /// Of the store: who was refused a lock, and then asks who holds it, is shown itself once if nobody
    /// does. Early builds of the state server here, whose waiting clients should keep waiting.
    ShowsWhoIsNext,
}

impl Fault {
    /// Those that happen to a message or a client.
    pub const OF_MESSAGES: [Self; 10] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::DeliveredTwice,
        Self::DeliveredLate,
        Self::Conflict409,
        Self::Throttled503,
        Self::Error500Applied,
        Self::Error500NotApplied,
        Self::StaleRead,
        Self::ClientKilled,
    ];

    /// Those from which every history of the others follows, on a store whose reads are consistent: who
    /// sent a request cannot tell a 500 from no answer, and a request that is lost is one that is late
    /// and never arrives.
    pub const SUFFICIENT: [Self; 6] = [
        Self::AnswerLost,
        Self::DeliveredTwice,
        Self::DeliveredLate,
        Self::Conflict409,
        Self::Throttled503,
        Self::ClientKilled,
    ];

    /// Those that hold for a whole run.
    pub const OF_STORES: [Self; 6] = [
        Self::DeleteMarkerBlocksCreate,
        Self::IgnoresIfNoneMatch,
        Self::IgnoresConditionalDelete,
        Self::RefusesConditionalDelete,
        Self::EtagIsNotMd5,
        Self::ShowsWhoIsNext,
    ];
}
