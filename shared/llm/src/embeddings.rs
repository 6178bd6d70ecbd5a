//! Texts as vectors, so that what means the same lies close together.
//!
//! Vectors of two spaces cannot be compared, so that each batch carries the name of its space, which is kept beside each
//! vector. All spaces have one width.
//!
//! `GOALPOST_EMBEDDING_MODEL` names a model of the OpenAI-compatible provider, or `lexical`. Unset, OpenAI itself is
//! asked for its small one; everywhere else the built-in lexical embedding serves ([`lexical()`]): it needs no server, has
//! no synonyms, and finds what shares words, parts of words and neighbours.

mod lexical;
mod vector;

use domain::Usage;

use crate::error::{Error, Kind};
use crate::provider_names::{ANTHROPIC, OPENAI};
use crate::providers::openai::{OpenAi, embeddings};
use crate::request::Candidate;

pub use lexical::{LEXICAL_SPACE, lexical};
pub use vector::WIDTH;
use vector::normalise;

/// The default at OpenAI itself.
const DEFAULT_MODEL: &str = "text-embedding-3-small";

/// The name that asks for the built-in one.
const BUILT_IN: &str = "lexical";

/// Texts of one call; a response of so many vectors is well below what is read of one.
const BATCH: usize = 64;

/// Bytes of a text that are embedded: no more tokens than the 8,191 that OpenAI's models take.
const MAX_BYTES: usize = 8_000;

/// Vectors of one space.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// `lexical-1`, `openai/text-embedding-3-small` …: only vectors of one name can be compared.
    pub space: String,
    /// One for each text, in their order: [`WIDTH`] numbers, of length 1.
    pub vectors: Vec<Vec<f32>>,
}

/// A batch that a provider is paid for, before it is embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingCall {
    /// The provider and its model.
    pub candidate: Candidate,
    /// Tokens that it cannot exceed: no token is shorter than a byte of what is sent.
    pub max_input_tokens: u64,
}

/// Who embeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Embedder {
    Lexical,
    /// A model of the OpenAI-compatible provider.
    OpenAi(String),
    /// A name without a provider: the error of each embedding.
    Unavailable(Kind),
}

impl Embedder {
    /// By `GOALPOST_EMBEDDING_MODEL` and what there is.
    pub(crate) fn choose(named: Option<&str>, openai: Option<&OpenAi>) -> Self {
        let named = named.map(str::trim).filter(|name| !name.is_empty());
        let Some(name) = named else {
            return match openai {
                Some(openai) if openai.is_openai_itself() => Self::OpenAi(DEFAULT_MODEL.into()),
                _ => Self::Lexical,
            };
        };
        if name.eq_ignore_ascii_case(BUILT_IN) || name == LEXICAL_SPACE {
            return Self::Lexical;
        }
        match name.split_once('/') {
            Some((ANTHROPIC, _)) => Self::Unavailable(Kind::Refused(format!(
                "GOALPOST_EMBEDDING_MODEL names {name}, and Anthropic has no models for embeddings; name one that the server at OPENAI_BASE_URL has, or lexical"
            ))),
            _ if openai.is_none() => Self::Unavailable(Kind::ProviderNotConfigured {
                named_by: "GOALPOST_EMBEDDING_MODEL".into(),
                model: name.into(),
                provider: OPENAI.into(),
            }),
            Some((OPENAI, model)) if !model.is_empty() => Self::OpenAi(model.into()),
            _ => Self::OpenAi(name.into()),
        }
    }

    /// The name of the space.
    pub(crate) fn space(&self) -> Result<String, Error> {
        match self {
            Self::Lexical => Ok(LEXICAL_SPACE.into()),
            Self::OpenAi(model) => Ok(format!("{OPENAI}/{model}")),
            Self::Unavailable(kind) => Err(kind.clone().into()),
        }
    }

    /// Returns what embedding these texts asks of a provider; none where the built-in embedding serves.
    pub(crate) fn call(&self, texts: &[String]) -> Option<EmbeddingCall> {
        let Self::OpenAi(model) = self else {
            return None;
        };
        let bytes: usize = texts
            .chunks(BATCH)
            .map(|batch| {
                let batch: Vec<&str> = batch.iter().map(|text| cut(text)).collect();
                embeddings::body(model, &batch).to_string().len()
            })
            .sum();
        Some(EmbeddingCall {
            candidate: Candidate {
                provider: OPENAI.to_owned(),
                model: model.clone(),
            },
            max_input_tokens: u64::try_from(bytes).unwrap_or(u64::MAX),
        })
    }

