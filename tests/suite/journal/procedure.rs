//! Agent steps with a procedure: a fixed list of calls, made without a model.

use harness::faults::{Point, SandboxFaultRule};
use serde_json::{Value, json};

use super::World;

/// Creates a world in which goals have these steps, and an agent `teller` that reads and posts.
async fn world(steps: impl FnOnce(&str) -> Value) -> World {
    let world = World::start(|options| options).await;
    let database = world.trial.stack.admin_db().await.unwrap();
    database
        .batch_execute(
            "insert into goalpost.agents (workspace_id, name, role, tools)
             select id, 'teller', 'You tell people.', array['sql', 'calculate', 'webhook'] from goalpost.workspaces",
        )
        .await
        .unwrap();
    let steps = steps(&world.receiver.url);
    world
        .model
        .plans(json!({"criteria": ["It is done"], "steps": steps}));
    world
}

fn step(key: &str, after: &[&str], procedure: &[Value]) -> Value {
    json!({"key": key, "kind": "agent", "agent": "teller", "depends_on": after, "max_attempts": 20,
           "input": {"instructions": "Do it", "procedure": procedure}})
}

fn read() -> Value {
    json!({"tool": "sql", "arguments": {"query": "select count(*) as n from shop.orders"}})
}

fn sum() -> Value {
    json!({"tool": "calculate", "arguments": {"expression": "6 * 7"}})
}

fn post(url: &str, text: &str) -> Value {
    json!({"tool": "webhook", "arguments": {"url": url, "body": {"said": text}}})
}

impl World {
    /// Approves every waiting call; nothing may have been sent before.
    async fn approve(&self) -> bool {
        let waiting = self.trial.owner.rows("inbox", "").await.unwrap();
        for approval in &waiting {
            assert_eq!(approval["kind"], "tool_call", "{approval}");
            assert!(self.receiver.effects().is_empty());
            let arguments =
                json!({"p_approval_id": approval["approval_id"], "p_decision": "approved"});
            let decided = self.trial.owner.rpc("decide_approval", &arguments).await;
            assert_eq!(decided.unwrap().body["first"], true);
        }
        !waiting.is_empty()
    }

    /// Completes the goal with this fault; returns the rule of each webhook and the number of approvals.
    async fn rules(&mut self, rule: SandboxFaultRule) -> Value {
        let kills_before = self.strike(vec![rule]).await;
        self.trial
            .settle_deciding(async || self.approve().await)
            .await;
        self.require_kills(&kills_before);
        let effects = self.receiver.effects();
        let bodies: Vec<&Value> = effects.values().flatten().collect();
        assert!(
            effects.len() == 1 && bodies.iter().all(|body| *body == bodies[0]),
            "{effects:?}"
        );
        self.json(
            "select jsonb_build_object('rules', jsonb_agg(c.rule), 'asked', (select count(*) from goalpost.approvals))
               from goalpost.tool_calls c where c.tool = 'webhook'",
        )
        .await
    }
}

#[tokio::test]
async fn tainted_procedure_waits_for_approval_before_post() {
    let text = "{{ results[0].row_count }}";
    let mut world = world(|url| json!([step("work", &[], &[read(), post(url, text)])])).await;
    let freezing = SandboxFaultRule::kill_once(Point::BeforeFreezing, "executor").after(1);
    let rules = world.rules(freezing).await;
    assert_eq!(rules, json!({"rules": ["taint"], "asked": 1}));
    world.trial.end().await;
}

#[tokio::test]
async fn post_after_reading_procedure_waits_for_approval() {
    let text = "{{ steps.work.row_count }}";
    let mut world = world(|url| {
        let post_step = json!({"key": "tell", "kind": "tool", "depends_on": ["work"], "max_attempts": 20, "input": post(url, text)});
        json!([step("work", &[], &[read()]), post_step])
    })
    .await;
    let completing = SandboxFaultRule::kill_once(Point::BeforeCompletion, "executor");
    let rules = world.rules(completing).await;
    assert_eq!(rules, json!({"rules": ["taint"], "asked": 1}));
    world.trial.end().await;
}

#[tokio::test]
async fn untainted_procedure_posts_without_approval() {
    let text = "{{ results[0].value }}";
    let mut world = world(|url| json!([step("work", &[], &[sum(), post(url, text)])])).await;
    let acting = SandboxFaultRule::kill_once(Point::AfterEffect, "executor");
    let rules = world.rules(acting).await;
    assert_eq!(rules, json!({"rules": ["default"], "asked": 0}));
    let calls = world
        .json("select jsonb_agg(jsonb_build_array(c.call_id, c.tool, c.state) order by c.number) from goalpost.tool_calls c")
        .await;
    let expected = json!([
        ["procedure/1", "calculate", "done"],
        ["procedure/2", "webhook", "done"]
    ]);
    assert_eq!(calls, expected, "every call is recorded");
    let turns = world
        .json("select to_jsonb(count(*)) from goalpost.step_turns where step_key = 'work'")
        .await;
    assert_eq!(turns, json!(0), "no model is called");
    world.trial.end().await;
}
