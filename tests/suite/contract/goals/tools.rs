//! Database calls of tools while a step is at work, and an admin's calls about an MCP server: made directly, as
//! `shared/tools` and the command line make them.

use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};

use super::Scene;
use super::by_hand::{lease_of, outcome};

impl Scene {
    /// Sets and lists what the tools of a workspace may reach, and their secrets.
    pub(super) async fn tool_settings(&self, owner: &Client, workspace_id: &Value) {
        let host = json!({"p_workspace_id": workspace_id, "p_kind": "webhook", "p_name": "example.com", "p_is_allowed": true});
        person(owner, "set_tool_access", &host).await;
        let secret = json!({"p_workspace_id": workspace_id, "p_name": "webhook", "p_secret": null});
        person(owner, "set_tool_secret", &secret).await;
        let workspace = json!({"p_workspace_id": workspace_id});
        person(owner, "read_tool_secrets", &workspace).await;
    }

    pub(super) async fn tools_at_work(&self, owner: &Client) {
        let done = |lease: &Value| outcome(lease, json!({"outcome": "completed", "result": {}}));
        let server = json!({"p_workspace_id": DEMO, "p_name": "docs", "p_url": "https://docs.example.com/mcp", "p_auth_header_name": null});
        person(owner, "add_mcp_server", &server).await;
        let ask = json!({"p_workspace_id": DEMO, "p_question": "Use tools by hand", "p_idempotency_key": null, "p_context": {}});
        person(owner, "accept_request", &ask).await;
        let call = |key: &str, tool: &str, after: Value| json!({"key": key, "kind": "tool", "depends_on": after, "input": {"tool": tool, "arguments": {}}});
        let steps = json!([
            call("lists", "mcp_list", json!([])),
            call("writes", "table_write", json!(["lists"])),
            call("tells", "webhook", json!(["writes"])),
            call("embeds", "embed_memories", json!(["tells"])),
            call("reports", "period_report", json!(["embeds"])),
        ]);
        let lease = lease_of(&self.claim("assess").await[0]);
        let mut vector = vec![0; 1024];
        vector[0] = 1;
        let embedding = json!({"p_space": "lexical-1", "p_embedding": vector});
        let matched = self
            .worker("match_question", &with(&lease, embedding))
            .await;
        assert_eq!(matched["is_complete"], false, "{matched}");
        let planned =
            json!({"outcome": "completed", "result": {"decision": "steps", "steps": steps}});
        assert_eq!(self.finish(outcome(&lease, planned)).await, "accepted");

        let lease = lease_of(&self.claim("tool").await[0]);
        let arguments = with(&lease, json!({"p_server": "docs", "p_tool": null}));
        assert!(self.worker("read_mcp_server", &arguments).await["url"].is_string());
        let tools = json!([{"name": "search", "description": "Finds pages.", "parameters": {"type": "object"}, "problem": null}]);
        let arguments = with(&lease, json!({"p_server": "docs", "p_tools": tools}));
        assert_eq!(
            self.worker("record_mcp_tools", &arguments).await["search"],
            "pending"
        );
        let seen = owner
            .rows("mcp_tools", "select=name,schema_hash")
            .await
            .unwrap();
        let approval = json!({"p_workspace_id": DEMO, "p_server": "docs", "p_tool": "search",
                              "p_schema_hash": seen[0]["schema_hash"], "p_flags": {"writes": false}});
        person(owner, "approve_mcp_tool", &approval).await;
        person(
            owner,
            "remove_mcp_server",
            &json!({"p_workspace_id": DEMO, "p_name": "docs"}),
        )
        .await;
        assert_eq!(self.finish(done(&lease)).await, "accepted");

        let lease = lease_of(&self.claim("tool").await[0]);
        let rows = json!({"p_call_number": 0, "p_table": "shop.orders", "p_rows": [{"id": 1}], "p_mode": "insert", "p_conflict_columns": []});
        let refused = self.worker("write_table", &with(&lease, rows)).await;
        assert_eq!(refused["refused"], "ZG003", "{refused}");
        assert_eq!(self.finish(done(&lease)).await, "accepted");

        let lease = lease_of(&self.claim("tool").await[0]);
        let reply = self
            .worker("read_webhook_secret", &with(&lease, json!({})))
            .await;
        assert_eq!(reply["secret"], Value::Null);
        assert_eq!(self.finish(done(&lease)).await, "accepted");

        let lease = lease_of(&self.claim("tool").await[0]);
        let none = json!({"p_space": "lexical-1", "p_embedded": [], "p_limit": 1});
        let left = self.worker("embed_memories", &with(&lease, none)).await;
        assert_eq!(left["left_count"], 0, "{left}");
        let none =
            json!({"p_space": "lexical-1", "p_baseline": 0.1, "p_embedded": [], "p_limit": 1});
        let left = self.worker("embed_runbooks", &with(&lease, none)).await;
        assert_eq!(left["needs_baseline"], false, "{left}");
        assert_eq!(self.finish(done(&lease)).await, "accepted");

        let lease = lease_of(&self.claim("tool").await[0]);
        let week = with(&lease, json!({"p_days": 7}));
        let period = self.worker("read_period", &week).await;
        assert_eq!(period["workspace"], "Demo", "{period}");
        assert_eq!(self.finish(done(&lease)).await, "accepted");
    }
}

