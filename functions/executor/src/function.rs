//! The parts that every step of the executor is worked on with.

use llm::LazyModel;
use runtime::Worker;
use tools::Registry;

/// The function with its worker, tools and model.
pub struct Executor {
    pub(crate) worker: Worker,
    /// The tools that steps and agents may call.
    pub(crate) tools: Registry,
    /// The model of the agents.
    pub(crate) model: LazyModel,
    /// Longer conversations are summarized.
    pub(crate) longest_conversation_bytes: usize,
}

impl Executor {
    /// Returns true if the tool writes outside the database. Unknown tools count as writing.
    pub(crate) fn writes(&self, tool: &str) -> bool {
        self.tools.find(tool).is_none_or(|tool| tool.writes)
    }
}
