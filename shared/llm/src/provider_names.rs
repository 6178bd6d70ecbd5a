//! The names of the providers, as they stand before the `/` of a model's name.

/// The provider that speaks Anthropic's Messages.
pub const ANTHROPIC: &str = "anthropic";
/// The provider that speaks OpenAI's Chat Completions.
pub const OPENAI: &str = "openai";
