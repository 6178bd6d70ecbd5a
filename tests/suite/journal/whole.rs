//! A goal with everything in it (three agents, SQL, an MCP tool, calls that a person edits, a sub-goal that an agent
//! requests), while workers are killed at every point of the journal.

use harness::faults::{Point, SandboxFaultRule};
use serde_json::{Value, json};
use system_tests::people::DEMO;

use super::World;
use super::kills::rounds;
use crate::tools::outside::Docs;

/// Model answers of the steps of such a goal; those of its sub-goal's plan are included.
const ANSWERS: &str = r#"{"assess": 1, "plan": 3, "look": 2, "work": 4, "rest": 2, "judge": 1}"#;

/// Kills per world: see `kills`.
const KILLS_PER_WORLD: usize = 12;

/// Function, point at which it is killed, and number of passes before.
const POINTS: [(&str, Point, u64); 20] = [
    ("intake", Point::AfterModelTurn, 0),
    ("intake", Point::BeforeTurnEnd, 0),
    ("planner", Point::AfterTurnBegun, 1),
    ("planner", Point::AfterModelTurn, 2),
    ("planner", Point::AfterTurnEnd, 0),
    ("aggregator", Point::AfterModelTurn, 0),
    ("executor", Point::BeforeTurn, 1),
    ("executor", Point::AfterTurnBegun, 0),
    ("executor", Point::AfterTurnBegun, 4),
    ("executor", Point::AfterModelTurn, 1),
    ("executor", Point::AfterModelTurn, 6),
    ("executor", Point::BeforeTurnEnd, 3),
    ("executor", Point::AfterTurnEnd, 0),
    ("executor", Point::AfterTurnEnd, 2),
    ("executor", Point::AfterEffect, 0),
    ("executor", Point::AfterEffect, 2),
    ("executor", Point::BeforeFreezing, 0),
    ("executor", Point::AfterFreezing, 0),
    ("executor", Point::BeforeCompletion, 1),
    ("executor", Point::AfterCompletion, 2),
];

#[tokio::test]
async fn goal_with_everything_survives_kills_at_every_point() {
    for _ in 0..rounds() {
        for points in POINTS.chunks(KILLS_PER_WORLD) {
            let docs = Docs::start().await;
            let mut world = World::start(|mut options| {
                let hosts = options
                    .environment
                    .get_mut("GOALPOST_PRIVATE_HOSTS")
                    .unwrap();
                *hosts = format!("{hosts} {}={DEMO}", docs.host);
                options
            })
            .await;
            world.model.plans_whole_goals();
            let flags = json!({"idempotent": true, "writes": false, "approval": "never"});
            world.let_use(&docs, &flags).await;
            for (function, point, passes) in points {
                let rule = SandboxFaultRule::kill_once(*point, function).after(*passes);
                let kills_before = world.strike(vec![rule]).await;
                world
                    .trial
                    .settle_deciding(async || world.decide().await)
                    .await;
                world.require_kills(&kills_before);
            }
            let edited = world
                .json("select to_jsonb(count(*)) from goalpost.tool_calls where state = 'done' and proposed_arguments is not null")
                .await;
            assert_eq!(
                edited,
                json!(3 * points.len()),
                "every effect was edited by a person"
            );
            let answers: Value = serde_json::from_str(ANSWERS).unwrap();
            world.end_with(&answers).await;
        }
    }
}

impl World {
    /// Approves an MCP tool with these flags, and creates agents that use everything.
    pub(super) async fn let_use(&self, docs: &Docs, flags: &Value) {
        let owner = &self.trial.owner;
        let server = json!({"p_workspace_id": DEMO, "p_name": "docs", "p_url": format!("http://{}/mcp", docs.host)});
        let added = owner.rpc("add_mcp_server", &server).await.unwrap();
        assert!(added.status.is_success(), "{added:?}");
        let database = self.trial.stack.admin_db().await.unwrap();
        // Written as a listing and an admin would: both have tests of their own.
        database
            .batch_execute(&format!(
                "insert into goalpost.agents (workspace_id, name, role, tools) values
                   ('{DEMO}', 'reader', 'You look things up.', array['sql', 'mcp.docs.search']),
                   ('{DEMO}', 'lead', 'You see to the rest.', array['delegate'])"
            ))
            .await
            .unwrap();
        let listed = json!({"p_workspace_id": DEMO, "p_question": "list", "p_runbook": "mcp-refresh", "p_parameters": {"server": "docs"}});
        let listed = owner.rpc("accept_request", &listed).await.unwrap();
        owner
            .until_settled(listed.body["request_id"].as_i64().unwrap())
            .await
            .unwrap();
        let seen = owner.rows("mcp_tools", "select=schema_hash").await.unwrap();
        let approval = json!({"p_workspace_id": DEMO, "p_server": "docs", "p_tool": "search", "p_schema_hash": seen[0]["schema_hash"],
                              "p_flags": flags});
        let approved = owner.rpc("approve_mcp_tool", &approval).await.unwrap();
        assert_eq!(approved.body["state"], "approved", "{approved:?}");
    }

    /// Edits a call as a person and approves it. Returns true if there was one to decide.
    async fn decide(&self) -> bool {
        let waiting = self.trial.owner.rows("inbox", "").await.unwrap();
        for approval in &waiting {
            let mut edited = approval["subject"].clone();
            edited["body"]["edited"] = json!(true);
            let decision = json!({"p_approval_id": approval["approval_id"], "p_decision": "approved", "p_edited": edited});
            let decided = self
                .trial
                .owner
                .rpc("decide_approval", &decision)
                .await
                .unwrap();
            assert_eq!(decided.body["first"], true, "{decided:?}");
        }
        !waiting.is_empty()
    }
}