    /// Embeds all texts; returns what was used where a provider was called.
    pub(crate) async fn embed(
        &self,
        openai: Option<&OpenAi>,
        texts: &[String],
    ) -> Result<(Embedded, Option<Usage>), Error> {
        let space = self.space()?;
        let (Self::OpenAi(model), Some(openai)) = (self, openai) else {
            let vectors = texts.iter().map(|text| lexical(text)).collect();
            return Ok((Embedded { space, vectors }, None));
        };
        let mut vectors = Vec::with_capacity(texts.len());
        let mut used = Usage {
            provider: OPENAI.into(),
            model: model.clone(),
            ..Usage::default()
        };
        for batch in texts.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(|text| cut(text)).collect();
            match openai.embed(model, &batch).await {
                Ok((given, usage)) => {
                    add(&mut used, &usage);
                    for vector in given {
                        let fitted = fitted(vector, model);
                        vectors.push(
                            fitted.map_err(|kind| Error::from(kind).with_usage(used.clone()))?,
                        );
                    }
                }
                Err(error) => {
                    if let Some(usage) = &error.usage {
                        add(&mut used, usage);
                    }
                    // An earlier batch was paid for, or this one.
                    return Err(match used.input_tokens {
                        0 => error,
                        _ => error.with_usage(used),
                    });
                }
            }
        }
        Ok((Embedded { space, vectors }, Some(used)))
    }
}

fn add(sum: &mut Usage, usage: &Usage) {
    sum.input_tokens = sum.input_tokens.saturating_add(usage.input_tokens);
    sum.is_estimate |= usage.is_estimate;
}

/// As much of a text as is embedded. An empty one is refused by providers.
fn cut(text: &str) -> &str {
    if text.trim().is_empty() {
        return "(empty)";
    }
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// A vector of our width and of length 1: a shorter one gets zeros, which change no angle; a longer one is refused.
fn fitted(mut vector: Vec<f32>, model: &str) -> Result<Vec<f32>, Kind> {
    if vector.len() > WIDTH {
        return Err(Kind::Refused(format!(
            "the embedding model {model} gives {} numbers and {WIDTH} fit; name another in GOALPOST_EMBEDDING_MODEL",
            vector.len()
        )));
    }
    vector.resize(WIDTH, 0.0);
    if normalise(&mut vector) {
        Ok(vector)
    } else {
        Err(Kind::Malformed(format!(
            "the embedding model {model} gave a vector without a direction"
        )))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_is_cut_between_letters() {
        let long = "ä".repeat(MAX_BYTES);
        let kept = cut(&long);
        assert_eq!(kept.len(), MAX_BYTES);
        let shifted = format!("x{long}");
        assert_eq!(cut(&shifted).len(), MAX_BYTES - 1);
        assert_eq!((cut("short"), cut(" \n")), ("short", "(empty)"));
    }

    #[test]
    fn a_vector_is_padded_scaled_or_refused() {
        let vector = fitted(vec![3.0, 4.0], "m").unwrap();
        assert_eq!(
            (vector.len(), vector.first(), vector.get(1), vector.last()),
            (WIDTH, Some(&0.6), Some(&0.8), Some(&0.0))
        );
        let refused = fitted(vec![1.0; WIDTH + 1], "m").unwrap_err().to_string();
        assert!(
            refused.contains("1025 numbers") && refused.contains("GOALPOST_EMBEDDING_MODEL"),
            "{refused}"
        );
        for bad in [vec![], vec![0.0, 0.0], vec![f32::NAN], vec![f32::INFINITY]] {
            assert!(matches!(fitted(bad, "m"), Err(Kind::Malformed(_))));
        }
    }

    #[test]
    fn unusable_embedding_name_is_reported_at_its_use() {
        let word = |named| match Embedder::choose(Some(named), None).space() {
            Ok(space) => space,
            Err(error) => error.to_string(),
        };
        assert_eq!(
            (
                word("lexical").as_str(),
                word("Lexical").as_str(),
                word(" ").as_str()
            ),
            (LEXICAL_SPACE, LEXICAL_SPACE, LEXICAL_SPACE)
        );
        assert!(word("anthropic/x").contains("no models for embeddings"));
        assert!(word("nomic-embed-text").contains("OPENAI_API_KEY"));
    }
}
