//! Texts as vectors, so that what means the same lies close together.
//!
//! Vectors of two spaces cannot be compared, so that each batch carries the name of its space, which is kept beside each
//! vector. All spaces have one width.
//!
//! `GOALPOST_EMBEDDING_MODEL` names a model of the OpenAI-compatible provider, or `lexical`. Unset, OpenAI itself is
//! asked for its small one; everywhere else the built-in lexical embedding serves ([`lexical()`]): it needs no server, has
//! no synonyms, and finds what shares words, parts of words and neighbours. `GOALPOST_EMBEDDING_BASE_URL` names another
//! OpenAI-compatible server for embeddings alone; it is sent no key.

mod baseline;
mod input;
mod lexical;
mod vector;

use std::borrow::Cow;

use domain::Usage;

use crate::error::{Error, Kind};
use crate::provider_names::{ANTHROPIC, OPENAI};
use crate::providers::openai::{OpenAi, embeddings};
use crate::request::Candidate;

pub use baseline::{baseline, baseline_texts};
pub(crate) use input::InputForm;
pub use input::TextRole;
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
    /// A model of the OpenAI-compatible provider, and the form of its input.
    OpenAi(String, InputForm),
    /// A name without a provider: the error of each embedding.
    Unavailable(Kind),
}

impl Embedder {
    /// By `GOALPOST_EMBEDDING_MODEL`, `GOALPOST_EMBEDDING_INPUT` and what there is.
    pub(crate) fn choose(
        named: Option<&str>,
        input: Option<&str>,
        openai: Option<&OpenAi>,
    ) -> Self {
        let named = named.map(str::trim).filter(|name| !name.is_empty());
        let openai_model = |model: &str| {
            let stated = input.and_then(InputForm::parse);
            Self::OpenAi(
                model.to_owned(),
                stated.unwrap_or_else(|| InputForm::of_model(model)),
            )
        };
        let Some(name) = named else {
            return match openai {
                Some(openai) if openai.is_openai_itself() => openai_model(DEFAULT_MODEL),
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
            Some((OPENAI, model)) if !model.is_empty() => openai_model(model),
            _ => openai_model(name),
        }
    }

    /// The name of the space.
    pub(crate) fn space(&self) -> Result<String, Error> {
        match self {
            Self::Lexical => Ok(LEXICAL_SPACE.into()),
            Self::OpenAi(model, _) => Ok(format!("{OPENAI}/{model}")),
            Self::Unavailable(kind) => Err(kind.clone().into()),
        }
    }

    /// Returns what embedding these texts asks of a provider; none where the built-in embedding serves.
    pub(crate) fn call(&self, role: TextRole, texts: &[String]) -> Option<EmbeddingCall> {
        let Self::OpenAi(model, input) = self else {
            return None;
        };
        let bytes: usize = texts
            .chunks(BATCH)
            .map(|batch| {
                embeddings::body(model, &sent(input, role, batch), input.field(role))
                    .to_string()
                    .len()
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
        role: TextRole,
        texts: &[String],
    ) -> Result<(Embedded, Option<Usage>), Error> {
        let space = self.space()?;
        let (Self::OpenAi(model, input), Some(openai)) = (self, openai) else {
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
            let batch = sent(input, role, batch);
            match openai.embed(model, &batch, input.field(role)).await {
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

/// Returns texts in the form of their role, as much of each as is embedded.
fn sent<'a>(input: &InputForm, role: TextRole, texts: &'a [String]) -> Vec<Cow<'a, str>> {
    texts
        .iter()
        .map(|text| input.text(role, cut(text)))
        .collect()
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
        let word = |named| match Embedder::choose(Some(named), None, None).space() {
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
