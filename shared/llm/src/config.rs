//! What decides which model answers. Read from the environment and secrets by the caller.

use std::time::Duration;

use secrecy::SecretString;

use crate::embeddings::InputForm;

/// The settings of the providers; neither key nor base URL means that there is no language model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// `ANTHROPIC_API_KEY`, the secret `anthropic_api_key`.
    pub anthropic_api_key: Option<SecretString>,
    /// `ANTHROPIC_BASE_URL`, such as `https://gateway.example.com`; Anthropic's own when absent.
    pub anthropic_base_url: Option<String>,
    /// `OPENAI_API_KEY`, the secret `openai_api_key`. A server that asks for none may do without.
    pub openai_api_key: Option<SecretString>,
    /// `OPENAI_BASE_URL`, such as `http://localhost:11434/v1`; OpenAI's own when absent.
    pub openai_base_url: Option<String>,
    /// `GOALPOST_MODEL`, `provider/model` or a bare name; agents may name another.
    pub model: Option<String>,
    /// `GOALPOST_FALLBACK_MODEL`: asked when the first one is overloaded or cannot be reached.
    pub fallback_model: Option<String>,
    /// `GOALPOST_EMBEDDING_MODEL`, one of the OpenAI-compatible provider, or `lexical`.
    pub embedding_model: Option<String>,
    /// `GOALPOST_EMBEDDING_BASE_URL`: an OpenAI-compatible server that embeds in place of the provider's. No key is sent.
    pub embedding_base_url: Option<String>,
    /// `GOALPOST_EMBEDDING_INPUT`: `plain`, `input_type`, or two prefixes such as `query: |passage: `; by the model's name
    /// when absent.
    pub embedding_input: Option<String>,
    /// `GOALPOST_MAX_OUTPUT_TOKENS`: no question asks for more tokens of answer, reasoning included.
    pub max_output_tokens: u32,
    /// For one call, from the first byte to the last: `GOALPOST_MODEL_TIMEOUT_SECONDS`.
    pub timeout: Duration,
    /// `GOALPOST_MODEL_LONGEST_WAIT_SECONDS`: a provider that asks for a longer pause is not waited for where there is a
    /// fallback.
    pub longest_wait: Duration,
}

/// Tokens of an answer: room for the longest plan and the reasoning before it.
const MAX_OUTPUT_TOKENS: u32 = 32_000;

/// Long answers of models that reason take minutes; a function lives for fifteen.
const TIMEOUT: Duration = Duration::from_secs(180);

/// A question that a person waits for is answered by the fallback rather than after a pause longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            anthropic_api_key: None,
            anthropic_base_url: None,
            openai_api_key: None,
            openai_base_url: None,
            model: None,
            fallback_model: None,
            embedding_model: None,
            embedding_base_url: None,
            embedding_input: None,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            timeout: TIMEOUT,
            longest_wait: LONGEST_WAIT,
        }
    }
}

impl ModelConfig {
    /// Everything but the keys, from the function's environment, and a sentence per variable that is not what it should
    /// be.
    #[must_use]
    pub fn read(mut variable: impl FnMut(&str) -> Option<String>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut number = |name: &str, default: u64, least: u64, most: u64| {
            let Some(text) = variable(name) else {
                return default;
            };
            match text.parse() {
                Ok(value) if (least..=most).contains(&value) => value,
                _ => {
                    problems.push(format!("{name} is not a number from {least} to {most}"));
                    default
                }
            }
        };
        let max_output_tokens = number(
            "GOALPOST_MAX_OUTPUT_TOKENS",
            u64::from(MAX_OUTPUT_TOKENS),
            256,
            1_000_000,
        );
        let timeout = number("GOALPOST_MODEL_TIMEOUT_SECONDS", TIMEOUT.as_secs(), 1, 900);
        let longest_wait = number(
            "GOALPOST_MODEL_LONGEST_WAIT_SECONDS",
            LONGEST_WAIT.as_secs(),
            0,
            86_400,
        );
        let mut address = |name: &str| {
            let address = variable(name);
            problems.extend(
                address
                    .as_deref()
                    .and_then(|address| address_problem(name, address)),
            );
            address
        };
        let (anthropic_base_url, openai_base_url) =
            (address("ANTHROPIC_BASE_URL"), address("OPENAI_BASE_URL"));
        let embedding_base_url = address("GOALPOST_EMBEDDING_BASE_URL");
        let embedding_model = variable("GOALPOST_EMBEDDING_MODEL");
        if embedding_base_url.is_some() && embedding_model.is_none() {
            problems.push(
                "GOALPOST_EMBEDDING_BASE_URL needs GOALPOST_EMBEDDING_MODEL, the model that the server embeds with"
                    .to_owned(),
            );
        }
        let embedding_input = variable("GOALPOST_EMBEDDING_INPUT");
        if embedding_input
            .as_deref()
            .is_some_and(|input| InputForm::parse(input).is_none())
        {
            problems.push(
                "GOALPOST_EMBEDDING_INPUT is none of plain, input_type and two prefixes with a bar between them"
                    .to_owned(),
            );
        }
        let config = Self {
            anthropic_base_url,
            openai_base_url,
            model: variable("GOALPOST_MODEL"),
            fallback_model: variable("GOALPOST_FALLBACK_MODEL"),
            embedding_model,
            embedding_base_url,
            embedding_input,
            max_output_tokens: u32::try_from(max_output_tokens).unwrap_or(MAX_OUTPUT_TOKENS),
            timeout: Duration::from_secs(timeout),
            longest_wait: Duration::from_secs(longest_wait),
            ..Self::default()
        };
        (config, problems)
    }
}

