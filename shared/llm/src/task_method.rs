//! The way in which tasks are worked on.

/// The way in which the tasks of a goal are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskMethod {
    /// By calls of a language model.
    ModelCalls,
    /// By fixed rules: exact forms of questions, runbooks and tools.
    Rules,
}
