//! Embeds texts for a step.
//!
//! An embedding that a provider is paid for is a turn of the step, reserved before and settled after; its vectors are not
//! kept, and computed again where a step goes on. The built-in one costs nothing and leaves no row.

use llm::{Charged, Embedded, EmbeddingCall, Model, TextRole};
use runtime::{Interrupted, StepContext};
use serde_json::json;
use store::{ModelCall, StepError, Store, TurnBegun, TurnEnd};

use journal::{ended_without, request_hash, stopped};

/// What texts are embedded with, under the claim of a step.
#[derive(Clone, Copy)]
pub(crate) struct StepEmbedding<'a> {
    pub(crate) store: &'a Store,
    pub(crate) model: &'a Model,
    pub(crate) context: &'a StepContext,
}

impl StepEmbedding<'_> {
    /// Embeds the texts of a call; `call_number` 0 is the beginning of the step.
    ///
    /// # Errors
    /// [`Interrupted`]: the model's error, a refusal by the budget, the end of the invocation, a lost lease.
    pub(crate) async fn texts(
        self,
        call_number: i32,
        role: TextRole,
        texts: &[String],
    ) -> Result<Embedded, Interrupted> {
        match self.model.embedding_call(role, texts) {
            Some(call) => self.paid(&call, call_number, role, texts).await,
            None => {
                let embedded = self.model.embed(role, texts).await;
                let (embedded, _) = embedded.map_err(StepError::from)?;
                Ok(embedded)
            }
        }
    }

    async fn paid(
        self,
        call: &EmbeddingCall,
        call_number: i32,
        role: TextRole,
        texts: &[String],
    ) -> Result<Embedded, Interrupted> {
        let number = self.begin(call, call_number, texts).await?;
        let embedded = tokio::select! {
            embedded = self.model.embed(role, texts) => Some(embedded),
            () = self.context.stopping() => None,
        };
        let end = match &embedded {
            Some(Ok((embedded, usage))) => TurnEnd::Answered {
                answer: json!({"space": embedded.space}),
                usage: usage.clone().unwrap_or_default(),
            },
            Some(Err(error)) => {
                let usage = error.usage.as_deref().cloned();
                ended_without(&error.clone().into(), error.was_charged(), usage)
            }
            None => ended_without(&stopped(), Charged::Unknown, None),
        };
        let lease = self.context.lease();
        if let Err(error) = self.store.end_turn(lease, number, &end, None, &[]).await {
            tracing::warn!(%error, "an embedding's end is not recorded; it counts as spent");
        }
        let (embedded, _) = embedded
            .ok_or(Interrupted::Stopping)?
            .map_err(StepError::from)?;
        Ok(embedded)
    }

    async fn begin(
        self,
        call: &EmbeddingCall,
        call_number: i32,
        texts: &[String],
    ) -> Result<i32, Interrupted> {
        let ask = ModelCall {
            purpose: "embed",
            provider: call.candidate.provider.clone(),
            endpoint: None,
            model: call.candidate.model.clone(),
            request_hash: request_hash(&(call_number, texts)),
            max_input_tokens: call.max_input_tokens,
            max_output_tokens: 0,
        };
        let calls = domain::ToolCallResults::new();
        match self
            .store
            .begin_turn(self.context.lease(), &ask, &calls)
            .await?
        {
            TurnBegun::Begun { number, .. } => Ok(number),
            TurnBegun::Wait { seconds } => Err(Interrupted::Wait { seconds }),
            TurnBegun::WaitsForPerson(_) => Err(Interrupted::Suspended),
            TurnBegun::Refused { code, message } => Err(StepError::terminal(&code, message).into()),
        }
    }
}
