//! The local Invoke API admits the operator alone.

use local_stack::stack::{StackOptions, Switch};
use secrecy::ExposeSecret as _;
use serde_json::json;
use system_tests::stacks;

#[tokio::test]
async fn invocation_needs_the_secret_key_of_the_project() {
    let stack = stacks::start_with(|options| StackOptions {
        pg_net: Switch::Off,
        ..options
    })
    .await
    .unwrap();
    let url = format!("{}/2015-03-31/functions/executor/invocations", stack.url());
    let keys = stack.keys();
    let worker = keys.mint_worker_token(std::time::Duration::from_secs(60));
    let schedule = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "a", "body": "{}"}]});
    for (key, expected) in [
        (None, 403),
        (Some(keys.publishable_key()), 403),
        (Some(worker.expose_secret()), 403),
        (Some(keys.secret_key().expose_secret()), 200),
    ] {
        let mut request = reqwest::Client::new().post(&url).json(&schedule);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let status = request.send().await.unwrap().status();
        assert_eq!(status, expected, "{key:?}");
    }
    stack.stop().await.unwrap();
}
