//! Verdicts by queries that run as the asker: by the gate, slots and limits of the tool `sql`.

use domain::expression;
use domain::plan::SqlCheck;
use domain::{CriterionVerdict, Verdict};
use runtime::{Interrupted, StepContext};
use serde_json::Value;
use store::Store;

use crate::context::Judging;

/// Two rows are enough to see that it is not one.
const ROW_LIMIT: u32 = 2;

/// Bytes of rows; a check compares single values.
const BYTE_LIMIT: u32 = 32 * 1024;

/// Runs the queries of checks and compares what they return. They run after the model has judged the other criteria,
/// whose answers the journal keeps: a query that ran into its time limit is not run again because the model failed.
///
/// # Errors
/// [`Interrupted`] where a query cannot run yet, or the lease is lost. A query that fails gives an unknown verdict.
pub(crate) async fn verdicts(
    store: &Store,
    context: &StepContext,
    judging: &Judging,
    checks: &[(i32, SqlCheck)],
) -> Result<Vec<CriterionVerdict>, Interrupted> {
    let names = judging.names();
    let mut verdicts = Vec::new();
    for (number, check) in checks {
        let (verdict, evidence) = match run(store, context, judging, check, &names).await? {
            Ok(check) if check.holds => (Verdict::Met, check.evidence),
            Ok(check) => (Verdict::Unmet, check.evidence),
            Err(reason) => (Verdict::Unknown, reason),
        };
        verdicts.push(CriterionVerdict::of_check(*number, verdict, evidence));
    }
    Ok(verdicts)
}

/// Runs one check; the inner error is the reason for an unknown verdict.
async fn run(
    store: &Store,
    context: &StepContext,
    judging: &Judging,
    check: &SqlCheck,
    names: &Value,
) -> Result<Result<expression::Check, String>, Interrupted> {
    let query = match expression::render_report(&check.query, names) {
        Ok(query) => query,
        Err(error) => return Ok(Err(format!("the query cannot be filled in: {error}"))),
    };
    let query = match tools::sql::gate::check(&query, &judging.readable_schemas) {
        Ok(query) => query,
        Err(refusal) => return Ok(Err(format!("the query is refused: {refusal}"))),
    };
    let answer = store
        .answer_query(context.lease(), &query, ROW_LIMIT, BYTE_LIMIT)
        .await;
    match answer {
        Ok(answer) => Ok(check.compare(&answer.rows)),
        Err(error) => interruption(error).map(Err),
    }
}

/// Returns the reason for an unknown verdict, or the interruption of the step where the query may run later.
fn interruption(error: store::Error) -> Result<String, Interrupted> {
    match error {
        store::Error::QueriesBusy { seconds } => Err(Interrupted::Wait { seconds }),
        store::Error::WaitsForPerson { .. } => Err(Interrupted::Suspended),
        error if error.is_query_timeout() => {
            Ok("the query took longer than a query may, and is not tried again".to_owned())
        }
        error @ (store::Error::QueryRefused { .. }
        | store::Error::QueryTimedOut { .. }
        | store::Error::NotAllowed { .. }) => Ok(error.to_string()),
        error => Err(error.into()),
    }
}
