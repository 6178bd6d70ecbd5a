#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use local_stack::fault_hook::Passage;
use serde_json::json;

use super::place_rngs::{PlaceRngs, hits};
use super::*;

fn sure(point: Point) -> SandboxFaultRule {
    SandboxFaultRule {
        at_most: u64::MAX,
        ..SandboxFaultRule::kill_once(point, "executor")
    }
}

#[test]
fn nth_decision_depends_on_seed_place_and_n() {
    let decide = |seed, order: &[&str]| {
        let mut rngs = PlaceRngs::default();
        let mut decisions: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for place in order {
            let decision = hits(&mut rngs.next(seed, place), 0.5);
            decisions
                .entry((*place).to_owned())
                .or_default()
                .push(decision);
        }
        decisions
    };
    let in_turn: Vec<&str> = ["wake:executor", "cut:finish_steps"].repeat(50);
    let mut one_by_one = in_turn.clone();
    one_by_one.sort_unstable();
    assert_eq!(decide(7, &in_turn), decide(7, &one_by_one));
    assert_ne!(decide(7, &in_turn), decide(8, &in_turn));
    let decisions = decide(7, &in_turn);
    assert_ne!(decisions["wake:executor"], decisions["cut:finish_steps"]);
}

#[test]
fn frequency_matches_probability() {
    let mut rngs = PlaceRngs::default();
    let mut draw = |probability| hits(&mut rngs.next(1, "place"), probability);
    let hits = (0..10_000).filter(|_| draw(0.3)).count();
    // Five standard deviations: √(10,000 × 0.3 × 0.7) is 45.8.
    assert!((2771..=3229).contains(&hits), "{hits}");
    assert!((0..1000).all(|_| !draw(0.0)));
    assert!((0..1000).all(|_| draw(1.0)));
}

#[tokio::test]
async fn drops_never_arrive_and_duplicates_are_bounded() {
    let plan = |wakes| FaultPlan {
        seed: 3,
        wakes,
        ..FaultPlan::default()
    };
    let lost = Faults::new(plan(Delivery {
        drop: 1.0,
        duplicate: 1.0,
        ..Delivery::default()
    }));
    assert!(lost.fate_of_wake("executor").unwrap().is_lost());
    assert_eq!(
        (lost.counts().wakes.seen, lost.counts().wakes.dropped),
        (1, 1)
    );

    let doubled = Faults::new(plan(Delivery {
        duplicate: 1.0,
        max_copies: 4,
        ..Delivery::default()
    }));
    let copies: Vec<usize> = (0..100)
        .map(|_| doubled.fate_of_wake("executor").unwrap().delays().len())
        .collect();
    assert!(
        [2, 3, 4].iter().all(|count| copies.contains(count)),
        "{copies:?}"
    );
    assert!(
        copies.iter().all(|count| (2..=4).contains(count)),
        "{copies:?}"
    );
    let sent = Arc::new(AtomicUsize::new(0));
    let fate = doubled.fate_of_wake("executor").unwrap();
    let further = fate.delays().len() - 1;
    let at_once = fate.send_off(|| {
        sent.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    });
    assert!(at_once, "the first copy is the caller's");
    assert_eq!(sent.load(Ordering::SeqCst), further);
}

#[tokio::test]
async fn held_messages_arrive_once_and_reordered() {
    let faults = Faults::new(FaultPlan {
        messages: Delivery {
            reorder_window: 5,
            ..Delivery::default()
        },
        ..FaultPlan::default()
    });
    let (sender, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..40 {
        let fate = faults.fate_of_message("goalpost-executor").unwrap();
        let sender = sender.clone();
        let at_once = fate.send_off(|| {
            let sender = sender.clone();
            Box::pin(async move {
                let _ = sender.send(number);
            })
        });
        assert!(!at_once);
    }
    drop(sender);
    let mut order = Vec::new();
    while let Some(number) = arrived.recv().await {
        order.push(number);
    }
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..40).collect::<Vec<_>>());
    assert_ne!(order, sorted);
}

#[test]
fn last_attempt_is_spared_unless_rule_overrides() {
    let step = json!([{"run_id": 1, "step_key": "a", "attempt": 3, "max_attempts": 3}]);
    let faults = Faults::new(FaultPlan {
        sandbox_faults: vec![sure(Point::AfterClaim)],
        ..FaultPlan::default()
    });
    let strike = || {
        faults
            .state()
            .choose_sandbox_fault(Point::AfterClaim, "executor", "s1")
    };
    faults.with_held(|held| held.claimed("s1", &step));
    assert_eq!(strike(), None);
    assert_eq!(faults.counts().spared, 1);
    faults.with_held(|held| {
        held.finished(
            "s1",
            &json!({"outcomes": [{"run_id": 1, "step_key": "a", "verdict": "accepted"}], "claimed": []}),
        );
    });
    assert_eq!(
        strike(),
        Some(SandboxFault::Kill),
        "once it is done, nothing is lost"
    );
    assert_eq!(faults.counts().kills["executor"][&Point::AfterClaim], 1);

    faults.with_held(|held| held.claimed("s1", &step));
    faults.set_plan(FaultPlan {
        sandbox_faults: vec![SandboxFaultRule {
            even_on_last_attempt: true,
            ..sure(Point::AfterClaim)
        }],
        ..FaultPlan::default()
    });
    assert_eq!(strike(), Some(SandboxFault::Kill));
}

