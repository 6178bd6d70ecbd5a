//! Why an answer ended, in the words of both protocols and of the servers that are compatible with them.
//!
//! A word that is not known may stand for an answer that broke off, so that it makes no answer whole.

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself.
    Whole,
    /// To have tools called.
    Calls,
    /// At a limit of its length.
    Length,
    /// By a filter.
    Filter,
    /// The model declines.
    Refusal,
    /// In the middle, to be continued.
    Paused,
    /// For a reason that is not known, or that is a failure.
    Broken(String),
}

/// Reads the word. An answer without one is whole: some servers give none.
pub(crate) fn ending(reason: Option<&str>) -> Ending {
    let reason = reason.unwrap_or_default().trim();
    match reason.to_ascii_lowercase().as_str() {
        "" | "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" => {
            Ending::Whole
        }
        "tool_calls" | "tool_call" | "function_call" | "tool_use" => Ending::Calls,
        "length"
        | "max_tokens"
        | "max_output_tokens"
        | "model_length"
        | "model_context_window_exceeded" => Ending::Length,
        "content_filter"
        | "content_filtered"
        | "guardrail_intervened"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "sensitive" => Ending::Filter,
        "refusal" => Ending::Refusal,
        "pause_turn" => Ending::Paused,
        _ => Ending::Broken(reason.chars().take(60).collect()),
    }
}
