//! The checks around every call, and the descriptions of the built-in tools.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use std::sync::Arc;
use std::sync::Mutex;

use domain::Approval;
use futures::FutureExt;
use serde_json::json;

use super::*;
use crate::{EgressPolicy, MAX_RESULT_BYTES, Query, QueryRunner};

fn registry() -> Registry {
    Registry::builtin(HttpPolicy::default()).unwrap()
}

fn context(run_query: Option<QueryRunner>) -> CallContext {
    CallContext {
        workspace_id: crate::egress::test_server::workspace(),
        readable_schemas: vec!["public".into()],
        run_query,
        webhook_hosts: Vec::new(),
        egress_policy: EgressPolicy::default(),
        database: None,
        idempotency_key: "1/a".into(),
        time_limit: Duration::from_secs(60),
    }
}

async fn call(name: &str, arguments: Value) -> Result<Value, ToolError> {
    registry().call(name, &arguments, &context(None)).await
}

#[test]
fn built_in_tools_have_closed_schemas() {
    let tools = registry().catalogue();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "sql",
            "calculate",
            "http_get",
            "template",
            "webhook",
            "http",
            "table_write",
            "email",
            "mcp_list",
            "embed_memories",
            "period_report",
            "delegate",
            "ask_human",
            "remember",
            "recall",
            "submit_result"
        ]
    );
    for tool in tools {
        assert_eq!(
            tool.parameters["additionalProperties"], false,
            "{}",
            tool.name
        );
        assert!(
            tool.version >= 1 && !tool.description.is_empty(),
            "{}",
            tool.name
        );
        let schema = domain::JsonSchema::parse(&tool.parameters);
        assert_eq!(schema.err(), None, "{}", tool.name);
        assert_eq!(tool.idempotent, tool.name != "http", "{}", tool.name);
        let writes = ["webhook", "http", "table_write", "email"].contains(&tool.name.as_str());
        assert_eq!(tool.writes, writes, "{}", tool.name);
        // Tools that write or send require an approval once the step has read untrusted content.
        assert_eq!(
            tool.approval == Approval::WhenTainted,
            writes,
            "{}",
            tool.name
        );
        assert!((1..=3_600).contains(&tool.timeout_seconds), "{}", tool.name);
        assert!(
            (1..=1_000).contains(&tool.max_calls_per_step),
            "{}",
            tool.name
        );
    }
}

#[tokio::test]
async fn control_tool_is_described_but_never_called() {
    let control: Vec<Tool> = registry()
        .catalogue()
        .into_iter()
        .filter(|tool| tool.control)
        .collect();
    assert_eq!(control.len(), 5);
    for tool in control {
        let fitting = match tool.name.as_str() {
            "delegate" => json!({"title": "t", "instructions": "i", "as": "step"}),
            "ask_human" => json!({"question": "q"}),
            "remember" => json!({"text": "t", "kind": "fact", "scope": "goal"}),
            "recall" => json!({"query": "q"}),
            _ => json!({"result": {}}),
        };
        assert_eq!(registry().check_arguments(&tool.name, &fitting), Ok(()));
        let error = call(&tool.name, fitting).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("control_tool", false),
            "{}",
            tool.name
        );
        let error = call(&tool.name, json!({})).await.unwrap_err();
        assert_eq!(error.code, "invalid_arguments", "{}", tool.name);
    }
}

#[tokio::test]
async fn each_tool_answers_through_the_registry() {
    assert_eq!(
        call("calculate", json!({"expression": "17% of 2,340"}))
            .await
            .unwrap()["text"],
        "397.8"
    );
    let text = call(
        "template",
        json!({"template": "{{ rows|table }}", "data": {"rows": [{"a": 1}]}}),
    )
    .await
    .unwrap();
    assert_eq!(text["text"], "| a |\n| --- |\n| 1 |");
    assert_eq!(
        call("http_get", json!({"url": "https://localhost/"}))
            .await
            .unwrap_err()
            .code,
        "address_refused"
    );
}

