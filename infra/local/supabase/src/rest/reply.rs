//! Converts a function's result to an HTTP response.

use super::{
    call::Wanted,
    error::{Error, append_headers},
    routine::Returns,
    transaction::Answer,
};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::collections::BTreeMap;

/// Builds the response. The function may have set status and headers with `response.status` and `response.headers`.
pub(super) fn reply(
    answer: Answer,
    returns: Returns,
    wanted: Wanted,
    schema: &str,
) -> Result<Response, Error> {
    if wanted == Wanted::OneObject && returns.set && answer.row_count != 1 {
        return Err(not_one(answer.row_count));
    }
    let chosen_status = chosen_status(answer.status.as_deref())?;
    let chosen_headers = chosen_headers(answer.headers.as_deref())?;
    let mut response = if returns.void {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let content_type = match wanted {
            Wanted::AsReturned => "application/json; charset=utf-8",
            Wanted::OneObject => "application/vnd.pgrst.object+json; charset=utf-8",
        };
        ([(header::CONTENT_TYPE, content_type)], answer.body).into_response()
    };
    let range = match answer.row_count {
        0 => "*/*".to_owned(),
        count => format!("0-{}/*", count - 1),
    };
    if let Ok(range) = HeaderValue::try_from(range) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    if let Ok(profile) = HeaderValue::from_str(schema) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("content-profile"), profile);
    }
    append_headers(&mut response, &chosen_headers);
    if let Some(status) = chosen_status {
        *response.status_mut() = status;
    }
    Ok(response)
}

/// Returns the refusal if the caller requested one row and there were more or fewer.
fn not_one(row_count: i64) -> Error {
    Error::new(
        StatusCode::NOT_ACCEPTABLE,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
    )
    .details(format!("The result contains {row_count} rows"))
}

fn chosen_status(setting: Option<&str>) -> Result<Option<StatusCode>, Error> {
    let Some(setting) = setting else {
        return Ok(None);
    };
    setting.parse().map(Some).map_err(|_| {
        Error::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "PGRST112",
            "response.status guc must be a valid status code",
        )
    })
}

fn chosen_headers(setting: Option<&str>) -> Result<Vec<(String, String)>, Error> {
    let Some(setting) = setting else {
        return Ok(Vec::new());
    };
    let headers = serde_json::from_str::<Vec<BTreeMap<String, String>>>(setting).map_err(|_| {
        Error::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a single key and a string value",
        )
    })?;
    Ok(headers.into_iter().flatten().collect())
}
