//! The common part of every function's invocation: decodes and authenticates the trigger, sweeps on a schedule, and
//! drains the function's kinds of steps. The function itself implements the work on one step, and people's requests.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::{RunId, StepKind, WakeId};
use futures::future::BoxFuture;
use futures::{FutureExt as _, TryFutureExt as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{ClaimedStep, Outcome, Store};
use trigger::{Access, Authenticator, HttpReply, QueueContent, QueueMessage, Trigger};

use crate::{
    Config, DrainOptions, DrainReport, Failure, Interrupted, Invocation, Secrets, StepContext,
    drain, interrupted,
};

/// The name of the secret that signs the database's wakes; the same as in Vault.
pub const WAKE_SECRET: &str = "wake_secret";
/// Authenticates webhooks that were set up in the dashboard.
const WEBHOOK_SECRET: &str = "webhook_secret";

/// Reads a secret that may be absent; an error is a sentence.
pub type OptionalSecret =
    Box<dyn Fn() -> BoxFuture<'static, Result<Option<SecretString>, String>> + Send + Sync>;

/// A function with its clients, built once per sandbox.
pub struct Worker {
    name: &'static str,
    kinds: &'static [StepKind],
    access: Access,
    config: Config,
    store: Store,
    secrets: Arc<Secrets>,
}

/// A decoded invocation.
#[derive(Debug)]
pub enum Call {
    /// The trigger was refused; this is the reply.
    Refused(Value),
    /// A trigger to work on.
    Accepted(Trigger),
}

/// Decodes and authenticates the trigger of an invocation.
///
/// # Errors
/// It was refused, and its sender reads no status: then the invocation fails.
pub fn decode(authenticator: &Authenticator, invocation: &Invocation) -> Result<Call, Failure> {
    match Trigger::decode(invocation.payload.clone(), authenticator, SystemTime::now()) {
        Ok(trigger) => Ok(Call::Accepted(trigger)),
        Err(refusal) => {
            tracing::warn!(code = refusal.code, "refused what called");
            refusal
                .into_reply()
                .map(Call::Refused)
                .map_err(|refusal| Failure::new(refusal.code, refusal.message))
        }
    }
}

impl Worker {
    /// Builds the clients. Nothing is contacted yet. `name` is the function's name in the database's wakes.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub(crate) fn new(
        name: &'static str,
        config: Config,
        kinds: &'static [StepKind],
        access: Access,
    ) -> Result<Self, crate::Error> {
        let secrets = Arc::new(Secrets::new(&config.secrets)?);
        let project =
            store::Config::new(config.supabase_url.clone(), config.publishable_key.clone());
        let store = Store::new(project, Arc::clone(&secrets) as _)?;
        Ok(Self {
            name,
            kinds,
            access,
            config,
            store,
            secrets,
        })
    }

    /// Returns the client of the database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns a reader of a secret for later: it may be absent, and reading it now would slow the start.
    #[must_use]
    pub fn optional_secret(&self, name: &'static str) -> OptionalSecret {
        let secrets = Arc::clone(&self.secrets);
        Box::new(move || {
            let secrets = Arc::clone(&secrets);
            Box::pin(async move { secrets.find(name).await.map_err(|error| error.to_string()) })
        })
    }

    /// Decodes and authenticates the trigger, before anything else.
    ///
    /// # Errors
    /// The secrets cannot be read, or the payload is of a kind whose sender reads no status.
    pub(crate) async fn decode(&self, invocation: &Invocation) -> Result<Call, Failure> {
        let wake_secret = self.secrets.get(WAKE_SECRET).await?;
        let webhook_secret = self.secrets.find(WEBHOOK_SECRET).await?;
        let authenticator = Authenticator::new(
            self.name,
            self.access,
            Some(&wake_secret),
            webhook_secret.as_ref(),
        )
        .map_err(|error| Failure::new("secret_unusable", error.to_string()))?;
        decode(&authenticator, invocation)
    }

    /// Sweeps in rounds until nothing more is due, or the deadline comes near: the next tick continues.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn sweep(&self, invocation: &Invocation) -> Result<(), Failure> {
        loop {
            let swept = self.store.sweep().await?;
            tracing::info!(?swept, "swept");
            if !swept.more || invocation.deadline.remaining_for_work().is_zero() {
                return Ok(());
            }
        }
    }

    /// Works on ready steps, for any trigger but a person's request, and returns the answer to the trigger.
    ///
    /// # Errors
    /// As [`Worker::answer_trigger`].
    pub(crate) async fn handle_trigger<W, F>(
        &self,
        trigger: &Trigger,
        invocation: &Invocation,
        work: W,
    ) -> Result<Value, Failure>
    where
        W: Fn(ClaimedStep, StepContext) -> F + Clone + Send + Sync,
        F: Future<Output = Result<Value, Interrupted>> + Send + 'static,
    {
        let drain = |wake_id| {
            let report = self.drain(wake_id, invocation, work.clone());
            report.map_ok(|report| drained(&report)).boxed()
        };
        self.answer_trigger(trigger, invocation, drain).await
    }

    /// Calls `drain` for a trigger, with the wake that it acknowledges, and returns the answer to the trigger. A schedule
    /// sweeps first; a queue's messages are drained for one by one: the first finds the work, the others acknowledge
    /// their wakes.
    ///
    /// # Errors
    /// The database cannot be reached: the platform should deliver the trigger again. A queue's messages fail singly.
    pub async fn answer_trigger<'a>(
        &self,
        trigger: &Trigger,
        invocation: &Invocation,
        drain: impl Fn(Option<WakeId>) -> BoxFuture<'a, Result<Value, Failure>> + Send + Sync,
    ) -> Result<Value, Failure> {
        match trigger {
            Trigger::Queue(messages) => {
                let mut failed = Vec::new();
                for message in messages {
                    if !was_drained(message, &drain).await {
                        failed.push(message.message_id.clone());
                    }
                }
                Ok(trigger::queue_reply(failed))
            }
            Trigger::Schedule(_) => {
                self.sweep(invocation).await?;
                drain(None).await?;
                Ok(trigger::schedule_reply())
            }
            Trigger::Wake(wake) => drain(Some(WakeId(wake.id))).await,
            Trigger::DatabaseWebhook(_) | Trigger::Http(_) => drain(None).await,
        }
    }

    /// Drains the function's kinds of steps.
    ///
    /// # Errors
    /// The first claim failed.
    async fn drain<W, F>(
        &self,
        wake_id: Option<WakeId>,
        invocation: &Invocation,
        work: W,
    ) -> Result<DrainReport, Failure>
    where
        W: Fn(ClaimedStep, StepContext) -> F,
        F: Future<Output = Result<Value, Interrupted>> + Send + 'static,
    {
        let options = DrainOptions::new(&self.config, self.kinds, wake_id, invocation);
        Ok(drain(&self.store, options, outcomes(work)).await?)
    }

    /// Works on the one run that a person waits for, within that time; unfinished steps are released.
    ///
    /// # Errors
    /// The claim failed.
    pub async fn work_for_person<W, F>(
        &self,
        run_id: RunId,
        wait: Duration,
        invocation: &Invocation,
        work: W,
    ) -> Result<DrainReport, Failure>
    where
        W: Fn(ClaimedStep, StepContext) -> F,
        F: Future<Output = Result<Value, Interrupted>> + Send + 'static,
    {
        let options = DrainOptions::new(&self.config, self.kinds, None, invocation);
        Ok(drain(
            &self.store,
            options.for_person(run_id, wait),
            outcomes(work),
        )
        .await?)
    }
}