/// What is wrong with the address of a server, if anything.
fn address_problem(name: &str, address: &str) -> Option<String> {
    let is_address = reqwest::Url::parse(address)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    (!is_address).then(|| {
        format!(
            "{name} is no address of a server: write it as https://host/v1, or http://localhost:11434/v1"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (ModelConfig, Vec<String>) {
        ModelConfig::read(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_setting_but_the_keys_is_a_variable() {
        let config = read(&[
            ("ANTHROPIC_BASE_URL", "https://a"),
            ("OPENAI_BASE_URL", "https://o"),
            ("GOALPOST_MODEL", "m"),
            ("GOALPOST_FALLBACK_MODEL", "f"),
            ("GOALPOST_EMBEDDING_MODEL", "e"),
            ("GOALPOST_EMBEDDING_BASE_URL", "https://e"),
            ("GOALPOST_EMBEDDING_INPUT", "input_type"),
            ("GOALPOST_MAX_OUTPUT_TOKENS", "4096"),
            ("GOALPOST_MODEL_TIMEOUT_SECONDS", "30"),
            ("GOALPOST_MODEL_LONGEST_WAIT_SECONDS", "0"),
        ])
        .0;
        assert_eq!(config.anthropic_base_url.as_deref(), Some("https://a"));
        assert_eq!(config.openai_base_url.as_deref(), Some("https://o"));
        assert_eq!(config.model.as_deref(), Some("m"));
        assert_eq!(config.fallback_model.as_deref(), Some("f"));
        assert_eq!(config.embedding_model.as_deref(), Some("e"));
        assert_eq!(config.embedding_base_url.as_deref(), Some("https://e"));
        assert_eq!(config.embedding_input.as_deref(), Some("input_type"));
        assert_eq!(
            (
                config.max_output_tokens,
                config.timeout.as_secs(),
                config.longest_wait.as_secs()
            ),
            (4096, 30, 0)
        );
        assert!(config.openai_api_key.is_none() && config.anthropic_api_key.is_none());
    }

    #[test]
    fn all_invalid_numbers_are_named() {
        let problems = read(&[
            ("GOALPOST_MAX_OUTPUT_TOKENS", "lots"),
            ("GOALPOST_MODEL_TIMEOUT_SECONDS", "0"),
        ])
        .1;
        assert_eq!(
            problems,
            [
                "GOALPOST_MAX_OUTPUT_TOKENS is not a number from 256 to 1000000",
                "GOALPOST_MODEL_TIMEOUT_SECONDS is not a number from 1 to 900"
            ]
        );
        assert_eq!(read(&[]).0.max_output_tokens, MAX_OUTPUT_TOKENS);
    }

    #[test]
    fn unusable_settings_of_embeddings_are_named() {
        let problems = |variables: &[(&str, &str)]| read(variables).1.join(" ");
        let server = ("GOALPOST_EMBEDDING_BASE_URL", "http://localhost:8080/v1");
        assert!(problems(&[server]).contains("needs GOALPOST_EMBEDDING_MODEL"));
        assert_eq!(problems(&[server, ("GOALPOST_EMBEDDING_MODEL", "e5")]), "");
        assert!(problems(&[("GOALPOST_EMBEDDING_INPUT", "query")]).contains("two prefixes"));
        assert_eq!(problems(&[("GOALPOST_EMBEDDING_INPUT", "q: |p: ")]), "");
    }

    #[test]
    fn an_address_without_scheme_or_host_is_named() {
        for wrong in [
            "localhost:11434/v1",
            "nonsense",
            "ftp://h/v1",
            "https://",
            "/v1",
        ] {
            let problems = read(&[("OPENAI_BASE_URL", wrong)]).1.join(" ");
            assert!(problems.contains("OPENAI_BASE_URL"), "{wrong}: {problems}");
            let problems = read(&[("ANTHROPIC_BASE_URL", wrong)]).1.join(" ");
            assert!(
                problems.contains("ANTHROPIC_BASE_URL"),
                "{wrong}: {problems}"
            );
        }
        for right in [
            "http://localhost:11434/v1",
            "https://h",
            "http://[::1]:8080/v1/",
        ] {
            assert_eq!(read(&[("OPENAI_BASE_URL", right)]).1, Vec::<String>::new());
        }
    }
}
