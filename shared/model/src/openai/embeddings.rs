//! OpenAI's embeddings, and those of servers compatible with it.
//!
//! Source of the wire format: OpenAI's API reference, "Create embeddings"
//! (platform.openai.com/docs/api-reference/embeddings/create), and openai-python, src/openai/types.

use serde::Deserialize;
use serde_json::{Value, json};

use super::OpenAi;
use crate::embed::WIDTH;
use crate::error::Kind;

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
    #[serde(default)]
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct TokenUsage {
    #[serde(default)]
    prompt_tokens: i64,
}

impl OpenAi {
    /// One vector per text, in their order and as wide as they come; and the tokens that were sent.
    pub(crate) async fn embed(
        &self,
        model: &str,
        texts: &[&str],
    ) -> Result<(Vec<Vec<f32>>, i64), Kind> {
        let mut body = json!({
            "model": model, "input": texts, "encoding_format": "float", "dimensions": WIDTH,
        });
        let value = match self.post("embeddings", &body).await {
            // Some servers refuse to be told a width, also where theirs would fit.
            Err(Kind::Refused(_)) if !self.is_openai_itself() => {
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("dimensions");
                }
                self.post("embeddings", &body).await?
            }
            answered => answered?,
        };
        read(value, texts.len())
    }
}

fn read(value: Value, count: usize) -> Result<(Vec<Vec<f32>>, i64), Kind> {
    let Embeddings { mut data, usage } = serde_json::from_value(value)
        .map_err(|error| Kind::Malformed(format!("the response has no embeddings: {error}")))?;
    data.sort_by_key(|embedding| embedding.index);
    let is_whole = data
        .iter()
        .enumerate()
        .all(|(at, embedding)| embedding.index == at);
    if data.len() != count || !is_whole {
        let given = data.len();
        return Err(Kind::Malformed(format!(
            "{count} texts were sent and {given} embeddings came back, or not one for each"
        )));
    }
    let vectors = data.into_iter().map(|embedding| embedding.embedding);
    let tokens = usage.map_or(0, |usage| usage.prompt_tokens.max(0));
    Ok((vectors.collect(), tokens))
}
