//! The model of a function, chosen when the first task comes: its key is a secret, and reading it at the start would
//! slow down every cold start, also of those that need no model.

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{Error, Kind, Model, ModelConfig};

/// Reads the key; none when there is none, a sentence when it cannot be read.
pub type KeyReader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Option<SecretString>, String>> + Send + Sync>;

/// A [`Model`] that is made when it is first asked for.
pub struct LazyModel {
    config: ModelConfig,
    key: KeyReader,
    model: OnceCell<Model>,
}

impl LazyModel {
    /// With everything but the key.
    #[must_use]
    pub fn new(config: ModelConfig, key: KeyReader) -> Self {
        Self {
            config,
            key,
            model: OnceCell::new(),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when the key cannot be read; the next call tries again.
    pub async fn get(&self) -> Result<&Model, Error> {
        let make = async || {
            let key = (self.key)().await.map_err(Kind::Unavailable)?;
            Model::new(ModelConfig {
                openai_api_key: key,
                ..self.config.clone()
            })
        };
        self.model.get_or_try_init(make).await
    }
}
