//! Both protocols behind one name, for rules that hold for both.

use domain::Tool;
use llm::{Answer, Error, Model, ModelConfig, Request};
use serde_json::{Value, json};
use tasks::{Agent, PastTurn, WorkTask};

use crate::server::{Reply, Server, ask, model, question};
use crate::{anthropic, openai};

/// One of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Protocol {
    OpenAi,
    Anthropic,
}

pub const BOTH: [Protocol; 2] = [Protocol::OpenAi, Protocol::Anthropic];

impl Protocol {
    pub fn config(self, server: &Server) -> ModelConfig {
        match self {
            Self::OpenAi => server.openai(),
            Self::Anthropic => server.anthropic(),
        }
    }

    pub fn model(self, server: &Server) -> Model {
        model(self.config(server))
    }

    /// A whole answer of a text.
    pub fn text(self, text: &str) -> Value {
        self.ended(
            text,
            if self == Self::OpenAi {
                "stop"
            } else {
                "end_turn"
            },
        )
    }

    /// A text that ended for a reason.
    pub fn ended(self, text: &str, reason: &str) -> Value {
        match self {
            Self::OpenAi => {
                openai::completion(json!({"role": "assistant", "content": text}), reason)
            }
            Self::Anthropic => anthropic::message(json!([{"type": "text", "text": text}]), reason),
        }
    }

    /// A call, with its arguments as the protocol writes them or as they are given.
    pub fn call(self, id: &str, arguments: Value) -> Value {
        match self {
            Self::OpenAi => {
                let call = json!({"id": id, "type": "function", "function": {"name": "calculate", "arguments": arguments}});
                openai::completion(
                    json!({"role": "assistant", "content": null, "tool_calls": [call]}),
                    "tool_calls",
                )
            }
            Self::Anthropic => anthropic::message(
                json!([{"type": "tool_use", "id": id, "name": "calculate", "input": arguments}]),
                "tool_use",
            ),
        }
    }

    /// The ids of calls and of results in a body, in their order.
    pub fn ids(self, body: &Value) -> (Vec<String>, Vec<String>) {
        let messages = body["messages"].as_array().unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (calls, results): (Vec<Value>, Vec<Value>) = match self {
            Self::OpenAi => (
                messages
                    .iter()
                    .filter_map(|sent| sent["tool_calls"].as_array())
                    .flatten()
                    .map(|call| call["id"].clone())
                    .collect(),
                messages
                    .iter()
                    .map(|sent| sent["tool_call_id"].clone())
                    .collect(),
            ),
            Self::Anthropic => {
                let blocks: Vec<&Value> = messages
                    .iter()
                    .flat_map(|sent| sent["content"].as_array().unwrap())
                    .collect();
                (
                    blocks
                        .iter()
                        .filter(|block| block["type"] == "tool_use")
                        .map(|block| block["id"].clone())
                        .collect(),
                    blocks
                        .iter()
                        .map(|block| block["tool_use_id"].clone())
                        .collect(),
                )
            }
        };
        (
            calls.iter().filter_map(text).collect(),
            results.iter().filter_map(text).collect(),
        )
    }
}

pub fn calculate() -> Tool {
    serde_json::from_value(
        json!({"name": "calculate", "description": "d", "parameters": {"type": "object",
        "properties": {"expression": {"type": "string"}}, "required": ["expression"]}}),
    )
    .unwrap()
}

pub fn with_a_tool() -> Request {
    Request {
        tools: vec![calculate()],
        ..question("Look")
    }
}

pub async fn answered(protocol: Protocol, reply: Reply, request: Request) -> Result<Answer, Error> {
    let server = Server::start([reply]).await;
    let answer = ask(&protocol.model(&server), request).await;
    assert_eq!(server.asked().len(), 1, "one call is paid");
    answer
}

/// A step of an agent that may calculate.
pub fn task(turns: Vec<PastTurn>) -> WorkTask {
    WorkTask {
        instructions: "Compute.".into(),
        agent: Some(Agent {
            tools: vec!["calculate".into()],
            ..Agent::default()
        }),
        tools: vec![calculate()],
        turns,
        ..WorkTask::default()
    }
}

/// Returns the steps of a goal whose one step, `look`, completed.
pub(crate) fn looked() -> Vec<tasks::StepOutcome> {
    vec![tasks::StepOutcome {
        key: "look".to_owned(),
        state: "completed".to_owned(),
        ..tasks::StepOutcome::default()
    }]
}
