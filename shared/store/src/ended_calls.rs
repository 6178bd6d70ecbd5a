//! Results of tool calls in the form that the database reads.

use domain::{ToolCallResult, ToolCallResults};
use serde::{Serialize, Serializer};

/// Writes results of calls as the database reads them: `[{"number", "result"}, {"number", "error"}, …]`.
pub(crate) fn ended_calls<S: Serializer>(
    results: &ToolCallResults,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        results
            .iter()
            .map(|(&number, result)| ToolCallEnd { number, result }),
    )
}

/// One result on its way to the database.
#[derive(Serialize)]
struct ToolCallEnd<'a> {
    number: i32,
    #[serde(flatten)]
    result: &'a ToolCallResult,
}
