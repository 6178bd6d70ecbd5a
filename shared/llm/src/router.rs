//! Routes the name of a model, which an agent's row or the configuration gives, to a configured provider.
//!
//! A name is `provider/model` with one of the two providers, or a bare name. A bare name goes by its family where that
//! is known (`claude…`, `gpt…`), otherwise to the one that is configured; with both, to the OpenAI-compatible one, which
//! serves models of every family. So `openai/anthropic/claude-…` is what a router behind `OPENAI_BASE_URL` calls
//! `anthropic/claude-…`.

use std::time::Duration;

use crate::candidates::Candidates;
use crate::error::Kind;
use crate::provider_names::{ANTHROPIC, OPENAI};
use crate::request::Candidate;

/// Anthropic's models overview (platform.claude.com/docs/en/about-claude/models/overview) calls it the best combination
/// of speed and intelligence.
pub(crate) const ANTHROPIC_DEFAULT: &str = "claude-sonnet-5-5";
/// Small, and it calls tools through Chat Completions while it reasons; later families do not (see `openai.rs`).
pub(crate) const OPENAI_DEFAULT: &str = "gpt-5.4-mini";

/// Routes a model's name to a configured provider, with the defaults for a call that names none.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelRouter {
    pub(crate) has_anthropic: bool,
    pub(crate) has_openai: bool,
    /// Whether the OpenAI-compatible one is OpenAI itself, whose models are known by name.
    pub(crate) is_openai_itself: bool,
    /// `GOALPOST_MODEL`.
    pub(crate) model: Option<String>,
    /// `GOALPOST_FALLBACK_MODEL`.
    pub(crate) fallback: Option<String>,
    /// `GOALPOST_MODEL_LONGEST_WAIT_SECONDS`.
    pub(crate) longest_wait: Duration,
}

impl ModelRouter {
    /// Returns the model that is wanted, or the default; then the fallback, if it is another.
    pub(crate) fn resolve(&self, wanted: Option<&str>) -> Result<Candidates, Kind> {
        let wanted = wanted.map(str::trim).filter(|name| !name.is_empty());
        let first = match (wanted, self.model.as_deref()) {
            (Some(name), _) => self.named(name, "the agent's row")?,
            (None, Some(name)) => self.named(name, "GOALPOST_MODEL")?,
            (None, None) => self.unnamed()?,
        };
        let fallback = self.fallback.as_deref();
        let fallback = fallback.map(|name| self.named(name, "GOALPOST_FALLBACK_MODEL"));
        Ok(Candidates::new(
            first,
            fallback.transpose()?,
            self.longest_wait,
        ))
    }

    fn unnamed(&self) -> Result<Candidate, Kind> {
        match (self.has_anthropic, self.has_openai, self.is_openai_itself) {
            (true, _, _) => Ok(candidate(ANTHROPIC, ANTHROPIC_DEFAULT)),
            (false, true, true) => Ok(candidate(OPENAI, OPENAI_DEFAULT)),
            (false, true, false) => Err(Kind::NoModelNamed),
            (false, false, _) => Err(Kind::NoLanguageModel),
        }
    }

    fn named(&self, name: &str, named_by: &str) -> Result<Candidate, Kind> {
        if !self.has_anthropic && !self.has_openai {
            return Err(Kind::NoLanguageModel);
        }
        let chosen = self.provider_of(name.trim());
        let is_configured = match chosen.provider.as_str() {
            ANTHROPIC => self.has_anthropic,
            _ => self.has_openai,
        };
        if is_configured {
            return Ok(chosen);
        }
        Err(Kind::ProviderNotConfigured {
            named_by: named_by.to_owned(),
            model: name.to_owned(),
            provider: chosen.provider,
        })
    }

    fn provider_of(&self, name: &str) -> Candidate {
        let explicit = name.split_once('/').and_then(|(provider, model)| {
            let provider = [ANTHROPIC, OPENAI]
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(provider))?;
            (!model.is_empty()).then(|| candidate(provider, model))
        });
        if let Some(explicit) = explicit {
            return explicit;
        }
        let serves_any = self.has_openai && !self.is_openai_itself;
        let provider = match family(name) {
            Some(ANTHROPIC) if self.has_anthropic || !serves_any => ANTHROPIC,
            Some(OPENAI) => OPENAI,
            _ if self.has_openai => OPENAI,
            _ => ANTHROPIC,
        };
        candidate(provider, name)
    }
}

