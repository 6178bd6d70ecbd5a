//! Evaluation on a thread of its own: a stack of known size, and a bound on the waiting time.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;

/// Far above the recursion that the bounds in [`super::limits`] allow, in a build without optimisation too. Only the
/// pages that are touched take memory.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// The time that one evaluation may take, all templates of one step's arguments together.
///
/// Fuel ends one template in well under a second; this ends work that fuel measures badly.
const MAX_TIME: Duration = Duration::from_secs(3);

/// The time after which an evaluation that does not read the clock is given up.
const MAX_WAIT: Duration = Duration::from_secs(10);

thread_local! {
    static STARTED: Instant = Instant::now();
}

/// Returns true if the evaluation on this thread has used up its time.
pub(super) fn is_over_time() -> bool {
    STARTED.with(|started| started.elapsed() > MAX_TIME)
}

/// Runs the work on a guarded thread and returns what it returns.
///
/// A panic becomes an error. Work that takes longer than [`MAX_WAIT`] is given up; its fuel ends it later.
pub(super) fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new()
        .name("template".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            STARTED.with(|_| ());
            // The receiver may have given up.
            let _ = sender.send(work());
        });
    if thread.is_err() {
        return Err(Error::Value("no thread could be started for it".into()));
    }
    match receiver.recv_timeout(MAX_WAIT) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Error::TooMuchWork),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Error::Value("its evaluation ended without a result".into()))
        }
    }
}
