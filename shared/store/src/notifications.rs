//! Messages to people, and the links by which they decide.

use domain::WakeId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Repeat;
use crate::{Error, Store};

/// The end of a claimed message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationEnd {
    /// The message.
    pub notification_id: i64,
    /// The attempt that was claimed.
    pub attempt: i32,
    /// The outcome of that attempt.
    pub outcome: NotificationOutcome,
    /// The reason, unless it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The pause that the receiver requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// The outcome of an attempt to send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationOutcome {
    /// The receiver has it.
    Sent,
    /// A later attempt may succeed.
    Retry,
    /// No attempt will.
    Failed,
}

/// The subject of a link: what its person decides on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LinkedDecision {
    /// The person's address, as whom the link decides.
    pub person: Option<String>,
    /// The workspace's name.
    pub workspace: String,
    /// The goal.
    pub goal_title: Option<String>,
    /// The question to the person.
    pub question: String,
    /// The kind of the approval.
    pub kind: String,
    /// The tool, if a call is decided on.
    pub tool: Option<String>,
    /// The exact subject, as it is now.
    pub subject: Option<Value>,
    /// The context.
    pub shown: Option<Value>,
    /// The JSON Schema of an answer.
    pub answer_schema: Option<Value>,
    /// The decisions that there are.
    pub decisions: Vec<String>,
    /// The address of the person who asked for the work.
    pub requester: Option<String>,
    /// The number of people who have to approve it, and of those who have.
    pub quorum: i32,
    /// The number of approvals so far.
    pub votes: i64,
    /// The end of its time.
    pub expires_at: String,
}

/// The state of an approval after a decision by a link.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LinkDecided {
    /// `approved`, `rejected`, `expired`, or `pending` while others have to decide.
    pub state: String,
    /// The role, or `requester`, whose decision it waits for.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// The number of people who have to approve it, where several have to.
    #[serde(default)]
    pub quorum: Option<i32>,
    /// The number of those who have.
    #[serde(default)]
    pub votes: Option<i64>,
}

impl Store {
    /// Claims messages that are due, each described in full, for a lease. Acknowledges the wake first. Safe to repeat:
    /// what a lost reply claimed is claimed again after its lease.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn claim_notifications(
        &self,
        limit: usize,
        lease_seconds: u32,
        wake_id: Option<WakeId>,
    ) -> Result<Vec<Value>, Error> {
        let call = self.worker_call("claim_notifications", Repeat::Always);
        let call = call.within(self.config.claim_timeout);
        let arguments =
            json!({"p_limit": limit, "p_lease_seconds": lease_seconds, "p_wake_id": wake_id});
        self.rpc(call, &arguments).await
    }

    /// Records the ends of claimed messages; returns how many of these were of the present attempt. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn end_notifications(&self, ends: &[NotificationEnd]) -> Result<u32, Error> {
        let call = self.worker_call("end_notifications", Repeat::Always);
        self.rpc(call, &json!({"p_ends": ends})).await
    }

    /// Returns what a link decides on. Changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for no such link, [`Error::Conflict`] for one that is used, decided, over or of an earlier
    /// version, [`Error::NotAllowed`] if the person may not decide any more; [`Error::Unavailable`].
    pub async fn read_decision_link(&self, token: &SecretString) -> Result<LinkedDecision, Error> {
        let call = self.worker_call("read_decision_link", Repeat::Always);
        self.rpc(call, &json!({"p_token": token.expose_secret()}))
            .await
    }

    /// Decides by a link as its person, and uses it up.
    ///
    /// # Errors
    /// As [`Store::read_decision_link`]; [`Error::InvalidInput`] for a decision or answer that does not fit, which
    /// leaves the link as it was.
    pub async fn decide_by_link(
        &self,
        token: &SecretString,
        decision: &str,
        comment: Option<&str>,
        answer: Option<&Value>,
    ) -> Result<LinkDecided, Error> {
        let call = self.worker_call("decide_by_link", Repeat::IfWithoutEffect);
        let arguments = json!({"p_token": token.expose_secret(), "p_decision": decision, "p_comment": comment, "p_answer": answer});
        self.rpc(call, &arguments).await
    }
}