/// Returns the provider that a model's name implies, if any.
fn family(name: &str) -> Option<&'static str> {
    let begins = |start: &&str| name.starts_with(*start);
    if begins(&"claude") {
        return Some(ANTHROPIC);
    }
    ["gpt-", "chatgpt-", "o1", "o3", "o4"]
        .iter()
        .any(begins)
        .then_some(OPENAI)
}

fn candidate(provider: &str, model: &str) -> Candidate {
    Candidate {
        provider: provider.to_owned(),
        model: model.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn choice(has_anthropic: bool, has_openai: bool, is_openai_itself: bool) -> ModelRouter {
        ModelRouter {
            has_anthropic,
            has_openai,
            is_openai_itself,
            ..ModelRouter::default()
        }
    }

    fn words(choice: &ModelRouter, wanted: Option<&str>) -> String {
        match choice.resolve(wanted) {
            Ok(found) => {
                let words = found
                    .iter()
                    .map(|one| format!("{} {}", one.provider, one.model));
                words.collect::<Vec<_>>().join(", ")
            }
            Err(kind) => kind.to_string(),
        }
    }

    #[test]
    fn provider_follows_prefix_then_family_then_configured_keys() {
        let (both, anthropic) = (choice(true, true, true), choice(true, false, false));
        let (openai, router) = (choice(false, true, true), choice(false, true, false));
        let cases = [
            (&both, "anthropic/claude-x", "anthropic claude-x"),
            (&both, "openai/claude-x", "openai claude-x"),
            (&both, "OpenAI/gpt-x", "openai gpt-x"),
            (&both, "claude-x", "anthropic claude-x"),
            (&both, "gpt-x", "openai gpt-x"),
            (&both, "llama3.3", "openai llama3.3"),
            (&anthropic, "mythos", "anthropic mythos"),
            (&openai, "ft:mine", "openai ft:mine"),
            (&router, "claude-x", "openai claude-x"),
            (&router, "meta/llama", "openai meta/llama"),
            (
                &router,
                "openai/anthropic/claude-x",
                "openai anthropic/claude-x",
            ),
            (&router, "openai/", "openai openai/"),
        ];
        for (choice, name, expected) in cases {
            assert_eq!(words(choice, Some(name)), expected, "{name}");
        }
    }

    #[test]
    fn error_for_missing_provider_names_its_setting() {
        let router = words(&choice(false, true, false), Some("anthropic/claude-x"));
        for part in [
            "the agent's row",
            "anthropic/claude-x",
            "ANTHROPIC_API_KEY",
            "anthropic_api_key",
            "openai/anthropic/claude-x",
        ] {
            assert!(router.contains(part), "{part}: {router}");
        }
        let anthropic = words(&choice(true, false, false), Some("gpt-x"));
        assert!(anthropic.contains("OPENAI_API_KEY"), "{anthropic}");
        let openai = words(&choice(false, true, true), Some("claude-x"));
        assert!(openai.contains("ANTHROPIC_API_KEY"), "{openai}");
        let none = words(&choice(false, false, false), Some("claude-x"));
        assert!(none.starts_with("no language model"), "{none}");
    }

    #[test]
    fn the_configured_model_stands_where_an_agent_names_none_and_the_fallback_follows() {
        let mut choice = choice(true, true, true);
        assert_eq!(
            words(&choice, None),
            format!("anthropic {ANTHROPIC_DEFAULT}")
        );
        choice.model = Some("gpt-a".into());
        choice.fallback = Some("claude-b".into());
        assert_eq!(words(&choice, None), "openai gpt-a, anthropic claude-b");
        assert_eq!(
            words(&choice, Some(" ")),
            "openai gpt-a, anthropic claude-b"
        );
        assert_eq!(
            words(&choice, Some("claude-c")),
            "anthropic claude-c, anthropic claude-b"
        );
        assert_eq!(words(&choice, Some("claude-b")), "anthropic claude-b");
        choice.has_anthropic = false;
        let refused = words(&choice, None);
        assert!(refused.contains("GOALPOST_FALLBACK_MODEL"), "{refused}");
    }

    #[test]
    fn a_server_of_ones_own_needs_the_name_of_a_model() {
        let sentence = words(&choice(false, true, false), None);
        assert!(sentence.contains("GOALPOST_MODEL"), "{sentence}");
        assert_eq!(
            words(&choice(false, true, true), None),
            format!("openai {OPENAI_DEFAULT}")
        );
    }
}
