//! Retention: deletes work past its workspace's `retention_days`, and its objects in Storage.

use runtime::{Failure, Invocation, Worker};
use store::Error;

/// Requests that one call deletes at most: a call of some hundred milliseconds.
const BATCH: u32 = 50;

/// Deletes in batches until nothing is left, or the deadline comes near; returns the number of deleted requests. An
/// object that cannot be deleted is listed again by a later call.
pub(crate) async fn forget(worker: &Worker, invocation: &Invocation) -> Result<i64, Failure> {
    let mut forgotten = 0_i64;
    loop {
        let report = worker.store().forget_work(BATCH).await?;
        forgotten = forgotten.saturating_add(report.forgotten_count);
        let deleted = delete_objects(worker, &report.objects).await;
        if let Err(error) = &deleted {
            tracing::warn!(%error, "objects of deleted work stay in Storage until the next schedule");
        }
        let is_done = !report.more && (report.objects.is_empty() || deleted.is_err());
        if is_done || invocation.deadline.remaining_for_work().is_zero() {
            return Ok(forgotten);
        }
    }
}

async fn delete_objects(worker: &Worker, names: &[String]) -> Result<(), Error> {
    for name in names {
        worker.store().delete_object(name).await?;
    }
    Ok(())
}
