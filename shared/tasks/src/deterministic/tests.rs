//! What works without a language model, and how the rest is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use domain::plan::Catalogue;
use serde_json::json;

use super::*;
use crate::inputs::Fit;
use crate::{Decision, PlanRules};
use llm::{Model, ModelConfig};

fn model() -> Model {
    Model::new(ModelConfig::default()).unwrap()
}

fn rules() -> PlanRules {
    let catalogue = Catalogue {
        tools: Catalogue::tools_by_name(serde_json::from_value::<Vec<_>>(tools()).unwrap()),
        ..Catalogue::default()
    };
    PlanRules {
        catalogue,
        ..PlanRules::default()
    }
}

/// The plan of the runbook that is offered.
fn runbook_plan(tool: &str) -> Value {
    json!({"steps": [{"key": "a", "kind": "tool", "input": {"tool": tool, "arguments": {}}}]})
}

/// No call is made: no provider is configured.
async fn assess(task: &Assess) -> Result<Assessment, Error> {
    let model = model();
    crate::assess(&model, &mut model.direct(), task, &rules()).await
}

async fn plan(task: &PlanTask) -> Result<Planned, Error> {
    let model = model();
    crate::plan(&model, &mut model.direct(), task, &rules()).await
}

fn procedure(task: &WorkTask) -> Result<Vec<ToolInput>, Error> {
    Ok(crate::agent::procedure(&model(), task)?.unwrap())
}

async fn judge(task: &JudgeTask) -> Result<crate::Judgement, Error> {
    let model = model();
    crate::judge(&model, &mut model.direct(), task).await
}

fn tools() -> Value {
    json!([{"name": "sql"}, {"name": "calculate"}, {"name": "http_get"}, {"name": "template"}])
}

fn fit(score: f64) -> &'static str {
    if score >= 0.6 { "use" } else { "none" }
}

fn assess_task(question: &str, score: f64) -> Assess {
    serde_json::from_value(json!({
        "question": question, "now": "2026-01-02T03:04:05Z", "context": {}, "tools": tools(), "tables": [],
        "runbooks": [{"runbook_id": 1, "name": "weekly-review", "title": "Weekly review", "score": 0.1},
                     {"runbook_id": 2, "name": "database-audit", "title": "Audit of the database", "score": score, "relevance": score, "fit": fit(score)}]
    })).unwrap()
}

fn plan_task(score: f64, allowed: bool) -> PlanTask {
    serde_json::from_value(json!({
        "question": "q", "tools": tools(), "revision": 1, "previous": null, "goal": {"goal_id": 1, "title": "t", "description": "audit it"},
        "runbooks": [{"runbook_id": 2, "name": "database-audit", "version": 3, "title": "", "score": score, "fit": fit(score), "reasons": ["same words"],
                      "allowed": allowed, "refusal": "Only admins of the project may audit it.", "plan": runbook_plan("sql")}]
    })).unwrap()
}

#[tokio::test]
async fn runbook_matching_question_becomes_goal() {
    let assessment = assess(&assess_task("audit my database", 0.71))
        .await
        .unwrap();
    assert_eq!(
        assessment.reasons,
        ["runbook database-audit covers the question (0.71)"]
    );
    let result = serde_json::to_value(&assessment).unwrap();
    assert_eq!(result["decision"], "goal");
    assert_eq!(
        result["goal"],
        json!({"title": "Audit of the database", "description": "audit my database", "goal_type": "database-audit"})
    );
}

#[tokio::test]
async fn words_outside_a_runbook_refuse_it_and_are_named() {
    let mut task = assess_task("delete my orders", 0.9);
    task.runbooks[1].uncovered = vec!["delet".into(), "order".into()];
    task.runbooks[1].fit = Fit::Adapt;
    let error = assess(&task).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("weekly-review, database-audit (does not cover: delet, order)"),
        "{error}"
    );
    let mut task = plan_task(0.9, true);
    task.runbooks[0].uncovered = vec!["delet".into()];
    task.runbooks[0].fit = Fit::Adapt;
    let error = plan(&task).await.unwrap_err();
    assert_eq!(error.code(), "no_language_model");
}

#[tokio::test]
async fn runbook_asked_for_by_name_needs_no_score() {
    for question in [
        "weekly-review",
        "Run the weekly review, please.",
        "Audit of the database",
    ] {
        let assessment = assess(&assess_task(question, 0.0)).await.unwrap();
        let Decision::Goal { goal } = assessment.decision else {
            panic!("{question}: {:?}", assessment.decision)
        };
        assert!(goal.goal_type.is_some(), "{question}");
    }
    for question in [
        "weekly review of lamps",
        "review",
        "run",
        "delete the weekly review",
    ] {
        let refused = assess(&assess_task(question, 0.0)).await;
        assert!(refused.is_err(), "{question}: {refused:?}");
    }
}

