//! Stand-ins for the parts of AWS that functions run on: the Lambda host, SQS with its event source mappings,
//! EventBridge's schedules, and the extension that serves secrets.
//!
//! Each behaves as its original does, faults included; the pages in `fidelity` list the differences.

pub mod lambda;
pub mod queue;
pub mod schedule;
pub mod secrets;
