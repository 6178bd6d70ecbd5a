//! The part of a function that is its own, and [`serve`], which is the rest.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::StepKind;
use futures::FutureExt as _;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use store::{ClaimedStep, StepError};
use tracing::Instrument as _;
use trigger::{Access, Trigger};

use crate::worker::Call;
use crate::{
    Config, Environment, Error, Failure, Interrupted, Invocation, StepContext, Worker, config,
    telemetry,
};

/// A function: its name, its kinds of steps, and its work on them.
pub trait Function: Sized + Send + Sync + 'static {
    /// The function's name in wakes and logs.
    const NAME: &'static str;
    /// The kinds of steps that it claims.
    const KINDS: &'static [StepKind];
    /// The callers that it accepts.
    const ACCESS: Access = Access::Internal;
    /// The configuration that it has beside the common one.
    type Config;

    /// Reads the function's own variables; [`Environment::problem`] collects what is wrong with them.
    fn configure(environment: &mut Environment, common: &Config) -> Self::Config;

    /// Builds the function's own clients. Nothing is contacted yet.
    ///
    /// # Errors
    /// A client cannot be built from the configuration.
    fn new(worker: Worker, config: Self::Config) -> Result<Self, Box<dyn std::error::Error>>;

    /// Returns the common part of the function.
    fn worker(&self) -> &Worker;

    /// Works on one claimed step.
    fn work(
        self: Arc<Self>,
        step: ClaimedStep,
        context: StepContext,
    ) -> impl Future<Output = Result<Value, Interrupted>> + Send + 'static {
        drop((self, context));
        async move { Err(unknown_kind::<Self>(step.kind)) }
    }

    /// Handles an authenticated trigger: works on ready steps.
    ///
    /// # Errors
    /// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
    fn handle(
        self: Arc<Self>,
        trigger: Trigger,
        invocation: Invocation,
    ) -> impl Future<Output = Result<Value, Failure>> + Send {
        async move { work_on_steps(self, &trigger, &invocation).await }
    }
}

/// Works on ready steps, for any trigger but a person's request, and returns the answer to the trigger.
///
/// # Errors
/// As [`Function::handle`].
pub async fn work_on_steps<F: Function>(
    function: Arc<F>,
    trigger: &Trigger,
    invocation: &Invocation,
) -> Result<Value, Failure> {
    let work = |step, context| Arc::clone(&function).work(step, context);
    let worker = function.worker();
    worker.handle_trigger(trigger, invocation, work).await
}

/// Returns the error of a step whose kind the function does not have.
#[must_use]
pub fn unknown_kind<F: Function>(kind: StepKind) -> Interrupted {
    let message = format!(
        "this version of the {} does not support steps of kind {kind}; deploy a newer one",
        F::NAME
    );
    StepError::terminal("unknown_kind", message).into()
}

/// Runs a function under Lambda: reads its configuration, builds its clients, and passes each authenticated trigger to
/// [`Function::handle`].
///
/// # Errors
/// The function cannot be built from its environment, or Lambda's API fails.
pub async fn serve<F: Function>() -> Result<(), Error> {
    let mut environment = Environment::from_process();
    let common = Config::read(&mut environment);
    let own = F::configure(&mut environment, &common);
    let (common, own) = environment.finish((common, own))?;
    let worker = Worker::new(F::NAME, common, F::KINDS, F::ACCESS)?;
    let function = F::new(worker, own).map_err(|error| Error::Function(error.to_string()))?;
    let function = Arc::new(function);
    run(F::NAME, move |invocation| {
        handle(Arc::clone(&function), invocation)
    })
    .await
}

/// Runs a handler under Lambda, with telemetry: each invocation is passed to it, several at once where Lambda allows it.
///
/// An invocation that panics fails alone.
///
/// # Errors
/// Lambda's own variables are missing, or its API fails.
pub async fn run<H, F>(name: &'static str, handler: H) -> Result<(), Error>
where
    H: Fn(Invocation) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    telemetry::init();
    config::check_lambda(&mut Environment::from_process())?;
    let handler = Arc::new(handler);
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let invocation = Invocation::from(event);
        let span =
            tracing::info_span!("invocation", function = name, request_id = %invocation.request_id);
        let handler = Arc::clone(&handler);
        catch_panic(async move { handler(invocation).await }).instrument(span)
    });
    Runtime::new(service)
        .run_concurrent()
        .await
        .map_err(Error::RuntimeApi)
}

async fn handle<F: Function>(function: Arc<F>, invocation: Invocation) -> Result<Value, Failure> {
    match function.worker().decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(trigger) => function.handle(trigger, invocation).await,
    }
}

/// Turns a panic into a failure here rather than in `lambda_runtime`, whose error type would be the name of a Rust type.
async fn catch_panic(
    handled: impl Future<Output = Result<Value, Failure>>,
) -> Result<Value, Failure> {
    let handled = AssertUnwindSafe(handled).catch_unwind().await;
    handled.unwrap_or_else(|_| {
        let message = "the function panicked; the place is in the log above";
        Err(Failure::new("panicked", message))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[tokio::test]
    async fn panic_fails_its_own_invocation_only() {
        let failure = catch_panic(async { panic!("on purpose") }).await;
        assert_eq!(failure.unwrap_err().error_type, "panicked");
        let next = catch_panic(async { Ok("fine".into()) }).await;
        assert_eq!(next.unwrap(), "fine");
    }
}
