//! Every documented payload is decoded, and every reply has the shape that its caller expects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use support::{
    SHARED_SECRET, WAKE_BODY, authenticator, fixture, now, refusal_of, signed, url_request,
};
use trigger::{
    Access, Authenticator, HttpReply, QueueContent, RowChange, Scheduler, Trigger, Wake,
    queue_reply, schedule_reply,
};

fn decode(payload: Value) -> Trigger {
    Trigger::decode(payload, &authenticator(Access::Public), now()).unwrap()
}

#[test]
fn person_request_has_token_query_and_body() {
    let Trigger::Http(request) = decode(fixture("function_url_request.json")) else {
        panic!("not an HTTP request");
    };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/requests/5")
    );
    assert_eq!(request.query["wait"], "25");
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(
        request.bearer_token().unwrap().expose_secret(),
        "person.token.value"
    );
    assert_eq!(
        request.json().unwrap()["question"],
        "Which tables have no row-level security?"
    );
    assert_eq!(request.source_ip.as_deref(), Some("192.0.2.7"));
}

#[test]
fn request_without_optional_fields_is_decoded() {
    let Trigger::Http(request) = decode(fixture("function_url_get_without_body.json")) else {
        panic!("not an HTTP request");
    };
    assert_eq!(request.method, "GET");
    assert!(request.body.is_empty() && request.query.is_empty());
    assert!(request.bearer_token().is_none());
}

#[test]
fn debug_output_of_request_hides_token_and_body() {
    let shown = format!("{:?}", decode(fixture("function_url_request.json")));
    assert!(!shown.contains("person.token.value") && !shown.contains("row-level"));
    assert!(
        shown.contains("POST") && shown.contains("/requests/5"),
        "{shown}"
    );
}

#[test]
fn other_schemes_and_empty_tokens_are_ignored() {
    let token_of = |authorization: &str| {
        let headers = json!({"authorization": authorization});
        let Trigger::Http(request) = decode(url_request(&headers, b"{}", false)) else {
            panic!("not an HTTP request");
        };
        request
            .bearer_token()
            .map(|token| token.expose_secret().to_owned())
    };
    assert_eq!(token_of("bEARER  a.b.c ").as_deref(), Some("a.b.c"));
    for none in ["Basic a.b.c", "Bearer", "Bearer ", "Bearer   ", "a.b.c", ""] {
        assert_eq!(token_of(none), None, "{none:?}");
    }
}

#[test]
fn body_limits_are_16_kib_and_1_mib() {
    assert_eq!(
        (trigger::MAX_WAKE_BYTES, trigger::MAX_REQUEST_BYTES),
        (16_384, 1_048_576)
    );
}

#[test]
fn signed_wake_is_decoded_from_base64_or_text() {
    let wake = Trigger::Wake(Wake {
        id: 17,
        function: "executor".to_owned(),
        ready_count: 3,
    });
    let headers = signed("wake_17", WAKE_BODY.as_bytes());
    assert_eq!(
        decode(url_request(&headers, WAKE_BODY.as_bytes(), true)),
        wake
    );
    assert_eq!(
        decode(url_request(&headers, WAKE_BODY.as_bytes(), false)),
        wake
    );
}

#[test]
fn dashboard_webhook_is_decoded_for_each_change() {
    for (file, change) in [
        ("supabase_webhook_insert.json", RowChange::Insert),
        ("supabase_webhook_update.json", RowChange::Update),
        ("supabase_webhook_delete.json", RowChange::Delete),
    ] {
        let body = fixture(file);
        let headers = json!({"X-Webhook-Secret": SHARED_SECRET});
        let payload = url_request(&headers, body.to_string().as_bytes(), false);
        let Trigger::DatabaseWebhook(webhook) = decode(payload) else {
            panic!("not a webhook");
        };
        assert_eq!(
            (
                webhook.change,
                webhook.schema.as_str(),
                webhook.table.as_str()
            ),
            (change, "shop", "orders")
        );
        assert_eq!(webhook.record.unwrap_or_default(), body["record"]);
        assert_eq!(webhook.old_record.unwrap_or_default(), body["old_record"]);
        assert_eq!(webhook.body, body.to_string(), "digit by digit");
    }
}

#[test]
fn queue_messages_are_judged_separately() {
    let Trigger::Queue(messages) = decode(fixture("sqs_event.json")) else {
        panic!("not a queue event");
    };
    let counts: Vec<u32> = messages.iter().map(|m| m.receive_count).collect();
    assert_eq!(counts, [1, 3, 5, 1]);
    assert!(matches!(&messages[0].content, QueueContent::Wake(wake) if wake.id == 17));
    assert!(
        matches!(&messages[1].content, QueueContent::Body(body) if body["question"] == "How many orders came in?")
    );
    assert!(
        matches!(&messages[2].content, QueueContent::Refused(refusal) if refusal.code == "invalid_json")
    );
    assert!(
        matches!(&messages[3].content, QueueContent::Refused(refusal) if refusal.code == "wake_malformed")
    );
}

