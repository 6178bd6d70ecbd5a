//! Providers by their protocols: OpenAI's Chat Completions and Anthropic's Messages.

pub(crate) mod anthropic;
pub(crate) mod openai;
