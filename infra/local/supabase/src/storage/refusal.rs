//! All refusals of Storage, with the original's body and HTTP status.
//!
//! The HTTP status of nearly all of them is 400; programs have to read the body: `statusCode` (a text), `code`, and
//! `error`, which is the older form of `code`. As in supabase/storage, `src/internal/errors/codes.ts`,
//! `src/http/error-handler.ts` and `src/storage/database/errors.ts`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal, ready to be sent.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The status in the body.
    status: u16,
    code: &'static str,
    error: &'static str,
    message: String,
}

impl Refusal {
    fn new(
        status: u16,
        code: &'static str,
        error: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            error,
            message: message.into(),
        }
    }

    pub(super) fn no_authorization() -> Self {
        let message = "headers must have required property 'authorization'";
        Self::new(400, "InvalidRequest", "Error", message)
    }

    pub(super) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", "Unauthorized", message)
    }

    pub(super) fn no_such_bucket() -> Self {
        let sentence = "Bucket not found";
        Self::new(404, "NoSuchBucket", sentence, sentence)
    }

    pub(super) fn no_such_key() -> Self {
        Self::new(404, "NoSuchKey", "not_found", "Object not found")
    }

    pub(super) fn invalid_key(name: &str) -> Self {
        let message = format!("Invalid key: {name}");
        Self::new(400, "InvalidKey", "InvalidKey", message)
    }

    pub(super) fn invalid_mime_type(mime_type: &str) -> Self {
        let message = format!("mime type {mime_type} is not supported");
        Self::new(415, "InvalidMimeType", "invalid_mime_type", message)
    }

    /// Returns the refusal of a form, which the original accepts.
    pub(super) fn no_forms() -> Self {
        let message = "the local Storage takes an object's bytes as the body, not a form";
        Self::new(400, "InvalidRequest", "InvalidRequest", message)
    }

    pub(super) fn already_exists() -> Self {
        let message = "The resource already exists";
        Self::new(409, "KeyAlreadyExists", "Duplicate", message)
    }

    pub(super) fn too_large() -> Self {
        let message = "The object exceeded the maximum allowed size";
        Self::new(413, "EntityTooLarge", "Payload too large", message)
    }

    pub(super) fn body_broke_off() -> Self {
        Self::new(
            400,
            "InvalidRequest",
            "InvalidRequest",
            "No content provided",
        )
    }

    /// Returns the refusal for a missing connection to the database.
    pub(super) fn no_database(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "storage cannot reach the database");
        let message = "The connection to the database timed out";
        Self::new(544, "DatabaseTimeout", "DatabaseTimeout", message)
    }

    /// Returns the refusal for bytes that cannot be written or read.
    pub(super) fn no_files(error: &std::io::Error) -> Self {
        tracing::error!(%error, "storage cannot use its folder");
        let message = "Internal server error";
        Self::new(500, "InternalError", "InternalError", message)
    }

    /// Converts an error of Postgres.
    pub(super) fn database(error: &tokio_postgres::Error) -> Self {
        let Some(reported) = error.as_db_error() else {
            return Self::no_database(error);
        };
        match reported.code().code() {
            "42501" if reported.message().contains("row-level security") => {
                Self::access_denied("new row violates row-level security policy")
            }
            "42501" => Self::access_denied(reported.message()),
            "23505" => Self::already_exists(),
            "23503" => {
                let message = "The related resource does not exist";
                Self::new(404, "InvalidRequest", "InvalidRequest", message)
            }
            "55P03" => {
                let message = "The resource is locked";
                Self::new(423, "ResourceLocked", "ResourceLocked", message)
            }
            "57014" => Self::no_database(error),
            code => {
                let message = format!("database error, code: {code}");
                Self::new(500, "DatabaseError", "DatabaseError", message)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let sent = match self.status {
            500 | 544 => self.status,
            _ => 400,
        };
        let body = json!({
            "statusCode": self.status.to_string(),
            "code": self.code,
            "error": self.error,
            "message": self.message,
        });
        let status = StatusCode::from_u16(sent).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = (header::CONTENT_TYPE, "application/json; charset=utf-8");
        (status, [content_type], body.to_string()).into_response()
    }
}
