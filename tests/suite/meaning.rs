//! Matching of runbooks by meaning, with a scripted server of embeddings.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

/// A server of embeddings. Texts about zebras or striped animals lie close together; every other text has a direction of
/// its own.
#[derive(Clone, Default)]
struct Embedder {
    texts: Arc<Mutex<Vec<String>>>,
    calls_with_key: Arc<Mutex<usize>>,
    is_down: Arc<Mutex<bool>>,
}

impl Embedder {
    async fn serve(&self) -> String {
        let router = Router::new()
            .route("/v1/embeddings", post(embed))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// Returns how often a text was embedded.
    fn count(&self, text: &str) -> usize {
        let texts = self.texts.lock().unwrap();
        texts.iter().filter(|one| *one == text).count()
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut texts = self.texts.lock().unwrap();
        texts.push(text.to_owned());
        let mut vector = vec![0.0; 800];
        let is_near = ["zebra", "Zebra", "striped"]
            .iter()
            .any(|word| text.contains(word));
        if is_near {
            vector[0] = 2.0;
        }
        vector[texts.len()] = 1.0;
        vector
    }
}

async fn embed(
    State(embedder): State<Embedder>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    if *embedder.is_down.lock().unwrap() {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    if headers.contains_key("authorization") {
        *embedder.calls_with_key.lock().unwrap() += 1;
    }
    let texts = body["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = texts
        .map(|(index, text)| {
            json!({"index": index, "embedding": embedder.vector(text.as_str().unwrap())})
        })
        .collect();
    Ok(Json(
        json!({"data": data, "usage": {"prompt_tokens": 10, "total_tokens": 10}}),
    ))
}

#[tokio::test]
async fn paraphrase_without_common_word_finds_its_runbook() {
    let goal =
        json!({"title": "Stripes", "description": "Groom it.", "goal_type": "zebra-grooming"});
    let script = Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": goal}))
        .json("assessment", &json!({"decision": "goal", "goal": goal}));
    let embedder = Embedder::default();
    let (chat, embeddings) = (script.serve().await, embedder.serve().await);
    let with_models = move |mut options: StackOptions| {
        for (name, value) in [
            ("OPENAI_BASE_URL", chat.as_str()),
            ("GOALPOST_MODEL", "scripted"),
            ("GOALPOST_EMBEDDING_BASE_URL", embeddings.as_str()),
            ("GOALPOST_EMBEDDING_MODEL", "scripted-e5-small"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_models).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let runbook = json!({
        "name": "zebra-grooming", "title": "Groom a zebra", "description": "Grooms one zebra", "goal_type": "care",
        "examples": ["groom my zebra"],
        "plan": {"steps": [{"key": "groom", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 1"}}}]},
    });
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    let applied = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(applied.body["state"], "active", "{applied:?}");
    let ended = async |question: &str| {
        let asked = owner.begin(question).await.unwrap();
        let request = asked.body["request_id"].as_i64().unwrap();
        let done = owner.until_settled(request).await.unwrap();
        assert_eq!(done["state"], "answered", "{done}");
        let rows = format!(
            "select=relevance,relevance_by_words,relevance_by_meaning,is_chosen,runbooks!inner(name),workflow_runs!inner(request_id)&runbooks.name=eq.zebra-grooming&workflow_runs.request_id=eq.{request}"
        );
        owner.rows("runbook_matches", &rows).await.unwrap()
    };

    let considered = ended("Please brush our striped horse").await;
    let prompt = script.asked_for("assessment").remove(0).to_string();
    assert!(prompt.contains("zebra-grooming"), "{prompt}");
    let [considered] = considered.as_slice() else {
        panic!("one plan considered it: {considered:?}");
    };
    let number = |name: &str| considered[name].as_f64();
    assert_eq!(number("relevance_by_words"), Some(0.0), "{considered}");
    assert!(number("relevance_by_meaning") > Some(0.5), "{considered}");
    assert_eq!(number("relevance"), number("relevance_by_meaning"));
    assert_eq!(considered["is_chosen"], true);
    assert_eq!(
        embedder.count("query: Please brush our striped horse"),
        1,
        "assessment and plan share one embedding of the question"
    );
    assert_eq!(embedder.count("passage: groom my zebra"), 1);

    *embedder.is_down.lock().unwrap() = true;
    let considered = ended("Groom the zebra before lunch").await;
    assert_eq!(considered[0]["relevance_by_meaning"], Value::Null);
    assert_eq!(
        considered[0]["relevance_by_words"],
        considered[0]["relevance"]
    );
    assert_eq!(*embedder.calls_with_key.lock().unwrap(), 0);
    assert_eq!(script.clear(), 0);
    stack.stop().await.unwrap();
}
