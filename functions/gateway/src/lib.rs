//! The gateway verifies the signature of a wake and sends the wake to the queue of the function that it names.
//!
//! It is the one public URL of the transport `queue`, so it does little and holds little: it reads the wake secret and
//! may send to the queues. It has no access to the database. What it sends is built from the verified wake, so nothing
//! else of the body reaches a queue. A wake that is lost here costs latency: the sweep finds its work.

mod queues;

use std::sync::Arc;

use aws::{Client, Operation};
use runtime::{Call, Environment, Failure, Invocation, Secrets, SecretsConfig, WAKE_SECRET};
use serde_json::{Value, json};
use trigger::{Access, Authenticator, HttpReply, Trigger, Wake};

pub use queues::{Queue, Queues};

/// The function's name in logs.
pub const NAME: &str = "gateway";

const SEND_MESSAGE: Operation = Operation {
    service: "sqs",
    target: "AmazonSQS.SendMessage",
    content_type: "application/x-amz-json-1.0",
};

struct Gateway {
    secrets: Secrets,
    queues: Queues,
    aws: Client,
}

/// Runs the gateway under Lambda.
///
/// # Errors
/// It cannot be built from its environment, or Lambda's API fails.
pub async fn serve() -> anyhow::Result<()> {
    let mut environment = Environment::from_process();
    let secrets = SecretsConfig::read(&mut environment);
    let queues = Queues::read(&mut environment);
    let aws = aws::Settings::read(&mut environment);
    let (secrets, queues, aws) = environment.finish((secrets, queues, aws))?;
    let gateway = Arc::new(Gateway {
        secrets: Secrets::new(&secrets)?,
        queues,
        aws: Client::new(aws)?,
    });
    runtime::run(NAME, move |invocation| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.handle(&invocation).await }
    })
    .await?;
    Ok(())
}

impl Gateway {
    async fn handle(&self, invocation: &Invocation) -> Result<Value, Failure> {
        let secret = self.secrets.get(WAKE_SECRET).await?;
        let authenticator = Authenticator::new(NAME, Access::Internal, Some(&secret), None)
            .map_err(|error| Failure::new("secret_unusable", error.to_string()))?
            .for_functions(self.queues.functions());
        match runtime::decode(&authenticator, invocation)? {
            Call::Refused(reply) => Ok(reply),
            Call::Accepted(Trigger::Wake(wake)) => self.send(&wake).await,
            Call::Accepted(_) => Err(Failure::new(
                "not_a_wake",
                "the gateway accepts wakes at its function URL only; connect queues and schedules to the functions",
            )),
        }
    }

    async fn send(&self, wake: &Wake) -> Result<Value, Failure> {
        let queue = self.queues.get(&wake.function).ok_or_else(|| {
            let function = &wake.function;
            Failure::new(
                "no_queue",
                format!("there is no queue of {function}; add it to GOALPOST_QUEUES"),
            )
        })?;
        let message = json!({
            "QueueUrl": queue.url.as_str(),
            "MessageBody": wake.to_body().to_string(),
        });
        self.aws
            .call(&queue.endpoint, SEND_MESSAGE, &message)
            .await
            .map_err(|error| Failure::new("queue_unavailable", error.to_string()))?;
        tracing::info!(
            wake_id = wake.id,
            target_function = wake.function,
            "queued a wake"
        );
        Ok(HttpReply::json(202, &json!({"queued": wake.id})).into_value())
    }
}