impl Scene {
    /// Plays an agent's step: a model call and its answer, tool calls of every kind, and memories.
    pub(super) async fn agent_at_work(&self, owner: &Client) {
        let ask = json!({"p_workspace_id": DEMO, "p_question": "Think by hand", "p_idempotency_key": null, "p_context": {}});
        person(owner, "accept_request", &ask).await;
        let steps = json!([{"key": "thinks", "kind": "agent", "agent": "analyst", "input": {"instructions": "Think."}}]);
        let lease = lease_of(&self.claim("assess").await[0]);
        let planned =
            json!({"outcome": "completed", "result": {"decision": "steps", "steps": steps}});
        assert_eq!(self.finish(outcome(&lease, planned)).await, "accepted");

        // Handed out by the call that ended the assessment.
        let lease = json!({"run_id": lease["run_id"], "step_key": "thinks", "lease_epoch": 1});
        let asked = json!({"purpose": "work", "provider": "openai", "model": "scripted", "request_hash": "0".repeat(64),
                           "max_input_tokens": 100, "max_output_tokens": 100});
        let begun = json!({"p_ask": asked, "p_ended_calls": []});
        let begun = self.worker("begin_turn", &with(&lease, begun)).await;
        assert_eq!(begun["number"], 1, "{begun}");
        let calls = json!([
            {"call_id": "a", "tool": "remember", "arguments": {"text": "Invoices are in euro", "scope": "workspace"}},
            {"call_id": "b", "tool": "ask_human", "arguments": {"question": "Shall it go on?"}},
        ]);
        let answer = json!({"answer": {"text": "One moment"}, "usage": {"input_tokens": 10, "output_tokens": 5}});
        let ended = json!({"p_number": 1, "p_end": answer, "p_calls": calls});
        let ended = self.worker("end_turn", &with(&lease, ended)).await;
        assert_eq!(ended["calls"][0]["state"], "intended", "{ended}");

        let memory = json!({"p_call_number": 1, "p_space": null, "p_embedding": null});
        let memory = self.worker("remember", &with(&lease, memory)).await;
        let question = json!({"p_call_number": 0, "p_query": "invoices", "p_space": null, "p_embedding": null, "p_limit": 8, "p_token_budget": 1500});
        let reply = self
            .worker("recall_memories", &with(&lease, question))
            .await;
        assert_eq!(reply[0]["memory_id"], memory["memory_id"], "{reply}");
        let waits = self
            .worker("carry_out_call", &with(&lease, json!({"p_number": 2})))
            .await;
        assert_eq!(waits["state"], "waiting", "{waits}");

        let frozen = json!({"p_calls": [{"call_id": "procedure/1", "tool": "calculate", "arguments": {"expression": "1 + 2"}}]});
        self.worker("freeze_calls", &with(&lease, frozen)).await;
        self.worker("begin_calls", &with(&lease, json!({"p_numbers": [3]})))
            .await;
        let ended = json!({"p_ended": [{"number": 3, "result": {"value": 3}}]});
        self.worker("end_calls", &with(&lease, ended)).await;
        let journal = self.worker("read_journal", &with(&lease, json!({}))).await;
        assert_eq!(journal["calls"][2]["state"], "done", "{journal}");
        let done = outcome(
            &lease,
            json!({"outcome": "completed", "result": {"text": "Three"}}),
        );
        assert_eq!(self.finish(done).await, "accepted");
        person(
            owner,
            "revoke_memory",
            &json!({"p_memory_id": memory["memory_id"]}),
        )
        .await;
    }
}

async fn person(owner: &Client, function: &str, arguments: &Value) {
    let answer = owner.rpc(function, arguments).await.unwrap();
    assert!(answer.status.is_success(), "{function}: {answer:?}");
}

/// Returns arguments that begin with a lease.
fn with(lease: &Value, more: Value) -> Value {
    let mut all = json!({"p_run_id": lease["run_id"], "p_step_key": lease["step_key"], "p_lease_epoch": lease["lease_epoch"]});
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
