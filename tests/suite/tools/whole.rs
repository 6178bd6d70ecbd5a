//! One goal with everything in it: three agents, SQL, an MCP tool, memory, a call that a person edits, a question that
//! a person answers, a sub-goal that an agent requests, and a verdict.

use local_stack::stack::Person;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use super::outside::{Docs, Receiver};
use crate::script::Script;

fn calls(calls: &[(&str, Value)]) -> Value {
    let call = |(at, (name, arguments)): (usize, &(&str, Value))| {
        json!({"id": format!("call_{name}_{at}"), "type": "function",
               "function": {"name": name, "arguments": arguments.to_string()}})
    };
    let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls})
}

fn answer(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

fn agent(key: &str, name: &str, after: &[&str]) -> Value {
    json!({"key": key, "kind": "agent", "agent": name, "depends_on": after, "input": {"instructions": format!("Do your part: {key}.")}})
}

fn script(receiver: &Receiver) -> Script {
    let hook = format!("http://{}/hook", receiver.host);
    Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": {"title": "Tell of the orders", "description": "Count, tell, go deeper"}}))
        .json("plan", &json!({"summary": "Count, tell, go deeper", "criteria": ["It was told"], "steps": [
            agent("look", "reader", &[]), agent("tell", "clerk", &["look"]), agent("lead", "lead", &["tell"])]}))
        .reply("work", calls(&[
            ("sql", json!({"query": "select count(*) as n from shop.orders"})),
            ("mcp_docs_search", json!({"words": "orders"})),
            ("remember", json!({"text": "Orders are counted in shop.orders", "scope": "workspace", "kind": "fact"})),
        ]))
        .reply("work", answer("There are orders, and three pages of them."))
        .reply("work", calls(&[("webhook", json!({"url": hook, "body": {"text": "As the model wrote it"}}))]))
        .reply("work", answer("They were told."))
        .reply("work", calls(&[
            ("delegate", json!({"title": "Deeper", "instructions": "Add one and two", "as": "goal"})),
            ("ask_human", json!({"question": "Which colour?", "options": ["red", "blue"]})),
        ]))
        .json("plan", &json!({"summary": "One sum", "steps": [
            {"key": "sum", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}}]}))
        .reply("work", calls(&[("recall", json!({"query": "where orders are counted"}))]))
        .reply("work", answer("All of it is done."))
        .json("verdicts", &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "tell", "evidence": "it was"}]}))
}

/// Returns the one waiting decision, once there is one.
pub(super) async fn decision(owner: &Client) -> Value {
    let began = std::time::Instant::now();
    loop {
        let mut inbox = owner.rows("inbox", "").await.unwrap();
        if let Some(waiting) = inbox.pop() {
            return waiting;
        }
        assert!(
            began.elapsed().as_secs() < 60,
            "no decision is requested: {:?}",
            owner.rows("steps", "select=key,kind,state,error").await
        );
    }
}

