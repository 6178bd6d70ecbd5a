//! The reason why an expression has no value.

/// The reason why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// It is no expression.
    #[error("the expression cannot be read: {0}")]
    Syntax(String),
    /// Something is divided by zero.
    #[error("the expression divides by zero")]
    DivisionByZero,
    /// An intermediate number has more than 28 digits.
    #[error("a number in the expression becomes too large")]
    TooLarge,
    /// A function or operator does not accept this value.
    #[error("{0}")]
    Domain(&'static str),
}
