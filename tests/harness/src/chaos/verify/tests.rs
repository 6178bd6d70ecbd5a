//! Verifies that a run as predicted has no violation, and that each change of it is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;
use crate::chaos::predict::Necessity;
use crate::chaos::rows::RequestRow;

const SEED: u64 = 1;
const GOALS: u64 = 60;

/// Rows and effects of a run in which everything went as predicted.
struct RunResult {
    rows: Rows,
    effects: Effects,
}

fn predicted_result() -> RunResult {
    let mut left = RunResult {
        rows: Rows::default(),
        effects: Effects::default(),
    };
    let mut run_id = 0;
    for number in 1..=GOALS {
        let prediction = predict(&generate(SEED, number));
        let state = if prediction.is_answered {
            "answered"
        } else {
            "failed"
        };
        let request = RequestRow {
            id: i64::try_from(number).unwrap(),
            state: state.into(),
            has_ended: true,
        };
        left.rows.requests.insert(number, request);
        for run in &prediction.runs {
            run_id += 1;
            for (name, necessity) in &prediction.effects {
                let key = name.split('/').next().unwrap();
                if run.steps.contains_key(key) {
                    arrive(
                        &mut left.effects,
                        &format!("w/{run_id}/{name}"),
                        name,
                        *necessity,
                    );
                }
            }
            left.rows
                .runs
                .insert((number, run.goal.clone()), run_row(run_id, run));
        }
    }
    left
}

fn arrive(effects: &mut Effects, key: &str, name: &str, necessity: Necessity) {
    if necessity == Necessity::Never {
        return;
    }
    effects.note(key, name, None);
    if necessity != Necessity::Refused {
        effects.take(key);
    }
}

fn run_row(id: i64, run: &RunPrediction) -> RunRow {
    let step = |step: &StepPrediction| StepRow {
        state: step.end.as_str().into(),
        attempt: 1,
        max_attempts: 3,
        error_code: None,
        history: None,
        booked_calls: step.model_calls.into(),
    };
    RunRow {
        id,
        state: run.end.as_str().into(),
        steps: run
            .steps
            .iter()
            .map(|(key, prediction)| (key.clone(), step(prediction)))
            .collect(),
    }
}

fn settings() -> Settings {
    Settings::without_faults(SEED, GOALS)
}

fn violations_of(left: &RunResult, settings: &Settings) -> Vec<String> {
    let ran = VerifiedRun {
        settings,
        asked: GOALS,
        was_interrupted: false,
        model_answers: 1_000,
    };
    verify(&ran, &left.rows, &left.effects).violations
}

/// Returns the violations found after a change; there must be one.
fn found_after(change: impl FnOnce(&mut RunResult)) -> String {
    let mut left = predicted_result();
    change(&mut left);
    let violations = violations_of(&left, &settings());
    assert!(!violations.is_empty(), "nothing was found");
    violations.join("\n")
}

/// Returns the first name of an effect of this necessity.
fn effect_of(necessity: Necessity) -> String {
    let mut all = (1..=GOALS).flat_map(|number| predict(&generate(SEED, number)).effects);
    all.find(|(_, found)| *found == necessity)
        .expect("there is one")
        .0
}

fn steps(left: &mut RunResult) -> impl Iterator<Item = (&String, &mut StepRow)> {
    left.rows.runs.values_mut().flat_map(|run| &mut run.steps)
}

#[test]
fn predicted_run_has_no_violation() {
    let left = predicted_result();
    assert_eq!(violations_of(&left, &settings()), Vec::<String>::new());
    let counts = verify(
        &VerifiedRun {
            settings: &settings(),
            asked: GOALS,
            was_interrupted: false,
            model_answers: 0,
        },
        &left.rows,
        &left.effects,
    )
    .effects;
    assert!(
        counts.required > 100 && counts.done >= counts.required,
        "{counts:?}"
    );
}

#[test]
fn open_or_deviating_request_is_found() {
    let text = found_after(|left| left.rows.requests.get_mut(&7).unwrap().has_ended = false);
    assert!(text.contains("goal 7 has not ended"), "{text}");
    let text =
        found_after(|left| left.rows.requests.get_mut(&7).unwrap().state = "cancelled".into());
    assert!(text.contains("goal 7 should be"), "{text}");
    let text = found_after(|left| drop(left.rows.requests.remove(&7)));
    assert!(text.contains("goal 7 was asked"), "{text}");
}

