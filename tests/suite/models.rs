//! Work that needs a model, against a server with the real wire format and scripted answers.

use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use crate::script::Script;

fn calculation(key: &str, expression: &str) -> Value {
    json!({"key": key, "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": expression}}})
}

#[tokio::test]
async fn unreported_usage_counts_against_caps() {
    let remember = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "remember", "arguments": "{\"text\": \"Invoices are in euro\"}"}}]});
    let steps = json!([{"key": "think", "kind": "agent", "agent": "analyst", "input": {"instructions": "Remember it."}}]);
    let goal = json!({"title": "Remember", "description": "Remember the currency of invoices."});
    let script = Script::default()
        .without_usage()
        .json("assessment", &json!({"decision": "goal", "goal": goal}))
        .json("plan", &json!({"summary": "s", "steps": steps}))
        .reply("work", remember)
        .reply(
            "work",
            json!({"role": "assistant", "content": "Remembered."}),
        );
    let base_url = script.serve().await;
    let with_model = move |mut options: StackOptions| {
        for (name, value) in [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("GOALPOST_MODEL", "scripted"),
            ("GOALPOST_EMBEDDING_MODEL", "embedder"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner
        .begin("Remember in which currency our invoices are")
        .await
        .unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["state"], "answered", "{done}");

    let turns = owner
        .rows(
            "step_turns",
            "select=purpose,state,is_estimate,cost_microusd,input_tokens,output_tokens",
        )
        .await
        .unwrap();
    let calls = script.call_count();
    assert_eq!(turns.len(), calls, "every paid call is a turn: {turns:?}");
    assert!(
        turns.iter().any(|turn| turn["purpose"] == "embed"),
        "{turns:?}"
    );
    let sum = |rows: &[Value], name: &str| -> i64 {
        rows.iter().filter_map(|row| row[name].as_i64()).sum()
    };
    assert!(
        turns.iter().all(|turn| turn["state"] == "answered"
            && turn["is_estimate"] == true
            && turn["cost_microusd"].as_i64() > Some(0)),
        "{turns:?}"
    );
    let budgets = owner
        .rows(
            "budgets",
            "select=scope,spent_microusd,spent_tokens,reserved_microusd",
        )
        .await
        .unwrap();
    assert_eq!(budgets.len(), 3, "{budgets:?}");
    let tokens = sum(&turns, "input_tokens") + sum(&turns, "output_tokens");
    for budget in &budgets {
        assert_eq!(
            (
                &budget["spent_microusd"],
                &budget["spent_tokens"],
                &budget["reserved_microusd"]
            ),
            (
                &json!(sum(&turns, "cost_microusd")),
                &json!(tokens),
                &json!(0)
            ),
            "{budget}"
        );
    }
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn memories_are_embedded_again_on_request() {
    let remember = |id: &str, text: &str| {
        json!({"id": id, "type": "function",
               "function": {"name": "remember", "arguments": json!({"text": text, "scope": "workspace"}).to_string()}})
    };
    let calls = json!([
        remember("call_1", "Invoices are in euro"),
        remember("call_2", "Monday is quiet")
    ]);
    let steps = json!([{"key": "think", "kind": "agent", "agent": "analyst", "input": {"instructions": "Remember it."}}]);
    let goal = json!({"title": "Remember", "description": "Remember what we know."});
    // The question and both memories. Each refusal is repeated without a width.
    let script = Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": goal}))
        .json("plan", &json!({"summary": "s", "steps": steps}))
        .reply(
            "work",
            json!({"role": "assistant", "content": null, "tool_calls": calls}),
        )
        .reply(
            "work",
            json!({"role": "assistant", "content": "Remembered."}),
        );
    let script = (0..6).fold(script, |script, _| script.reply("embed", json!(400)));
    let base_url = script.serve().await;
    let with_model = move |mut options: StackOptions| {
        for (name, value) in [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("GOALPOST_MODEL", "scripted"),
            ("GOALPOST_EMBEDDING_MODEL", "embedder"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let ended = async |question: Value| {
        let asked = owner.rpc("accept_request", &question).await.unwrap();
        let request = asked.body["request_id"].as_i64().unwrap();
        owner.until_settled(request).await.unwrap()
    };
    let spaces = async || owner.rows("memories", "select=space").await.unwrap();

    let question = json!({"p_workspace_id": DEMO, "p_question": "Remember what we know of invoices and Mondays"});
    let done = ended(question).await;
    assert_eq!(done["state"], "answered", "{done}");
    assert_eq!(
        spaces().await,
        [json!({"space": null}), json!({"space": null})]
    );
    assert_eq!(script.clear(), 0, "the embeddings were refused");

    let again = json!({"p_workspace_id": DEMO, "p_question": "Embed them again", "p_runbook": "embed-memories"});
    let done = ended(again.clone()).await;
    assert_eq!(done["state"], "answered", "{done}");
    let report = done["answer_text"].as_str().unwrap();
    assert!(report.contains("`openai/embedder`: 2"), "{report}");
    let space = json!({"space": "openai/embedder"});
    assert_eq!(spaces().await, [space.clone(), space]);
    let paid = "select=state,input_tokens,steps!inner(key)&purpose=eq.embed&steps.key=eq.embed";
    let paid = owner.rows("step_turns", paid).await.unwrap();
    // Memories, texts of runbooks, and the questions that measure the baseline of the space.
    assert_eq!(paid.len(), 3, "one batch is one paid turn: {paid:?}");
    let answered = paid.iter().all(|turn| turn["state"] == "answered");
    assert!(answered, "{paid:?}");
    let embedded = owner.rows("runbook_embeddings", "select=space").await;
    assert!(!embedded.unwrap().is_empty());

    let asked = script.asked_for("embed").len();
    assert_eq!(ended(again).await["state"], "answered");
    assert_eq!(
        script.asked_for("embed").len(),
        asked,
        "nothing is left to embed"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn learned_capabilities_reach_the_next_function() {
    let steps = json!([{"key": "think", "kind": "agent", "agent": "analyst", "input": {"instructions": "Say hello."}}]);
    let goal = json!({"title": "Greet", "description": "Say hello."});
    let renamed = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let script = Script::default()
        .reply("assessment", json!(renamed))
        .json("assessment", &json!({"decision": "goal", "goal": goal}))
        .json("plan", &json!({"summary": "s", "steps": steps}))
        .reply("work", json!({"role": "assistant", "content": "Hello."}));
    let base_url = script.serve().await;
    let endpoint = base_url.clone();
    let with_model = move |mut options: StackOptions| {
        for (name, value) in [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("GOALPOST_MODEL", "scripted"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("Greet all of our customers").await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");

    // The planner and the executor are separate processes: their capabilities are those sent with their turns.
    let names = |what: &str| -> Vec<bool> {
        let bodies = script.asked_for(what).into_iter();
        bodies
            .map(|body| body.get("max_completion_tokens").is_some())
            .collect()
    };
    assert_eq!(names("assessment"), [false, true]);
    assert_eq!((names("plan"), names("work")), (vec![true], vec![true]));
    let database = stack.admin_db().await.unwrap();
    let row = database
        .query_one(
            "select to_jsonb(c) - 'learned_at' from goalpost_private.model_capabilities c",
            &[],
        )
        .await
        .unwrap();
    let row: Value = row.get(0);
    assert_eq!(
        row,
        json!({"provider": "openai", "endpoint": endpoint, "model": "scripted", "limit_parameter": "max_completion_tokens",
            "output_format": null, "max_output_tokens": null, "context_tokens": null, "reasons_with_tools": null})
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn goal_with_repair_agent_subgoal_and_replan_completes() {
    let script = Script::default()
        .json("assessment", &json!({"decision": "goal", "goal": {"title": "Compare", "description": "Compare them"}}))
        .json("plan", &json!({"steps": [{"key": "a", "kind": "tool", "input": {"tool": "crystal_ball", "arguments": {}}}]}))
        .json("plan", &json!({
            "summary": "Count, think, go deeper", "criteria": ["The difference is named"],
            "steps": [
                {"key": "count", "kind": "tool", "input": {"tool": "sql", "arguments": {"query": "select count(*) as n from shop.orders"}}},
                {"key": "think", "kind": "agent", "agent": "analyst", "depends_on": ["count"], "input": {"instructions": "Name the difference."}},
                {"key": "deeper", "kind": "subgoal", "depends_on": ["count"], "input": {"title": "Deeper", "description": "Look closer"}},
            ],
        }))
        .json("plan", &json!({"summary": "One sum", "steps": [calculation("sum", "1 + 2")]}))
        .json("plan", &json!({"summary": "Once more", "steps": [calculation("again", "2 * 3")]}))
        .reply("work", json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "calculate", "arguments": "{\"expression\": \"6 * 7\"}"}},
            {"id": "call_2", "type": "function", "function": {"name": "http_get", "arguments": "{\"url\": \"https://example.com\"}"}},
        ]}))
        .reply("work", json!({"role": "assistant", "content": "They differ by 42."}))
        .json("verdicts", &json!({"verdicts": [{"number": 1, "verdict": "unmet", "step": "think", "evidence": "not yet"}]}))
        .json("verdicts", &json!({"verdicts": [{"number": 1, "verdict": "met", "step": "think", "evidence": "now it is"}]}));
    let base_url = script.serve().await;
    let with_model = move |mut options: StackOptions| {
        options
            .environment
            .insert("OPENAI_BASE_URL".to_owned(), base_url);
        options
            .environment
            .insert("GOALPOST_MODEL".to_owned(), "scripted".to_owned());
        options.openai_api_key = Some("sk-test-key".to_owned().into());
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner
        .begin("Explain how our two most loyal shoppers differ")
        .await
        .unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(
        done["state"],
        "answered",
        "{done}\n{:?}",
        owner.rows("steps", "").await.unwrap()
    );

    // The problems of the first plan were sent back to the model.
    let plans = script.asked_for("plan");
    assert_eq!(plans.len(), 4);
    assert!(
        plans[1].to_string().contains("unknown_tool"),
        "{}",
        plans[1]
    );
    assert!(plans[0]["max_tokens"].is_number() || plans[0]["max_completion_tokens"].is_number());
    // A tool that the agent does not have was refused, and the model received the refusal.
    let turns = script.asked_for("work");
    assert_eq!(turns.len(), 2);
    assert!(
        turns[1]
            .to_string()
            .contains("http_get is not among the tools of this step"),
        "{}",
        turns[1]
    );
    assert!(turns[1].to_string().contains("42"));

    let goals = owner
        .rows("goals", "select=title,state,depth&order=id")
        .await
        .unwrap();
    assert_eq!(
        goals,
        vec![
            json!({"title": "Compare", "state": "completed", "depth": 0}),
            json!({"title": "Deeper", "state": "completed", "depth": 1}),
        ]
    );
    let revisions = owner
        .rows(
            "plan_revisions",
            "select=run_id,revision&order=run_id,revision",
        )
        .await
        .unwrap();
    assert_eq!(
        revisions.len(),
        3,
        "two of the goal, one of its sub-goal: {revisions:?}"
    );
    let criteria = owner
        .rows(
            "goal_criteria",
            "select=verdict,evidence,evidence_step,decided_by",
        )
        .await
        .unwrap();
    assert_eq!(
        criteria,
        vec![
            json!({"verdict": "met", "evidence": "now it is", "evidence_step": "think", "decided_by": "model"})
        ]
    );

    // Every call was booked, and the key is in no log.
    let usage = owner
        .rows(
            "usage_events",
            "select=input_tokens,output_tokens,provider,model",
        )
        .await
        .unwrap();
    let calls = script.call_count();
    assert_eq!(
        usage
            .iter()
            .filter(|row| row["provider"] == "openai" && row["model"] == "scripted")
            .count(),
        calls
    );
    assert!(
        usage
            .iter()
            .all(|row| row["provider"] != "openai" || row["input_tokens"] == 100)
    );
    for entry in std::fs::read_dir(stack.log_folder()).unwrap() {
        let log = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!log.contains("sk-test-key"), "the model's key is in a log");
    }
    stack.stop().await.unwrap();
}
