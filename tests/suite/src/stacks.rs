//! Stacks for tests: each has a database of its own; the functions are built once per test process.

use local_stack::stack::{Stack, StackOptions};

/// Starts a stack as [`StackOptions::for_tests`] describes it: wakes on, both clocks off.
///
/// # Errors
/// A part does not start; the message contains the remedy.
pub async fn start() -> anyhow::Result<Stack> {
    start_with(|options| options).await
}

/// Starts a stack with other options.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    change: impl FnOnce(StackOptions) -> StackOptions,
) -> anyhow::Result<Stack> {
    Stack::start(change(StackOptions::for_tests())).await
}
