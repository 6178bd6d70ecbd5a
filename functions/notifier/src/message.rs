//! A claimed message, as `claim_notifications` describes it.

use domain::WorkspaceId;
use secrecy::SecretString;
use serde::Deserialize;

/// A message with everything that is needed to send it.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) occasion: String,
    pub(crate) idempotency_key: String,
    pub(crate) created_at: String,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) workspace: String,
    pub(crate) webhook_hosts: Vec<String>,
    pub(crate) email_domains: Vec<String>,
    pub(crate) target: Target,
    #[serde(default)]
    pub(crate) approval: Option<Approval>,
    #[serde(default)]
    pub(crate) request: Option<Request>,
    #[serde(default)]
    pub(crate) budget: Option<Budget>,
}

/// The place that receives it.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    /// A URL, which may be a secret, or an e-mail address.
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) secret: Option<SecretString>,
}

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// JSON with a Standard Webhooks signature.
    Webhook,
    /// An incoming webhook of Slack, or of a service that takes the same.
    Slack,
    /// A mail by the provider of the tool `email`.
    Email,
}

/// An approval that waits. Question, subject and token are absent for a shared target.
#[derive(Debug, Deserialize)]
pub(crate) struct Approval {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) tool: Option<String>,
    pub(crate) goal_title: Option<String>,
    pub(crate) expires_at: String,
    pub(crate) quorum: i32,
    pub(crate) waits_for: String,
    #[serde(default)]
    pub(crate) question: Option<String>,
    #[serde(default)]
    pub(crate) subject: Option<String>,
    #[serde(default)]
    pub(crate) link_token: Option<SecretString>,
}

/// A request that ended. The answer is absent for anyone but its requester.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: i64,
    pub(crate) goal_id: Option<i64>,
    pub(crate) question: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) reason_code: Option<String>,
    pub(crate) answer_text: Option<String>,
}

/// A cap of which 80 % are spent.
#[derive(Debug, Deserialize)]
pub(crate) struct Budget {
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) cap_microusd: i64,
    pub(crate) spent_microusd: i64,
    pub(crate) cap_tokens: i64,
    pub(crate) spent_tokens: i64,
}

impl Message {
    /// Returns the address of the page on which the recipient decides.
    pub(crate) fn link(&self, intake_url: Option<&str>) -> Option<String> {
        use secrecy::ExposeSecret as _;
        let token = self.approval.as_ref()?.link_token.as_ref()?;
        Some(format!(
            "{}/decide?token={}",
            intake_url?,
            token.expose_secret()
        ))
    }
}
