//! All refusals of the REST surface, with PostgREST's body and HTTP status.
//!
//! Programs branch on the code, never on the message. The tables here follow
//! <https://docs.postgrest.org/en/latest/references/errors.html>.

use crate::keys::{Refused, TokenError};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio_postgres::error::DbError;

/// A refusal, ready to be sent.
#[derive(Debug)]
pub(super) struct Error {
    status: StatusCode,
    pub(super) code: String,
    message: String,
    more: Box<More>,
}

/// The parts that only some refusals have.
#[derive(Debug, Default)]
struct More {
    details: Option<String>,
    hint: Option<String>,
    headers: Vec<(String, String)>,
}

impl Error {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            more: Box::default(),
        }
    }

    pub(super) fn details(mut self, details: impl Into<String>) -> Self {
        self.more.details = Some(details.into());
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.more.hint = Some(hint.into());
        self
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.more.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Returns the refusal of a request that cannot be parsed.
    pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Returns the refusal for a missing or broken connection.
    pub(super) fn connection(error: &dyn std::error::Error) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "PGRST000",
            "Database connection error. Retrying the connection.",
        )
        .details(error.to_string())
    }

    /// Returns the refusal for a request that waited too long for a connection.
    pub(super) fn pool_timeout() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "PGRST003",
            "Timed out acquiring connection from connection pool.",
        )
    }

    /// Converts an error of Postgres; the status depends on whether the caller is authenticated.
    pub(super) fn database(error: &tokio_postgres::Error, authenticated: bool) -> Self {
        let Some(error) = error.as_db_error() else {
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "PGRST001",
                "Database client error. Retrying the connection.",
            )
            .details(error.to_string());
        };
        if error.code().code() == "PGRST" {
            return full_control(error);
        }
        let status = status_of(error.code().code(), error.message(), authenticated);
        let mut refusal = Self::new(status, error.code().code(), error.message());
        refusal.more.details = error.detail().map(str::to_owned);
        refusal.more.hint = error.hint().map(str::to_owned);
        match status {
            StatusCode::UNAUTHORIZED => refusal.header("www-authenticate", "Bearer"),
            _ => refusal,
        }
    }
}

/// Returns the status for an SQLSTATE. `PTxyz` sets it directly.
fn status_of(code: &str, message: &str, authenticated: bool) -> StatusCode {
    let number = match code {
        "23503" | "23505" => 409,
        "25006" => 405,
        "21000" if !message.ends_with("requires a WHERE clause") => 500,
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => 401,
        "53400" => 500,
        "57P01" => 503,
        "P0001" => 400,
        "42883" | "42P01" => 404,
        "42P17" => 500,
        "42501" if authenticated => 403,
        "42501" => 401,
        _ => match code.get(..2).unwrap_or_default() {
            "PT" => code
                .get(2..)
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(500),
            "08" | "53" => 503,
            "0L" | "0P" | "28" => 403,
            "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0"
            | "HV" | "P0" | "XX" => 500,
            _ => 400,
        },
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[derive(Deserialize)]
struct RaisedMessage {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct RaisedDetail {
    status: u16,
    headers: BTreeMap<String, String>,
}

/// Converts `raise sqlstate 'PGRST'`: the function chose body, status and headers itself.
fn full_control(error: &DbError) -> Error {
    let unreadable = |details: String, hint: &str| {
        Error::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "PGRST121",
            "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
        )
        .details(details)
        .hint(hint)
    };
    let about_detail = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
    let Ok(message) = serde_json::from_str::<RaisedMessage>(error.message()) else {
        return unreadable(
            format!("Invalid JSON value for MESSAGE: '{}'", error.message()),
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
        );
    };
    let Some(detail) = error.detail() else {
        return unreadable(
            "DETAIL is missing in the RAISE statement".to_owned(),
            about_detail,
        );
    };
    let Ok(raised) = serde_json::from_str::<RaisedDetail>(detail) else {
        return unreadable(
            format!("Invalid JSON value for DETAIL: '{detail}'"),
            about_detail,
        );
    };
    Error {
        status: StatusCode::from_u16(raised.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        code: message.code,
        message: message.message,
        more: Box::new(More {
            details: message.details,
            hint: message.hint,
            headers: raised.headers.into_iter().collect(),
        }),
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        let why = format!(
            "Bearer error=\"invalid_token\", error_description=\"{}\"",
            error.message
        );
        let mut refusal = Self::new(StatusCode::UNAUTHORIZED, error.code, error.message);
        refusal.more.details = error.details;
        refusal.header("www-authenticate", why)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body: Value = json!({
            "code": self.code,
            "message": self.message,
            "details": self.more.details,
            "hint": self.more.hint,
        });
        let mut response = json_response(self.status, &body);
        append_headers(&mut response, &self.more.headers);
        response
    }
}

/// Adds headers that a function named; invalid names and values are left out.
pub(super) fn append_headers(response: &mut Response, headers: &[(String, String)]) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// Returns a refusal of the gateway, which has its own form, not PostgREST's.
pub(super) fn refused_at_the_gate(refused: &Refused) -> Response {
    let hint = match refused {
        Refused::Token(error) => return Error::from(error.clone()).into_response(),
        Refused::NoKey => "No `apikey` request header or url param was found.",
        Refused::UnknownKey => "Double check your Supabase `anon` or `service_role` API key.",
        Refused::SecretKeyInBrowser => {
            "Secret API keys can only be used in a protected environment and should never be used in a browser. Delete this secret API key immediately."
        }
    };
    json_response(
        StatusCode::UNAUTHORIZED,
        &json!({"message": refused.to_string(), "hint": hint}),
    )
}

/// Returns the refusal of a body larger than the gateway's limit.
pub(super) fn too_large(limit: usize) -> Response {
    json_response(
        StatusCode::PAYLOAD_TOO_LARGE,
        &json!({"message": "Request size limit exceeded", "hint": format!("Send at most {limit} bytes.")}),
    )
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let content_type = (header::CONTENT_TYPE, "application/json; charset=utf-8");
    (status, [content_type], body.to_string()).into_response()
}
