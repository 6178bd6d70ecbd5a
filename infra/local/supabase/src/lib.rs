//! Stand-ins for the parts of a Supabase project around its Postgres: REST, Auth and Storage with the project's keys,
//! and the workers of pg_net and pg_cron.
//!
//! Each behaves as its original does, faults included; the pages in `fidelity` list the differences. The database is
//! only an address here: any Postgres with Supabase's roles and schemas will do.

pub mod auth;
pub mod keys;
mod listener;
pub mod pg_cron;
pub mod pg_net;
pub mod rest;
pub mod storage;
