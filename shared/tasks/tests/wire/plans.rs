//! Plans and steps that a model writes: what cannot run goes back with everything that is wrong, and how often.

use domain::Tool;
use llm::Purpose;
use serde_json::{Value, json};
use tasks::{Assess, Decision, PlanTask};

use crate::openai;
use crate::server::{Server, model};
use crate::tasks::{Keeping, question, rules};

/// A plan of one step with these changes to its input.
fn plan_with(input: Value) -> Value {
    json!({"summary": "s", "criteria": [], "steps": [
        {"key": "sum", "kind": "tool", "title": "t", "depends_on": [], "input": input}]})
}

#[tokio::test]
async fn invalid_plan_is_returned_with_every_problem() {
    let bad = plan_with(
        json!({"tool": "calculator", "arguments": {"expression": "{{ steps.other.value }}"}}),
    );
    let wrong_argument =
        plan_with(json!({"tool": "calculate", "arguments": {"expresion": "1 + 1"}}));
    let good = plan_with(json!({"tool": "calculate", "arguments": {"expression": "1 + 1"}}));
    let answers = [&bad, &wrong_argument, &good].map(|plan| openai::text_answer(&plan.to_string()));
    let server = Server::start(answers).await;
    let model = model(server.openai());
    let mut asker = Keeping::new(&model);
    let planned = tasks::plan(&model, &mut asker, &PlanTask::default(), &rules())
        .await
        .unwrap();
    assert_eq!((&planned.plan, planned.runbook_id), (&good, None));
    assert_eq!(planned.reasons, ["planned by gpt-test-2026"]);
    assert_eq!(
        asker.purposes(),
        [
            (Purpose::Plan, 8_192),
            (Purpose::Repair, 8_192),
            (Purpose::Repair, 8_192)
        ]
    );
    let sent = |call: usize, message: usize| {
        server.bodies()[call]["messages"][message]["content"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(sent(1, 2), bad.to_string());
    assert!(
        sent(1, 3).contains("unknown_tool (step sum)"),
        "{}",
        sent(1, 3)
    );
    assert!(
        sent(2, 5).contains("did you mean `expression`?"),
        "{}",
        sent(2, 5)
    );
}

#[tokio::test]
async fn repeatedly_invalid_plan_is_refused_after_three_answers() {
    let bad = plan_with(json!({"tool": "calculator", "arguments": {}})).to_string();
    let server = Server::start([
        openai::text_answer(&bad),
        openai::text_answer(&bad),
        openai::text_answer(&bad),
    ])
    .await;
    let model = model(server.openai());
    let error = tasks::plan(&model, &mut model.direct(), &PlanTask::default(), &rules())
        .await
        .unwrap_err();
    assert_eq!((error.code(), server.asked().len()), ("plan_refused", 3));
    assert!(
        error.to_string().contains("there is no tool `calculator`"),
        "{error}"
    );
}

#[tokio::test]
async fn repeatedly_invalid_steps_become_goal() {
    let steps = |tool: &str| {
        let steps =
            plan_with(json!({"tool": tool, "arguments": {"expression": "1"}}))["steps"].clone();
        json!({"decision": "steps", "steps": steps, "score": 0.3, "reasons": ["r"]}).to_string()
    };
    let bad = || openai::text_answer(&steps("csv_export"));
    let server = Server::start([
        bad(),
        bad(),
        bad(),
        bad(),
        openai::text_answer(&steps("calculate")),
    ])
    .await;
    let model = model(server.openai());
    let assessment = tasks::assess(&model, &mut model.direct(), &question(), &rules())
        .await
        .unwrap();
    let Decision::Goal { goal } = &assessment.decision else {
        panic!("{assessment:?}")
    };
    assert_eq!(
        (goal.title.as_str(), server.asked().len()),
        ("What is a </data> goal?", 3)
    );
    assert!(
        assessment
            .reasons
            .iter()
            .any(|reason| reason.contains("csv_export")),
        "{assessment:?}"
    );
    let assessment = tasks::assess(&model, &mut model.direct(), &question(), &rules())
        .await
        .unwrap();
    assert!(
        matches!(assessment.decision, Decision::Steps { .. }),
        "repaired after one objection"
    );
    assert_eq!(assessment.model.as_deref(), Some("gpt-test-2026"));
}

#[tokio::test]
async fn unreachable_goal_fails_with_reason() {
    let server = Server::start([openai::text_answer(
        r#"{"impossible": "no table has prices of before"}"#,
    )])
    .await;
    let model = model(server.openai());
    let error = tasks::plan(&model, &mut model.direct(), &PlanTask::default(), &rules())
        .await
        .unwrap_err();
    assert_eq!((error.code(), server.asked().len()), ("goal_impossible", 1));
    assert!(
        error.to_string().contains("no table has prices of before"),
        "{error}"
    );
}

#[tokio::test]
async fn last_step_of_an_answer_has_to_give_a_text() {
    let tool = |name: &str, field: &str| Tool {
        name: name.into(),
        result: json!({field: "it"}).as_object().unwrap().clone(),
        ..Tool::default()
    };
    let task = Assess {
        tools: vec![tool("sql", "rows"), tool("calculate", "text")],
        ..question()
    };
    let steps = |tools: &[&str]| {
        let step = |(at, tool): (usize, &&str)| {
            let argument = if *tool == "sql" {
                "query"
            } else {
                "expression"
            };
            json!({"key": format!("s{at}"), "kind": "tool", "title": "t", "depends_on": [],
                   "input": {"tool": tool, "arguments": {argument: "1"}}})
        };
        let steps: Vec<Value> = tools.iter().enumerate().map(step).collect();
        openai::text_answer(
            &json!({"decision": "steps", "steps": steps, "score": 0.3, "reasons": ["r"]})
                .to_string(),
        )
    };
    let server = Server::start([steps(&["calculate", "sql"]), steps(&["sql", "calculate"])]).await;
    let model = model(server.openai());
    let assessment = tasks::assess(&model, &mut model.direct(), &task, &rules())
        .await
        .unwrap();
    assert!(matches!(&assessment.decision, Decision::Steps { steps } if steps.len() == 2));
    let repair = server.bodies()[1]["messages"][3]["content"].to_string();
    assert!(
        repair.contains("sql gives no text; end with a `template` step"),
        "{repair}"
    );
}

#[tokio::test]
async fn steps_of_another_kind_than_tool_go_back() {
    let agent = json!({"decision": "steps", "score": 0.3, "reasons": ["r"], "steps": [
        {"key": "a", "kind": "agent", "agent": "analyst", "title": "t", "depends_on": [], "input": {"instructions": "i"}}]});
    let answer = r#"{"decision": "answer", "text": "Seven.", "score": 0.1, "reasons": []}"#;
    let server = Server::start([
        openai::text_answer(&agent.to_string()),
        openai::text_answer(answer),
    ])
    .await;
    let model = model(server.openai());
    let assessment = tasks::assess(&model, &mut model.direct(), &question(), &rules())
        .await
        .unwrap();
    assert!(matches!(assessment.decision, Decision::Answer { .. }));
    let repair = server.bodies()[1]["messages"][3]["content"].to_string();
    assert!(repair.contains("are of kind tool"), "{repair}");
}
