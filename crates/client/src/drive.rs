//! Drives a machine: sends what it wants, waits where it says so, and keeps what went wrong last.

use statelock_protocol::lock::steps::{LockMachine, Step};

use crate::connection::Connection;
use crate::error::Trouble;
use crate::{system, transport};

/// Runs a machine to its end. The trouble is the last one on the way, for messages.
///
/// Dropping the future leaves what was sent as it is, as if the process had been killed there.
pub(crate) async fn drive<M: LockMachine>(
    connection: &Connection,
    machine: &mut M,
) -> (M::Outcome, Option<Trouble>) {
    let mut last = None;
    let mut reply = None;
    loop {
        match machine.next(reply.take()) {
            Step::Done(outcome) => return (outcome, last),
            Step::Send(send) => {
                system::pause(send.pause).await;
                // On the heap: the SDK's futures are large, and every caller would carry them.
                let (answer, trouble) = Box::pin(transport::send(connection, send.request)).await;
                if let Some(trouble) = trouble {
                    tracing::debug!(%trouble, "a request of the lock protocol");
                    last = Some(trouble);
                }
                reply = Some(answer);
            }
        }
    }
}
