//! `Event` invocations: queued, run when there is capacity, and tried again if the function fails.
//!
//! Like AWS's own queue, this one repeats: the same event may reach a function three times, under the same request id.
//! Unlike AWS's it does not survive the host; data that must not be lost has to be a row.

use std::sync::Arc;

use bytes::Bytes;

use super::{answer::Answer, dispatch::Function, ids::RequestId, state::Origin};

impl Function {
    /// Queues an event and returns at once.
    pub(super) fn enqueue_event(self: &Arc<Self>, id: RequestId, payload: Bytes) {
        let function = Arc::clone(self);
        tokio::spawn(async move {
            let mut pauses = function.platform.event_retry_pauses.iter();
            loop {
                let Ok(answer) = function.submit(id, payload.clone(), Origin::EventQueue) else {
                    return;
                };
                match answer.await {
                    Ok(Answer::FunctionError(_)) => {}
                    // Done, or the host is stopping.
                    Ok(Answer::Payload(_)) | Err(_) => return,
                }
                let Some(pause) = pauses.next() else { break };
                tokio::time::sleep(*pause).await;
            }
            tracing::warn!(function = %function.name, request_id = %id, "an event was dropped: all its attempts failed");
            function.change(|state| state.counters.events_dropped += 1);
        });
    }
}
