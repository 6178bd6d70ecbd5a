//! Calls with a person's own token: accepting their request and reading it back. The database decides as that person;
//! the worker's rights play no part.

use domain::{GoalId, RequestId, RequestState, RunId, WorkspaceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::call::{Call, Credential, Repeat};
use crate::{Error, Store};

const SCHEMA: &str = "goalpost";

/// The arguments of `accept_request`. The database checks them and has the defaults of what is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewRequest {
    /// The workspace that it belongs to.
    #[serde(rename = "p_workspace_id")]
    pub workspace_id: WorkspaceId,
    /// The question, 1 to 16,000 characters.
    #[serde(rename = "p_question")]
    pub question: String,
    /// Makes the call safe to repeat, 1 to 255 characters.
    #[serde(rename = "p_idempotency_key", skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Material that models are sent, an object of at most 65,536 bytes.
    #[serde(rename = "p_context", skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// The name of a runbook to start instead of assessing the question.
    #[serde(rename = "p_runbook", skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The parameters of that runbook.
    #[serde(rename = "p_parameters", skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// The cost limit and the action at the cap: `max_microusd`, `max_tokens`, `on_exhausted`, `approve_plan`.
    #[serde(rename = "p_budget", skip_serializing_if = "Map::is_empty")]
    pub budget: Map<String, Value>,
}

/// The reply of `accept_request`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRequest {
    /// The request's row.
    pub request_id: RequestId,
    /// Its run.
    pub run_id: RunId,
    /// Its current state.
    pub state: RequestState,
    /// True if the idempotency key had been used before: then these are the earlier ids.
    pub repeated: bool,
}

/// A request as its asker may read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// Its state.
    pub state: RequestState,
    /// The answer as JSON.
    #[serde(default)]
    pub answer: Option<Value>,
    /// The answer as text.
    #[serde(default)]
    pub answer_text: Option<String>,
    /// The goal it became.
    #[serde(default)]
    pub goal_id: Option<GoalId>,
    /// The reason why it failed or was cancelled.
    #[serde(default)]
    pub reason: Option<String>,
}

impl RequestRow {
    /// Returns true in a final state.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(
            self.state,
            RequestState::Answered | RequestState::Failed | RequestState::Cancelled
        )
    }
}

impl Store {
    /// Accepts a request as the caller. With an idempotency key it is safe to repeat, and is repeated if need be.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], [`Error::NotAllowed`] (no member), [`Error::TooManyRequests`],
    /// [`Error::PayloadTooLarge`], [`Error::Unauthorized`], [`Error::Unavailable`].
    pub async fn accept_request(
        &self,
        caller: &SecretString,
        request: &NewRequest,
    ) -> Result<AcceptedRequest, Error> {
        let repeat = if request.idempotency_key.is_some() {
            Repeat::Always
        } else {
            Repeat::IfWithoutEffect
        };
        self.rpc(
            self.callers_call("accept_request", caller, repeat),
            &json!(request),
        )
        .await
    }

    /// Reads a request as the caller, from table `requests`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none that the caller may see.
    pub async fn read_request(
        &self,
        caller: &SecretString,
        request_id: RequestId,
    ) -> Result<RequestRow, Error> {
        let call = self.callers_call("requests", caller, Repeat::Always);
        let rows: Vec<RequestRow> = self
            .select(call, |table| {
                table
                    .select("id,state,answer,answer_text,goal_id,reason")
                    .eq("id", request_id.to_string())
                    .limit(1)
            })
            .await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound {
            message: format!("there is no request {request_id} that you may see"),
        })
    }

    /// Returns true if a decision or an answer of the caller is awaited, in a run or in a goal: from view `inbox`.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Unavailable`].
    pub async fn waits_for_caller(
        &self,
        caller: &SecretString,
        run_id: RunId,
        goal_id: Option<GoalId>,
    ) -> Result<bool, Error> {
        #[derive(Deserialize)]
        struct Waiting {}
        let call = self.callers_call("inbox", caller, Repeat::Always);
        let goal = goal_id.map_or_else(String::new, |goal| format!(",goal_id.eq.{goal}"));
        let rows: Vec<Waiting> = self
            .select(call, |table| {
                table
                    .select("approval_id")
                    .or(format!("run_id.eq.{run_id}{goal}"))
                    .limit(1)
            })
            .await?;
        Ok(!rows.is_empty())
    }

    fn callers_call<'a>(
        &self,
        function: &'static str,
        caller: &'a SecretString,
        repeat: Repeat,
    ) -> Call<'a> {
        Call {
            schema: SCHEMA,
            function,
            credential: Credential::Caller(caller),
            repeat,
            timeout: self.config.timeout,
        }
    }
}
