//! Model calls: the only crate that depends on a provider's protocol.
//!
//! A [`Request`] and its [`Answer`] are in no provider's terms. [`Model`] routes a request to a configured provider, writes
//! it as the provider's server takes it, and parses what comes back leniently. A [`ModelCaller`] makes the calls of a
//! task; [`DirectCaller`] makes them at once and records nothing.

mod adapt;
mod answer;
mod call_ids;
mod candidates;
mod config;
mod context;
mod direct;
pub mod embeddings;
mod error;
#[cfg(test)]
mod fuzz;
mod http;
pub mod json_text;
mod key;
mod lazy;
mod names;
mod protocol;
mod provider_names;
mod providers;
mod reach;
mod request;
mod router;
mod stop;
mod task_method;
mod thinking;
mod tool_schema;
pub mod turn;
mod usage;
mod written_calls;

use domain::{Capabilities, Usage};

pub use answer::{Answer, Stop};
pub use candidates::Candidates;
pub use config::ModelConfig;
pub use direct::DirectCaller;
pub use embeddings::{Embedded, EmbeddingCall, TextRole};
pub use error::{Charged, Error, Kind};
pub use lazy::{KeyReader, KeyReaders, LazyModel};
pub use provider_names::{ANTHROPIC, OPENAI};
pub use request::{Candidate, Message, ModelCaller, OutputSchema, Purpose, Request, ToolResult};
pub use task_method::TaskMethod;
pub use tool_schema::of_tool as wire_schema;

use embeddings::Embedder;
use key::Key;
use protocol::Protocol as _;
use providers::anthropic::Anthropic;
use providers::openai::OpenAi;
use router::ModelRouter;
use secrecy::SecretString;
use serde_json::Value;

/// Characters of an endpoint's name.
const MAX_ENDPOINT_CHARS: usize = 300;

/// The configured providers; there may be none.
#[derive(Debug, Clone)]
pub struct Model {
    anthropic: Option<Anthropic>,
    openai: Option<OpenAi>,
    keys: Keys,
    router: ModelRouter,
    embedder: Embedder,
    /// A server for embeddings alone, in the place of the provider's.
    embedding_server: Option<OpenAi>,
    max_output_tokens: u32,
}

/// The keys that the clients were made with.
#[derive(Debug, Clone, Default)]
struct Keys {
    anthropic: Key,
    openai: Key,
}

impl Model {
    /// Chooses by configuration: a key or a base URL means a provider, neither means none.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when no HTTP client can be made.
    pub fn new(config: ModelConfig) -> Result<Self, Error> {
        let http = http::client()?;
        let keys = Keys {
            anthropic: Key::new(config.anthropic_api_key.clone()),
            openai: Key::new(config.openai_api_key.clone()),
        };
        let has_anthropic =
            config.anthropic_api_key.is_some() || config.anthropic_base_url.is_some();
        let anthropic = has_anthropic.then(|| {
            let base_url = config.anthropic_base_url.as_deref();
            let key = keys.anthropic.clone();
            Anthropic::new(http.clone(), base_url, key, config.timeout)
        });
        let has_openai = config.openai_api_key.is_some() || config.openai_base_url.is_some();
        let openai = has_openai.then(|| {
            let base_url = config.openai_base_url.as_deref();
            OpenAi::new(http.clone(), base_url, keys.openai.clone(), config.timeout)
        });
        let embedding_server = config
            .embedding_base_url
            .as_deref()
            .map(|base_url| OpenAi::new(http, Some(base_url), Key::default(), config.timeout));
        let embedder = Embedder::choose(
            config.embedding_model.as_deref(),
            config.embedding_input.as_deref(),
            embedding_server.as_ref().or(openai.as_ref()),
        );
        let router = ModelRouter {
            has_anthropic,
            has_openai,
            is_openai_itself: openai.as_ref().is_some_and(OpenAi::is_openai_itself),
            model: config.model,
            fallback: config.fallback_model,
            longest_wait: config.longest_wait,
        };
        Ok(Self {
            anthropic,
            openai,
            keys,
            router,
            embedder,
            embedding_server,
            max_output_tokens: config.max_output_tokens,
        })
    }

    /// Returns how tasks are worked on: by model calls if a provider is configured, by rules otherwise.
    #[must_use]
    pub fn task_method(&self) -> TaskMethod {
        match self.router.has_openai || self.router.has_anthropic {
            true => TaskMethod::ModelCalls,
            false => TaskMethod::Rules,
        }
    }

    /// Goes on with other keys, where there are any: keys are exchanged while functions live.
    pub(crate) fn exchange_keys(
        &self,
        anthropic: Option<SecretString>,
        openai: Option<SecretString>,
    ) {
        if let Some(key) = anthropic {
            self.keys.anthropic.exchange(key);
        }
        if let Some(key) = openai {
            self.keys.openai.exchange(key);
        }
    }

