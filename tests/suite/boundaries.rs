//! Boundaries between people, tenants and functions, tested through the real parts.

mod asker_rights;
mod deputy;
mod egress;
mod invoking;
mod queries;
mod suspended;
mod waiting;
