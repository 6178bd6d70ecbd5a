//! Runbooks and questions as vectors.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Embedding, Error, Lease, Store};

/// The candidates of a question that was matched by its vector.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MatchedQuestion {
    /// The candidates, as in the context of an assessment.
    pub runbooks: Value,
    /// False if runbooks of the workspace have no vectors in the space yet, or its baseline was not measured.
    pub is_complete: bool,
}

/// A runbook without vectors in the wanted space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunbookToEmbed {
    /// Its id.
    pub runbook_id: i64,
    /// The texts to embed, in their order.
    pub texts: Vec<String>,
}

/// The runbooks to embed next, and the progress of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunbooksToEmbed {
    /// The next runbooks; none where nothing is left.
    pub runbooks: Vec<RunbookToEmbed>,
    /// Runbooks of the workspace and built-in ones that are in the space.
    pub runbook_count: u64,
    /// True if the baseline of the space was not measured yet.
    pub needs_baseline: bool,
}

/// Vectors of runbooks, and the baseline of their space, to be kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbeddedRunbooks {
    /// The vectors of each runbook, one for each text.
    pub runbooks: Vec<(i64, Vec<Vec<f32>>)>,
    /// The mean cosine of questions and texts about other things, if it was measured.
    pub baseline: Option<f64>,
}

impl Store {
    /// Keeps the vector of a request's question and matches the question with it. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::InvalidInput`] for a vector that cannot be kept, [`Error::Unavailable`],
    /// [`Error::Unauthorized`], or a bug.
    pub async fn match_question(
        &self,
        lease: &Lease,
        embedding: &Embedding,
    ) -> Result<MatchedQuestion, Error> {
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_space": embedding.space,
            "p_embedding": embedding.vector,
        });
        let call = self.repeatable_call("match_question");
        self.rpc(call, &arguments).await
    }

    /// Keeps the vectors of runbooks in `space` and returns the next ones that are not in it. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::InvalidInput`] for a vector that cannot be kept, [`Error::Unavailable`],
    /// [`Error::Unauthorized`], or a bug.
    pub async fn embed_runbooks(
        &self,
        lease: &Lease,
        space: &str,
        embedded: &EmbeddedRunbooks,
    ) -> Result<RunbooksToEmbed, Error> {
        let runbooks = embedded.runbooks.iter();
        let runbooks: Vec<_> = runbooks
            .map(|(runbook_id, vectors)| json!({"runbook_id": runbook_id, "embeddings": vectors}))
            .collect();
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_space": space,
            "p_baseline": embedded.baseline,
            "p_embedded": runbooks,
        });
        let call = self.repeatable_call("embed_runbooks");
        self.rpc(call, &arguments).await
    }
}
