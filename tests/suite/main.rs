//! One test binary with a module per kind of guarantee.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod anthropic;
mod bench;
mod boundaries;
mod bounds;
mod browser;
mod canaries;
mod chaos;
mod claims;
mod contract;
mod costs;
mod database;
mod dependencies;
mod documents;
mod doors;
mod eval;
mod faults;
mod goals;
mod hostile;
mod hostile_sql;
mod journal;
mod json_schemas;
mod locks;
mod models;
mod mutants;
mod objects;
mod others_bugs;
mod plan_rules;
mod prompts;
mod race_trials;
mod races;
mod random;
mod requests;
mod schemas;
mod supabase_cli;
mod tenants;
mod tools;
mod transcripts;
mod wakes;
