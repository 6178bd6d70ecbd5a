//! Only a wake signed by the database, at about this time, over these very bytes, is accepted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use support::{
    NEW_KEY, OLD_KEY, SHARED_SECRET, SIGNED_AT, WAKE_BODY, at, authenticator, now, signature,
    signed, url_request,
};
use trigger::{Access, Authenticator, Trigger};

fn is_let_in(headers: &Value, body: &[u8]) -> bool {
    is_let_in_at(headers, body, SIGNED_AT)
}

fn is_let_in_at(headers: &Value, body: &[u8], seconds: i64) -> bool {
    // `Public` accepts more: a forged wake must not even pass as a person's request.
    let decoded = Trigger::decode(
        url_request(headers, body, true),
        &authenticator(Access::Public),
        at(seconds),
    );
    decoded.is_ok()
}

fn genuine() -> Value {
    signed("wake_17", WAKE_BODY.as_bytes())
}

#[test]
fn genuine_wake_is_accepted() {
    assert!(is_let_in(&genuine(), WAKE_BODY.as_bytes()));
}

#[test]
fn flipped_body_bit_is_refused() {
    let headers = genuine();
    for index in 0..WAKE_BODY.len() {
        for bit in 0..8 {
            let mut body = WAKE_BODY.as_bytes().to_vec();
            body[index] ^= 1 << bit;
            assert!(!is_let_in(&headers, &body), "bit {bit} of byte {index}");
        }
    }
}

#[test]
fn changed_signed_header_is_refused() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let genuine = genuine();
        let value = genuine[name].as_str().unwrap();
        for index in 0..value.len() {
            for byte in 0x20..0x7f_u8 {
                let mut changed = value.as_bytes().to_vec();
                if changed[index] == byte {
                    continue;
                }
                changed[index] = byte;
                let mut headers = genuine.clone();
                headers[name] = json!(String::from_utf8(changed).unwrap());
                assert!(
                    !is_let_in(&headers, WAKE_BODY.as_bytes()),
                    "{name}: byte {index} as {byte}"
                );
            }
        }
    }
}

#[test]
fn truncated_or_extended_body_is_refused() {
    let headers = genuine();
    for length in 0..WAKE_BODY.len() {
        assert!(!is_let_in(&headers, &WAKE_BODY.as_bytes()[..length]));
    }
    assert!(!is_let_in(&headers, format!("{WAKE_BODY} ").as_bytes()));
}

#[test]
fn missing_header_is_refused() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut headers = genuine();
        headers.as_object_mut().unwrap().remove(name);
        assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()));
    }
}

#[test]
fn duplicated_header_is_refused() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut headers = genuine();
        headers[name.to_uppercase()] = headers[name].clone();
        assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()));
    }
}

#[test]
fn old_and_future_signatures_are_refused() {
    let body = WAKE_BODY.as_bytes();
    for (offset, expected) in [
        (-301, false),
        (-300, true),
        (0, true),
        (300, true),
        (301, false),
    ] {
        assert_eq!(is_let_in_at(&genuine(), body, SIGNED_AT + offset), expected);
    }
}

#[test]
fn timestamp_has_one_spelling() {
    for spelling in [
        "+1773342238",
        "01773342238",
        " 1773342238",
        "1773342238.0",
        "-1",
        "",
        "9223372036854775808",
        "-9223372036854775808",
    ] {
        let mut headers = genuine();
        headers["webhook-timestamp"] = json!(spelling);
        assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()), "{spelling:?}");
    }
}

#[test]
fn wake_signed_under_another_id_is_refused() {
    assert!(!is_let_in(
        &signed("wake_18", WAKE_BODY.as_bytes()),
        WAKE_BODY.as_bytes()
    ));
}

#[test]
fn only_version_one_signatures_count() {
    let signature = signature(NEW_KEY, "wake_17", SIGNED_AT, WAKE_BODY.as_bytes());
    let bare = signature.strip_prefix("v1,").unwrap();
    for other in [
        bare.to_owned(),
        format!("v1a,{bare}"),
        format!("v2,{bare}"),
        format!("V1,{bare}"),
        format!(",{bare}"),
        format!("v1,{bare}="),
        "v1,".to_owned(),
        String::new(),
    ] {
        let mut headers = genuine();
        headers["webhook-signature"] = json!(other);
        assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()), "{other:?}");
    }
}

