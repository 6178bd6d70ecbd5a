//! Steps with a query that cannot run yet: they hold no lease and no slot, lose no attempt, and complete later.

use local_stack::stack::{Person, Stack, StackOptions, Switch};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

struct World {
    stack: Stack,
    owner: Client,
    database: tokio_postgres::Client,
}

impl World {
    /// Starts a stack without wakes, in which the executor works when a test invokes it, and a request with these
    /// queries as steps.
    async fn start(keys: &[&str]) -> Self {
        let stack = stacks::start_with(|options| StackOptions {
            pg_net: Switch::Off,
            ..options
        })
        .await
        .unwrap();
        let database = stack.admin_db().await.unwrap();
        let step = |key: &&str| json!({"key": key, "kind": "tool", "input": {"tool": "sql", "arguments": {"query": "select 6 * 7 as n"}}});
        let mut steps: Vec<Value> = keys.iter().map(step).collect();
        // The last step prevents the judge from ending the run.
        steps.push(json!({"key": "end", "kind": "tool", "depends_on": keys,
                          "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}}));
        let plan = json!({"summary": "s", "criteria": [], "steps": steps});
        database
            .execute(
                "insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
                 values ($1::text::uuid, 'count', 'c', 'c', 'test', $2)",
                &[&DEMO, &plan],
            )
            .await
            .unwrap();
        let owner = Client::of(&stack, Person::Owner);
        let begun = json!({"p_workspace_id": DEMO, "p_question": "count", "p_runbook": "count"});
        let begun = owner.rpc("accept_request", &begun).await.unwrap();
        begun.into_body().unwrap();
        Self {
            stack,
            owner,
            database,
        }
    }

    /// Invokes the executor as its schedule does.
    async fn work(&self) {
        let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
            "resources": ["arn:aws:scheduler:local:000000000000:schedule/default/goalpost"], "detail": "{}"});
        self.stack.invoke("executor", &tick).await.unwrap();
    }

    async fn json(&self, query: &str) -> Value {
        self.database.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Returns the rows of the steps with queries, by key.
    async fn steps(&self) -> Value {
        self.json(
            "select jsonb_object_agg(s.key, jsonb_build_object('state', s.state, 'attempt', s.attempt, 'lease', s.lease_expires_at,
               'is_timed', s.run_after is not null, 'result', s.result -> 'rows', 'attempts', (
                 select jsonb_agg(a.outcome order by a.attempt) from goalpost.step_attempts a
                  where a.run_id = s.run_id and a.step_key = s.key)))
               from goalpost.steps s where s.key <> 'end'",
        )
        .await
    }

    async fn requests(&self) -> Vec<Value> {
        self.owner.rows("requests", "select=state").await.unwrap()
    }
}

fn waiting(is_timed: bool) -> Value {
    json!({"state": "waiting", "attempt": 1, "lease": null, "is_timed": is_timed, "result": null, "attempts": null})
}

fn completed() -> Value {
    json!({"state": "completed", "attempt": 1, "lease": null, "is_timed": false, "result": [{"n": 42}], "attempts": ["completed"]})
}

#[tokio::test]
async fn query_without_free_slot_is_answered_later() {
    let world = World::start(&["a"]).await;
    let holder = world.stack.admin_db().await.unwrap();
    let all_slots = format!(
        "select pg_advisory_lock(hashtext('goalpost.query.{DEMO}'), slot)
           from goalpost_private.limits l, generate_series(1, l.max_queries_per_workspace) slot"
    );
    holder.batch_execute(&all_slots).await.unwrap();
    world.work().await;
    assert_eq!(world.steps().await, json!({"a": waiting(true)}));
    assert_eq!(world.requests().await, [json!({"state": "accepted"})]);

    holder
        .batch_execute("select pg_advisory_unlock_all()")
        .await
        .unwrap();
    let due = "select to_jsonb(bool_and(run_after <= goalpost_private.clock())) from goalpost.steps where key <> 'end'";
    while world.json(due).await != json!(true) {
        tokio::task::yield_now().await;
    }
    world.work().await;
    assert_eq!(world.steps().await, json!({"a": completed()}));
    assert_eq!(world.requests().await, [json!({"state": "answered"})]);
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn expired_claims_wait_until_their_requester_renews() {
    let world = World::start(&["a", "b"]).await;
    let expire = "update goalpost_private.request_claims k set taken_at = k.taken_at - l.claims_lifetime from goalpost_private.limits l";
    assert_eq!(world.database.execute(expire, &[]).await.unwrap(), 1);
    world.work().await;
    assert_eq!(
        world.steps().await,
        json!({"a": waiting(false), "b": waiting(false)})
    );

    // One approval covers both steps, and the requester alone can decide it.
    let inbox = world.owner.rows("inbox", "select=approval_id,kind,shown");
    let inbox = inbox.await.unwrap();
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert_eq!(inbox[0]["kind"], "renewal");
    let decision = json!({"p_approval_id": inbox[0]["approval_id"], "p_decision": "approved"});
    let approver = Client::of(&world.stack, Person::Approver);
    let refused = approver.rpc("decide_approval", &decision).await.unwrap();
    assert_eq!(refused.body["code"], "ZG002", "{refused:?}");
    world.work().await;
    assert_eq!(
        world.steps().await,
        json!({"a": waiting(false), "b": waiting(false)})
    );

    let renewed = world.owner.rpc("decide_approval", &decision).await.unwrap();
    assert_eq!(renewed.body["state"], "approved", "{renewed:?}");
    world.work().await;
    assert_eq!(
        world.steps().await,
        json!({"a": completed(), "b": completed()})
    );
    assert_eq!(world.requests().await, [json!({"state": "answered"})]);
    world.stack.stop().await.unwrap();
}
