//! Intake receives people's HTTP calls and works on steps of kind `assess`.
//!
//! A POST becomes a row, as the person who sent it: intake forwards their token and has no rights of its own there.
//! Then the question is assessed: answered at once, worked in a few steps, or made into a goal that the planner takes
//! over, with the reasons kept on the request. The assessment is a step like any other, so it makes no difference
//! whether the request came over HTTP, was inserted as a row, or its wake was lost.

mod assess;
pub mod config;
mod cors;
mod function;
mod people;
mod reply;
mod request;

use std::sync::Arc;

use domain::StepKind;
use runtime::{Call, Failure, Invocation};
use serde_json::Value;
use trigger::Trigger;

pub use cors::AllowedOrigins;
pub use function::Intake;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Assess];

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
pub async fn handle(intake: Arc<Intake>, invocation: Invocation) -> Result<Value, Failure> {
    match intake.worker.decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(Trigger::Http(request)) => {
            let origins = intake.origins.clone();
            let reply = match origins.preflight(&request) {
                Some(reply) => reply,
                None => people::answer(intake, &request, &invocation).await,
            };
            Ok(origins.with_headers(reply, &request).into_value())
        }
        Call::Accepted(trigger) => {
            let work = |step, context| assess::work(Arc::clone(&intake), step, context);
            intake
                .worker
                .handle_trigger(&trigger, &invocation, work)
                .await
        }
    }
}
