//! Replays tasks that were solved by a competent model: its answers are sent again in order, and the request must end
//! the same way, in as many calls. The answers include mistakes and their repairs.

use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::Client;
use system_tests::stacks;

use crate::script::Script;

/// File, end of the request, and a part of the text that the requester receives.
const TASKS: [(&str, &str, &str); 14] = [
    ("foreign_key", "answered", "foreign key"),
    ("row_level_security", "answered", "Row level security"),
    ("customers_in_germany", "answered", "customers in Germany"),
    ("best_customers", "answered", "Top three customers"),
    (
        "best_customers_before",
        "answered",
        "without cancelled orders",
    ),
    ("steps_repaired_twice", "answered", "full_name"),
    ("wrong_column", "answered", "delivered orders"),
    ("wrong_column_in_a_goal", "answered", "carrier"),
    ("unknown_tool", "answered", "customers.csv"),
    ("thank_you_mail", "answered", "nothing was sent"),
    ("product_to_drop", "answered", "Studio desk pad"),
    ("lamps_by_a_colleague", "answered", "lamps"),
    ("more_than_eight_turns", "answered", "price"),
    ("check_that_cannot_be_met", "failed", "raised prices"),
];

fn message(answer: &Value) -> Value {
    let Some(calls) = answer.get("tool_calls").and_then(Value::as_array) else {
        let content = match answer
            .as_str()
            .or(answer.get("content").and_then(Value::as_str))
        {
            Some(text) => text.to_owned(),
            None => answer.to_string(),
        };
        return json!({"role": "assistant", "content": content});
    };
    let calls: Vec<Value> = (1..)
        .zip(calls)
        .map(|(number, call)| {
            let function =
                json!({"name": call["name"], "arguments": call["arguments"].to_string()});
            json!({"id": format!("call_{number}"), "type": "function", "function": function})
        })
        .collect();
    json!({"role": "assistant", "content": answer["content"], "tool_calls": calls})
}

fn kind(word: &str) -> &'static str {
    match word {
        "assessment" => "assessment",
        "plan" => "plan",
        "work" => "work",
        "verdicts" => "verdicts",
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn played_tasks_end_as_they_did() {
    let script = Script::default();
    let base_url = script.serve().await;
    let stack = stacks::start_with(move |mut options: StackOptions| {
        options
            .environment
            .insert("OPENAI_BASE_URL".to_owned(), base_url);
        options
            .environment
            .insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let folder = system_tests::workspace().join("tests/suite/transcripts");
    let mut problems = Vec::new();
    for (name, state, part) in TASKS {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let task: Value = serde_json::from_str(&text).unwrap();
        let answers = task["answers"].as_array().unwrap();
        for answer in answers {
            script.clone().reply(
                kind(answer["to"].as_str().unwrap()),
                message(&answer["answer"]),
            );
        }
        let asked = owner
            .begin(task["question"].as_str().unwrap())
            .await
            .unwrap();
        let request_id = asked.body["request_id"].as_i64().unwrap();
        let ended = owner.until_settled(request_id).await.unwrap();
        let shown = ended["answer_text"].as_str().unwrap_or_default();
        let left = script.clear();
        if ended["state"] != state || !shown.contains(part) || left != 0 {
            problems.push(format!(
                "{name}: {} of {} answers were not requested; {}",
                left,
                answers.len(),
                ended
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    stack.stop().await.unwrap();
}
