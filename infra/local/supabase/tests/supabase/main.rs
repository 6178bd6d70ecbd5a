//! Tests of the stand-ins for Supabase's services, from outside over a real Postgres.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod auth;
mod objects;
mod pg_cron;
mod pg_net;
mod rest;
mod storage;
mod storage_contract;
mod support;
mod tokens;
