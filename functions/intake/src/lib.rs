//! Intake receives people's HTTP calls and works on steps of kind `assess`.
//!
//! A POST becomes a row, as the person who sent it: intake forwards their token and has no rights of its own there.
//! Then the question is assessed: answered at once, worked in a few steps, or made into a goal that the planner takes
//! over, with the reasons kept on the request. The assessment is a step like any other, so it makes no difference
//! whether the request came over HTTP, was inserted as a row, or its wake was lost.
//!
//! `/decide` is the page behind the link of a message (`decide`): there the token of the link counts, no sign-in.

mod assess;
mod cors;
mod decide;
mod decision_page;
mod function;
mod messages;
mod people;
mod reply;
mod request;

use std::error::Error;
use std::sync::Arc;

use domain::StepKind;
use llm::ModelConfig;
use runtime::{
    Config, Environment, Failure, Function, Interrupted, Invocation, StepContext, Worker,
};
use serde_json::Value;
use store::ClaimedStep;
use trigger::{Access, Trigger};

pub use cors::AllowedOrigins;
pub use function::Intake;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Assess];

impl Function for Intake {
    const NAME: &'static str = "intake";
    const KINDS: &'static [StepKind] = KINDS;
    const ACCESS: Access = Access::Public;
    type Config = (ModelConfig, AllowedOrigins);

    fn configure(environment: &mut Environment, _: &Config) -> Self::Config {
        let origins = AllowedOrigins::read(&environment.list("GOALPOST_ALLOWED_ORIGINS"));
        let origins = origins.unwrap_or_else(|problem| {
            environment.problem(&format!("GOALPOST_ALLOWED_ORIGINS: {problem}"));
            AllowedOrigins::Any
        });
        (journal::read_model_config(environment), origins)
    }

    fn new(worker: Worker, (model, origins): Self::Config) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            model: journal::lazy_model(&worker, model),
            worker,
            origins,
        })
    }

    fn worker(&self) -> &Worker {
        &self.worker
    }

    async fn work(
        self: Arc<Self>,
        step: ClaimedStep,
        context: StepContext,
    ) -> Result<Value, Interrupted> {
        assess::work(&self, &step, &context).await
    }

    async fn handle(
        self: Arc<Self>,
        trigger: Trigger,
        invocation: Invocation,
    ) -> Result<Value, Failure> {
        if let Trigger::Queue(messages) = trigger {
            let accepted = messages::accept(self.worker.store(), messages).await;
            let others = Trigger::Queue(accepted.others);
            let reply = runtime::work_on_steps(self, &others, &invocation).await?;
            return Ok(trigger::queue_reply_with(reply, accepted.failed));
        }
        if let Trigger::DatabaseWebhook(webhook) = &trigger {
            let rules = self.worker.store().record_webhook(&webhook.body).await?;
            tracing::info!(rules, "recorded a webhook");
        }
        let Trigger::Http(request) = trigger else {
            return runtime::work_on_steps(self, &trigger, &invocation).await;
        };
        // A page that people open, not an API that other pages call.
        if request.path.trim_end_matches('/') == decide::PATH {
            return Ok(decide::answer(&self, &request).await.into_value());
        }
        let origins = self.origins.clone();
        let reply = match origins.preflight(&request) {
            Some(reply) => reply,
            None => people::answer(self, &request, &invocation).await,
        };
        Ok(origins.with_headers(reply, &request).into_value())
    }
}
