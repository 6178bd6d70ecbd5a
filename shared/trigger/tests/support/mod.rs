//! Shared by both test files: the fixtures, a key, and a signer independent of the code under test.
#![allow(dead_code)]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::SecretString;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use trigger::{Access, Authenticator, Refusal, Trigger};

pub(crate) const NEW_KEY: &str = "whsec_bmV3ZXN0LWtleS1uZXdlc3Qta2V5LW5ld2VzdA==";
pub(crate) const OLD_KEY: &str = "whsec_cHJldmlvdXMta2V5LXByZXZpb3VzLWtleS1wcmV2";
pub(crate) const SHARED_SECRET: &str = "a-shared-secret-of-thirty-characters";
pub(crate) const SIGNED_AT: i64 = 1_773_342_238;
pub(crate) const WAKE_BODY: &str = r#"{"type":"INSERT","table":"wakes","schema":"goalpost","record":{"id":17,"function":"executor","ready_count":3},"old_record":null}"#;

pub(crate) fn now() -> SystemTime {
    at(SIGNED_AT)
}

pub(crate) fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn authenticator(access: Access) -> Authenticator {
    let wake = SecretString::from(format!("{NEW_KEY} {OLD_KEY}"));
    let webhook = SecretString::from(SHARED_SECRET);
    Authenticator::new("executor", access, Some(&wake), Some(&webhook)).unwrap()
}

pub(crate) fn signature(key: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    Webhook::new(key)
        .unwrap()
        .sign(id, timestamp, body)
        .unwrap()
}

pub(crate) fn signed(id: &str, body: &[u8]) -> Value {
    json!({
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": SIGNED_AT.to_string(),
        "webhook-signature": signature(NEW_KEY, id, SIGNED_AT, body),
    })
}

/// Builds a request of payload format 2.0; a body that is no UTF-8 must be sent as base64.
pub(crate) fn url_request(headers: &Value, body: &[u8], is_base64: bool) -> Value {
    static POST: LazyLock<Value> = LazyLock::new(|| {
        let mut payload = fixture("function_url_get_without_body.json");
        payload["requestContext"]["http"]["method"] = json!("POST");
        payload
    });
    let mut payload = POST.clone();
    payload["headers"] = headers.clone();
    payload["isBase64Encoded"] = json!(is_base64);
    payload["body"] = if is_base64 {
        json!(BASE64.encode(body))
    } else {
        json!(std::str::from_utf8(body).unwrap())
    };
    payload
}

pub(crate) fn refusal_of(payload: Value, access: Access) -> Refusal {
    Trigger::decode(payload, &authenticator(access), now()).unwrap_err()
}
