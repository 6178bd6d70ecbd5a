//! Tests of the Runtime API from a function's process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::stage::{Stage, echo, in_time, raw};

#[tokio::test]
async fn deadline_is_a_near_moment_and_advances() {
    let mut function = echo();
    function.timeout = Duration::from_secs(30);
    let stage = Stage::with(function).await;
    let mut previous = 0;
    for _ in 0..2 {
        let seen = stage.invoke(json!({"do": "describe"})).await.unwrap();
        let (deadline, now) = (
            seen["deadline_ms"].as_u64().unwrap(),
            seen["now_ms"].as_u64().unwrap(),
        );
        assert!(
            deadline > now && deadline <= now + 30_000,
            "{deadline} is not within 30 s of {now}"
        );
        assert!(
            deadline > now + 20_000,
            "{deadline} leaves hardly any of the 30 s after {now}"
        );
        assert!(deadline > previous, "the deadline must not be a constant");
        previous = deadline;
        // The next invocation begins at least a millisecond later.
        let start = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis();
        in_time(async {
            while SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_millis()
                == start
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    stage.host.stop().await;
}

#[tokio::test]
async fn function_environment_is_lambdas_without_the_hosts() {
    let mut function = echo();
    function.memory_megabytes = 256;
    function
        .environment
        .insert("SUPABASE_URL".to_owned(), "http://localhost".to_owned());
    function
        .environment
        .insert("AWS_REGION".to_owned(), "a reserved name".to_owned());
    let stage = Stage::with(function).await;
    let seen = stage.invoke(json!({"do": "describe"})).await.unwrap();
    let environment = seen["environment"].as_object().unwrap();
    let mut names: Vec<&str> = environment.keys().map(String::as_str).collect();
    names.sort_unstable();
    // lambda_runtime itself adds the trace id.
    names.retain(|name| *name != "_X_AMZN_TRACE_ID");
    let expected = [
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "SUPABASE_URL",
        "TZ",
        "_HANDLER",
    ];
    assert_eq!(names, expected);
    assert_eq!(environment["AWS_REGION"], "us-east-1");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "echo");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(environment["AWS_LAMBDA_LOG_GROUP_NAME"], "/aws/lambda/echo");
    assert_eq!(environment["SUPABASE_URL"], "http://localhost");
    assert_eq!(
        seen["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:echo"
    );
    assert_eq!(seen["folder"], environment["LAMBDA_TASK_ROOT"]);
    stage.host.stop().await;
}

#[tokio::test]
async fn managed_instance_receives_its_concurrency() {
    let mut function = echo();
    function.invocations_per_sandbox = 4;
    let stage = Stage::with(function).await;
    let seen = stage.invoke(json!({"do": "describe"})).await.unwrap();
    assert_eq!(seen["environment"]["AWS_LAMBDA_MAX_CONCURRENCY"], "4");
    stage.host.stop().await;
}

#[tokio::test]
async fn answer_for_unknown_invocation_is_refused() {
    let stage = Stage::with(raw("wrong_id")).await;
    let seen = stage.invoke(Value::Null).await.unwrap();
    assert_eq!(seen["status"], 400);
    assert_eq!(seen["body"]["errorType"], "InvalidRequestID");
    stage.host.stop().await;
}

#[tokio::test]
async fn second_answer_is_refused() {
    let stage = Stage::with(raw("answers_twice")).await;
    let mut logs = stage.host.logs();
    assert_eq!(stage.invoke(Value::Null).await, Ok(json!("done")));
    let line = in_time(async {
        loop {
            let line = logs.recv().await.unwrap();
            if line.text.starts_with("second answer") {
                return line.text;
            }
        }
    })
    .await;
    assert_eq!(line, "second answer: 400");
    stage.host.stop().await;
}

#[tokio::test]
async fn event_headers_are_those_of_lambda() {
    let stage = Stage::with(raw("show_headers")).await;
    let seen = stage.invoke(json!({"a": 1})).await.unwrap();
    let headers: Vec<String> = serde_json::from_value(seen["headers"].clone()).unwrap();
    let value = |name: &str| {
        let line = headers
            .iter()
            .find(|line| line.starts_with(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {headers:?}"))[name.len() + 2..].to_owned()
    };
    assert_eq!(value("lambda-runtime-aws-request-id").len(), 36);
    assert_eq!(
        value("lambda-runtime-deadline-ms").len(),
        13,
        "milliseconds since 1970"
    );
    assert!(value("lambda-runtime-trace-id").starts_with("Root=1-"));
    assert!(value("lambda-runtime-invoked-function-arn").ends_with(":function:raw"));
    assert_eq!(value("content-type"), "application/json");
    assert_eq!(value("content-length"), r#"{"a":1}"#.len().to_string());
    stage.host.stop().await;
}

#[tokio::test]
async fn invocation_survives_a_closed_poll() {
    let mut function = echo();
    function.max_sandboxes = 1;
    // Never frozen, and with requests for work of its own open.
    function.invocations_per_sandbox = 3;
    let stage = Stage::with(function).await;
    let seen = stage.invoke(json!({"do": "describe"})).await.unwrap();
    let api = seen["environment"]["AWS_LAMBDA_RUNTIME_API"]
        .as_str()
        .unwrap()
        .to_owned();
    let (address, path) = api.trim_start_matches("http://").split_once('/').unwrap();
    let own = stage
        .until(|stats| stats.idle() == 1 && stats.sandboxes[0].open_polls >= 3)
        .await
        .sandboxes[0]
        .open_polls;
    for number in 0..50 {
        let mut poll = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET /{path}/2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n");
        poll.write_all(request.as_bytes()).await.unwrap();
        stage
            .until(|stats| stats.sandboxes[0].open_polls > own)
            .await;
        // The host has not noticed this yet when it hands out the next invocation; and the newest request for work is
        // the first to be served.
        drop(poll);
        assert_eq!(stage.invoke(json!(number)).await, Ok(json!(number)));
        stage
            .until(|stats| stats.sandboxes[0].open_polls == own)
            .await;
    }
    assert_eq!(stage.stats().invocations, 51);
    assert_eq!(stage.stats().cold_starts, 1);
    stage.host.stop().await;
}

#[tokio::test]
async fn function_output_is_stored_and_broadcast() {
    let stage = Stage::with(echo()).await;
    let mut logs = stage.host.logs();
    stage.invoke(json!({"do": "print"})).await.unwrap();
    let mut missing = vec![
        "printed at start",
        "printed to stdout",
        "printed to stderr",
        "END RequestId",
        "START RequestId",
        "REPORT RequestId",
    ];
    in_time(async {
        while !missing.is_empty() {
            let line = logs.recv().await.unwrap();
            assert_eq!(&*line.function, "echo");
            missing.retain(|start| !line.text.starts_with(start));
        }
    })
    .await;
    let kept = std::fs::read_to_string(stage.folder.path().join("echo.log")).unwrap();
    for line in [
        "printed at start\n",
        "printed to stdout\n",
        "printed to stderr\n",
    ] {
        assert!(kept.contains(line), "{kept}");
    }
    stage.host.stop().await;
}
