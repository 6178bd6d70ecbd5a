//! OpenAI's embeddings, and those of servers compatible with it.
//!
//! Source of the wire format: OpenAI's API reference, "Create embeddings"
//! (platform.openai.com/docs/api-reference/embeddings/create), and openai-python, src/openai/types.

use std::borrow::Cow;

use domain::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OpenAi, wire};
use crate::embeddings::WIDTH;
use crate::error::{Error, Kind};
use crate::http::{Failure, Received};
use crate::provider_names::OPENAI;
use crate::usage::Meter;

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

impl OpenAi {
    /// Returns one vector per text, in their order and as wide as they come, and what the call used.
    pub(crate) async fn embed(
        &self,
        model: &str,
        texts: &[Cow<'_, str>],
        input_type: Option<&str>,
    ) -> Result<(Vec<Vec<f32>>, Usage), Error> {
        let mut body = body(model, texts, input_type);
        let meter = Meter {
            provider: OPENAI,
            model,
            sent: body.to_string().len(),
            read: wire::counts,
            has_output: false,
        };
        let received = match self.post("embeddings", &body).await {
            // Some servers refuse the parameter, also where their width would fit.
            Err(Failure {
                kind: Kind::Refused(_),
                ..
            }) if !self.is_openai_itself() => {
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("dimensions");
                }
                self.post("embeddings", &body).await
            }
            answered => answered,
        };
        let Received { value, bytes } = received.map_err(|failure| failure.of(&meter))?;
        let usage = meter.usage(value.get("usage"), bytes);
        match read(value, texts.len()) {
            Ok(vectors) => Ok((vectors, usage)),
            Err(kind) => Err(Error::from(kind).with_usage(usage)),
        }
    }
}

/// The call's body.
pub(crate) fn body(model: &str, texts: &[Cow<'_, str>], input_type: Option<&str>) -> Value {
    let mut body = json!({
        "model": model, "input": texts, "encoding_format": "float", "dimensions": WIDTH,
    });
    if let (Some(input_type), Some(fields)) = (input_type, body.as_object_mut()) {
        fields.insert("input_type".to_owned(), input_type.into());
    }
    body
}

fn read(value: Value, count: usize) -> Result<Vec<Vec<f32>>, Kind> {
    let Embeddings { mut data } = serde_json::from_value(value)
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
    Ok(vectors.collect())
}
