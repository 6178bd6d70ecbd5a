//! The local stack: a Supabase-shaped Postgres, its REST surface, and a Lambda host, in one process.
//!
//! Used by the `goalpost` command line, the harness and the tests alike: there is one stack, not two.
//! The one thing to know: whatever stands in for a hosted part behaves as that part does, faults
//! included, and says on a fidelity page beside it where it differs.

pub mod auth;
pub mod binaries;
pub mod fault_hook;
pub mod home;
pub mod keys;
pub mod lambda;
pub mod listener;
pub mod pg_cron;
pub mod pg_net;
pub mod postgres;
pub mod progress;
pub mod queue;
pub mod rest;
pub mod schedule;
pub mod secrets;
pub mod stack;
pub mod storage;
pub mod terminal;
