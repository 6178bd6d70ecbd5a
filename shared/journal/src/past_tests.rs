#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]
use serde_json::{Value, json};

use super::*;

fn turn(number: i32, attempt: i32, purpose: &str, state: &str) -> Value {
    let answer = (state == "answered").then(|| {
        json!({"provider": "p", "model": "m", "text": format!("answer {number}"), "stop": "end", "usage": {"provider": "p", "model": "m"}})
    });
    json!({"number": number, "attempt": attempt, "purpose": purpose, "state": state, "answer": answer})
}

fn call(number: i32, turn_number: i32) -> Value {
    json!({"number": number, "turn_number": turn_number, "call_id": "c", "tool": "sql", "idempotent": true, "state": "done",
           "rule": "default", "idempotency_key": "k", "arguments": {}, "result": {}})
}

fn failure(attempt: i32, code: &str) -> Value {
    let error = json!({"code": code, "message": format!("it was {code}"), "retryable": true});
    json!({"attempt": attempt, "outcome": "failed", "error": error})
}

fn rows(turns: Vec<Value>, calls: Vec<Value>, failures: Vec<Value>) -> JournalRows {
    serde_json::from_value(json!({"turns": turns, "calls": calls, "failures": failures})).unwrap()
}

fn numbers(answered: &VecDeque<Answered>) -> Vec<i32> {
    answered.iter().map(|turn| turn.number).collect()
}

#[test]
fn a_try_whose_worker_died_goes_on_with_all_its_answers() {
    let turns = vec![
        turn(1, 1, "plan", "answered"),
        turn(2, 1, "plan", "unknown"),
        turn(3, 2, "repair", "answered"),
        turn(4, 2, "plan", "failed"),
    ];
    let (mut past, replay) = sort(&rows(turns, vec![], vec![]));
    assert_eq!(numbers(&replay), [1, 3]);
    assert_eq!(past.take_work(&[]), PastWork::default());
}

#[test]
fn attempt_after_failure_restarts_and_keeps_made_calls() {
    let turns = vec![
        turn(1, 1, "work", "answered"),
        turn(2, 1, "work", "answered"),
        turn(3, 2, "work", "answered"),
    ];
    let rows = rows(turns, vec![call(1, 1), call(2, 3)], vec![failure(1, "odd")]);
    let (mut past, replay) = sort(&rows);
    assert_eq!(numbers(&replay), [3]);
    let work = past.take_work(&rows.calls);
    assert_eq!(work.turns.len(), 1, "the second asked for no call");
    assert_eq!(work.turns[0].calls[0].number, 1);
    assert_eq!(work.reflections.len(), 1);
    assert_eq!(work.reflections[0].after, 1);
    assert!(work.reflections[0].text.contains("it was odd"));
}

#[test]
fn failure_keeping_answers_is_replayed() {
    let turns = vec![turn(1, 1, "plan", "answered")];
    let mut failure = failure(1, "odd");
    failure["error"]["keeps_answers"] = json!(true);
    let (mut past, replay) = sort(&rows(turns, vec![], vec![failure]));
    assert_eq!(numbers(&replay), [1]);
    assert!(past.take_work(&[]).reflections.is_empty());
}

#[test]
fn only_turns_after_last_summary_are_replayed() {
    let turns = vec![
        turn(1, 1, "work", "answered"),
        turn(2, 1, "compact", "answered"),
        turn(3, 1, "work", "answered"),
        turn(4, 1, "work", "failed"),
        turn(5, 1, "compact", "answered"),
        turn(6, 1, "work", "answered"),
    ];
    let (mut past, replay) = sort(&rows(turns, vec![], vec![]));
    assert_eq!(numbers(&replay), [6]);
    let work = past.take_work(&[]);
    assert_eq!(work.summary.as_deref(), Some("answer 5"));
    assert_eq!(work.turns_summed_up, 2);
}

#[test]
fn few_failures_are_sent_with_the_newest_among_them() {
    let failures = (1..=9).map(|attempt| failure(attempt, "odd")).collect();
    let (mut past, _) = sort(&rows(vec![], vec![], failures));
    let sent = past.take_work(&[]).reflections;
    assert_eq!(sent.len(), MAX_REFLECTIONS);
    assert!(sent[2].text.contains("Try 9"), "{sent:?}");
}

#[test]
fn questions_without_an_answer_are_counted_back_to_the_last_one_with() {
    let states = |states: &[(&str, i32)]| {
        let turns = states.iter().zip(1..).map(|((state, attempt), number)| {
            serde_json::from_value(turn(number, *attempt, "work", state)).unwrap()
        });
        turns.collect::<Vec<TurnRow>>()
    };
    let turns = states(&[
        ("failed", 1),
        ("answered", 1),
        ("failed", 1),
        ("unknown", 1),
    ]);
    assert_eq!(failed_in_a_row(&turns, 1), 2);
    assert_eq!(failed_in_a_row(&turns, 2), 0);
    assert_eq!(failed_in_a_row(&[], 1), 0);
}

#[test]
fn unreadable_answer_is_requested_again() {
    let mut unreadable = turn(1, 1, "plan", "answered");
    unreadable["answer"] = json!({"stop": 5});
    let (_, replay) = sort(&rows(vec![unreadable], vec![], vec![]));
    assert!(replay.is_empty());
}
