//! Intake receives people's HTTP calls and works on steps of kind `assess`.
//!
//! A POST becomes a row, as the person who sent it: intake forwards their token and has no rights of its own there.
//! Then the question is assessed: answered at once, worked in a few steps, or made into a goal that the planner takes
//! over, with the reasons kept on the request. The assessment is a step like any other, so it makes no difference
//! whether the request came over HTTP, was inserted as a row, or its wake was lost.

mod assess;
pub mod config;
mod cors;
mod people;
mod reply;
mod request;

use std::sync::Arc;

use domain::StepKind;
use llm::LazyModel;
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde_json::Value;
use store::{ClaimedStep, Outcome};
use trigger::Trigger;

pub use cors::AllowedOrigins;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Assess];

/// The function with its worker and model.
pub struct Intake {
    /// Claims and finishes steps, and answers triggers.
    pub worker: Worker,
    /// The model for requests that no rule assesses.
    pub model: LazyModel,
    /// The origins whose pages may call.
    pub origins: AllowedOrigins,
}

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
            let work = |step, context| work(Arc::clone(&intake), step, context);
            intake
                .worker
                .handle_trigger(&trigger, &invocation, work)
                .await
        }
    }
}

async fn work(intake: Arc<Intake>, step: ClaimedStep, context: StepContext) -> Outcome {
    assess::work(&intake, &step, &context).await
}