#[tokio::test]
async fn unfit_arguments_are_refused_before_the_call() {
    assert_eq!(
        call("shell", json!({})).await.unwrap_err().code,
        "unknown_tool"
    );
    assert_eq!(
        call("calculate", json!({"expression": 7}))
            .await
            .unwrap_err()
            .code,
        "invalid_arguments"
    );
    assert_eq!(
        call("calculate", json!({"expression": "1", "x": 1}))
            .await
            .unwrap_err()
            .code,
        "invalid_arguments"
    );
    assert_eq!(
        call("sql", json!({"query": "drop table x"}))
            .await
            .unwrap_err()
            .code,
        "query_refused"
    );
    assert_eq!(
        call("sql", json!({"query": "select 1"}))
            .await
            .unwrap_err()
            .code,
        "query_unavailable"
    );
    assert_eq!(
        call("template", json!({"template": "{{ nothing }}"}))
            .await
            .unwrap_err()
            .code,
        "template_failed"
    );
}

#[tokio::test]
async fn runner_receives_checked_query_with_limits() {
    let seen: Arc<Mutex<Vec<Query>>> = Arc::default();
    let kept = seen.clone();
    let runner: QueryRunner = Arc::new(move |query| {
        kept.lock().unwrap().push(query);
        async { Ok(json!({"columns": [], "rows": [], "row_count": 0, "truncated": false})) }.boxed()
    });
    let context = context(Some(runner));
    let registry = registry();
    for arguments in [
        json!({"query": "select count(*) from t -- x"}),
        json!({"query": "select 1", "row_limit": 1000}),
    ] {
        registry.call("sql", &arguments, &context).await.unwrap();
    }
    registry
        .call("sql", &json!({"query": "select pg_sleep(1)"}), &context)
        .await
        .unwrap_err();
    registry
        .call(
            "sql",
            &json!({"query": "select 1", "row_limit": 1001}),
            &context,
        )
        .await
        .unwrap_err();
    let seen = seen.lock().unwrap();
    let limits: Vec<(&str, u32)> = seen
        .iter()
        .map(|query| (query.sql.as_str(), query.row_limit))
        .collect();
    assert_eq!(
        limits,
        [
            ("SELECT pg_catalog.count(*) FROM t", 200),
            ("SELECT 1", 1000)
        ]
    );
}

#[tokio::test]
async fn oversized_or_late_result_is_an_error() {
    let huge: QueryRunner =
        Arc::new(|_| async { Ok(json!({"rows": "x".repeat(MAX_RESULT_BYTES)})) }.boxed());
    let error = registry()
        .call("sql", &json!({"query": "select 1"}), &context(Some(huge)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("result_too_large", false)
    );
    let never: QueryRunner = Arc::new(|_| futures::future::pending().boxed());
    let mut context = context(Some(never));
    context.time_limit = Duration::ZERO;
    let error = registry()
        .call("sql", &json!({"query": "select 1"}), &context)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("tool_timeout", true)
    );
}

#[test]
fn template_arguments_are_rendered_once() {
    let context =
        json!({"steps": {"a": {"text": "{{ goal.title }}"}}, "goal": {"title": "secret"}});
    let registry = registry();
    let arguments = json!({"template": "{{ steps.a.text }} {{ extra }}", "data": {"extra": "{{ steps.a.text }}"}});
    let rendered = registry
        .render_arguments("template", &arguments, &context)
        .unwrap();
    assert_eq!(
        template::call(&rendered).unwrap()["text"],
        "{{ goal.title }} {{ goal.title }}"
    );
    let sql = registry
        .render_arguments(
            "sql",
            &json!({"query": "select '{{ goal.title }}'"}),
            &context,
        )
        .unwrap();
    assert_eq!(sql["query"], "select 'secret'");
    let missing = registry
        .render_arguments("sql", &json!({"query": "{{ steps.b }}"}), &context)
        .unwrap_err();
    assert_eq!(
        (missing.code.as_ref(), missing.retryable),
        ("template_failed", false)
    );
}
