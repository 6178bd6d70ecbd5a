//! Decodes a function URL's request (payload 2.0) and sorts it: signed wake, dashboard webhook, or a person. Nothing of
//! a body is parsed before its sender is authenticated; a person's is passed on as bytes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::authenticate::{self, Access, Authenticator};
use crate::{
    DatabaseWebhook, HttpRequest, MAX_REQUEST_BYTES, MAX_WAKE_BYTES, Refusal, Trigger, Wake,
    untrusted_json,
};

pub(crate) fn decode(
    payload: Value,
    authenticator: &Authenticator,
    now: SystemTime,
) -> Result<Trigger, Refusal> {
    let header_count = payload
        .get("headers")
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len);
    let event: LambdaFunctionUrlRequest = serde_json::from_value(payload).map_err(|_| MALFORMED)?;
    // Lambda sends each name once and in lower case. Names that differ in case alone would merge here, and the verified
    // text might not be the one that is read later.
    if event.version.as_deref() != Some("2.0") || event.headers.keys_len() != header_count {
        return Err(MALFORMED);
    }
    let headers = headers_of(&event);
    if authenticate::claims_to_be_signed(&headers) {
        return decode_wake(&event, &headers, authenticator, now);
    }
    if authenticate::claims_to_be_a_webhook(&headers) {
        authenticator.verify_webhook(&headers)?;
        return decode_webhook(&event, authenticator.access()).map(Trigger::DatabaseWebhook);
    }
    if authenticator.access() == Access::Internal {
        return Err(Refusal::unauthorized(
            "wakes_only",
            "this function answers the database alone; people's requests go to intake",
        ));
    }
    person(event, headers).map(Trigger::Http)
}

const MALFORMED: Refusal = Refusal::bad_request(
    "request_malformed",
    "this is not a function URL request of payload format 2.0",
);

/// Decodes an authenticated webhook. Only intake uses its rows, which may be larger than a wake.
fn decode_webhook(
    event: &LambdaFunctionUrlRequest,
    access: Access,
) -> Result<DatabaseWebhook, Refusal> {
    let max_bytes = match access {
        Access::Internal => MAX_WAKE_BYTES,
        Access::Public => MAX_REQUEST_BYTES,
    };
    let body = body_of(event, max_bytes)?;
    let webhook = DatabaseWebhook::decode(untrusted_json(&body)?)?;
    Ok(DatabaseWebhook {
        body: String::from_utf8_lossy(&body).into_owned(),
        ..webhook
    })
}

fn decode_wake(
    event: &LambdaFunctionUrlRequest,
    headers: &BTreeMap<String, String>,
    authenticator: &Authenticator,
    now: SystemTime,
) -> Result<Trigger, Refusal> {
    let body = body_of(event, MAX_WAKE_BYTES)?;
    authenticator.verify_wake(headers, &body, now)?;
    let wake = Wake::decode(untrusted_json(&body)?)?;
    authenticator.check_target(&wake)?;
    // The id is signed too; binding it to the row keeps one name for one wake in logs and receipts.
    let expected_id = format!("wake_{}", wake.id);
    if headers.get(authenticate::ID_HEADER) != Some(&expected_id) {
        return Err(Refusal::unauthorized(
            "wake_id_differs",
            "webhook-id does not name the wake in the body; send wake_<id>",
        ));
    }
    Ok(Trigger::Wake(wake))
}

fn person(
    event: LambdaFunctionUrlRequest,
    headers: BTreeMap<String, String>,
) -> Result<HttpRequest, Refusal> {
    let body = body_of(&event, MAX_REQUEST_BYTES)?;
    let http = event.request_context.http;
    Ok(HttpRequest {
        method: http.method.unwrap_or_else(|| "GET".to_owned()),
        path: event
            .raw_path
            .or(http.path)
            .unwrap_or_else(|| "/".to_owned()),
        query: event.query_string_parameters.into_iter().collect(),
        body,
        source_ip: http.source_ip,
        headers,
    })
}

/// Returns the headers under lower-case names. One that is not visible ASCII counts as absent.
fn headers_of(event: &LambdaFunctionUrlRequest) -> BTreeMap<String, String> {
    event
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

fn body_of(event: &LambdaFunctionUrlRequest, max_bytes: usize) -> Result<Vec<u8>, Refusal> {
    let text = event.body.as_deref().unwrap_or_default();
    let too_large = Refusal::too_large(
        "body_too_large",
        "the body is too large: 16 KiB for a wake, 1 MiB for a request or a webhook to intake; put large data into a table",
    );
    let decoded_bytes = if event.is_base64_encoded {
        base64::decoded_len_estimate(text.len()).saturating_sub(2)
    } else {
        text.len()
    };
    if decoded_bytes > max_bytes {
        return Err(too_large);
    }
    if !event.is_base64_encoded {
        return Ok(text.as_bytes().to_vec());
    }
    let body = BASE64.decode(text).map_err(|_| {
        Refusal::bad_request(
            "body_not_base64",
            "the body is marked as base64 and is not; send it as it is",
        )
    })?;
    if body.len() > max_bytes {
        return Err(too_large);
    }
    Ok(body)
}
