//! Stacks for tests: each has a database of its own; the functions are built once per test process.

use local_stack::binaries::{self, Binaries};
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{Stack, StackOptions};
use tokio::sync::OnceCell;

/// A stack as [`StackOptions::for_tests`] describes it: wakes on, both clocks off.
///
/// # Errors
/// Whatever keeps a part from starting, with what to do about it.
pub async fn start() -> anyhow::Result<Stack> {
    start_with(|options| options).await
}

/// The same with other options.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    change: impl FnOnce(StackOptions) -> StackOptions,
) -> anyhow::Result<Stack> {
    static BINARIES: OnceCell<Binaries> = OnceCell::const_new();
    let build = async || binaries::functions(&Home::open()?, &Progress::quiet()).await;
    let binaries = BINARIES.get_or_try_init(build).await?.clone();
    let options = StackOptions {
        binaries: Some(binaries),
        ..StackOptions::for_tests()
    };
    Stack::start(change(options)).await
}