#[test]
fn held_steps_follow_claims_outcomes_and_heartbeats() {
    let mut held = Held::default();
    let step =
        |attempt| json!([{"run_id": 1, "step_key": "a", "attempt": attempt, "max_attempts": 3}]);
    held.claimed("s1", &step(2));
    assert!(!held.has_last_attempt("s1"));
    held.claimed("s1", &step(3));
    assert!(held.has_last_attempt("s1"));
    assert!(!held.has_last_attempt("s2"));
    assert_eq!(held.holder_of("a").as_deref(), Some("s1"));
    let verdict =
        |verdict| json!({"outcomes": [{"run_id": 1, "step_key": "a", "verdict": verdict}]});
    held.finished("s1", &verdict("refused"));
    assert!(
        held.has_last_attempt("s1"),
        "what was refused is still its own"
    );
    held.renewed("s1", &json!([{"run_id": 1, "step_key": "a", "held": true}]));
    assert!(held.has_last_attempt("s1"));
    held.renewed(
        "s1",
        &json!([{"run_id": 1, "step_key": "a", "held": false}]),
    );
    assert!(!held.has_last_attempt("s1"));
}

#[test]
fn rule_respects_its_limit_and_point() {
    let faults = Faults::new(FaultPlan {
        sandbox_faults: vec![SandboxFaultRule::kill_once(Point::AfterClaim, "executor")],
        ..FaultPlan::default()
    });
    let strikes =
        |point, function: &str| faults.state().choose_sandbox_fault(point, function, "s1");
    assert_eq!(strikes(Point::BeforeClaim, "executor"), None);
    assert_eq!(strikes(Point::AfterClaim, "planner"), None);
    assert_eq!(
        strikes(Point::AfterClaim, "executor"),
        Some(SandboxFault::Kill)
    );
    assert_eq!(strikes(Point::AfterClaim, "executor"), None);
}

#[test]
fn cuts_respect_named_calls_limit_and_last_attempts() {
    let faults = Faults::new(FaultPlan {
        cuts: Cuts {
            after_commit: 1.0,
            calls: vec!["finish_steps".to_owned()],
            at_most: Some(2),
            ..Cuts::default()
        },
        ..FaultPlan::default()
    });
    assert!(!faults.cuts("claim_steps", true, false));
    assert!(!faults.cuts("finish_steps", false, false));
    assert!(!faults.cuts("finish_steps", true, true));
    assert!(faults.cuts("finish_steps", true, false));
    faults.pause();
    assert!(!faults.cuts("finish_steps", true, false));
    faults.resume();
    assert!(faults.cuts("finish_steps", true, false));
    assert!(!faults.cuts("finish_steps", true, false), "two at most");
    assert_eq!(faults.counts().answers_cut_after["finish_steps"], 2);
}

#[test]
fn invalid_probability_is_refused_by_name() {
    let mut plan = FaultPlan::default();
    plan.check().unwrap();
    plan.wakes.drop = 1.5;
    let message = plan.check().unwrap_err().to_string();
    assert!(message.contains("wakes.drop is 1.5"), "{message}");
    plan.wakes.drop = 0.0;
    plan.sandbox_faults = vec![SandboxFaultRule {
        probability: f64::NAN,
        ..sure(Point::AfterEffect)
    }];
    let message = plan.check().unwrap_err().to_string();
    assert!(message.contains("after_effect"), "{message}");
}

#[test]
fn points_and_plans_round_trip() {
    for point in Point::ALL {
        assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
        assert_eq!(serde_json::to_value(point).unwrap(), json!(point.as_str()));
    }
    let message = "after_lunch".parse::<Point>().unwrap_err().to_string();
    assert!(message.contains("after_claim"), "{message}");
    let plan = FaultPlan {
        seed: 9,
        sandbox_faults: vec![SandboxFaultRule {
            fault: SandboxFault::Freeze(Duration::from_secs(2)),
            ..sure(Point::BeforeCompletion)
        }],
        ..FaultPlan::default()
    };
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<FaultPlan>(&text).unwrap(), plan);
}

#[test]
fn functions_call_address_of_their_sandbox() {
    assert_eq!(
        Faults::new(FaultPlan::default()).address_for_functions("http://127.0.0.1:1"),
        "http://127.0.0.1:1/sandbox/{sandbox}"
    );
}

#[tokio::test]
async fn hook_reports_lost_late_and_immediate_wakes() {
    let passage = |wakes| {
        let hook = Faults::new(FaultPlan {
            wakes,
            ..FaultPlan::default()
        })
        .hook()
        .unwrap();
        hook.wake("executor", &mut || Box::pin(async {}))
    };
    let lost = Delivery {
        drop: 1.0,
        ..Delivery::default()
    };
    let held_back = Delivery {
        reorder_window: 5,
        ..Delivery::default()
    };
    assert_eq!(passage(lost), Passage::Lost);
    assert_eq!(passage(held_back), Passage::Later);
    assert_eq!(passage(Delivery::default()), Passage::Now);
}
