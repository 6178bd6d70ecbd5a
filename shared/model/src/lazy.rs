//! The model of a function, chosen when the first task comes: its keys are secrets, and reading them at the start would
//! slow down every cold start, also of those that need no model.

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{Error, Kind, Model, ModelConfig};

/// Reads a key; none when there is none, a sentence when it cannot be read.
pub type KeyReader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Option<SecretString>, String>> + Send + Sync>;

/// A [`Model`] that is made when it is first asked for.
pub struct LazyModel {
    config: ModelConfig,
    keys: KeyReaders,
    model: OnceCell<Model>,
}

/// Where the providers' keys are read.
pub struct KeyReaders {
    /// The secret `anthropic_api_key`.
    pub anthropic: KeyReader,
    /// The secret `openai_api_key`.
    pub openai: KeyReader,
}

impl LazyModel {
    /// With everything but the keys.
    #[must_use]
    pub fn new(config: ModelConfig, keys: KeyReaders) -> Self {
        Self {
            config,
            keys,
            model: OnceCell::new(),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when a key cannot be read; the next call tries again.
    pub async fn get(&self) -> Result<&Model, Error> {
        let make = async || {
            let read = (self.keys.anthropic)();
            let (anthropic, openai) = futures::future::join(read, (self.keys.openai)()).await;
            Model::new(ModelConfig {
                anthropic_api_key: anthropic.map_err(Kind::Unreachable)?,
                openai_api_key: openai.map_err(Kind::Unreachable)?,
                ..self.config.clone()
            })
        };
        self.model.get_or_try_init(make).await
    }
}
