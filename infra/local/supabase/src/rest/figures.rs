//! Counts and durations of calls: for `harness bench`, and for finding where the time goes.
//!
//! Times are sums since the start. The difference of two readings covers the time between them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The name under which all requests for tables and views are counted.
pub(super) const TABLES: &str = "(tables)";

/// The calls of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The number of calls.
    pub count: u64,
    /// The time from the arrival of the request to its answer, summed.
    pub took: Duration,
    /// The part of it with a connection to Postgres, summed. Not measured for tables.
    pub in_database: Duration,
}

/// The calls of all functions, by name.
pub type Calls = BTreeMap<String, Call>;

/// Counts calls.
#[derive(Default)]
pub(super) struct Figures(Mutex<Calls>);

impl Figures {
    /// Adds a call that began at `began` and ends now.
    pub(super) fn note(&self, function: &str, began: Instant, in_database: Duration) {
        let took = began.elapsed();
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A name is allocated once, not at each call.
        if !calls.contains_key(function) {
            calls.insert(function.to_owned(), Call::default());
        }
        if let Some(call) = calls.get_mut(function) {
            call.count += 1;
            call.took += took;
            call.in_database += in_database;
        }
    }

    pub(super) fn calls(&self) -> Calls {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
