//! What was called and how long it took: for `harness bench`, and for whoever wonders where the time goes.
//!
//! The one thing to know: times are sums since the start. Two readings and a subtraction give those of a while.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Under this name all requests for tables and views are counted.
pub(super) const TABLES: &str = "(tables)";

/// The calls of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// How many.
    pub count: u64,
    /// From the arrival of the request to its answer, summed.
    pub took: Duration,
    /// Of that, with a connection to Postgres in hand, summed. Not known for tables.
    pub in_database: Duration,
}

/// The calls of all functions, by name.
pub type Calls = BTreeMap<String, Call>;

/// Counts calls.
#[derive(Default)]
pub(super) struct Figures(Mutex<Calls>);

impl Figures {
    /// Adds a call that began then and ends now.
    pub(super) fn note(&self, function: &str, began: Instant, in_database: Duration) {
        let took = began.elapsed();
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A name is made once, not at each call.
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
