//! Large payloads at the project's one address, as the functions reach it. The policies are tested in
//! `infra/local/supabase/tests/supabase/objects.rs`.

use std::sync::Arc;
use std::time::Duration;

use domain::RunId;
use local_stack::stack::{DEMO_WORKSPACE, Person, Stack};
use secrecy::ExposeSecret as _;
use serde_json::json;
use store::{Config, Store};
use system_tests::people::Client;
use system_tests::{clock_sql, command, schedule_tick, stacks};

fn worker_store(stack: &Stack) -> Store {
    let config = Config::new(stack.url().to_owned(), stack.publishable_key().to_owned());
    let keys = stack.keys().clone();
    let token = move |_| {
        let token = keys.mint_worker_token(Duration::from_secs(60));
        async move { Ok(token) }
    };
    Store::new(config, Arc::new(token)).unwrap()
}

#[tokio::test]
async fn offloaded_payloads_are_readable_by_members() {
    let stack = stacks::start().await.unwrap();
    let store = worker_store(&stack);
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

/// Ended work past its retention is deleted by the analyzer's schedule, with its objects.
#[tokio::test]
async fn work_past_its_retention_is_deleted_with_its_objects() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let print = async |arguments: &[&str]| command::print(&stack, arguments).await.unwrap();
    let asked = print(&["ask", "What is 17% of 2,340?", "--wait"]).await;
    assert!(asked.contains("397.8"), "{asked}");
    let requests = owner.rows("requests", "select=id").await.unwrap();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let store = worker_store(&stack);
    let runs = owner.rows("workflow_runs", "select=id").await.unwrap();
    let run = RunId(runs[0]["id"].as_i64().unwrap());
    let value = json!({"rows": vec!["a row"; 20_000]});
    let (workspace, step) = (
        DEMO_WORKSPACE.to_string().parse().unwrap(),
        "assess".parse().unwrap(),
    );
    let kept = store.keep(&workspace, run, &step, "the result", value);
    let path = kept.await.unwrap()["$object"].as_str().unwrap().to_owned();
    let refused = store.delete_object(&path).await;
    assert!(
        refused.is_ok(),
        "not to be seen is not to be found: {refused:?}"
    );
    assert!(
        store.get_object(&path).await.is_ok(),
        "the object of work that is kept"
    );

    let db = stack.admin_db().await.unwrap();
    db.batch_execute(&clock_sql("31 days")).await.unwrap();
    let shown = print(&["retention"]).await;
    assert!(
        shown.contains("kept for 365 days") && shown.contains("Nothing ended before"),
        "{shown}"
    );
    let shown = print(&["retention", "--days", "30", "--dry-run"]).await;
    assert!(
        shown.contains("would be kept for 30 days") && shown.contains("1 request with 0 goals"),
        "{shown}"
    );
    let days = ["retention", "--days", "30"];
    let ran = command::run(&stack, Person::Owner, &days, "")
        .await
        .unwrap();
    let error = String::from_utf8(ran.stderr).unwrap();
    assert!(
        !ran.status.success()
            && error.contains("1 request of this workspace")
            && error.contains("add --yes"),
        "{error}"
    );
    print(&["retention", "--days", "30", "--yes"]).await;
    stack
        .invoke("analyzer", &schedule_tick("analyzer"))
        .await
        .unwrap();
    let left = owner.rows("requests", "select=id").await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    let gone = store.get_object(&path).await;
    assert!(
        matches!(gone, Err(store::Error::NotFound { .. })),
        "{gone:?}"
    );
    let left = db.query_one(
        "select count(*) from goalpost_private.objects_to_delete",
        &[],
    );
    assert_eq!(left.await.unwrap().get::<_, i64>(0), 0);
    stack.stop().await.unwrap();
}
