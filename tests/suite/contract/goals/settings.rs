//! Calls of admins and operators: settings, policies, prices, runbooks, agents and schedules.

use local_stack::stack::Person;
use serde_json::{Value, json};

use super::Scene;

impl Scene {
    pub(super) async fn operator_settings(&self, workspace: &Value) {
        let owner = self.person(Person::Owner);
        let approver = json!({"p_person": Person::Approver.email()});
        let grant = json!({"p_workspace_id": workspace, "p_month_microusd": 5_000_000, "p_month_tokens": 1_000_000});
        let limits = json!({"p_limits": {"workspaces_by_anyone": true}});
        for (function, arguments) in [
            ("add_project_admin", &approver),
            ("read_project_admins", &json!({})),
            ("remove_project_admin", &approver),
            ("grant_budget", &grant),
            ("set_project_limits", &limits),
        ] {
            let answer = owner.rpc(function, arguments).await.unwrap();
            assert!(answer.status.is_success(), "{function}: {}", answer.body);
        }
    }

    pub(super) async fn admin_settings(&self, workspace_id: &Value) {
        let owner = self.person(Person::Owner);
        let policy = json!({"p_workspace_id": workspace_id, "p_name": "no posting", "p_tool": "webhook", "p_effect": "deny"});
        let removed = json!({"p_workspace_id": workspace_id, "p_name": "no posting"});
        let limit = json!({"p_workspace_id": workspace_id, "p_scope": "tool", "p_name": "http_get", "p_slots": 2});
        let caps = json!({"p_workspace_id": workspace_id, "p_limits": {"on_exhausted": "ask"}});
        let settings = json!({"p_workspace_id": workspace_id, "p_settings": {"time_zone": "Europe/Vienna", "currency": "EUR"}});
        let price = json!({"p_provider": "openai", "p_model": "own", "p_input_microusd": 1, "p_output_microusd": 2});
        let inbox = json!({"p_workspace_id": workspace_id});
        for (function, arguments) in [
            ("set_tool_policy", &policy),
            ("remove_tool_policy", &removed),
            ("set_rate_limit", &limit),
            ("set_workspace_limits", &caps),
            ("set_workspace_settings", &settings),
            ("set_model_price", &price),
            ("read_inbox", &inbox),
        ] {
            let answer = owner.rpc(function, arguments).await.unwrap();
            assert!(answer.status.is_success(), "{function}: {}", answer.body);
        }
        self.tool_settings(&owner, workspace_id).await;
        self.runbooks(workspace_id).await;
    }

    async fn runbooks(&self, workspace_id: &Value) {
        let owner = self.person(Person::Owner);
        let call = json!({"tool": "calculate", "arguments": {"expression": "1 + 1"}});
        let runbook = json!({"name": "recorded", "title": "Recorded", "description": "Adds",
                             "plan": {"steps": [{"key": "sum", "kind": "tool", "input": call}]}});
        let checked = json!({"p_workspace_id": workspace_id, "p_runbook": runbook});
        let answer = owner.rpc("check_runbook", &checked).await.unwrap();
        assert_eq!(answer.body, json!({"problems": []}));
        let applied = owner.rpc("apply_runbook", &checked).await.unwrap();
        let retired = json!({"p_runbook_id": applied.body["runbook_id"], "p_state": "retired"});
        let answer = owner.rpc("set_runbook_state", &retired).await.unwrap();
        assert_eq!(answer.body["state"], "retired", "{}", answer.body);
        let schedule = json!({"name": "recorded", "question": "How are we?", "cron": "0 9 * * mon", "time_zone": "UTC"});
        let schedule = json!({"p_workspace_id": workspace_id, "p_schedule": schedule});
        owner.rpc("set_schedule", &schedule).await.unwrap();
        let ticks = json!({"p_cron": "0 9 * * mon", "p_time_zone": "UTC"});
        owner.rpc("next_ticks", &ticks).await.unwrap();
        let removed =
            json!({"p_workspace_id": workspace_id, "p_name": "recorded", "p_change": "remove"});
        let answer = owner.rpc("change_schedule", &removed).await.unwrap();
        assert_eq!(answer.body["state"], "removed", "{}", answer.body);
        self.rules().await;
        let agent = json!({"p_workspace_id": workspace_id, "p_agent": {"name": "recorded", "role": "You add."}});
        let applied = owner.rpc("apply_agent", &agent).await.unwrap();
        let retired = json!({"p_agent_id": applied.body["agent_id"], "p_state": "retired"});
        let answer = owner.rpc("set_agent_state", &retired).await.unwrap();
        assert_eq!(answer.body["state"], "retired", "{}", answer.body);
    }
}
