//! Reads a person's POST: parsed once, here, with a sentence for each fault.

use std::time::Duration;

use serde_json::{Map, Value, json};
use store::NewRequest;
use trigger::HttpRequest;

use crate::reply::Problem;

/// The longest question, in characters; the database has the same limit.
const MAX_QUESTION_CHARS: usize = 16_000;

/// The longest idempotency key, in characters; the database has the same limit.
const MAX_KEY_CHARS: usize = 255;

/// The largest context, in bytes of JSON; the database has the same limit.
const MAX_CONTEXT_BYTES: usize = 65_536;

/// The longest wait for an answer.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(25);

/// The fields of a body.
const FIELDS: [&str; 7] = [
    "workspace_id",
    "question",
    "idempotency_key",
    "context",
    "runbook",
    "parameters",
    "budget",
];

/// Reads a request from the body, and its idempotency key from the header `Idempotency-Key` where the body has none.
///
/// A field of another name is refused: its sender expects it to have an effect.
pub(crate) fn new_request(request: &HttpRequest) -> Result<NewRequest, Problem> {
    let body = request
        .json()
        .map_err(|refusal| Problem::new(refusal.status, refusal.code, refusal.message))?;
    let Value::Object(body) = body else {
        return Err(Problem::new(
            400,
            "body_not_an_object",
            "send a JSON object with workspace_id and question",
        ));
    };
    if let Some(unknown) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(unknown_field(unknown));
    }
    let workspace_id = text(&body, "workspace_id")?.ok_or_else(|| {
        Problem::new(
            400,
            "workspace_missing",
            "workspace_id names the workspace of the request; list yours with GET /rest/v1/workspaces",
        )
    })?;
    let workspace_id = workspace_id
        .parse()
        .map_err(|_| Problem::new(400, "workspace_malformed", "workspace_id is not a UUID"))?;
    let question = text(&body, "question")?.filter(|question| !question.trim().is_empty());
    let question = question.ok_or_else(|| {
        Problem::new(
            400,
            "question_missing",
            "question holds what you want to know or have done",
        )
    })?;
    // The database trims it, as it does for the RPC: both ways in read the same question.
    if question.trim().chars().count() > MAX_QUESTION_CHARS {
        return Err(Problem::new(
            413,
            "question_too_long",
            "a question has at most 16000 characters; put material into a table or into context",
        ));
    }
    let idempotency_key =
        text(&body, "idempotency_key")?.or_else(|| request.header("idempotency-key"));
    if idempotency_key
        .is_some_and(|key| key.trim().is_empty() || key.trim().chars().count() > MAX_KEY_CHARS)
    {
        return Err(Problem::new(
            400,
            "idempotency_key_malformed",
            "an idempotency key has 1 to 255 characters",
        ));
    }
    let context = object(&body, "context", "context_not_an_object")?;
    // Checked here as well, because the API before the database takes less than a function's URL does.
    if json!(context).to_string().len() > MAX_CONTEXT_BYTES {
        return Err(Problem::new(
            413,
            "context_too_large",
            "a context has at most 65536 bytes; put material into a table and refer to it",
        ));
    }
    let runbook = text(&body, "runbook")?.map(str::to_owned);
    let parameters = object(&body, "parameters", "parameters_not_an_object")?;
    if runbook.is_none() && !parameters.is_empty() {
        return Err(Problem::new(
            400,
            "parameters_without_runbook",
            "parameters belong to a runbook: name it in runbook, or put material into context",
        ));
    }
    Ok(NewRequest {
        workspace_id,
        question: question.to_owned(),
        idempotency_key: idempotency_key.map(str::to_owned),
        context,
        runbook,
        parameters,
        budget: object(&body, "budget", "budget_not_an_object")?,
    })
}

fn unknown_field(name: &str) -> Problem {
    let shown: String = name.chars().take(100).collect();
    let meant = domain::nearest(name, FIELDS)
        .map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
    let fields = FIELDS.join(", ");
    let message = format!("there is no field {shown}{meant}; the fields of a request are {fields}");
    Problem::new(400, "field_unknown", message)
}

/// Returns a field that is an object, empty where it is absent or null.
fn object(
    body: &Map<String, Value>,
    name: &'static str,
    code: &'static str,
) -> Result<Map<String, Value>, Problem> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields.clone()),
        Some(_) => Err(Problem::new(400, code, format!("{name} is a JSON object"))),
    }
}

/// Returns a field that is a string, if present.
fn text<'a>(body: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Problem> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::new(
            400,
            "field_malformed",
            format!("{name} is a string"),
        )),
    }
}

/// Returns how long the caller accepts to wait: `Prefer: wait` or `Prefer: wait=10` (RFC 7240), at most [`MAX_WAIT`].
pub(crate) fn wait(request: &HttpRequest) -> Duration {
    let preferences = request.header("prefer").unwrap_or_default();
    let wait = preferences
        .split(',')
        .map(str::trim)
        .find_map(|preference| {
            let (name, seconds) = preference.split_once('=').unwrap_or((preference, ""));
            name.trim()
                .eq_ignore_ascii_case("wait")
                .then(|| seconds.trim().parse().map_or(MAX_WAIT, Duration::from_secs))
        });
    wait.unwrap_or(Duration::ZERO).min(MAX_WAIT)
}
