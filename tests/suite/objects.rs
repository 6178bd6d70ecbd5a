//! Large payloads at the project's one address, as the functions reach it. The policies are tested in
//! `infra/local/supabase/tests/supabase/objects.rs`.

use std::sync::Arc;
use std::time::Duration;

use domain::RunId;
use local_stack::stack::{DEMO_WORKSPACE, Person};
use secrecy::ExposeSecret as _;
use serde_json::json;
use store::{Config, Store};
use system_tests::stacks;

#[tokio::test]
async fn offloaded_payloads_are_readable_by_members() {
    let stack = stacks::start().await.unwrap();
    let config = Config::new(stack.url().to_owned(), stack.publishable_key().to_owned());
    let keys = stack.keys().clone();
    let token = move |_| {
        let token = keys.mint_worker_token(Duration::from_secs(60));
        async move { Ok(token) }
    };
    let store = Store::new(config, Arc::new(token)).unwrap();
    let (workspace, step) = (
        DEMO_WORKSPACE.to_string().parse().unwrap(),
        "collect".parse().unwrap(),
    );
    let value = json!({"rows": vec!["a row"; 20_000]});
    let kept = store.keep(&workspace, RunId(1), &step, "the result", value.clone());
    let reference = kept.await.unwrap();
    assert_eq!(
        store.fetch(&workspace, reference.clone()).await,
        Ok(value.clone())
    );
    let path = reference["$object"].as_str().unwrap();
    let url = format!(
        "{}/storage/v1/object/authenticated/goalpost/{path}",
        stack.url()
    );
    let read_by = async |person| {
        let request = reqwest::Client::new().get(&url);
        let request = request.header("apikey", stack.publishable_key());
        let request = request.bearer_auth(stack.token(person).expose_secret());
        request
            .send()
            .await
            .unwrap()
            .json::<serde_json::Value>()
            .await
            .unwrap()
    };
    assert_eq!(read_by(Person::Approver).await, value);
    assert_eq!(read_by(Person::Stranger).await["code"], "NoSuchKey");
    stack.stop().await.unwrap();
}
