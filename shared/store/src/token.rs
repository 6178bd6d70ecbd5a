//! Sources of the token of role `goalpost_worker`. It lives for minutes, so it is requested at each call rather than
//! kept here.

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

/// The required age of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A token from the cache is acceptable.
    Cached,
    /// The last token was refused: fetch another.
    Renewed,
}

/// No token is available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// The missing part and the next action; never a token.
    pub message: String,
}

/// The future that a [`TokenSource`] returns.
pub type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SecretString, TokenError>> + Send + 'a>>;

/// A source of the worker's token.
pub trait TokenSource: Send + Sync {
    /// Returns a token of the required freshness.
    fn token(&self, freshness: Freshness) -> TokenFuture<'_>;
}

/// Implements the source for any function from freshness to token.
impl<F, R> TokenSource for F
where
    F: Fn(Freshness) -> R + Send + Sync,
    R: Future<Output = Result<SecretString, TokenError>> + Send + 'static,
{
    fn token(&self, freshness: Freshness) -> TokenFuture<'_> {
        Box::pin(self(freshness))
    }
}
