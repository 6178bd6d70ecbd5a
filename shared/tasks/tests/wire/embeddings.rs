//! Embeddings by an OpenAI-compatible server, and the built-in ones.

use llm::embeddings::{LEXICAL_SPACE, WIDTH, lexical};
use llm::{Charged, ModelConfig, TextRole};
use serde_json::{Value, json};

use crate::server::{KEY, Reply, Server, model};

/// A response with all fields that the reference has.
fn embeddings(vectors: &[(usize, Vec<f32>)]) -> Reply {
    let data = vectors
        .iter()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}));
    Reply::json(json!({
        "object": "list", "data": data.collect::<Value>(), "model": "embedder-2026",
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }))
}

fn config(server: &Server) -> ModelConfig {
    ModelConfig {
        embedding_model: Some("openai/embedder".into()),
        ..server.openai()
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn texts_become_vectors_of_our_width_in_their_order() {
    let server = Server::start([embeddings(&[(1, vec![0.0, 2.0]), (0, vec![3.0, 4.0])])]).await;
    let model = model(config(&server));
    let (embedded, usage) = model
        .embed(TextRole::Passage, &texts(&["a", ""]))
        .await
        .unwrap();
    assert_eq!(
        (
            embedded.space.as_str(),
            model.embedding_space().unwrap().as_str()
        ),
        ("openai/embedder", "openai/embedder")
    );
    assert_eq!(embedded.vectors[0][..3], [0.6, 0.8, 0.0]);
    assert_eq!(embedded.vectors[1][..3], [0.0, 1.0, 0.0]);
    assert!(embedded.vectors.iter().all(|vector| vector.len() == WIDTH));
    let usage = usage.unwrap();
    assert_eq!(
        (
            usage.provider.as_str(),
            usage.model.as_str(),
            usage.input_tokens
        ),
        ("openai", "embedder", 8)
    );
    let asked = server.asked().remove(0);
    assert!(
        asked.head.starts_with("POST /v1/embeddings HTTP/1.1"),
        "{}",
        asked.head
    );
    assert!(
        asked
            .head
            .contains(&format!("authorization: bearer {KEY}\r\n"))
    );
    assert_eq!(
        asked.body,
        json!({"model": "embedder", "input": ["a", "(empty)"], "encoding_format": "float", "dimensions": 1024})
    );
}

#[tokio::test]
async fn many_texts_are_several_calls_and_one_list() {
    let batch = |count: usize| {
        embeddings(
            &(0..count)
                .map(|index| (index, vec![1.0]))
                .collect::<Vec<_>>(),
        )
    };
    let server = Server::start([batch(64), batch(6)]).await;
    let (embedded, usage) = model(config(&server))
        .embed(TextRole::Passage, &vec!["x".to_owned(); 70])
        .await
        .unwrap();
    assert_eq!(
        (embedded.vectors.len(), usage.unwrap().input_tokens),
        (70, 16)
    );
    let sizes: Vec<usize> = server
        .bodies()
        .iter()
        .map(|body| body["input"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [64, 6]);
}

#[tokio::test]
async fn refused_width_is_left_out_of_the_next_call() {
    let refusal = Reply::status(
        "400 Bad Request",
        json!({"error": {"message": "this model is no matryoshka"}}),
    );
    let server = Server::start([refusal, embeddings(&[(0, vec![1.0])])]).await;
    model(config(&server))
        .embed(TextRole::Passage, &texts(&["a"]))
        .await
        .unwrap();
    let widths: Vec<Option<Value>> = server
        .bodies()
        .iter()
        .map(|body| body.get("dimensions").cloned())
        .collect();
    assert_eq!(widths, [Some(json!(1024)), None]);
}

#[tokio::test]
async fn embeddings_of_wrong_size_or_count_are_refused() {
    let cases = [
        (embeddings(&[(0, vec![1.0; 1025])]), "model_refused"),
        (embeddings(&[]), "model_malformed"),
        (
            embeddings(&[(0, vec![1.0]), (0, vec![1.0])]),
            "model_malformed",
        ),
        (embeddings(&[(3, vec![1.0])]), "model_malformed"),
        (embeddings(&[(0, vec![0.0])]), "model_malformed"),
        (
            Reply::json(json!({"data": [{"index": 0, "embedding": "AACAPw=="}]})),
            "model_malformed",
        ),
        (
            Reply::status("429 Too Many Requests\r\nretry-after: 5", json!({})),
            "model_rate_limited",
        ),
        (
            Reply::status("401 Unauthorized", json!({})),
            "model_wrong_key",
        ),
    ];
    for (reply, code) in cases {
        let server = Server::start([reply]).await;
        let error = model(config(&server))
            .embed(TextRole::Passage, &texts(&["a"]))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(
            error.was_charged() == Charged::Unknown,
            code == "model_malformed"
        );
        let was_answered = !matches!(code, "model_rate_limited" | "model_wrong_key");
        assert_eq!(error.usage.is_some(), was_answered, "{error}");
    }
}

#[tokio::test]
async fn paid_embedding_is_bounded_and_free_one_is_none() {
    let server = Server::start([embeddings(&[(0, vec![1.0])])]).await;
    let paid = model(config(&server));
    let call = paid
        .embedding_call(TextRole::Passage, &texts(&["slow queries"]))
        .unwrap();
    paid.embed(TextRole::Passage, &texts(&["slow queries"]))
        .await
        .unwrap();
    let sent = server.bodies()[0].to_string().len();
    assert_eq!(
        (call.candidate.model.as_str(), call.max_input_tokens),
        ("embedder", u64::try_from(sent).unwrap())
    );
    let free = model(ModelConfig {
        embedding_model: Some("lexical".into()),
        ..config(&server)
    });
    assert_eq!(
        free.embedding_call(TextRole::Passage, &texts(&["slow queries"])),
        None
    );
}

#[tokio::test]
async fn without_a_model_for_it_the_lexical_embedding_serves() {
    let server = Server::start([]).await;
    let lexical_ones = [
        ModelConfig::default(),
        server.anthropic(),
        // A server of one's own need not have any.
        server.openai(),
        ModelConfig {
            embedding_model: Some("lexical".into()),
            ..server.openai()
        },
    ];
    for config in lexical_ones {
        let model = model(config);
        let (embedded, usage) = model
            .embed(TextRole::Passage, &texts(&["slow queries"]))
            .await
            .unwrap();
        assert_eq!((embedded.space.as_str(), usage), (LEXICAL_SPACE, None));
        assert_eq!(embedded.vectors, [lexical("slow queries")]);
    }
    assert!(server.asked().is_empty());
    let openai = ModelConfig {
        openai_api_key: Some(KEY.to_owned().into()),
        ..ModelConfig::default()
    };
    assert_eq!(
        model(openai).embedding_space().unwrap(),
        "openai/text-embedding-3-small"
    );
}

#[tokio::test]
async fn role_of_a_text_is_sent_in_the_form_of_the_model() {
    let sent = async |model_name: &str, input: Option<&str>, role| {
        let server = Server::start([embeddings(&[(0, vec![1.0])])]).await;
        let config = ModelConfig {
            embedding_model: Some(model_name.into()),
            embedding_input: input.map(str::to_owned),
            ..server.openai()
        };
        model(config).embed(role, &texts(&["x"])).await.unwrap();
        let body = server.asked().remove(0).body;
        (body["input"][0].clone(), body["input_type"].clone())
    };
    for (name, input, role, text, input_type) in [
        (
            "multilingual-e5-small",
            None,
            TextRole::Query,
            "query: x",
            json!(null),
        ),
        (
            "multilingual-e5-small",
            None,
            TextRole::Passage,
            "passage: x",
            json!(null),
        ),
        (
            "multilingual-e5-small",
            Some("input_type"),
            TextRole::Query,
            "x",
            json!("query"),
        ),
        ("embedder", None, TextRole::Query, "x", json!(null)),
        (
            "embedder",
            Some("Search: |"),
            TextRole::Query,
            "Search: x",
            json!(null),
        ),
        (
            "embedder",
            Some("input_type"),
            TextRole::Passage,
            "x",
            json!("passage"),
        ),
    ] {
        assert_eq!(
            sent(name, input, role).await,
            (json!(text), input_type),
            "{name} {input:?}"
        );
    }
}

#[tokio::test]
async fn server_for_embeddings_receives_no_key() {
    let (chat, server) = (
        Server::start([]).await,
        Server::start([embeddings(&[(0, vec![1.0])])]).await,
    );
    let address = server.openai().openai_base_url;
    let model = model(ModelConfig {
        embedding_base_url: address,
        ..config(&chat)
    });
    model.embed(TextRole::Query, &texts(&["x"])).await.unwrap();
    let asked = server.asked().remove(0);
    assert!(!asked.head.contains("authorization"), "{}", asked.head);
}