#[tokio::test]
async fn a_simple_question_becomes_steps() {
    let assessment = assess(&assess_task("what is 2 + 2?", 0.2)).await.unwrap();
    assert!(matches!(&assessment.decision, Decision::Steps { steps } if steps.len() == 1));
    assert_eq!(
        assessment.reasons,
        ["arithmetic", "short question without action words"]
    );
}

#[tokio::test]
async fn unmatched_question_is_refused_with_list_of_runbooks() {
    let error = assess(&assess_task("write me a poem", 0.1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no language model configured; set OPENAI_API_KEY or ANTHROPIC_API_KEY (and GOALPOST_MODEL), or ask something a runbook covers: weekly-review, database-audit"
    );
    assert_eq!(
        (error.code(), error.retryable()),
        ("no_language_model", false)
    );
    let error = plan(&plan_task(0.1, true)).await.unwrap_err();
    assert_eq!(error.code(), "no_language_model");
    let error = procedure(&WorkTask {
        instructions: "think".into(),
        ..WorkTask::default()
    })
    .unwrap_err();
    assert_eq!(error.code(), "no_language_model");
}

#[tokio::test]
async fn the_runbooks_plan_is_taken_if_the_asker_may_use_it() {
    let planned = plan(&plan_task(0.8, true)).await.unwrap();
    assert_eq!(
        (planned.plan, planned.runbook_id),
        (runbook_plan("sql"), Some(2))
    );
    assert_eq!(
        planned.reasons,
        ["runbook database-audit version 3 (0.80)", "same words"]
    );
    let error = plan(&plan_task(0.8, false)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (
            "runbook_not_allowed",
            "Only admins of the project may audit it."
        )
    );
    let mut named = plan_task(0.0, true);
    named.goal.goal_type = Some("database-audit".into());
    assert_eq!(plan(&named).await.unwrap().runbook_id, Some(2));
}

#[tokio::test]
async fn goal_matching_a_tool_is_planned_by_rule() {
    let mut task = plan_task(0.1, true);
    task.goal.description = "what is 17% of 2,340?".into();
    let planned = plan(&task).await.unwrap();
    assert_eq!(planned.plan["report"]["body"], "{{ steps.calculate.text }}");
    assert_eq!(planned.runbook_id, None);
}

#[tokio::test]
async fn a_second_plan_is_not_made_up() {
    let mut again = plan_task(0.8, true);
    again.revision = 2;
    assert_eq!(plan(&again).await.unwrap_err().code(), "no_language_model");
    let mut refused = plan_task(0.8, true);
    refused.runbooks[0].plan = runbook_plan("x");
    let error = plan(&refused).await.unwrap_err();
    assert_eq!(error.code(), "plan_refused");
    assert!(
        error
            .to_string()
            .contains("unknown_tool (step a): there is no tool `x`"),
        "{error}"
    );
}

#[test]
fn instructions_matching_a_tool_become_calls() {
    let mut task: WorkTask = serde_json::from_value(json!({
        "instructions": "how many customers are there?", "tools": tools(), "tables": [{"schema": "shop", "name": "customers"}],
        "agent": {"name": "analyst", "tools": ["sql", "template"]}
    })).unwrap();
    let calls = procedure(&task).unwrap();
    let tools: Vec<&str> = calls.iter().map(|call| call.tool.as_str()).collect();
    assert_eq!(tools, ["sql", "template"]);
    let template = calls[1].arguments["template"].as_str().unwrap();
    let context =
        json!({"results": [{"rows": [{"count": 3}]}], "one": "customer", "many": "customers"});
    assert_eq!(
        domain::expression::render_report(template, &context).unwrap(),
        "There are 3 customers."
    );
    task.agent.as_mut().unwrap().tools.clear();
    assert_eq!(procedure(&task).unwrap_err().code(), "no_language_model");
}

#[tokio::test]
async fn nothing_is_judged_without_a_model() {
    let task: JudgeTask = serde_json::from_value(
        json!({"criteria": [{"number": 2, "description": "it reads well"}]}),
    )
    .unwrap();
    let verdicts = judge(&task).await.unwrap().verdicts;
    assert_eq!(
        (verdicts[0].number, verdicts[0].verdict),
        (2, domain::Verdict::Unknown)
    );
}
