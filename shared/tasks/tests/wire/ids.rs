//! Ids of calls: a server matches results by them.

use domain::{ToolCall, ToolCallRequest, ToolCallState};
use llm::{Answer, Message, ToolResult};
use serde_json::json;
use tasks::{PastTurn, Turn};

use crate::openai;
use crate::protocol::{BOTH, Protocol, task, with_a_tool};
use crate::server::{Reply, Server, ask, model};

#[tokio::test]
async fn ids_of_any_length_go_back_whole_and_unique() {
    let long = "x".repeat(300);
    for protocol in BOTH {
        let call = |id: &str| Reply::json(protocol.call(id, json!({"expression": "1+1"})));
        let server = Server::start([
            call(&long),
            call("calculate-0"),
            call("calculate-0"),
            Reply::json(protocol.text("Two.")),
        ])
        .await;
        let model = protocol.model(&server);
        let mut turns: Vec<PastTurn> = Vec::new();
        while let Turn::Calls { answer } =
            tasks::agent::work(&model, &mut model.direct(), &task(turns.clone()))
                .await
                .unwrap()
        {
            // As the database keeps the call: its id is cut there.
            let request = answer.calls[0].clone();
            let request = ToolCallRequest {
                call_id: request.call_id.chars().take(200).collect(),
                ..request
            };
            let mut made = ToolCall::unrecorded(request, "key".into());
            made.state = ToolCallState::Done;
            made.result = Some(json!({"text": format!("result {}", turns.len())}));
            turns.push(PastTurn {
                answer,
                calls: vec![made],
            });
        }
        let last = server.bodies().pop().unwrap();
        let (calls, results) = protocol.ids(&last);
        assert_eq!(calls, results, "{protocol:?}: each call has its result");
        assert_eq!(
            (calls.len(), &calls[0], &calls[1]),
            (3, &long, &"calculate-0".to_owned())
        );
        assert_ne!(calls[1], calls[2], "{protocol:?}");
        let text = last.to_string();
        for number in 0..3 {
            assert_eq!(
                text.matches(&format!("result {number}")).count(),
                1,
                "{protocol:?}"
            );
        }
        assert!(!text.contains("not_called"), "{protocol:?}");
    }
}

#[tokio::test]
async fn ids_of_another_provider_are_nine_letters_and_digits() {
    let server = Server::start([openai::text_answer("ok")]).await;
    let mut request = with_a_tool();
    let call = ToolCallRequest {
        call_id: "toolu_01".into(),
        tool: "calculate".into(),
        arguments: json!({}),
    };
    request.messages.push(Message::Assistant(Answer {
        provider: "anthropic".into(),
        calls: vec![call],
        ..Answer::default()
    }));
    let result = ToolResult {
        call_id: "toolu_01".into(),
        name: "calculate".into(),
        content: "2".into(),
        is_error: false,
    };
    request.messages.push(Message::ToolResults {
        results: vec![result],
    });
    ask(&model(server.openai()), request).await.unwrap();
    let (calls, results) = Protocol::OpenAi.ids(&server.bodies()[0]);
    assert_eq!(
        (calls.clone(), calls),
        (results, vec!["call00001".to_owned()]),
        "Mistral takes no others"
    );
}
