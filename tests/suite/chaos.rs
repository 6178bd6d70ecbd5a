//! A small chaos run, and the generator of its goals.

use std::collections::BTreeMap;

use domain::Tool;
use domain::plan::{Catalogue, Limits, check};
use harness::chaos::{
    self, Certainty, Criterion, End, Goal, Necessity, Plan, Settings, Step, Way, Work, generate,
    plan_as_json, predict,
};
use local_stack::stack::StackOptions;
use proptest::prelude::*;

#[tokio::test]
async fn goals_end_as_predicted_under_faults() {
    let settings = Settings {
        kills: 12,
        drop_wakes: 0.2,
        duplicate_wakes: 0.2,
        cut_answers: 0.02,
        analyses: 2,
        ..Settings::without_faults(3, 20)
    };
    let report = chaos::run(settings, StackOptions::for_tests(), std::future::pending())
        .await
        .unwrap();
    assert_eq!(report.violations, Vec::<String>::new(), "{report:#?}");
    assert_eq!(
        report.goals.answered + report.goals.failed,
        20,
        "{report:#?}"
    );
    assert_eq!(report.faults.total_kills(), 12, "{report:#?}");
    assert_eq!(report.shortfalls, Vec::<String>::new(), "{report:#?}");
    assert_eq!(
        (report.analyses.started, report.analyses.answered),
        (2, 2),
        "{report:#?}"
    );
    assert!(report.effects.required > 0 && report.effects.done >= report.effects.required);
}

/// Returns the names that plans of chaos runs may use.
fn catalogue() -> Catalogue {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Catalogue {
        agents: BTreeMap::from([("chaos".to_owned(), names(&["webhook"]))]),
        tools: Catalogue::tools_by_name(["webhook", "calculate"].map(|name| Tool {
            name: name.to_owned(),
            ..Tool::default()
        })),
        ..Catalogue::default()
    }
}

fn plans(goal: &Goal) -> Vec<&Plan> {
    fn below<'a>(steps: &'a [Step], found: &mut Vec<&'a Plan>) {
        for step in steps {
            if let Work::Subgoal(plan) = &step.work {
                found.push(plan);
                below(&plan.steps, found);
                below(&plan.again, found);
            }
        }
    }
    let mut found = Vec::new();
    if let Way::Planned(plan) = &goal.way {
        found.push(plan);
        below(&plan.steps, &mut found);
        below(&plan.again, &mut found);
    }
    found
}

proptest! {
    #[test]
    fn every_generated_plan_may_run(seed: u64, number in 1_u64..1_000_000) {
        let goal = generate(seed, number);
        let plans = plans(&goal);
        let limits = Limits::default();
        for plan in &plans {
            let first = plan_as_json(plan, false, "http://127.0.0.1:1/effect");
            prop_assert_eq!(check(&first, &limits, &catalogue()), vec![]);
            if !plan.again.is_empty() {
                let taken = plan.steps.iter().map(|step| step.key.clone());
                let catalogue = Catalogue { taken_keys: taken.collect(), ..catalogue() };
                let second = plan_as_json(plan, true, "http://127.0.0.1:1/effect");
                prop_assert_eq!(check(&second, &limits, &catalogue), vec![]);
            }
        }
        prop_assert!(plans.len() <= 32, "a request has no more goals than the cap");
    }

    #[test]
    fn goals_and_predictions_are_deterministic(seed: u64, number in 1_u64..1_000_000) {
        let goal = generate(seed, number);
        prop_assert_eq!(&goal, &generate(seed, number));
        prop_assert_eq!(predict(&goal), predict(&goal));
    }

    #[test]
    fn each_effect_is_predicted_once_for_its_step(seed: u64, number in 1_u64..1_000_000) {
        let goal = generate(seed, number);
        for name in predict(&goal).effects.keys() {
            let key = name.split('/').next().unwrap();
            prop_assert!(goal.step(key).is_some(), "{} is about no step", name);
        }
    }
}

fn step(key: &str, depends_on: &[&str], may_fail: bool, work: Work) -> Step {
    Step {
        key: format!("g1_{key}"),
        depends_on: depends_on.iter().map(|key| format!("g1_{key}")).collect(),
        only_if_approved: None,
        may_fail,
        work,
    }
}

const EFFECT: Work = Work::Effect {
    refusals: 0,
    pause_ms: 0,
};

fn planned(steps: Vec<Step>) -> Goal {
    Goal {
        number: 1,
        question: "Carry out g1".into(),
        way: Way::Planned(Plan {
            name: "g1".into(),
            steps,
            criterion: Criterion::None,
            again: Vec::new(),
            is_refused_once: false,
        }),
    }
}

