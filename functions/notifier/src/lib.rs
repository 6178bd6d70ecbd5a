//! The notifier sends messages to people: an approval waits, a request ended, a budget is nearly spent.
//!
//! The database has decided who receives what: a message is a row, written by the transaction that caused it. This
//! function claims rows, sends each by its target's way (a signed webhook, Slack, mail), and records the outcome; a row
//! whose worker dies is claimed again after its lease, with the same idempotency key. Nothing of a message is decided
//! here: texts of others are only made visible and escaped for the place that shows them.

mod mail;
mod message;
mod slack;
mod text;
mod webhook;

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{StepKind, WakeId};
use futures::FutureExt as _;
use futures::future::join_all;
use runtime::{Config, Environment, Failure, Function, Invocation, Worker};
use serde_json::{Value, json};
use store::{NotificationEnd, NotificationOutcome};
use tools::{EmailConfig, Messenger, OutboundConfig, Sender, ToolError};
use trigger::Trigger;

use crate::message::{Kind, Message};

/// The kinds of steps that are claimed: none, messages are rows of their own.
pub const KINDS: &[StepKind] = &[];

/// The messages that are sent at once.
const BATCH: usize = 20;
/// Longer than a batch takes: each send ends within 10 s.
const LEASE_SECONDS: u32 = 60;
/// The least time in which a batch is begun.
const LEAST_TIME: Duration = Duration::from_secs(15);

/// The function's own configuration.
pub struct NotifierConfig {
    outbound: OutboundConfig,
    /// `GOALPOST_INTAKE_URL`: intake's address for people, without which messages carry no link.
    intake_url: Option<String>,
}

/// The function with its ways out.
pub struct Notifier {
    worker: Worker,
    messenger: Messenger,
    intake_url: Option<String>,
}

impl Function for Notifier {
    const NAME: &'static str = "notifier";
    const KINDS: &'static [StepKind] = KINDS;
    type Config = NotifierConfig;

    fn configure(environment: &mut Environment, common: &Config) -> NotifierConfig {
        let variable = |name: &str| environment.optional(name);
        let (outbound, problems) = OutboundConfig::read(variable, &common.supabase_url);
        for problem in problems {
            environment.problem(&problem);
        }
        let intake_url = environment.optional("GOALPOST_INTAKE_URL");
        if intake_url.as_deref().is_some_and(|url| !is_base_url(url)) {
            environment.problem(
                "GOALPOST_INTAKE_URL is not the URL of intake, such as https://abc.lambda-url.eu-central-1.on.aws",
            );
        }
        NotifierConfig {
            outbound,
            intake_url: intake_url.map(|url| url.trim_end_matches('/').to_owned()),
        }
    }

    fn new(worker: Worker, config: NotifierConfig) -> Result<Self, Box<dyn Error>> {
        let OutboundConfig { http, email } = config.outbound;
        let email = email.map(|provider| EmailConfig {
            provider,
            key: worker.optional_secret("email_api_key"),
        });
        Ok(Self {
            messenger: Messenger::new(http, email)?,
            intake_url: config.intake_url,
            worker,
        })
    }

    fn worker(&self) -> &Worker {
        &self.worker
    }

    async fn handle(
        self: Arc<Self>,
        trigger: Trigger,
        invocation: Invocation,
    ) -> Result<Value, Failure> {
        let drain = |wake_id| self.drain(wake_id, &invocation).boxed();
        self.worker
            .answer_trigger(&trigger, &invocation, drain)
            .await
    }
}

/// Returns true for a URL to which a path can be appended, and which cannot break out of a link in a message.
fn is_base_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/:[]".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_safe))
}

impl Notifier {
    /// Claims and sends until nothing is due, or too little time is left: the sweep wakes for the rest.
    async fn drain(
        &self,
        mut wake_id: Option<WakeId>,
        invocation: &Invocation,
    ) -> Result<Value, Failure> {
        let store = self.worker.store();
        let (mut claimed, mut sent) = (0_usize, 0_usize);
        while invocation.deadline.remaining_for_work() > LEAST_TIME {
            let rows = store
                .claim_notifications(BATCH, LEASE_SECONDS, wake_id.take())
                .await?;
            if rows.is_empty() {
                break;
            }
            let ends = join_all(rows.into_iter().map(|row| self.send(row))).await;
            let ends: Vec<NotificationEnd> = ends.into_iter().flatten().collect();
            let is_sent = |end: &&NotificationEnd| end.outcome == NotificationOutcome::Sent;
            claimed = claimed.saturating_add(ends.len());
            sent = sent.saturating_add(ends.iter().filter(is_sent).count());
            store.end_notifications(&ends).await?;
        }
        tracing::info!(claimed, sent, "sent messages");
        Ok(trigger::HttpReply::json(200, &json!({"claimed": claimed, "sent": sent})).into_value())
    }

    /// Sends one message and returns its end. A message that cannot be read, or that panics, fails alone; without even an
    /// id it has no end, and its attempts run out.
    async fn send(&self, row: Value) -> Option<NotificationEnd> {
        let number = |name| row.get(name).and_then(Value::as_i64);
        let notification_id = number("notification_id")?;
        let attempt = number("attempt").and_then(|attempt| i32::try_from(attempt).ok())?;
        let sent = match serde_json::from_value::<Message>(row) {
            Ok(message) => {
                AssertUnwindSafe(self.deliver(&message))
                    .catch_unwind()
                    .await
            }
            Err(error) => Ok(Err(ToolError::terminal(
                "message_unreadable",
                format!("this version of the notifier does not read the message: {error}"),
            ))),
        };
        let sent = sent.unwrap_or_else(|_| {
            Err(ToolError::terminal(
                "panicked",
                "the notifier panicked on this message",
            ))
        });
        let outcome = match &sent {
            Ok(()) => NotificationOutcome::Sent,
            Err(error) if error.retryable => NotificationOutcome::Retry,
            Err(_) => NotificationOutcome::Failed,
        };
        let error = sent.err();
        if let Some(error) = &error {
            tracing::warn!(notification_id, attempt, code = %error.code, ?outcome, "a message was not sent");
        }
        Some(NotificationEnd {
            notification_id,
            attempt,
            outcome,
            retry_after_seconds: error.as_ref().and_then(|error| error.retry_after_seconds),
            reason: error.map(|error| error.message),
        })
    }

    async fn deliver(&self, message: &Message) -> Result<(), ToolError> {
        let link = message.link(self.intake_url.as_deref());
        let address = &message.target.address;
        let sender = Sender {
            workspace_id: &message.workspace_id,
            listed: match message.target.kind {
                Kind::Email => &message.email_domains,
                Kind::Webhook | Kind::Slack => &message.webhook_hosts,
            },
            idempotency_key: &message.idempotency_key,
        };
        match message.target.kind {
            Kind::Email => {
                let mail = mail::render(message, link.as_deref());
                self.messenger.mail(&mail, &sender).await
            }
            Kind::Slack => {
                let body = slack::render(message, link.as_deref());
                self.messenger.post(address, &body, &sender, None).await
            }
            Kind::Webhook => {
                let body = webhook::render(message, link.as_deref());
                let secret = message.target.secret.as_ref();
                self.messenger.post(address, &body, &sender, secret).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intake_url_may_not_break_out_of_a_link() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:54321/functions/v1/intake/",
        ] {
            assert!(is_base_url(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "ftp://a",
            "https://a|b",
            "https://a>b",
            "https://a?b=1",
            "https://a b",
        ] {
            assert!(!is_base_url(bad), "{bad}");
        }
    }
}
