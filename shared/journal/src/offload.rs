//! Large answers and results: offloaded to objects of Storage, and fetched when a step continues.
//!
//! A value that cannot be offloaded was paid for all the same: it goes into its row, which takes it or refuses it as too
//! large.

use domain::ToolCall;
use runtime::StepContext;
use serde_json::Value;
use store::{Error, JournalRows, Store};

/// Returns the value for the row: a reference where the value is large.
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
        tracing::warn!(%error, name, "a large value stays in its row; check that the bucket `goalpost` exists");
        whole
    })
}

/// Replaces the references in a journal's rows by their values.
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

/// Replaces the reference in one call's result by its value.
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
