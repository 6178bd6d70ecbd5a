//! Tests of function URLs: the event for a request, and the response for an answer.

use reqwest::{Client, Method, Response, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::stage::{Prompter, Stage, echo, in_time};

fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// Returns the function's answer as the caller receives it.
async fn answer(base: &str, reply: Value) -> (u16, HeaderMap, Vec<u8>) {
    let command = json!({"do": "reply", "reply": reply}).to_string();
    let response = client()
        .post(format!("{base}/lambda-url/replier/"))
        .body(command)
        .send()
        .await
        .unwrap();
    (
        response.status().as_u16(),
        response.headers().clone(),
        response.bytes().await.unwrap().to_vec(),
    )
}

#[tokio::test]
async fn request_becomes_event_in_payload_format_2() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let base = stage.serve().await;
    let url = format!("{base}/lambda-url/echo/a%20path/with+plus?tag=x%20y&tag=z&empty=&plus=a+b");
    let request = client()
        .request(Method::PATCH, &url)
        .header("X-Thing", "one")
        .header("X-Thing", "two")
        .header("Cookie", "session=abc; theme=dark")
        .header("Content-Type", "application/json; charset=utf-8")
        .header("User-Agent", "tester/1")
        .header("X-Forwarded-For", "6.6.6.6")
        .body(r#"{"text":"grüße"}"#);
    let call = tokio::spawn(request.send());
    let mut cue = prompter.cue().await;
    let event = cue.event.clone();
    cue.reply(json!({"ok": true})).await;
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "$default");
    assert_eq!(event["rawPath"], "/a%20path/with+plus");
    assert_eq!(event["rawQueryString"], "tag=x%20y&tag=z&empty=&plus=a+b");
    assert_eq!(
        event["queryStringParameters"],
        json!({"tag": "x y,z", "empty": "", "plus": "a b"})
    );
    assert_eq!(event["cookies"], json!(["session=abc", "theme=dark"]));
    assert_eq!(event["headers"]["x-thing"], "one,two");
    assert_eq!(event["headers"]["cookie"], "session=abc; theme=dark");
    assert_eq!(
        event["headers"]["x-forwarded-for"], "127.0.0.1",
        "the caller's own word does not count"
    );
    assert!(
        event["headers"]
            .as_object()
            .unwrap()
            .keys()
            .all(|name| *name == name.to_lowercase())
    );
    assert_eq!(event["body"], r#"{"text":"grüße"}"#);
    assert_eq!(event["isBase64Encoded"], false);
    let context = &event["requestContext"];
    assert_eq!(context["accountId"], "anonymous");
    assert_eq!(context["apiId"], "echo");
    assert_eq!(context["stage"], "$default");
    let http = json!({"method": "PATCH", "path": "/a path/with+plus", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "tester/1"});
    assert_eq!(context["http"], http);
    assert!(
        (context["timeEpoch"].as_i64().unwrap() - chrono::Utc::now().timestamp_millis()).abs()
            < 60_000
    );
    let time = context["time"].as_str().unwrap();
    assert!(
        chrono::DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z").is_ok(),
        "{time}"
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn absent_parts_are_left_out_of_the_event() {
    let stage = Stage::with(echo()).await;
    let base = stage.serve().await;
    for path in ["/lambda-url/echo", "/lambda-url/echo/"] {
        let event: Value = client()
            .get(format!("{base}{path}"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(event["rawPath"], "/");
        assert_eq!(event["rawQueryString"], "");
        for absent in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(absent).is_none(), "{absent} in {event}");
        }
        assert_eq!(event["isBase64Encoded"], false);
    }
    stage.host.stop().await;
}

#[tokio::test]
async fn body_is_base64_unless_it_is_text() {
    let stage = Stage::with(echo()).await;
    let base = stage.serve().await;
    for (content_type, body, expected, is_base64) in [
        (Some("text/plain"), b"abc".as_slice(), "abc", false),
        (Some("application/problem+json"), b"{}", "{}", false),
        (Some("application/json"), b"\xff\xfe", "//4=", true),
        (Some("application/octet-stream"), b"abc", "YWJj", true),
        (
            Some("application/x-www-form-urlencoded"),
            b"a=b",
            "YT1i",
            true,
        ),
        (None, b"abc", "YWJj", true),
    ] {
        let mut request = client().post(format!("{base}/lambda-url/echo/")).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let event: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            (event["body"].as_str(), event["isBase64Encoded"].as_bool()),
            (Some(expected), Some(is_base64)),
            "{content_type:?}"
        );
    }
    stage.host.stop().await;
}

/// Starts a stage whose function obeys the command in the request's body.
async fn replier() -> (Stage, String) {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.name = "replier".to_owned();
    let stage = Stage::with(function).await;
    let base = stage.serve().await;
    tokio::spawn(async move {
        loop {
            let mut cue = prompter.cue().await;
            let command = base64_or_text(&cue.event);
            cue.command(serde_json::from_slice(&command).unwrap()).await;
        }
    });
    (stage, base)
}

fn base64_or_text(event: &Value) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(event["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn answer_with_a_status_code_is_a_response() {
    let (stage, base) = replier().await;
    let (status, headers, body) = answer(
        &base,
        json!({"statusCode": 201, "headers": {"Content-Type": "text/plain", "X-Count": 3}, "cookies": ["a=1; Secure", "b=2"], "body": "made"}),
    )
    .await;
    assert_eq!((status, body.as_slice()), (201, b"made".as_slice()));
    assert_eq!(headers["content-type"], "text/plain");
    assert_eq!(headers["x-count"], "3");
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Secure", "b=2"]);

    let (status, headers, body) = answer(
        &base,
        json!({"statusCode": 200, "body": "/wD+", "isBase64Encoded": true}),
    )
    .await;
    assert_eq!((status, body.as_slice()), (200, b"\xff\x00\xfe".as_slice()));
    assert_eq!(headers["content-type"], "application/json");

    let (status, headers, body) = answer(
        &base,
        json!({"statusCode": 302, "headers": {"location": "/else"}}),
    )
    .await;
    assert_eq!((status, body.len()), (302, 0));
    assert_eq!(headers["location"], "/else");
    stage.host.stop().await;
}

#[tokio::test]
async fn any_other_json_is_a_body() {
    let (stage, base) = replier().await;
    for value in [
        json!({"message": "hello"}),
        json!("hello"),
        json!([1, 2]),
        json!(null),
        json!({"body": "no status"}),
    ] {
        let (status, headers, body) = answer(&base, value.clone()).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), value);
    }
    stage.host.stop().await;
}

#[tokio::test]
async fn malformed_response_is_answered_with_502() {
    let (stage, base) = replier().await;
    for wrong in [
        json!({"statusCode": "teapot"}),
        json!({"statusCode": 99_999}),
        json!({"statusCode": 200, "headers": {"bad name": "x"}}),
        json!({"statusCode": 200, "headers": {"x": "line\nbreak"}}),
        json!({"statusCode": 200, "body": "not base64!", "isBase64Encoded": true}),
    ] {
        let (status, _, body) = answer(&base, wrong.clone()).await;
        assert_eq!(
            (status, body.as_slice()),
            (502, b"Internal Server Error".as_slice()),
            "{wrong}"
        );
    }
    stage.host.stop().await;
}

#[tokio::test]
async fn failed_function_is_502_and_busy_one_429() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    let base = stage.serve().await;
    for command in [json!({"do": "fail"}), json!({"do": "exit", "code": 1})] {
        let call = tokio::spawn(client().get(format!("{base}/lambda-url/echo/")).send());
        let mut cue = prompter.cue().await;
        let refused: Response = client()
            .get(format!("{base}/lambda-url/echo/"))
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), 429);
        cue.command(command).await;
        let response = in_time(call).await.unwrap().unwrap();
        assert_eq!(response.status(), 502);
        assert_eq!(response.text().await.unwrap(), "Internal Server Error");
    }
    let unknown = client()
        .get(format!("{base}/lambda-url/missing/"))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
    stage.host.stop().await;
}

#[tokio::test]
async fn work_continues_when_the_caller_hangs_up() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    let base = stage.serve().await;
    let address = base.trim_start_matches("http://");
    let mut callers = Vec::new();
    for name in ["running", "waiting"] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /lambda-url/echo/{name} HTTP/1.1\r\nhost: x\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        callers.push(connection);
        if callers.len() == 1 {
            stage.until(|stats| stats.running == 1).await;
        } else {
            stage.until(|stats| stats.waiting_callers == 1).await;
        }
    }
    drop(callers);
    for name in ["/running", "/waiting"] {
        let mut cue = prompter.cue().await;
        assert_eq!(cue.event["rawPath"], name);
        cue.reply(Value::Null).await;
    }
    let stats = stage.until(|stats| stats.invocations == 2).await;
    assert_eq!((stats.errors, stats.cold_starts), (0, 1));
    stage.host.stop().await;
}
