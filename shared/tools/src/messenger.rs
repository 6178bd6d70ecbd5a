//! Messages to people, by the ways out of the tools `webhook` and `email` and under the same rules.

use std::sync::Arc;

use domain::WorkspaceId;
use secrecy::SecretString;
use serde_json::Value;

use crate::builtin::email::Email;
use crate::builtin::webhook::Webhook;
use crate::egress::HttpClient;
use crate::{EmailConfig, HttpPolicy, ToolError};

/// The workspace that sends something, what it may send to, and the key of what it sends.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The workspace.
    pub workspace_id: &'a WorkspaceId,
    /// Its list: hosts for a POST, domains for a mail. An empty list allows none.
    pub listed: &'a [String],
    /// Identifies the message: the same for each attempt.
    pub idempotency_key: &'a str,
}

/// The ways by which messages reach people.
pub struct Messenger {
    webhook: Webhook,
    email: Email,
}

impl Messenger {
    /// Builds the clients. Nothing is contacted yet.
    ///
    /// # Errors
    /// `http_unavailable` when no HTTP client can be made, which means a broken build or machine.
    pub fn new(policy: HttpPolicy, email: Option<EmailConfig>) -> Result<Self, ToolError> {
        let http = HttpClient::new(policy)?;
        Ok(Self {
            webhook: Webhook::new(Arc::clone(&http)),
            email: Email::new(http, email),
        })
    }

    /// Posts JSON to a host that the workspace lists, with a Standard Webhooks signature where there is a secret.
    ///
    /// # Errors
    /// The destination is refused, or the host did not accept it; `retryable` if it may later.
    pub async fn post(
        &self,
        url: &str,
        body: &Value,
        sender: &Sender<'_>,
        secret: Option<&SecretString>,
    ) -> Result<(), ToolError> {
        self.webhook.send(url, body, sender, secret).await?;
        Ok(())
    }

    /// Sends a mail (`to`, `subject`, `text`) to addresses of domains that the workspace lists.
    ///
    /// # Errors
    /// As [`Messenger::post`]; `email_not_configured` without a provider.
    pub async fn mail(&self, mail: &Value, sender: &Sender<'_>) -> Result<(), ToolError> {
        self.email.send(mail, sender).await?;
        Ok(())
    }
}
