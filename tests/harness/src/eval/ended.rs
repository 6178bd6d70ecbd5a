//! End of a task.

/// End of a request.
pub(super) struct Ended {
    /// `answered`, `failed`, `cancelled`; or the last state seen.
    pub(super) state: String,
    /// Answer or reason.
    pub(super) text: String,
    pub(super) has_goal: bool,
}
