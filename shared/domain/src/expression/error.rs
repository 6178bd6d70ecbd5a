//! The reason why a template or check gives no value.

/// The largest text or JSON that rendering may give.
pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;

/// The reason why an expression has no value. A retry gives the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no template or expression; the plan that holds it must be changed.
    #[error("the expression cannot be read: {0}")]
    Syntax(String),
    /// It uses a name that the context does not have, mostly a step that it does not depend on.
    #[error("the expression uses something that is not there: {0}")]
    Undefined(String),
    /// It fits the syntax but not the values, such as a text where a number is needed.
    #[error("the expression does not fit its values: {0}")]
    Value(String),
    /// Its source is too long, too deep or has too many parts; it must be written more simply.
    #[error("the expression is too complex: {0}")]
    TooComplex(&'static str),
    /// It runs for too long or produces too much; it must do less.
    #[error("the expression does too much work; limit the rows that it goes through")]
    TooMuchWork,
    /// Its output is larger than [`MAX_OUTPUT_BYTES`]; it must give less.
    #[error("the output is larger than {MAX_OUTPUT_BYTES} bytes; make the template print less")]
    TooLarge,
}
