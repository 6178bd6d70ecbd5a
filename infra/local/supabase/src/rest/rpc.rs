//! `/rest/v1/rpc/{function}`: calls a function of the database as the caller.
//!
//! The database part runs in a task of its own, so a caller who hangs up cannot leave a transaction open; the call
//! takes effect or not, as with PostgREST.

use super::{
    call::{self, Wanted},
    error::{self, Error},
    overload,
    parameters::{self, Given},
    reply,
    routine::{self, Routine},
    shared::Shared,
    transaction::{self, Transaction},
};
use crate::keys::{Caller, identify};
use axum::{
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, sync::Arc, time::Instant};

/// One call, with everything that the transaction requires.
struct Call {
    method: Method,
    function: String,
    schema: String,
    given: Given,
    wanted: Wanted,
    caller: Caller,
    headers: HeaderMap,
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(function): Path<String>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let caller = match identify(&parts.headers, &parts.uri, &shared.config.keys) {
        Ok(caller) => caller,
        Err(refused) => return error::refused_at_the_gate(&refused),
    };
    let Ok(body) = axum::body::to_bytes(body, shared.config.body_limit).await else {
        return error::too_large(shared.config.body_limit);
    };
    let call = match parse_call(&shared, function, parts, &body, caller) {
        Ok(call) => call,
        Err(refusal) => return refusal.into_response(),
    };
    match tokio::spawn(perform(shared, call, began)).await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(broken) => Error::connection(&broken).into_response(),
    }
}

fn parse_call(
    shared: &Shared,
    function: String,
    parts: Parts,
    body: &Bytes,
    caller: Caller,
) -> Result<Call, Error> {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    let given = match method {
        Method::GET | Method::HEAD => parameters::from_query(uri.query())?,
        Method::POST => parameters::from_body(&headers, uri.query(), body)?,
        _ => {
            let message = format!("Cannot use the {method} method on RPC");
            return Err(Error::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "PGRST101",
                message,
            ));
        }
    };
    Ok(Call {
        schema: parameters::schema(&headers, &method, &shared.config.schemas)?.to_owned(),
        wanted: parameters::wanted(&headers)?,
        method,
        function,
        given,
        caller,
        headers,
    })
}

async fn perform(shared: Arc<Shared>, call: Call, began: Instant) -> Result<Response, Error> {
    let client = shared.pool.get().await?;
    let asked = Instant::now();
    let answer = perform_on(&shared, &client, &call).await;
    shared.figures.note(&call.function, began, asked.elapsed());
    answer
}

async fn perform_on(
    shared: &Shared,
    client: &deadpool_postgres::Client,
    call: &Call,
) -> Result<Response, Error> {
    match attempt(shared, client, call).await {
        Ok(response) => Ok(response),
        Err(failure) if !failure.looks_stale => Err(failure.error),
        Err(_) => {
            shared.routines.forget(&call.schema, &call.function);
            attempt(shared, client, call)
                .await
                .map_err(|failure| failure.error)
        }
    }
}

/// The error of a call, and whether an outdated signature may be the reason.
struct Failure {
    error: Error,
    looks_stale: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            looks_stale: error.code == "PGRST202",
            error,
        }
    }
}

async fn attempt(
    shared: &Shared,
    client: &deadpool_postgres::Client,
    call: &Call,
) -> Result<Response, Failure> {
    let (routine, transaction) = prepare(shared, client, call).await?;
    let answer = transaction::run(client, &transaction)
        .await
        .map_err(|error| Failure {
            looks_stale: is_about_the_signature(&error),
            error: Error::database(&error, call.caller.is_authenticated()),
        })?;
    Ok(reply::reply(
        answer,
        routine.returns,
        call.wanted,
        &call.schema,
    )?)
}

/// Returns true if Postgres did not find the function itself. An error in a function's body has a context; it happened
/// after work was done and is returned to the caller.
fn is_about_the_signature(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        error.where_().is_none()
            && matches!(error.code().code(), "42883" | "42704" | "42P01" | "42P13")
    })
}

async fn prepare(
    shared: &Shared,
    client: &deadpool_postgres::Client,
    call: &Call,
) -> Result<(Arc<Routine>, Transaction), Error> {
    let authenticated = call.caller.is_authenticated();
    let failed = |error| Error::database(&error, authenticated);
    let overloads = shared
        .routines
        .overloads(client, &call.schema, &call.function)
        .await
        .map_err(failed)?;
    let role_settings = shared
        .routines
        .role_settings(client, &call.caller.role)
        .await
        .map_err(failed)?;
    let given: BTreeSet<&str> = call.given.names.iter().map(String::as_str).collect();
    let routine = overload::choose(
        &overloads,
        &call.schema,
        &call.function,
        &given,
        &call.given.bodies,
    )?;
    let whole = routine.takes_the_whole_body();
    let arguments = call.given.arguments(whole);
    let one_row = call.wanted == Wanted::OneObject && routine.returns.set;
    let transaction = Transaction {
        begin: begin(&routine, call, &role_settings),
        settings: settings(shared, &routine, call, &role_settings),
        call: call::statement(&routine, &given, arguments, call.wanted, &call.caller.role),
        argument: call::binds_arguments(&given, arguments).then(|| call.given.text.clone()),
        only_if_rows: one_row.then_some(1),
    };
    Ok((routine, transaction))
}

/// Returns the begin statement: read only for GET, and for functions declared without side effects.
fn begin(routine: &Routine, call: &Call, role_settings: &routine::Settings) -> String {
    let settings = routine.settings.iter().chain(role_settings);
    let isolation = settings.filter(|(name, _)| name == "default_transaction_isolation");
    let isolation = match isolation.map(|(_, value)| value.as_str()).next() {
        Some("serializable") => " isolation level serializable",
        Some("repeatable read") => " isolation level repeatable read",
        _ => "",
    };
    let reads = call.method != Method::POST || !routine.volatile;
    let access = if reads { " read only" } else { "" };
    format!("begin{isolation}{access}")
}

fn settings(
    shared: &Shared,
    routine: &Routine,
    call: &Call,
    role_settings: &routine::Settings,
) -> (Vec<String>, Vec<String>) {
    let claims = Value::Object(call.caller.claims.clone()).to_string();
    let search_path = std::iter::once(&call.schema).chain(&shared.config.extra_search_path);
    let search_path = search_path.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
    let search_path = search_path.collect::<Vec<_>>().join(", ");
    let fixed = [
        ("role", call.caller.role.clone()),
        ("search_path", search_path),
        ("request.jwt.claims", claims),
        ("request.method", call.method.to_string()),
        ("request.path", format!("/rpc/{}", call.function)),
        ("request.headers", shown_headers(&call.headers)),
    ];
    let fixed = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    // The function's own settings come last: they win over those of the role.
    let own = role_settings.iter().chain(&routine.settings).cloned();
    let own = own.filter(|(name, _)| name != "default_transaction_isolation");
    fixed.chain(own).unzip()
}

fn shown_headers(headers: &HeaderMap) -> String {
    let shown = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), Value::String(value.to_owned())))
    });
    Value::Object(shown.collect::<Map<_, _>>()).to_string()
}
