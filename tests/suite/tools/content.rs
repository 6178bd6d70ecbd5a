//! Content that a person approves in a step of the plan: edited there, sent once as edited, without a second approval.

use local_stack::stack::Person;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use super::outside::Receiver;
use super::whole::decision;
use crate::script::Script;

fn plan(hook: &str) -> Value {
    let text = "{{ steps.count.rows[0].n }} customers";
    let step = |key: &str, kind: &str, depends_on: &[&str], input: Value| json!({"key": key, "kind": kind, "depends_on": depends_on, "input": input});
    json!({"summary": "Count, ask, post", "criteria": ["It was posted"], "steps": [
        step("count", "tool", &[], json!({"tool": "sql", "arguments": {"query": "select count(*) as n from shop.customers"}})),
        step("ok", "approval", &["count"], json!({"question": "Post that we have {{ steps.count.rows[0].n }} customers?",
            "content": {"tool": "webhook", "arguments": {"url": hook, "body": {"text": text}}}})),
        step("post", "tool", &["ok"], json!({"tool": "webhook", "arguments": {"url": hook, "body": "{{ steps.ok.content.arguments.body }}"}})),
    ], "report": {"title": "Posted", "body": "Posted: {{ steps.post.arguments.body.text }}"}})
}

#[tokio::test]
async fn edited_content_is_sent_without_second_approval() {
    let receiver = Receiver::start().await;
    let hook = format!("http://{}/hook", receiver.host);
    let goal = json!({"decision": "goal", "goal": {"title": "Post a number", "description": "Count and post"}});
    let script = Script::default()
        .json("assessment", &goal)
        .json("plan", &plan(&hook))
        .json(
            "verdicts",
            &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "post", "evidence": "it was"}]}),
        );
    let base_url = script.serve().await;
    let private = format!("{}={DEMO}", receiver.host);
    let stack = stacks::start_with(|mut options| {
        let named = [
            ("OPENAI_BASE_URL", base_url),
            ("GOALPOST_MODEL", "scripted".to_owned()),
            ("GOALPOST_PRIVATE_HOSTS", private),
        ];
        let named = named.map(|(name, value)| (name.to_owned(), value));
        options.environment.extend(named);
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    })
    .await
    .unwrap();
    let (owner, approver) = (
        Client::of(&stack, Person::Owner),
        Client::of(&stack, Person::Approver),
    );
    owner.allow("webhook", &receiver.host).await.unwrap();

    let asked = owner
        .begin("Post the number of our customers to the chat")
        .await
        .unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    let waiting = decision(&approver).await;
    let mut content = waiting["subject"].clone();
    let text = content["arguments"]["body"]["text"].as_str().unwrap();
    assert!(
        text.ends_with(" customers") && !text.contains("{{"),
        "{waiting}"
    );
    assert!(
        waiting["question"].as_str().unwrap().contains(text),
        "{waiting}"
    );
    content["arguments"]["body"]["text"] = json!("Many customers");
    let decided = json!({"p_approval_id": waiting["approval_id"], "p_decision": "approved", "p_edited": content});
    let decided = approver.rpc("decide_approval", &decided).await.unwrap();
    assert_eq!(decided.body["state"], "approved", "{decided:?}");

    let ended = owner.until_settled(request_id).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    let sent = receiver.got();
    assert_eq!(sent.len(), 1, "{sent:?}");
    let body: Value = serde_json::from_slice(&sent[0].1).unwrap();
    assert_eq!(body["text"], "Many customers");
    let report = ended["answer_text"].as_str().unwrap();
    assert!(report.contains("Posted: Many customers"), "{report}");
    let calls = owner
        .rows("tool_calls", "select=tool,rule&tool=eq.webhook")
        .await
        .unwrap();
    assert_eq!(
        calls,
        [json!({"tool": "webhook", "rule": "approved_before"})]
    );
    let approvals = owner.rows("approvals", "select=kind").await.unwrap();
    assert_eq!(approvals, [json!({"kind": "step"})]);
    let corrections = owner
        .rows("corrections", "select=kind,corrected")
        .await
        .unwrap();
    assert_eq!(corrections[0]["corrected"], content, "{corrections:?}");
    stack.stop().await.unwrap();
}