#[tokio::test]
async fn goal_of_three_agents_with_approvals_completes() {
    let (receiver, docs) = (Receiver::start().await, Docs::start().await);
    let script = script(&receiver);
    let base_url = script.serve().await;
    let private = format!("{}={DEMO} {}={DEMO}", receiver.host, docs.host);
    let stack = stacks::start_with(|mut options| {
        let named = [
            ("OPENAI_BASE_URL", base_url),
            ("GOALPOST_MODEL", "scripted".to_owned()),
            ("GOALPOST_PRIVATE_HOSTS", private),
        ];
        let named = named.map(|(name, value)| (name.to_owned(), value));
        options.environment.extend(named);
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    });
    let stack = stack.await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let server = json!({"p_workspace_id": DEMO, "p_name": "docs", "p_url": format!("http://{}/mcp", docs.host)});
    let added = owner.rpc("add_mcp_server", &server).await.unwrap();
    assert!(added.status.is_success(), "{added:?}");
    let listed = json!({"p_workspace_id": DEMO, "p_question": "list", "p_runbook": "mcp-refresh", "p_parameters": {"server": "docs"}});
    let listed = owner.rpc("accept_request", &listed).await.unwrap();
    owner
        .until_settled(listed.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    let seen = owner.rows("mcp_tools", "select=schema_hash").await.unwrap();
    let approval = json!({"p_workspace_id": DEMO, "p_server": "docs", "p_tool": "search", "p_schema_hash": seen[0]["schema_hash"],
                          "p_flags": {"idempotent": true, "writes": false, "approval": "never"}});
    let approved = owner.rpc("approve_mcp_tool", &approval).await.unwrap();
    assert_eq!(approved.body["state"], "approved", "{approved:?}");
    let database = stack.admin_db().await.unwrap();
    owner.allow("webhook", &receiver.host).await.unwrap();
    for agent in [
        json!({"name": "reader", "role": "You look things up.", "tools": ["sql", "mcp.docs.search", "remember"]}),
        json!({"name": "clerk", "role": "You tell people.", "tools": ["webhook"]}),
        json!({"name": "lead", "role": "You see to the rest.", "tools": ["delegate", "ask_human", "recall"]}),
    ] {
        let call = json!({"p_workspace_id": DEMO, "p_agent": agent});
        let applied = owner.rpc("apply_agent", &call).await.unwrap();
        assert!(applied.status.is_success(), "{applied:?}");
    }

    let asked = owner
        .begin("Tell everybody how many orders there are, and go deeper")
        .await
        .unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();

    // The agent has read untrusted content, so a person reviews the call, and edits it.
    let waiting = decision(&owner).await;
    assert_eq!(waiting["kind"], "tool_call", "{waiting}");
    assert!(receiver.got().is_empty(), "nothing is sent before");
    let edited = json!({"url": format!("http://{}/hook", receiver.host), "body": {"text": "As the person wrote it"}});
    let decided = json!({"p_approval_id": waiting["approval_id"], "p_decision": "approved", "p_edited": edited});
    let decided = owner.rpc("decide_approval", &decided).await.unwrap();
    assert_eq!(decided.body["first"], true, "{decided:?}");

    // A question of the agent itself.
    let waiting = decision(&owner).await;
    assert_eq!(waiting["kind"], "question", "{waiting}");
    let answered = json!({"p_approval_id": waiting["approval_id"], "p_decision": "answered", "p_answer": "blue"});
    let answered = owner.rpc("decide_approval", &answered).await.unwrap();
    assert_eq!(answered.body["first"], true, "{answered:?}");

    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(
        done["state"],
        "answered",
        "{done}\n{:?}",
        owner.rows("steps", "select=key,kind,state,error").await
    );

    // Sent once, as edited, and kept as training material.
    let got = receiver.got();
    assert_eq!(got.len(), 1, "{got:?}");
    let body: Value = serde_json::from_slice(&got[0].1).unwrap();
    assert_eq!(body["text"], "As the person wrote it");
    let corrections = owner.rows("corrections", "select=tool").await.unwrap();
    assert_eq!(corrections, vec![json!({"tool": "webhook"})]);
    assert_eq!(*docs.calls.lock().unwrap(), 1);

    // The sub-goal was a separate goal, and its end was the call's result, as was the person's answer.
    let goals = owner
        .rows("goals", "select=title,state&order=id")
        .await
        .unwrap();
    assert_eq!(
        goals.last().unwrap(),
        &json!({"title": "Deeper", "state": "completed"})
    );
    let turns = script.asked_for("work");
    let turn = turns[5].to_string();
    assert!(turn.contains("blue") && turn.contains('3'), "{turn}");
    // One agent's memory was sent to another: at its begin, and in a recall.
    assert!(
        turns[5]
            .to_string()
            .contains("Orders are counted in shop.orders"),
        "{}",
        turns[5]
    );
    assert!(
        turns[6]
            .to_string()
            .contains("Orders are counted in shop.orders"),
        "{}",
        turns[6]
    );
    let uses = owner
        .rows("memory_uses", "select=step_key,call_number")
        .await
        .unwrap();
    assert!(
        uses.iter()
            .any(|use_of_memory| use_of_memory["call_number"] != 0),
        "{uses:?}"
    );

    // Every model call has one answer and was paid for once, and the sums agree.
    let turns = owner.rows("step_turns", "select=state").await.unwrap();
    assert!(
        turns.iter().all(|turn| turn["state"] == "answered"),
        "{turns:?}"
    );
    let row = database
        .query_one(
            "select (select sum(cost_microusd) from goalpost.usage_events)::bigint, (select sum(spent_microusd) from goalpost.budgets where scope = 'workspace_month')::bigint,
                    (select sum(reserved_microusd) from goalpost.budgets)::bigint",
            &[],
        )
        .await
        .unwrap();
    let (used, spent, reserved): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert!(
        used > 0 && used == spent && reserved == 0,
        "{used} {spent} {reserved}"
    );
    stack.stop().await.unwrap();
}
