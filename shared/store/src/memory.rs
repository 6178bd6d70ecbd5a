//! Memories of steps: writing, recalling and embedding them.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Error, Lease, Store};

/// A vector in the space that it was made in: vectors of two spaces are never compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// `lexical-1`, or `provider/model`.
    pub space: String,
    /// 1,024 numbers.
    pub vector: Vec<f32>,
}

/// A memory as it is sent to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its id.
    pub memory_id: i64,
    /// `fact`, `lesson`, `summary` or `artifact`.
    pub kind: String,
    /// The scope in which it is recalled: `goal`, `user`, `agent` or `workspace`.
    pub scope: String,
    /// A short title; may be empty.
    pub title: String,
    /// The content.
    pub text: String,
    /// `trusted`, or `untrusted`: its step had read untrusted content.
    pub trust: String,
    /// The relevance; only comparable within one answer.
    pub score: f64,
}

/// A search in the memories that a step may read.
#[derive(Debug, Clone, Copy)]
pub struct MemoryQuery<'a> {
    /// 0 before the first turn of an attempt; otherwise the call of the tool `recall`.
    pub call_number: i32,
    /// The text to search for.
    pub text: &'a str,
    /// The same as a vector.
    pub embedding: Option<&'a Embedding>,
    /// The most memories.
    pub limit: u32,
    /// The most tokens; four bytes are taken for a token.
    pub token_budget: u32,
}

#[derive(Deserialize)]
struct Remembered {
    memory_id: i64,
}

/// A memory that is not in the wanted space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MemoryToEmbed {
    /// Its id.
    pub memory_id: i64,
    /// The text to embed.
    pub text: String,
}

/// The memories to embed next, and the progress of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MemoriesToEmbed {
    /// The next memories; none where nothing is left.
    pub memories: Vec<MemoryToEmbed>,
    /// Memories of the workspace that are not in the space yet, those of `memories` included.
    pub left_count: u64,
    /// Memories of the workspace that are in the space.
    pub memory_count: u64,
}

impl Store {
    /// Recalls memories for a step, the best first. Memories recalled once in an attempt are recalled again.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn recall_memories(
        &self,
        lease: &Lease,
        query: &MemoryQuery<'_>,
    ) -> Result<Vec<Memory>, Error> {
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_call_number": query.call_number,
            "p_query": query.text,
            "p_space": query.embedding.map(|embedding| &embedding.space),
            "p_embedding": query.embedding.map(|embedding| &embedding.vector),
            "p_limit": query.limit,
            "p_token_budget": query.token_budget,
        });
        let call = self.repeatable_call("recall_memories");
        self.rpc(call, &arguments).await
    }

    /// Writes a memory for a call of the tool `remember`; the call is done with it. One call writes one memory, however
    /// often it is sent.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn remember(
        &self,
        lease: &Lease,
        call_number: i32,
        embedding: Option<&Embedding>,
    ) -> Result<i64, Error> {
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_call_number": call_number,
            "p_space": embedding.map(|embedding| &embedding.space),
            "p_embedding": embedding.map(|embedding| &embedding.vector),
        });
        let call = self.repeatable_call("remember");
        let remembered: Remembered = self.rpc(call, &arguments).await?;
        Ok(remembered.memory_id)
    }

    /// Keeps the vectors of memories in `space` and returns the next ones that are not in it. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::InvalidInput`] for a vector that cannot be kept, [`Error::Unavailable`],
    /// [`Error::Unauthorized`], or a bug.
    pub async fn embed_memories(
        &self,
        lease: &Lease,
        space: &str,
        embedded: &[(i64, Vec<f32>)],
    ) -> Result<MemoriesToEmbed, Error> {
        let embedded: Vec<_> = embedded
            .iter()
            .map(|(memory_id, vector)| json!({"memory_id": memory_id, "embedding": vector}))
            .collect();
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_space": space,
            "p_embedded": embedded,
        });
        let call = self.repeatable_call("embed_memories");
        self.rpc(call, &arguments).await
    }
}
