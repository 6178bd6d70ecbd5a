//! The result of one check.

/// The reason of a refusal, or nothing.
pub(super) type Step = Result<(), String>;
