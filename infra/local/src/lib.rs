//! The local stack: a Supabase-shaped Postgres, its REST surface, and a Lambda host, in one process.
//!
//! The `goalpost` command line, the harness and the tests use the same stack. Each substitute of a hosted part behaves
//! as that part does, faults included; a fidelity page beside it lists the differences.

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
