//! Large answers and results: put away as objects of Storage, and fetched when a step goes on.
//!
//! The one thing to know: an object that cannot be put away is no reason to lose what was paid for. The value then goes
//! into its row, which takes it or refuses it as too large.

use domain::ToolCall;
use runtime::StepContext;
use serde_json::Value;
use store::{Error, JournalRows, Store};

/// What may stand in a row for a value.
pub(crate) async fn offload(
    store: &Store,
    context: &StepContext,
    name: &str,
    value: Value,
) -> Value {
    let lease = context.lease();
    let (workspace_id, whole) = (context.workspace_id(), value.clone());
    let kept = store.keep(workspace_id, lease.run_id, &lease.step_key, name, value);
    kept.await.unwrap_or_else(|error| {
        tracing::warn!(%error, name, "what is large stays in its row; is the bucket `goalpost` there?");
        whole
    })
}

/// The values of a journal that was read.
pub(crate) async fn fetch_all(
    store: &Store,
    context: &StepContext,
    mut rows: JournalRows,
) -> Result<JournalRows, Error> {
    for turn in &mut rows.turns {
        if let Some(answer) = turn.answer.take() {
            turn.answer = Some(store.fetch(context.workspace_id(), answer).await?);
        }
    }
    for call in &mut rows.calls {
        fetch(store, context, call).await?;
    }
    Ok(rows)
}

/// The result of one call.
pub(crate) async fn fetch(
    store: &Store,
    context: &StepContext,
    call: &mut ToolCall,
) -> Result<(), Error> {
    if let Some(result) = call.result.take() {
        call.result = Some(store.fetch(context.workspace_id(), result).await?);
    }
    Ok(())
}
