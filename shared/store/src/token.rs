//! Where the token of role `goalpost_worker` comes from. It lives for minutes, so that it is asked for at each call
//! rather than kept here.

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

/// How new a token has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// One that was fetched before will do.
    Cached,
    /// The last one was refused: fetch another.
    Renewed,
}

/// No token is to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// What is missing and what to do; never a token.
    pub message: String,
}

/// The future that a [`TokenSource`] returns.
pub type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SecretString, TokenError>> + Send + 'a>>;

/// Gives out the worker's token.
pub trait TokenSource: Send + Sync {
    /// Returns a token as new as asked for.
    fn token(&self, freshness: Freshness) -> TokenFuture<'_>;
}

/// Any function from freshness to token serves as a source.
impl<F, R> TokenSource for F
where
    F: Fn(Freshness) -> R + Send + Sync,
    R: Future<Output = Result<SecretString, TokenError>> + Send + 'static,
{
    fn token(&self, freshness: Freshness) -> TokenFuture<'_> {
        Box::pin(self(freshness))
    }
}