/// Drains for one message of a queue; false if it has to be delivered again.
async fn was_drained<'a>(
    message: &QueueMessage,
    drain: &(impl Fn(Option<WakeId>) -> BoxFuture<'a, Result<Value, Failure>> + Send + Sync),
) -> bool {
    let wake_id = match &message.content {
        QueueContent::Wake(wake) => WakeId(wake.id),
        QueueContent::Body(_) | QueueContent::Refused(_) => {
            tracing::warn!(message_id = message.message_id, "this message is no wake");
            return false;
        }
    };
    let drained = drain(Some(wake_id)).await;
    if let Err(failure) = &drained {
        tracing::warn!(message_id = message.message_id, %failure, "will come again");
    }
    drained.is_ok()
}

/// Returns work that reports the outcome of each step.
fn outcomes<W, F>(work: W) -> impl Fn(ClaimedStep, StepContext) -> BoxFuture<'static, Outcome>
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Result<Value, Interrupted>> + Send + 'static,
{
    move |step, context| work(step, context).map(interrupted::outcome).boxed()
}

/// Builds the answer to a wake, for people who call by hand.
fn drained(report: &DrainReport) -> Value {
    HttpReply::json(
        200,
        &json!({"claimed": report.claimed, "completed": report.completed, "failed": report.failed}),
    )
    .into_value()
}
