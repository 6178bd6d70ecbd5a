//! Judgements: verdicts with the step they rest on, and contradictions between results.

use domain::{DecidedBy, Verdict};
use serde_json::{Value, json};
use tasks::{JudgeTask, Judgement};

use crate::server::{Server, model};
use crate::{anthropic, openai};

/// Returns a task with two criteria, over the steps `rank` and `count`.
fn task() -> JudgeTask {
    let task = json!({
        "criteria": [{"number": 1, "description": "a"}, {"number": 2, "description": "b"}],
        "steps": [{"key": "rank", "state": "completed", "result": {"n": 3}}, {"key": "count", "state": "completed", "result": {"n": 4}}],
    });
    serde_json::from_value(task).unwrap()
}

/// Judges with a model that gives these answers, and returns the bodies of the calls too.
async fn judged(answers: &[Value]) -> (Judgement, Vec<Value>) {
    let answers: Vec<_> = answers
        .iter()
        .map(|answer| openai::text_answer(&answer.to_string()))
        .collect();
    let server = Server::start(answers).await;
    let model = model(server.openai());
    let judgement = tasks::judge(&model, &mut model.direct(), &task())
        .await
        .unwrap();
    (judgement, server.bodies())
}

fn verdict(number: i32, verdict: &str, step: Value) -> Value {
    json!({"number": number, "verdict": verdict, "step": step, "evidence": "n is 3"})
}

#[tokio::test]
async fn each_criterion_gets_one_verdict_from_either_provider() {
    let answer =
        json!({"verdicts": [verdict(2, "met", json!("rank")), verdict(9, "met", json!("rank"))]})
            .to_string();
    let server = Server::start([
        openai::text_answer(&answer),
        anthropic::text_answer(&answer),
    ])
    .await;
    for config in [server.openai(), server.anthropic()] {
        let model = model(config);
        let judgement = tasks::judge(&model, &mut model.direct(), &task())
            .await
            .unwrap();
        let found: Vec<(i32, Verdict)> = judgement
            .verdicts
            .iter()
            .map(|verdict| (verdict.number, verdict.verdict))
            .collect();
        assert_eq!(found, [(1, Verdict::Unknown), (2, Verdict::Met)]);
    }
    assert!(
        server.bodies()[1].get("output_config").is_some(),
        "a judge's answer is held to its form"
    );
}

#[tokio::test]
async fn verdict_keeps_its_step_and_its_author() {
    let mut forged = verdict(1, "met", json!("`steps.rank`"));
    forged["decided_by"] = json!("person");
    let answer = json!({"verdicts": [forged, verdict(2, "unknown", json!(null))]});
    let (judgement, calls) = judged(&[answer]).await;
    assert_eq!(calls.len(), 1, "an unknown verdict needs no step");
    let first = &judgement.verdicts[0];
    assert_eq!(
        (first.step.as_deref(), first.decided_by),
        (Some("rank"), Some(DecidedBy::Model))
    );
    assert_eq!(judgement.verdicts[1].verdict, Verdict::Unknown);
}

#[tokio::test]
async fn verdict_without_a_step_is_sent_back_once() {
    let wrong = json!({"verdicts": [verdict(1, "met", json!("rang")), verdict(2, "unmet", json!("count"))]});
    let right = json!({"verdicts": [verdict(1, "met", json!("rank")), verdict(2, "unmet", json!("count"))]});
    let (judgement, calls) = judged(&[wrong, right]).await;
    assert_eq!(calls.len(), 2);
    let objection = calls[1]["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(
        objection.contains("verdicts on 1 name no step of the goal")
            && objection.contains("rank, count"),
        "{objection}"
    );
    let found: Vec<Verdict> = judgement
        .verdicts
        .iter()
        .map(|verdict| verdict.verdict)
        .collect();
    assert_eq!(found, [Verdict::Met, Verdict::Unmet]);
}

#[tokio::test]
async fn verdict_without_a_step_twice_is_unknown() {
    let wrong =
        || json!({"verdicts": [verdict(1, "met", json!(null)), verdict(2, "met", json!("count"))]});
    let (judgement, calls) = judged(&[wrong(), wrong()]).await;
    assert_eq!(calls.len(), 2, "it is sent back once");
    let [first, second] = judgement.verdicts.as_slice() else {
        panic!("{judgement:?}")
    };
    assert_eq!(
        (first.verdict, second.verdict),
        (Verdict::Unknown, Verdict::Met)
    );
    assert_eq!(
        first.evidence,
        "the model names no step for its verdict \"met\": n is 3"
    );
}

#[tokio::test]
async fn contradictions_between_steps_of_the_goal_are_kept() {
    let contradictions = json!([
        {"steps": ["rank", "steps.count"], "difference": "rank counts 3, count counts 4"},
        {"steps": ["rank", "rank"], "difference": "one step alone"},
        {"steps": ["rank", "elsewhere"], "difference": "no step of the goal"},
        {"steps": ["rank", "count"], "difference": " "}, "text", {"steps": 7}]);
    let verdicts = [
        verdict(1, "met", json!("rank")),
        verdict(2, "met", json!("rank")),
    ];
    let (judgement, _) =
        judged(&[json!({"verdicts": verdicts, "contradictions": contradictions})]).await;
    let kept: Vec<Value> = judgement
        .contradictions
        .iter()
        .map(|one| json!(one))
        .collect();
    assert_eq!(
        kept,
        [json!({"steps": ["count", "rank"], "difference": "rank counts 3, count counts 4"})]
    );
}
