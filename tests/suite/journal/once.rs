//! Provider limits, and calls that may not be repeated.

use harness::faults::{Point, SandboxFaultRule};
use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn requested_provider_pause_costs_no_attempt() {
    let mut world = World::start(|options| options).await;
    world.model.refuses(2, 429);
    let kills_before = world.strike(Vec::new()).await;
    world.trial.settle().await;
    world.require_kills(&kills_before);
    let work = world
        .json(
            "select jsonb_build_object('attempt', s.attempt, 'turns',
               (select jsonb_agg(t.state order by t.number) from goalpost.step_turns t where t.step_key = 'work'))
               from goalpost.steps s where s.key = 'work'",
        )
        .await;
    let turns = [
        "failed", "failed", "answered", "answered", "answered", "answered",
    ];
    assert_eq!(work, json!({"attempt": 1, "turns": turns}));
    world.end().await;
}

/// Creates a world in which a post may not be repeated: the receiver ignores the key.
async fn without_keys() -> World {
    let world = World::start(|options| options).await;
    let database = world.trial.stack.admin_db().await.unwrap();
    database
        .batch_execute("update goalpost.tools set idempotent = false where name = 'webhook'")
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn unrepeatable_call_happens_once_despite_kills() {
    let mut world = without_keys().await;
    for (point, passes) in [
        (Point::BeforeCalls, 0),
        (Point::BeforeCalls, 1),
        (Point::AfterCallsEnd, 0),
        (Point::AfterCallsEnd, 1),
        (Point::BeforeCompletion, 0),
    ] {
        let rule = SandboxFaultRule::kill_once(point, "executor").after(passes);
        world.reach(vec![rule]).await;
    }
    let times: Vec<usize> = world.receiver.effects().values().map(Vec::len).collect();
    assert!(times.iter().all(|times| *times == 1), "{times:?}");
    world.end().await;
}

/// Approval about the first effect of a goal, and the rows meanwhile.
#[derive(Debug, PartialEq)]
struct OpenDecision {
    /// Number of effects at the receiver.
    effects: usize,
    rows: Value,
}

impl World {
    /// Waits for the approval about the outcome of the first effect, decides it as the requester through the API, and
    /// waits for the end of the request. Returns the approvals, and the end of everything.
    async fn decide_outcome_of_effect(&self, decision: &Value) -> (Vec<OpenDecision>, Value) {
        let mut asked = Vec::new();
        self.trial
            .settle_deciding(async || {
                let inbox = self.trial.owner.rows("inbox", "").await.unwrap();
                for waiting in &inbox {
                    asked.push(self.asked(waiting).await);
                    let mut decision = decision.clone();
                    decision["p_approval_id"] = waiting["approval_id"].clone();
                    let decided = self.trial.owner.rpc("decide_approval", &decision).await;
                    let decided = decided.unwrap().into_body().unwrap();
                    assert_eq!(decided["first"], true, "{decided}");
                }
                !inbox.is_empty()
            })
            .await;
        (asked, self.ending().await)
    }

    async fn asked(&self, waiting: &Value) -> OpenDecision {
        let key = self
            .json("select to_jsonb(c.idempotency_key) from goalpost.tool_calls c where c.step_key = 'work' and c.number = 1")
            .await;
        let arguments = self
            .json("select c.arguments from goalpost.tool_calls c where c.step_key = 'work' and c.number = 1")
            .await;
        let question = "It is not known whether webhook was done: its worker was lost while it was under way. It is not \
                        repeated automatically. Was it done?";
        let of = |name: &str| waiting[name].clone();
        let shown = [
            "kind",
            "step_key",
            "call_number",
            "tool",
            "question",
            "required_role",
        ]
        .map(of);
        assert_eq!(
            json!(shown),
            json!([
                "outcome_unknown",
                "work",
                1,
                "webhook",
                question,
                "approver"
            ])
        );
        assert_eq!(waiting["subject"], arguments);
        assert_eq!(waiting["shown"]["arguments"], arguments);
        assert_eq!(waiting["shown"]["idempotency_key"], key);
        OpenDecision {
            effects: self.receiver.effects().values().map(Vec::len).sum(),
            rows: self.json(
                "select jsonb_build_object('call', c.state, 'result', c.result, 'error', c.error, 'has_ended', c.ended_at is not null,
                   'step', s.state, 'attempt', s.attempt, 'lease', s.lease_expires_at, 'due', s.run_after, 'request', q.state,
                   'attempts', (select jsonb_agg(a.outcome order by a.attempt) from goalpost.step_attempts a
                                 where a.run_id = s.run_id and a.step_key = s.key))
                   from goalpost.tool_calls c
                   join goalpost.steps s on s.run_id = c.run_id and s.key = c.step_key
                   join goalpost.workflow_runs r on r.id = s.run_id
                   join goalpost.requests q on q.id = r.request_id
                  where c.step_key = 'work' and c.number = 1",
            )
            .await,
        }
    }

    /// Returns the ends of the request, its run, the step and the call, and the arrivals of each effect, in the order
    /// of keys.
    async fn ending(&self) -> Value {
        let mut rows = self
            .json(
                "select jsonb_build_object('call', c.state, 'result', c.result, 'error', c.error ->> 'message', 'step', s.state,
                   'run', r.state, 'request', q.state, 'has_answer', q.answer is not null,
                   'decisions', (select jsonb_agg(jsonb_build_array(a.kind, a.state)) from goalpost.approvals a))
                   from goalpost.tool_calls c
                   join goalpost.steps s on s.run_id = c.run_id and s.key = c.step_key
                   join goalpost.workflow_runs r on r.id = s.run_id
                   join goalpost.requests q on q.id = r.request_id
                  where c.step_key = 'work' and c.number = 1",
            )
            .await;
        let effects = self.receiver.effects();
        let times = |effect: &str| {
            let of = |bodies: &&Vec<Value>| bodies.iter().all(|body| body["effect"] == effect);
            let found: Vec<usize> = effects.values().filter(of).map(Vec::len).collect();
            found
        };
        rows["effects"] = json!([times("first"), times("second"), times("tell")]);
        rows
    }
}

