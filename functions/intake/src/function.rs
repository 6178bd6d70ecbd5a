//! The parts that intake answers and works with.

use llm::LazyModel;
use runtime::Worker;

use crate::AllowedOrigins;

/// The function with its worker and model.
pub struct Intake {
    pub(crate) worker: Worker,
    /// The model for requests that no rule assesses.
    pub(crate) model: LazyModel,
    /// The origins whose pages may call.
    pub(crate) origins: AllowedOrigins,
}
