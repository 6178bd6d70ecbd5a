//! The model of a function, chosen when the first task comes: its keys are secrets, and reading them at the start would
//! slow down every cold start, also of those that need no model. They are read again from time to time, so that a key
//! that was exchanged does not end the work of functions that live on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, join};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{Error, Kind, Model, ModelConfig, TaskMethod};

/// Reads a key; none when there is none, a sentence when it cannot be read.
pub type KeyReader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Option<SecretString>, String>> + Send + Sync>;

/// Where the providers' keys are read.
pub struct KeyReaders {
    /// The secret `anthropic_api_key`.
    pub anthropic: KeyReader,
    /// The secret `openai_api_key`.
    pub openai: KeyReader,
}

/// How old a key may be.
const KEY_AGE: Duration = Duration::from_secs(5 * 60);

/// A [`Model`] that is made when it is first asked for.
pub struct LazyModel {
    config: ModelConfig,
    keys: KeyReaders,
    model: OnceCell<Model>,
    key_age: Duration,
    read_at: Mutex<Instant>,
}

impl LazyModel {
    /// With everything but the keys.
    #[must_use]
    pub fn new(config: ModelConfig, keys: KeyReaders) -> Self {
        Self {
            config,
            keys,
            model: OnceCell::new(),
            key_age: KEY_AGE,
            read_at: Mutex::new(Instant::now()),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when a key cannot be read for the first time; the next call tries again.
    pub async fn get(&self) -> Result<&Model, Error> {
        if let Some(model) = self.model.get() {
            self.renew_keys(model).await;
            return Ok(model);
        }
        let make = async || {
            let (anthropic, openai) = self.read_keys().await;
            Model::new(ModelConfig {
                anthropic_api_key: anthropic.map_err(Kind::Unreachable)?,
                openai_api_key: openai.map_err(Kind::Unreachable)?,
                ..self.config.clone()
            })
        };
        let model = self.model.get_or_try_init(make).await?;
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(model)
    }

    /// Where a key cannot be read, the one at hand may still be good.
    async fn renew_keys(&self, model: &Model) {
        let is_due = {
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = read_at.elapsed() >= self.key_age;
            if is_due {
                // One of many that ask at once is enough.
                *read_at = Instant::now();
            }
            is_due
        };
        if is_due && model.task_method() == TaskMethod::ModelCalls {
            let (anthropic, openai) = self.read_keys().await;
            model.exchange_keys(anthropic.unwrap_or(None), openai.unwrap_or(None));
        }
    }

    async fn read_keys(&self) -> (Read, Read) {
        join((self.keys.anthropic)(), (self.keys.openai)()).await
    }
}

/// What came of reading a key.
type Read = Result<Option<SecretString>, String>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Gives out what it is given, in order, and fails after that.
    fn reader(keys: &'static [Option<&'static str>]) -> (KeyReader, Arc<AtomicUsize>) {
        let count: Arc<AtomicUsize> = Arc::default();
        let counted = count.clone();
        let read = move || -> BoxFuture<'static, Read> {
            let key = keys.get(counted.fetch_add(1, Ordering::SeqCst)).copied();
            let key = key.map(|key| key.map(|key| SecretString::from(key.to_owned())));
            Box::pin(async move { key.ok_or_else(|| "the extension does not answer".to_owned()) })
        };
        (Box::new(read), count)
    }

    fn lazy(
        anthropic: &'static [Option<&'static str>],
        openai: &'static [Option<&'static str>],
        key_age: Duration,
    ) -> (LazyModel, Arc<AtomicUsize>) {
        let (openai, reads) = reader(openai);
        let keys = KeyReaders {
            anthropic: reader(anthropic).0,
            openai,
        };
        let lazy = LazyModel {
            key_age,
            ..LazyModel::new(ModelConfig::default(), keys)
        };
        (lazy, reads)
    }

    fn key(model: &Model) -> String {
        let header = model.keys.openai.header("openai", "").unwrap().unwrap();
        header.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn an_exchanged_key_is_taken_up_and_a_lost_one_is_not() {
        let (lazy, _) = lazy(&[None, None], &[Some("old"), Some("new")], Duration::ZERO);
        assert_eq!(key(lazy.get().await.unwrap()), "old");
        assert_eq!(key(lazy.get().await.unwrap()), "new");
        // Now neither can be read.
        assert_eq!(key(lazy.get().await.unwrap()), "new");
    }

    #[tokio::test]
    async fn keys_are_not_read_again_before_their_time() {
        let (lazy, reads) = lazy(&[Some("a")], &[Some("b")], KEY_AGE);
        for _ in 0..3 {
            assert_eq!(
                lazy.get().await.unwrap().task_method(),
                TaskMethod::ModelCalls
            );
        }
        assert_eq!(reads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn unreadable_key_is_read_again() {
        let (lazy, reads) = lazy(&[Some("a"), Some("a")], &[], KEY_AGE);
        for _ in 0..2 {
            let error = lazy.get().await.unwrap_err();
            assert!(
                error.retryable() && error.to_string().contains("the extension does not answer"),
                "{error}"
            );
        }
        assert_eq!(reads.load(Ordering::SeqCst), 2);
    }
}