#[test]
fn deviating_missing_or_extra_step_is_found() {
    for (was, is) in [
        ("completed", "failed"),
        ("skipped", "completed"),
        ("failed", "completed"),
        ("completed", "running"),
    ] {
        let text = found_after(|left| {
            let step = steps(left).find(|(_, step)| step.state == was).unwrap().1;
            step.state = is.into();
        });
        assert!(
            text.contains(&format!("it is {is}")) || text.contains("booked"),
            "{was} → {is}: {text}"
        );
    }
    let text = found_after(|left| {
        left.rows
            .runs
            .get_mut(&(1, None))
            .unwrap()
            .steps
            .remove("assess");
    });
    assert!(text.contains("goal 1 has no step assess"), "{text}");
    let text = found_after(|left| {
        let run = left.rows.runs.values_mut().next().unwrap();
        let step = run.steps.pop_first().unwrap().1;
        run.steps.insert("intruder".into(), step);
    });
    assert!(text.contains("intruder in the run of"), "{text}");
}

#[test]
fn missing_or_extra_effect_is_found() {
    let lacking = effect_of(Necessity::Must);
    let text = found_after(|left| {
        let all = std::mem::take(&mut left.effects);
        for (key, effect) in all.iter() {
            let name = effect.names.first().unwrap();
            if *name != lacking {
                arrive(
                    &mut left.effects,
                    key,
                    name,
                    if effect.is_done {
                        Necessity::Must
                    } else {
                        Necessity::Refused
                    },
                );
            }
        }
    });
    assert!(
        text.contains(&format!("lacks the effect {lacking}")),
        "{text}"
    );
    for (necessity, word) in [
        (Necessity::Never, "never have begun"),
        (Necessity::Refused, "which was refused"),
    ] {
        let name = effect_of(necessity);
        let text = found_after(|left| {
            left.effects.note("w/1/x", &name, Some("s1".into()));
            left.effects.take("w/1/x");
        });
        assert!(
            text.contains(&name) && text.contains(word) && text.contains("sandbox s1"),
            "{text}"
        );
    }
    let text = found_after(|left| {
        left.effects.note("w/1/g1_zz", "g1_zz/1", None);
    });
    assert!(text.contains("which none of its steps is about"), "{text}");
}

#[test]
fn effect_under_foreign_key_is_found() {
    let name = effect_of(Necessity::Must);
    let text = found_after(|left| {
        left.effects.note("w/0/again", &name, None);
    });
    assert!(
        text.contains("under 2 idempotency keys") && text.contains("which is not its step's"),
        "{text}"
    );
    let text = found_after(|left| {
        let key = left.effects.iter().next().unwrap().0.to_owned();
        left.effects.note(&key, &name, None);
        left.effects.note(&key, &effect_of(Necessity::May), None);
    });
    assert!(text.contains("arrived with several effects"), "{text}");
}

#[test]
fn deviating_usage_is_found() {
    let text = found_after(|left| left.rows.booked_calls = 1_001);
    assert!(
        text.contains("1001 answers of the model are booked"),
        "{text}"
    );
    let text = found_after(|left| left.rows.odd_bookings = 1);
    assert!(text.contains("other tokens"), "{text}");
    let text = found_after(|left| {
        let step = steps(left).find(|(key, _)| *key == "assess").unwrap().1;
        step.booked_calls = 2;
    });
    assert!(
        text.contains("should have 1 answers of the model in the journal"),
        "{text}"
    );
}

#[test]
fn exhausted_attempts_are_excused_only_under_wearing_faults() {
    let mut left = predicted_result();
    let step = steps(&mut left)
        .find(|(key, _)| *key == "assess")
        .unwrap()
        .1;
    (step.state, step.attempt, step.error_code) =
        ("failed".into(), 3, Some("lease_expired".into()));
    assert!(!violations_of(&left, &settings()).is_empty());
    let killed = Settings {
        kills: 1,
        cut_answers: 0.1,
        ..settings()
    };
    assert!(!violations_of(&left, &killed).is_empty());
    let crashed = Settings {
        crash_postgres: 1,
        ..settings()
    };
    assert_eq!(violations_of(&left, &crashed), Vec::<String>::new());
    let frozen = Settings {
        freezes: 1,
        ..settings()
    };
    assert_eq!(violations_of(&left, &frozen), Vec::<String>::new());
}
