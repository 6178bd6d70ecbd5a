//! Calls of an MCP tool that was approved with the defaults: they may not be repeated.

use harness::faults::{Point, SandboxFaultRule};
use serde_json::{Value, json};

use system_tests::people::DEMO;

use super::World;
use crate::tools::outside::Docs;

/// Creates a world in which goals are one call of an MCP tool, approved with these flags.
async fn world(docs: &Docs, flags: &Value) -> World {
    let world = World::start(|mut options| {
        let hosts = options
            .environment
            .get_mut("GOALPOST_PRIVATE_HOSTS")
            .unwrap();
        *hosts = format!("{hosts};{}={DEMO}", docs.host);
        options
    })
    .await;
    world.let_use(docs, flags).await;
    world.model.plans(json!({"criteria": ["It is done"], "steps": [
        {"key": "post", "kind": "tool", "max_attempts": 20, "input": {"tool": "mcp.docs.search", "arguments": {"words": "orders"}}}]}));
    world
}

impl World {
    /// Decides every waiting approval, each of which has to be about an unknown outcome.
    async fn decide_outcome(&self, decision: &str) -> bool {
        let waiting = self.trial.owner.rows("inbox", "").await.unwrap();
        for approval in &waiting {
            assert_eq!(approval["kind"], "outcome_unknown", "{approval}");
            let arguments =
                json!({"p_approval_id": approval["approval_id"], "p_decision": decision});
            let decided = self.trial.owner.rpc("decide_approval", &arguments).await;
            assert_eq!(decided.unwrap().body["first"], true);
        }
        !waiting.is_empty()
    }

    /// Returns the end of the goal's call and its step, and the number of decisions on it.
    async fn ended(&self) -> Value {
        self.json(
            "select jsonb_build_object('call', c.state, 'step', s.state, 'decisions',
               (select count(*) from goalpost.approvals a where a.run_id = c.run_id and a.kind = 'outcome_unknown'))
               from goalpost.tool_calls c join goalpost.steps s on s.run_id = c.run_id and s.key = c.step_key
              where c.tool = 'mcp.docs.search'",
        )
        .await
    }
}

#[tokio::test]
async fn killed_mcp_call_is_decided_by_person() {
    // Point of the kill, executions by the server after a person confirms the first one, number of decisions.
    for (point, acts, decisions) in [
        (Point::AfterCallsBegun, 0, 1),
        (Point::BeforeCallsEnd, 1, 1),
        (Point::AfterCallsEnd, 1, 0),
        (Point::BeforeCompletion, 1, 0),
    ] {
        let docs = Docs::start().await;
        let mut world = world(&docs, &json!({})).await;
        let kills_before = world
            .strike(vec![SandboxFaultRule::kill_once(point, "executor")])
            .await;
        let mut acted = Vec::new();
        world
            .trial
            .settle_deciding(async || {
                let is_asked = world.decide_outcome("happened").await;
                acted.extend(is_asked.then(|| *docs.calls.lock().unwrap()));
                is_asked
            })
            .await;
        world.require_kills(&kills_before);
        assert_eq!(acted, vec![acts; decisions], "{point}");
        assert_eq!(*docs.calls.lock().unwrap(), acts, "{point}");
        let ended = json!({"call": "done", "step": "completed", "decisions": decisions});
        assert_eq!(world.ended().await, ended, "{point}");
        world.trial.end().await;
    }
}

#[tokio::test]
async fn timed_out_mcp_call_is_decided_by_person() {
    let docs = Docs::start().await;
    *docs.hangs.lock().unwrap() = 1;
    let mut world = world(&docs, &json!({"timeout_seconds": 1})).await;
    world.strike(Vec::new()).await;
    let mut acted = Vec::new();
    world
        .trial
        .settle_deciding(async || {
            let is_asked = world.decide_outcome("not_happened").await;
            acted.extend(is_asked.then(|| *docs.calls.lock().unwrap()));
            is_asked
        })
        .await;
    assert_eq!(acted, [1], "it is not made again before a person decides");
    assert_eq!(*docs.calls.lock().unwrap(), 2, "and once more after that");
    let ended = json!({"call": "done", "step": "completed", "decisions": 1});
    assert_eq!(world.ended().await, ended);
    world.trial.end().await;
}
