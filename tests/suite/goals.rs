//! Questions that become completed work, through the real function binaries, over real HTTP, on real data.

use std::collections::BTreeSet;

use local_stack::stack::{Person, Stack};
use serde_json::json;
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

/// Statistics are not copied with a cloned database; `shop.exercise_indexes` creates them again.
async fn shop_in_use(stack: &Stack) {
    let database = stack.admin_db().await.unwrap();
    database
        .batch_execute("select shop.exercise_indexes()")
        .await
        .unwrap();
}

/// Returns the findings of the audit over the shop: check and object.
async fn findings(client: &Client) -> BTreeSet<(String, String)> {
    let steps = client
        .rows("steps", "kind=eq.tool&state=eq.completed&select=key,result")
        .await
        .unwrap();
    let rows = steps
        .iter()
        .flat_map(|step| step["result"]["rows"].as_array().into_iter().flatten());
    rows.filter(|row| row["severity"].is_string() && row["object"].is_string())
        .map(|row| {
            (
                row["check_name"].as_str().unwrap().to_owned(),
                row["object"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    pairs
        .iter()
        .map(|(check, object)| ((*check).to_owned(), (*object).to_owned()))
        .collect()
}

/// The table at the top of `supabase/seeds/20_shop.sql`.
const PLANTED: &[(&str, &str)] = &[
    ("missing_rls", "shop.newsletter_signups"),
    ("missing_rls", "shop.supplier_prices"),
    ("rls_without_policy", "shop.gift_cards"),
    ("open_write_policies", "shop.product_reviews"),
    ("mutable_search_path", "shop.cancel_order(bigint)"),
    ("mutable_search_path", "shop.order_total(bigint)"),
    ("missing_primary_keys", "shop.stock_movements"),
    ("unindexed_foreign_keys", "shop.order_items"),
    ("unindexed_foreign_keys", "shop.refunds"),
    ("unindexed_foreign_keys", "shop.shipments"),
    ("duplicate_indexes", "shop.payments_order_idx"),
    ("unused_indexes", "shop.order_items_unit_price_idx"),
    ("unused_indexes", "shop.shipments_tracking_code_idx"),
];

#[tokio::test]
async fn audit_finds_planted_defects_and_returns_approved_sql() {
    let stack = stacks::start().await.unwrap();
    shop_in_use(&stack).await;
    let owner = Client::of(&stack, Person::Owner);
    let approver = Client::of(&stack, Person::Approver);
    let asked = owner
        .begin("Audit my database: what is wrong with it?")
        .await
        .unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();

    let waiting = owner.until_settled(request_id).await.unwrap();
    assert_eq!(
        waiting["state"], "accepted",
        "it waits for the decision: {waiting}"
    );
    assert_eq!(findings(&owner).await, pairs(PLANTED));
    let progress = owner.rows("goal_progress", "").await.unwrap();
    let so_far = progress[0]["progress"].as_f64().unwrap();
    assert!(so_far > 0.5 && so_far < 1.0, "{progress:?}");
    let held = "state=eq.waiting&lease_expires_at=not.is.null";
    let held = owner.rows("steps", held).await.unwrap();
    assert!(held.is_empty(), "waiting holds no lease: {held:?}");

    assert_eq!(
        approver.decide("approved").await.unwrap().body["first"],
        true
    );
    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let report = done["answer_text"].as_str().unwrap();
    for (_, object) in PLANTED {
        let name = object.split('(').next().unwrap();
        assert!(
            report.contains(name),
            "{name} is not in the report:\n{report}"
        );
    }
    assert!(
        report.contains("alter table shop.newsletter_signups enable row level security"),
        "{report}"
    );
    let verdicts = owner.rows("goal_criteria", "select=verdict").await.unwrap();
    assert!(
        !verdicts.is_empty() && verdicts.iter().all(|row| row["verdict"] == "met"),
        "{verdicts:?}"
    );
    let open = owner
        .rows("agent_instances", "state=eq.open")
        .await
        .unwrap();
    assert!(open.is_empty(), "agents are closed with the run");
    assert_eq!(
        owner.rows("goal_progress", "").await.unwrap()[0]["progress"],
        1
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn rejected_audit_reports_without_sql() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let approver = Client::of(&stack, Person::Approver);
    let asked = owner
        .begin("Please check the health of our schema")
        .await
        .unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(request_id).await.unwrap();
    approver.decide("rejected").await.unwrap();
    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let report = done["answer_text"].as_str().unwrap();
    assert!(report.contains("shop.newsletter_signups"));
    assert!(
        !report.contains("enable row level security;"),
        "no SQL without approval:\n{report}"
    );
    let skipped = owner
        .rows("steps", "state=eq.skipped&select=key")
        .await
        .unwrap();
    assert!(
        skipped.iter().any(|step| step["key"] == "hand_over_sql"),
        "{skipped:?}"
    );
    stack.stop().await.unwrap();
}

/// Statements that plant one more defect each, and the findings they add; from the head of `supabase/seeds/20_shop.sql`.
const MORE: &[(&str, &[(&str, &str)])] = &[
    (
        "create table shop.extra_open (id bigint primary key); grant select on shop.extra_open to authenticated;",
        &[("missing_rls", "shop.extra_open")],
    ),
    (
        "create table shop.extra_closed (id bigint primary key);
         alter table shop.extra_closed enable row level security;
         grant select on shop.extra_closed to authenticated;",
        &[("rls_without_policy", "shop.extra_closed")],
    ),
    (
        "create policy extra_write on shop.stock for update to authenticated using (true);",
        &[("open_write_policies", "shop.stock")],
    ),
    (
        "create function shop.extra_plain() returns integer language sql as 'select 1';",
        &[("mutable_search_path", "shop.extra_plain()")],
    ),
    (
        "create table shop.extra_heap (note text); alter table shop.extra_heap enable row level security;",
        &[("missing_primary_keys", "shop.extra_heap")],
    ),
    (
        "create index orders_placed_at_twin_idx on shop.orders (placed_at);",
        &[("duplicate_indexes", "shop.orders_placed_at_twin_idx")],
    ),
];

/// Other wordings of the same request.
const WORDS: &[&str] = &[
    "Which tables have no row level security?",
    "Look for missing indexes and unsafe functions in our database",
    "Is there anything insecure in my Postgres schema?",
];

#[tokio::test]
async fn findings_depend_on_database_not_wording() {
    // Each run has its own seed: the name of the database is random, and the choice follows from it.
    for (round, words) in WORDS.iter().enumerate() {
        let stack = stacks::start().await.unwrap();
        let seed: usize = stack.database().bytes().map(usize::from).sum::<usize>() + round;
        let database = stack.admin_db().await.unwrap();
        let mut expected = pairs(PLANTED);
        let mut planted = Vec::new();
        for offset in [0, 2] {
            let (statements, added) = MORE[(seed + offset) % MORE.len()];
            database.batch_execute(statements).await.unwrap();
            expected.extend(pairs(added));
            planted.push(statements);
        }
        // One defect is repaired.
        database
            .batch_execute("alter table shop.supplier_prices enable row level security")
            .await
            .unwrap();
        expected.remove(&("missing_rls".to_owned(), "shop.supplier_prices".to_owned()));
        expected.insert((
            "rls_without_policy".to_owned(),
            "shop.supplier_prices".to_owned(),
        ));
        shop_in_use(&stack).await;

        let owner = Client::of(&stack, Person::Owner);
        let asked = owner.begin(words).await.unwrap();
        let waiting = owner
            .until_settled(asked.body["request_id"].as_i64().unwrap())
            .await
            .unwrap();
        assert_eq!(waiting["state"], "accepted", "{words}: {waiting}");
        assert_eq!(
            findings(&owner).await,
            expected,
            "asked: {words}; planted: {planted:?}"
        );
        stack.stop().await.unwrap();
    }
}

#[tokio::test]
async fn audit_by_non_operator_is_refused() {
    let stack = stacks::start().await.unwrap();
    let approver = Client::of(&stack, Person::Approver);
    let asked = approver
        .begin("Audit my database: what is wrong with it?")
        .await
        .unwrap();
    let done = approver
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["state"], "failed", "{done}");
    assert!(
        done["reason"].as_str().unwrap().contains("project admin"),
        "{done}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn weekly_review_uses_the_shops_numbers() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("How did the shop do this week?").await.unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    // Read as supabase-js does: rows of another table embedded along a composite key.
    let goals = owner
        .rows("goals", "select=title,goal_criteria(verdict)")
        .await
        .unwrap();
    let criteria = goals[0]["goal_criteria"].as_array().unwrap();
    assert!(
        criteria.len() > 2 && criteria.iter().all(|row| row["verdict"] == "met"),
        "{goals:?}"
    );
    let database = stack.admin_db().await.unwrap();
    let orders: i64 = database
        .query_one(
            "select count(*) from shop.orders where status <> 'cancelled' and placed_at > (select max(placed_at) from shop.orders) - interval '7 days'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let report = done["answer_text"].as_str().unwrap();
    assert!(
        report.contains(&orders.to_string()),
        "{orders} orders in the last week are not in:\n{report}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn stranger_reads_nothing_of_another_workspace() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let stranger = Client::of(&stack, Person::Stranger);
    let asked = owner.begin("Audit my database").await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(request_id).await.unwrap();
    let approval = owner
        .rows("inbox", "select=approval_id,goal_id")
        .await
        .unwrap();
    for table in [
        "requests",
        "goals",
        "workflow_runs",
        "steps",
        "events",
        "approvals",
        "inbox",
        "goal_progress",
    ] {
        assert!(
            !owner.rows(table, "").await.unwrap().is_empty(),
            "{table} has rows to hide"
        );
        assert!(
            stranger.rows(table, "").await.unwrap().is_empty(),
            "{table} is open to strangers"
        );
    }
    let decided = stranger
        .rpc(
            "decide_approval",
            &json!({"p_approval_id": approval[0]["approval_id"], "p_decision": "approved"}),
        )
        .await
        .unwrap();
    assert_eq!(decided.body["code"], "ZG001", "{decided:?}");
    let cancelled = stranger
        .rpc("cancel_goal", &json!({"p_goal_id": approval[0]["goal_id"]}))
        .await
        .unwrap();
    assert_eq!(cancelled.body["code"], "ZG001", "{cancelled:?}");
    let row = json!({"workspace_id": DEMO, "question": "What is 1 + 1?"});
    assert!(
        !stranger
            .insert("requests", &row)
            .await
            .unwrap()
            .status
            .is_success()
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn cancelled_goal_cancels_its_tree() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("Audit my database").await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(request_id).await.unwrap();
    let goal = owner.rows("goals", "select=id").await.unwrap();
    let answer = owner
        .rpc("cancel_goal", &json!({"p_goal_id": goal[0]["id"]}))
        .await
        .unwrap();
    assert_eq!(answer.body["state"], "cancelled");
    let request = owner.until_settled(request_id).await.unwrap();
    assert_eq!(request["state"], "cancelled");
    let open = owner
        .rows("steps", "state=in.(pending,ready,running,waiting)")
        .await
        .unwrap();
    assert!(open.is_empty(), "{open:?}");
    assert!(owner.rows("inbox", "").await.unwrap().is_empty());
    stack.stop().await.unwrap();
}
