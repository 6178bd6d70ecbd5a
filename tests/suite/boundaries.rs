//! Boundaries: what one person, one tenant or one function may not do, tried through the real parts.

mod asker_rights;
mod deputy;
mod egress;
mod invoking;
mod queries;
mod suspended;
mod waiting;