#[test]
fn oversized_message_is_refused_alone() {
    let mut event = fixture("sqs_event.json");
    let of_bytes = |bytes: usize| json!(format!("\"{}\"", "a".repeat(bytes - 2)));
    event["Records"][1]["body"] = of_bytes(trigger::MAX_REQUEST_BYTES + 1);
    event["Records"][2]["body"] = of_bytes(trigger::MAX_REQUEST_BYTES);
    let Trigger::Queue(messages) = decode(event) else {
        panic!("not a queue event");
    };
    assert!(matches!(&messages[0].content, QueueContent::Wake(_)));
    assert!(matches!(&messages[2].content, QueueContent::Body(_)));
    assert!(
        matches!(&messages[1].content, QueueContent::Refused(refusal) if refusal.code == "message_too_large")
    );
}

#[test]
fn ticks_of_rule_and_scheduler_are_decoded() {
    for (file, scheduler, name) in [
        (
            "eventbridge_rule.json",
            Scheduler::Rule,
            "my-scheduled-rule",
        ),
        ("eventbridge_scheduler.json", Scheduler::Scheduler, "sweep"),
    ] {
        let Trigger::Schedule(tick) = decode(fixture(file)) else {
            panic!("not a schedule");
        };
        assert_eq!(
            (tick.scheduler, tick.name.as_deref()),
            (scheduler, Some(name))
        );
        assert!(tick.due_at.unwrap().starts_with("2026-10-08T16:53:0"));
    }
}

#[test]
fn unknown_payload_fails_the_invocation() {
    let mut rule = fixture("eventbridge_rule.json");
    rule["source"] = json!("aws.ec2");
    let mut records = fixture("sqs_event.json");
    records["Records"][0]["eventSource"] = json!("aws:s3");
    let mut nameless = fixture("sqs_event.json");
    nameless["Records"][1]["messageId"] = Value::Null;
    for payload in [
        json!({}),
        json!("x"),
        json!([1]),
        Value::Null,
        json!({"goal_id": 1}),
        rule,
        records,
        nameless,
    ] {
        let refusal = refusal_of(payload, Access::Public);
        assert!(refusal.into_reply().is_err());
    }
}

#[test]
fn internal_function_refuses_people() {
    let refusal = refusal_of(fixture("function_url_request.json"), Access::Internal);
    assert_eq!((refusal.status, refusal.code), (401, "wakes_only"));
}

#[test]
fn http_refusal_becomes_reply_with_code() {
    let refusal = refusal_of(fixture("function_url_request.json"), Access::Internal);
    let reply = refusal.into_reply().unwrap();
    assert_eq!(reply["statusCode"], 401);
    let body: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["code"], "wakes_only");
    assert!(body["message"].as_str().unwrap().contains("intake"));
}

#[test]
fn oversized_body_is_refused_first() {
    let large = vec![b'a'; trigger::MAX_WAKE_BYTES + 1];
    for is_base64 in [true, false] {
        let wake = url_request(&signed("wake_17", &large), &large, is_base64);
        assert_eq!(refusal_of(wake, Access::Internal).status, 413);
        let webhook = url_request(
            &json!({"x-webhook-secret": SHARED_SECRET}),
            &large,
            is_base64,
        );
        assert_eq!(refusal_of(webhook, Access::Internal).status, 413);
        let largest = vec![b'a'; trigger::MAX_REQUEST_BYTES];
        assert!(matches!(
            decode(url_request(&json!({}), &largest, is_base64)),
            Trigger::Http(_)
        ));
        let larger = vec![b'a'; trigger::MAX_REQUEST_BYTES + 1];
        let request = url_request(&json!({}), &larger, is_base64);
        assert_eq!(refusal_of(request, Access::Public).status, 413);
    }
}

#[test]
fn wrong_version_and_broken_base64_are_refused() {
    let mut version = fixture("function_url_request.json");
    version["version"] = json!("1.0");
    assert_eq!(
        refusal_of(version, Access::Public).code,
        "request_malformed"
    );
    let mut base64 = fixture("function_url_request.json");
    base64["isBase64Encoded"] = json!(true);
    assert_eq!(refusal_of(base64, Access::Public).code, "body_not_base64");
}

#[test]
fn replies_have_documented_shapes() {
    let reply =
        HttpReply::json(202, &json!({"request_id": 5})).with_header("Location", "/requests/5");
    assert_eq!(reply.status(), 202);
    let reply = reply.into_value();
    assert_eq!(
        reply,
        json!({
            "statusCode": 202,
            "headers": {
                "content-type": "application/json",
                "cache-control": "no-store",
                "location": "/requests/5"
            },
            "body": "{\"request_id\":5}",
            "isBase64Encoded": false
        })
    );
    assert_eq!(
        queue_reply(["a".to_owned(), "b".to_owned()]),
        json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]})
    );
    assert_eq!(queue_reply([]), json!({"batchItemFailures": []}));
    assert_eq!(schedule_reply(), Value::Null);
}

#[test]
fn authenticator_without_secrets_refuses_signed_requests() {
    let without_secrets = Authenticator::new("executor", Access::Public, None, None).unwrap();
    for headers in [
        signed("wake_17", WAKE_BODY.as_bytes()),
        json!({"x-webhook-secret": ""}),
    ] {
        let payload = url_request(&headers, WAKE_BODY.as_bytes(), false);
        assert_eq!(
            Trigger::decode(payload, &without_secrets, now())
                .unwrap_err()
                .status,
            401
        );
    }
}