/// Kills the executor at this point of its first effect, which a person then decides on.
async fn killed_at(point: Point, decision: Value) -> (World, Vec<OpenDecision>, Value) {
    let mut world = without_keys().await;
    let kills_before = world
        .strike(vec![SandboxFaultRule::kill_once(point, "executor")])
        .await;
    let (asked, ending) = world.decide_outcome_of_effect(&decision).await;
    world.require_kills(&kills_before);
    (world, asked, ending)
}

/// Returns the rows while the approval about a lost worker's call is open.
fn rows_meanwhile() -> Value {
    json!({"call": "unknown", "result": null, "error": null, "has_ended": false, "step": "waiting", "attempt": 2, "lease": null,
           "due": null, "request": "accepted", "attempts": ["lost"]})
}

#[tokio::test]
async fn decision_not_happened_repeats_call_killed_before_effect() {
    let decision = json!({"p_decision": "not_happened"});
    let (world, asked, ending) = killed_at(Point::AfterCallsBegun, decision).await;
    assert_eq!(
        asked,
        [OpenDecision {
            effects: 0,
            rows: rows_meanwhile()
        }]
    );
    let expected = json!({"call": "done", "result": {"status": 200, "body": "{\"taken\":true}", "truncated": false}, "error": null,
                          "step": "completed", "run": "completed", "request": "answered", "has_answer": true,
                          "decisions": [["outcome_unknown", "approved"]], "effects": [[1], [1], [1]]});
    assert_eq!(ending, expected);
    world.end().await;
}

#[tokio::test]
async fn decision_happened_prevents_repeat_after_killed_effect() {
    for point in [Point::AfterEffect, Point::BeforeCallsEnd] {
        let decision = json!({"p_decision": "happened", "p_answer": {"seen": true}});
        let (world, asked, ending) = killed_at(point, decision).await;
        assert_eq!(
            asked,
            [OpenDecision {
                effects: 1,
                rows: rows_meanwhile()
            }],
            "{point}"
        );
        let expected = json!({"call": "done", "result": {"seen": true}, "error": null, "step": "completed", "run": "completed",
                              "request": "answered", "has_answer": true, "decisions": [["outcome_unknown", "approved"]],
                              "effects": [[1], [1], [1]]});
        assert_eq!(ending, expected, "{point}");
        world.end().await;
    }
}

#[tokio::test]
async fn call_of_unknown_outcome_fails_on_rejected() {
    let decision = json!({"p_decision": "rejected", "p_comment": "leave it"});
    let (world, asked, ending) = killed_at(Point::AfterCallsBegun, decision).await;
    assert_eq!(
        asked,
        [OpenDecision {
            effects: 0,
            rows: rows_meanwhile()
        }]
    );
    let expected = json!({"call": "failed", "result": null, "error": "rejected: leave it", "step": "completed", "run": "completed",
                          "request": "answered", "has_answer": true, "decisions": [["outcome_unknown", "rejected"]],
                          "effects": [[], [1], [1]]});
    assert_eq!(ending, expected);
    world.trial.end().await;
}

#[tokio::test]
async fn broken_call_is_decided_by_person() {
    for (decision, times) in [
        (
            json!({"p_decision": "happened", "p_answer": {"seen": true}}),
            1,
        ),
        (json!({"p_decision": "not_happened"}), 2),
    ] {
        let mut world = without_keys().await;
        world.receiver.fails(1, 503);
        world.strike(Vec::new()).await;
        let (asked, ending) = world.decide_outcome_of_effect(&decision).await;
        let mut rows = rows_meanwhile();
        // The step was released at no cost.
        rows["attempt"] = json!(1);
        rows["attempts"] = Value::Null;
        assert_eq!(asked, [OpenDecision { effects: 1, rows }], "{decision}");
        assert_eq!(ending["call"], "done", "{decision}");
        assert_eq!(ending["effects"], json!([[times], [1], [1]]), "{decision}");
        world.end().await;
    }
}