    /// Returns the candidates of a call: the model that is wanted (an agent's) or the configured one, then the fallback.
    ///
    /// # Errors
    /// [`Kind::NoLanguageModel`], [`Kind::NoModelNamed`], or [`Kind::ProviderNotConfigured`] where one is named whose
    /// provider has no key.
    pub fn resolve(&self, wanted: Option<&str>) -> Result<Candidates, Error> {
        Ok(self.router.resolve(wanted)?)
    }

    /// Calls one candidate once, in the form that `known` gives for its server. A refusal that cost nothing and names what
    /// the server takes is followed by the call in that form, and added to `known`.
    ///
    /// # Errors
    /// See [`Kind`]; an answer that is refused, cut off or held back is an [`Answer`] with that [`Stop`], since it was
    /// paid for.
    pub async fn call(
        &self,
        candidate: &Candidate,
        request: &Request,
        known: &mut Capabilities,
    ) -> Result<Answer, Error> {
        let Candidate { provider, model } = candidate;
        match (provider.as_str(), &self.anthropic, &self.openai) {
            (ANTHROPIC, Some(anthropic), _) => {
                protocol::call(anthropic, model, request, known).await
            }
            (OPENAI, _, Some(openai)) => protocol::call(openai, model, request, known).await,
            _ => Err(not_configured(candidate)),
        }
    }

    /// Returns where a candidate's calls go, without user, password and query, which may hold secrets.
    #[must_use]
    pub fn endpoint(&self, candidate: &Candidate) -> String {
        let base_url = match (candidate.provider.as_str(), &self.anthropic, &self.openai) {
            (ANTHROPIC, Some(anthropic), _) => anthropic.base_url(),
            (OPENAI, _, Some(openai)) => openai.base_url(),
            _ => return String::new(),
        };
        let url = reqwest::Url::parse(base_url).ok();
        let endpoint = url.and_then(|url| {
            let host = url.host_str()?;
            let port = url
                .port()
                .map_or_else(String::new, |port| format!(":{port}"));
            Some(format!("{}://{host}{port}{}", url.scheme(), url.path()))
        });
        let endpoint: String = endpoint
            .unwrap_or_default()
            .chars()
            .take(MAX_ENDPOINT_CHARS)
            .collect();
        endpoint.trim_end_matches('/').to_owned()
    }

    /// Returns the tokens that what is sent cannot exceed: no token is shorter than a byte. What a provider adds, the
    /// database reserves on top (`added_input_tokens`).
    #[must_use]
    pub fn input_bound(&self, candidate: &Candidate, request: &Request) -> u64 {
        let body = self.request_body(candidate, request);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        u64::try_from(body.len()).unwrap_or(u64::MAX)
    }

    /// Returns the body of a call as a server of which nothing was learned receives it; none for a provider that is not
    /// configured.
    #[must_use]
    pub fn request_body(&self, candidate: &Candidate, request: &Request) -> Option<Value> {
        let Candidate { provider, model } = candidate;
        let known = Capabilities::default();
        match (provider.as_str(), &self.anthropic, &self.openai) {
            (ANTHROPIC, Some(anthropic), _) => Some(anthropic.body(model, request, &known)),
            (OPENAI, _, Some(openai)) => Some(openai.body(model, request, &known)),
            _ => None,
        }
    }

    /// Returns the most tokens of an answer, as configured.
    #[must_use]
    pub fn max_output_tokens(&self) -> u32 {
        self.max_output_tokens
    }

    /// Texts as vectors of one space, in their order; what was used, where a provider was asked.
    ///
    /// # Errors
    /// See [`Kind`]. Nothing falls back to another space: its vectors could not be compared.
    pub async fn embed(
        &self,
        role: TextRole,
        texts: &[String],
    ) -> Result<(Embedded, Option<Usage>), Error> {
        let server = self.embedding_server.as_ref().or(self.openai.as_ref());
        self.embedder.embed(server, role, texts).await
    }

    /// Returns what embedding these texts asks of a provider; none where it costs nothing.
    #[must_use]
    pub fn embedding_call(&self, role: TextRole, texts: &[String]) -> Option<EmbeddingCall> {
        self.embedder.call(role, texts)
    }

    /// The name of the space that [`Model::embed`] gives vectors of.
    ///
    /// # Errors
    /// `GOALPOST_EMBEDDING_MODEL` names a model of a provider that is not there.
    pub fn embedding_space(&self) -> Result<String, Error> {
        self.embedder.space()
    }
}

fn not_configured(candidate: &Candidate) -> Error {
    Kind::ProviderNotConfigured {
        named_by: "the record of this step".to_owned(),
        model: candidate.model.clone(),
        provider: candidate.provider.clone(),
    }
    .into()
}
