//! Resolves a call to one of the functions of its name.
//!
//! The names of arguments decide, never their values, as in PostgREST; two functions that differ only in the types of
//! their parameters cannot be called.

use super::{error::Error, routine::Routine};
use axum::http::StatusCode;
use std::{collections::BTreeSet, sync::Arc};

/// The form of the arguments, for the choice between overloads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// A JSON object whose keys are argument names, or query parameters.
    Named,
    /// A JSON value that only an unnamed json parameter accepts.
    Whole,
}

/// Returns the one function that accepts these arguments: by its parameter names first, then as the one with a single
/// unnamed json parameter.
pub(super) fn choose(
    overloads: &[Arc<Routine>],
    schema: &str,
    name: &str,
    given: &BTreeSet<&str>,
    bodies: &[Body],
) -> Result<Arc<Routine>, Error> {
    let named = overloads
        .iter()
        .filter(|r| bodies.contains(&Body::Named) && r.accepts(given));
    let named = named.collect::<Vec<_>>();
    let whole = overloads
        .iter()
        .filter(|r| bodies.contains(&Body::Whole) && r.takes_the_whole_body());
    let whole = whole.collect::<Vec<_>>();
    let candidates = if named.is_empty() { whole } else { named };
    match candidates.as_slice() {
        [] => Err(not_found(schema, name, given, bodies)),
        [only] => Ok(Arc::clone(only)),
        several => Err(ambiguous(several)),
    }
}

fn not_found(schema: &str, name: &str, given: &BTreeSet<&str>, bodies: &[Body]) -> Error {
    let keys = given.iter().copied().collect::<Vec<_>>().join(", ");
    let (message, plural) = match given.len() {
        0 => (" without parameters".to_owned(), String::new()),
        1 => (format!("({keys})"), format!(" with parameter {keys}")),
        _ => (format!("({keys})"), format!(" with parameters {keys}")),
    };
    let searched = if given.is_empty() {
        message.clone()
    } else {
        plural
    };
    let or_whole = match bodies.contains(&Body::Whole) {
        true => " or with a single unnamed json/jsonb parameter",
        false => "",
    };
    Error::new(
        StatusCode::NOT_FOUND,
        "PGRST202",
        format!("Could not find the function {schema}.{name}{message} in the schema cache"),
    )
    .details(format!(
        "Searched for the function {schema}.{name}{searched}{or_whole}, but no matches were found in the schema cache."
    ))
}

fn ambiguous(candidates: &[&Arc<Routine>]) -> Error {
    let shown = candidates
        .iter()
        .map(|routine| routine.shown())
        .collect::<Vec<_>>()
        .join(", ");
    Error::new(
        StatusCode::MULTIPLE_CHOICES,
        "PGRST203",
        format!("Could not choose the best candidate function between: {shown}"),
    )
    .hint("Try renaming the parameters or the function itself in the database so function overloading can be resolved")
}