/// Prediction of the goal's own run, and of its effects.
struct Predicted {
    is_answered: bool,
    ends: BTreeMap<String, (End, Certainty)>,
    effects: BTreeMap<String, Necessity>,
}

fn predicted(goal: &Goal) -> Predicted {
    let prediction = predict(goal);
    let own = |name: &str| name.replace("g1_", "");
    let mut runs = prediction.runs.iter();
    let run = runs.find(|run| run.goal.as_deref() == Some("g1")).unwrap();
    let ends = run.steps.iter();
    let effects = prediction.effects.iter();
    Predicted {
        is_answered: prediction.is_answered,
        ends: ends
            .map(|(key, step)| (own(key), (step.end, step.certainty)))
            .collect(),
        effects: effects
            .map(|(name, necessity)| (own(name), *necessity))
            .collect(),
    }
}

#[test]
fn dependents_of_fatal_step_never_begin_unlike_siblings() {
    let goal = planned(vec![
        step("before", &[], false, EFFECT),
        step("fatal", &["before"], false, Work::BadSum),
        step("beside", &[], false, EFFECT),
        step("after", &["fatal", "beside"], false, EFFECT),
    ]);
    let Predicted {
        is_answered,
        ends,
        effects,
    } = predicted(&goal);
    assert!(!is_answered);
    assert_eq!(ends["before"], (End::Completed, Certainty::Certain));
    assert_eq!(ends["fatal"], (End::Failed, Certainty::Certain));
    assert_eq!(ends["beside"], (End::Completed, Certainty::Possible));
    assert_eq!(ends["after"], (End::Cancelled, Certainty::Certain));
    assert_eq!(ends["judge"], (End::Cancelled, Certainty::Certain));
    assert_eq!(ends["plan_2"], (End::Failed, Certainty::Certain));
    assert_eq!(effects["before/1"], Necessity::Must);
    assert_eq!(effects["beside/1"], Necessity::May);
    assert_eq!(effects["after/1"], Necessity::Never);
}

#[test]
fn optional_failure_skips_only_dependent_steps() {
    let goal = planned(vec![
        step("fails", &[], true, Work::RejectedEffect),
        step("other", &[], false, EFFECT),
        step("needs_it", &["fails"], false, EFFECT),
        step("needs_both", &["fails", "other"], false, EFFECT),
    ]);
    let Predicted {
        is_answered,
        ends,
        effects,
    } = predicted(&goal);
    assert!(is_answered);
    assert_eq!(ends["fails"], (End::Failed, Certainty::Certain));
    assert_eq!(ends["needs_it"], (End::Skipped, Certainty::Certain));
    assert_eq!(ends["needs_both"], (End::Completed, Certainty::Certain));
    assert_eq!(effects["fails/1"], Necessity::Refused);
    assert_eq!(effects["needs_it/1"], Necessity::Never);
    assert_eq!(effects["needs_both/1"], Necessity::Must);
}

#[test]
fn either_of_two_fatal_steps_may_be_first() {
    let goal = planned(vec![
        step("root", &[], false, EFFECT),
        step("one", &["root"], false, Work::BadSum),
        step("two", &["root"], false, Work::BadSum),
    ]);
    let Predicted {
        is_answered, ends, ..
    } = predicted(&goal);
    assert!(!is_answered);
    assert_eq!(ends["root"], (End::Completed, Certainty::Certain));
    assert_eq!(ends["one"], (End::Failed, Certainty::Possible));
    assert_eq!(ends["two"], (End::Failed, Certainty::Possible));
}

#[test]
fn rejected_approval_skips_conditional_step() {
    let approval = Work::Approval {
        is_approved: false,
        fails_if_rejected: false,
    };
    let asks = Step {
        only_if_approved: Some("g1_may".into()),
        ..step("asks", &["may"], false, EFFECT)
    };
    let goal = planned(vec![
        step("may", &[], false, approval),
        asks,
        step("does_not", &["may"], false, EFFECT),
    ]);
    let Predicted {
        is_answered,
        ends,
        effects,
    } = predicted(&goal);
    assert!(is_answered);
    assert_eq!(ends["may"], (End::Completed, Certainty::Certain));
    assert_eq!(ends["asks"], (End::Skipped, Certainty::Certain));
    assert_eq!(ends["does_not"], (End::Completed, Certainty::Certain));
    assert_eq!(effects["asks/1"], Necessity::Never);
}