#[test]
fn one_good_signature_suffices() {
    let good = signature(OLD_KEY, "wake_17", SIGNED_AT, WAKE_BODY.as_bytes());
    let other = signature(NEW_KEY, "wake_18", SIGNED_AT, WAKE_BODY.as_bytes());
    let mut headers = genuine();
    headers["webhook-signature"] = json!(format!("{other} {good}"));
    assert!(is_let_in(&headers, WAKE_BODY.as_bytes()));
    headers["webhook-signature"] = json!(format!("{other} {other}"));
    assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()));
}

#[test]
fn dropped_key_no_longer_signs() {
    let only_new =
        Authenticator::new("executor", Access::Internal, Some(&NEW_KEY.into()), None).unwrap();
    let mut headers = genuine();
    headers["webhook-signature"] = json!(signature(
        OLD_KEY,
        "wake_17",
        SIGNED_AT,
        WAKE_BODY.as_bytes()
    ));
    let payload = url_request(&headers, WAKE_BODY.as_bytes(), true);
    let refusal = Trigger::decode(payload, &only_new, now()).unwrap_err();
    assert_eq!((refusal.status, refusal.code), (401, "signature_invalid"));
}

#[test]
fn gateway_accepts_wakes_of_its_queues_only() {
    let key = NEW_KEY.into();
    for (functions, is_accepted) in [
        (vec!["planner".to_owned(), "executor".to_owned()], true),
        (vec!["planner".to_owned()], false),
        (Vec::new(), false),
    ] {
        let gateway = Authenticator::new("gateway", Access::Internal, Some(&key), None)
            .unwrap()
            .for_functions(&functions);
        let payload = url_request(&genuine(), WAKE_BODY.as_bytes(), false);
        let decoded = Trigger::decode(payload, &gateway, now());
        assert_eq!(decoded.is_ok(), is_accepted, "{functions:?}: {decoded:?}");
    }
}

#[test]
fn wake_for_another_function_is_refused() {
    let wake = NEW_KEY.into();
    for (function, is_let_in) in [("executor", true), ("planner", false), ("intake", false)] {
        for access in [Access::Internal, Access::Public] {
            let authenticator = Authenticator::new(function, access, Some(&wake), None).unwrap();
            let payload = url_request(&genuine(), WAKE_BODY.as_bytes(), false);
            let decoded = Trigger::decode(payload, &authenticator, now());
            assert_eq!(decoded.is_ok(), is_let_in, "{function}");
            if let Err(refusal) = decoded {
                let expected = (401, "wake_for_another_function");
                assert_eq!((refusal.status, refusal.code), expected);
            }
            let record = json!({
                "messageId": "a", "eventSource": "aws:sqs", "body": WAKE_BODY,
                "attributes": {"ApproximateReceiveCount": "1"},
            });
            let payload = json!({"Records": [record]});
            let Trigger::Queue(messages) = Trigger::decode(payload, &authenticator, now()).unwrap()
            else {
                panic!("a queue's event is one");
            };
            let is_wake = matches!(messages[0].content, trigger::QueueContent::Wake(_));
            assert_eq!(is_wake, is_let_in, "{function}");
        }
    }
}

#[test]
fn empty_short_and_malformed_secrets_are_refused() {
    for secret in [
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not base64!",
        "bmV3ZXN0LWtleS1uZXdlc3Qta2V5LW5ld2VzdA==",
    ] {
        assert!(
            Authenticator::new("executor", Access::Internal, Some(&secret.into()), None).is_err()
        );
    }
    assert!(Authenticator::new("executor", Access::Internal, None, Some(&"short".into())).is_err());
}

