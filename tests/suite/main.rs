//! One test binary with a module per kind of guarantee.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod agents;
mod anthropic;
mod aws_services;
mod bench;
mod boundaries;
mod bounds;
mod browser;
mod builtin_runbooks;
mod chaos;
mod claims;
mod configuration;
mod contract;
mod costs;
mod database;
mod demo;
mod dependencies;
mod documents;
mod eval;
mod faults;
mod glossary;
mod goals;
mod hostile;
mod hostile_sql;
mod journal;
mod json_schemas;
mod known_failure_modes;
mod learning;
mod locks;
mod log_leaks;
mod meaning;
mod models;
mod mutants;
mod notifications;
mod objects;
mod packages;
mod pgtap;
mod plan_rules;
mod prompts;
mod race_trials;
mod races;
mod random;
mod reports;
mod request_queue;
mod requests;
mod rules;
mod runbooks;
mod schedules;
mod schemas;
mod script;
mod supabase_cli;
mod tenants;
mod terraform;
mod tools;
mod transcripts;
mod untrusted_triggers;
mod verdicts;
mod wakes;
