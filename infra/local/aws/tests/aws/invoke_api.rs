//! Tests of the Invoke API over HTTP.

use local_aws::lambda::{Host, HostConfig, MAX_REQUEST_BYTES};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::stage::{INVOKE_KEY, Prompter, Stage, echo};

async fn invoke(base: &str, name: &str, kind: &str, body: impl Into<reqwest::Body>) -> Response {
    Client::new()
        .post(format!("{base}/2015-03-31/functions/{name}/invocations"))
        .bearer_auth(INVOKE_KEY)
        .header("X-Amz-Invocation-Type", kind)
        .body(body)
        .send()
        .await
        .unwrap()
}

fn header(response: &Response, name: &str) -> String {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn answer_comes_with_200_and_its_ids() {
    let stage = Stage::with(echo()).await;
    let base = stage.serve().await;
    for name in [
        "echo",
        "echo:$LATEST",
        "arn:aws:lambda:us-east-1:000000000000:function:echo",
    ] {
        let response = invoke(&base, name, "RequestResponse", r#"{"a":1}"#).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-amz-executed-version"), "$LATEST");
        assert_eq!(header(&response, "x-amzn-requestid").len(), 36);
        assert_eq!(header(&response, "x-amz-function-error"), "");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"a": 1}));
    }
    let response = invoke(&base, "echo", "RequestResponse", "").await;
    assert_eq!(
        response.text().await.unwrap(),
        "{}",
        "no payload is an empty object"
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn invocation_without_the_key_is_refused() {
    let stage = Stage::with(echo()).await;
    let base = stage.serve().await;
    let url = format!("{base}/2015-03-31/functions/echo/invocations");
    for (given, kind) in [
        (None, "MissingAuthenticationTokenException"),
        (Some("Bearer "), "UnrecognizedClientException"),
        (Some("Bearer another-key"), "UnrecognizedClientException"),
        (Some(INVOKE_KEY), "UnrecognizedClientException"),
    ] {
        let mut request = Client::new().post(&url).body("{}");
        if let Some(given) = given {
            request = request.header("authorization", given);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403, "{given:?}");
        assert_eq!(header(&response, "x-amzn-errortype"), kind, "{given:?}");
    }
    assert_eq!(stage.stats().invocations, 0);
    stage.host.stop().await;
}

#[tokio::test]
async fn failed_function_answers_200_with_error_header() {
    let stage = Stage::with(echo()).await;
    let base = stage.serve().await;
    for (command, kind) in [
        (json!({"do": "fail"}), None),
        (json!({"do": "exit", "code": 1}), Some("Runtime.ExitError")),
    ] {
        let response = invoke(&base, "echo", "RequestResponse", command.to_string()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "x-amz-function-error"), "Unhandled");
        let error = response.json::<Value>().await.unwrap();
        assert!(
            error["errorMessage"].is_string() && error["errorType"].is_string(),
            "{error}"
        );
        if let Some(kind) = kind {
            assert_eq!(error["errorType"], kind);
        } else {
            assert!(
                error["errorMessage"]
                    .as_str()
                    .unwrap()
                    .contains("asked to fail"),
                "{error}"
            );
        }
    }
    stage.host.stop().await;
}

#[tokio::test]
async fn event_is_accepted_and_dry_run_runs_nothing() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let base = stage.serve().await;
    let response = invoke(&base, "echo", "DryRun", "{}").await;
    assert_eq!(response.status(), 204);
    let response = invoke(&base, "echo", "Event", r#"{"a":1}"#).await;
    assert_eq!(response.status(), 202);
    assert_eq!(header(&response, "x-amzn-requestid").len(), 36);
    let mut cue = prompter.cue().await;
    assert_eq!(
        cue.event,
        json!({"a": 1}),
        "the dry run did not come this far"
    );
    assert_eq!(cue.request_id, header(&response, "x-amzn-requestid"));
    cue.reply(Value::Null).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn refusals_are_those_of_aws() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    let base = stage.serve().await;

    let response = invoke(&base, "missing", "RequestResponse", "{}").await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        "ResourceNotFoundException"
    );
    let expected = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:missing";
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        json!({"Type": "User", "Message": expected})
    );

    let response = invoke(&base, "echo", "RequestResponse", "{no json").await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        "InvalidRequestContentException"
    );

    let response = invoke(&base, "echo", "Sideways", "{}").await;
    assert_eq!(response.status(), 400);

    let response = invoke(
        &base,
        "echo",
        "RequestResponse",
        " ".repeat(MAX_REQUEST_BYTES + 1),
    )
    .await;
    assert_eq!(response.status(), 413);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        "RequestTooLargeException"
    );

    let busy = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    let response = invoke(&base, "echo", "RequestResponse", "{}").await;
    assert_eq!(response.status(), 429);
    assert_eq!(
        header(&response, "x-amzn-errortype"),
        "TooManyRequestsException"
    );
    let body = response.json::<Value>().await.unwrap();
    assert_eq!(
        body["Reason"],
        "ReservedFunctionConcurrentInvocationLimitExceeded"
    );
    cue.reply(Value::Null).await;
    busy.await.unwrap().unwrap();
    stage.host.stop().await;
}

#[tokio::test]
async fn host_refuses_an_impossible_configuration() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut missing = echo();
    missing.program = folder.path().join("nothing");
    let mut unusable = echo();
    unusable.name = "a/b".to_owned();
    let mut zero = echo();
    zero.max_sandboxes = 0;
    for (functions, hint) in [
        (vec![missing], "cargo build"),
        (vec![unusable], "letters, digits"),
        (vec![zero], "at least 1"),
        (vec![echo(), echo()], "rename"),
    ] {
        let mut config = HostConfig::new(folder.path());
        config.functions = functions;
        let error = Host::start(config)
            .await
            .err()
            .expect("it must not start")
            .to_string();
        assert!(error.contains(hint), "{error}");
    }
}