#[test]
fn secret_under_24_bytes_is_refused() {
    let is_taken = |length: usize| {
        let secret = "s".repeat(length);
        let webhook = Authenticator::new("intake", Access::Internal, None, Some(&secret.into()));
        let key = format!("whsec_{}", BASE64.encode(vec![7; length]));
        let wake = Authenticator::new("intake", Access::Internal, Some(&key.into()), None);
        (webhook.is_ok(), wake.is_ok())
    };
    assert_eq!(is_taken(24), (true, true));
    assert_eq!(is_taken(23), (false, false));
}

#[test]
fn debug_output_of_authenticator_hides_secrets() {
    let shown = format!("{:?}", authenticator(Access::Public));
    assert!(!shown.contains("whsec") && !shown.contains(SHARED_SECRET));
    assert!(shown.contains("Public"), "{shown}");
}

#[test]
fn dashboard_webhook_with_wrong_secret_is_refused() {
    let body = br#"{"type":"INSERT","table":"t","schema":"public","record":{},"old_record":null}"#;
    assert!(is_let_in(&json!({"x-webhook-secret": SHARED_SECRET}), body));
    let shorter = SHARED_SECRET.strip_suffix('s').unwrap();
    for secret in ["", shorter, "a-shared-secret-of-thirty-characterS"] {
        assert!(!is_let_in(&json!({ "x-webhook-secret": secret }), body));
    }
}

#[test]
fn signed_body_without_wake_is_refused() {
    for body in [
        "null",
        "[]",
        r#"{"type":"UPDATE","table":"wakes","schema":"goalpost","record":{"id":17,"function":"executor","ready_count":3},"old_record":null}"#,
        r#"{"type":"INSERT","table":"steps","schema":"goalpost","record":{"id":17,"function":"executor","ready_count":3},"old_record":null}"#,
        r#"{"type":"INSERT","table":"wakes","schema":"public","record":{"id":17,"function":"executor","ready_count":3},"old_record":null}"#,
        r#"{"type":"INSERT","table":"wakes","schema":"goalpost","record":{"id":-17,"function":"executor","ready_count":3},"old_record":null}"#,
        r#"{"type":"INSERT","table":"wakes","schema":"goalpost","record":{"id":17,"function":"../executor","ready_count":3},"old_record":null}"#,
        r#"{"type":"INSERT","table":"wakes","schema":"goalpost","record":null,"old_record":null}"#,
    ] {
        assert!(
            !is_let_in(&signed("wake_17", body.as_bytes()), body.as_bytes()),
            "{body}"
        );
    }
}

#[test]
fn wake_outside_its_bounds_is_refused() {
    let is_wake = |id: i64, function: &str, ready_count: i64| {
        let record = json!({"id": id, "function": function, "ready_count": ready_count});
        let body = json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "record": record, "old_record": null});
        let body = body.to_string();
        is_let_in(
            &signed(&format!("wake_{id}"), body.as_bytes()),
            body.as_bytes(),
        )
    };
    assert!(is_wake(1, "executor", 0), "the lowest numbers");
    assert!(!is_wake(0, "executor", 0) && !is_wake(1, "executor", -1));
    assert!(!is_wake(0, "executor", -1) && !is_wake(-1, "executor", 1));
    assert!(
        !is_wake(1, "my-function_2", 1) && !is_wake(1, &"f".repeat(64), 1),
        "the wake of another function"
    );
    for name in ["", "Executor", "a b", "a.b", &"f".repeat(65)] {
        assert!(!is_wake(1, name, 1), "{name:?}");
    }
}

#[test]
fn signatures_beyond_eight_are_ignored() {
    let good = signature(NEW_KEY, "wake_17", SIGNED_AT, WAKE_BODY.as_bytes());
    let other = signature(NEW_KEY, "wake_18", SIGNED_AT, WAKE_BODY.as_bytes());
    let behind = |bad: usize| format!("{}{good}", format!("{other} ").repeat(bad));
    let mut headers = genuine();
    headers["webhook-signature"] = json!(behind(7));
    assert!(is_let_in(&headers, WAKE_BODY.as_bytes()));
    headers["webhook-signature"] = json!(behind(8));
    assert!(!is_let_in(&headers, WAKE_BODY.as_bytes()));
}
