//! One problem of a step's contents, before it is given its step.

use crate::plan::ProblemCode;

/// A problem before its step is named.
pub(super) type Found = (ProblemCode, String);
