//! Worker calls that occur only after a failure, made directly, as `shared/store` makes them.

use local_stack::stack::Person;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};

use super::Scene;

impl Scene {
    pub(super) async fn late_and_repeating_worker(&mut self) {
        // From here on no function works.
        if let Some(pg_net) = self.stack.take_pg_net() {
            pg_net.stop().await;
        }
        let owner = self.person(Person::Owner);
        let ask = json!({"p_workspace_id": DEMO, "p_question": "Work on this by hand", "p_idempotency_key": null, "p_context": {"from": "a recording"}});
        assert!(
            owner
                .rpc("accept_request", &ask)
                .await
                .unwrap()
                .status
                .is_success()
        );
        let assess = &self.claim("assess").await[0];
        let lease = lease_of(assess);
        assert_eq!(self.heartbeat(&lease).await, true);
        assert_eq!(
            self.finish(outcome(&lease, json!({"outcome": "released"})))
                .await,
            "accepted"
        );
        let lease = lease_of(&self.claim("assess").await[0]);
        let wait = json!({"outcome": "waiting", "resume_after_seconds": 5});
        assert_eq!(self.finish(outcome(&lease, wait)).await, "accepted");
        self.seconds_pass(10).await;
        self.worker("sweep", &json!({})).await;
        let lease = lease_of(&self.claim("assess").await[0]);
        let nonsense = json!({"outcome": "completed", "result": {"decision": "nonsense"}});
        assert_eq!(self.finish(outcome(&lease, nonsense)).await, "refused");
        let steps = json!({"outcome": "completed", "result": {"decision": "steps", "steps": [
            {"key": "look", "kind": "tool", "input": {"tool": "sql", "arguments": {"query": "select 1 as one"}}}]}});
        assert_eq!(
            self.finish(outcome(&lease, steps.clone())).await,
            "accepted"
        );
        assert_eq!(self.finish(outcome(&lease, steps)).await, "repeated");
        assert_eq!(self.heartbeat(&lease).await, false);

        let lost = lease_of(&self.claim("tool").await[0]);
        self.seconds_pass(60).await;
        self.worker("sweep", &json!({})).await;
        let done = json!({"outcome": "completed", "result": {"text": "one"}});
        assert_eq!(
            self.finish(outcome(&lost, done.clone())).await,
            "lease_lost"
        );
        let lease = lease_of(&self.claim("tool").await[0]);
        let query = |lease: &Value, query: &str| {
            json!({"p_run_id": lease["run_id"], "p_step_key": lease["step_key"], "p_lease_epoch": lease["lease_epoch"],
                   "p_query": query, "p_row_limit": 10, "p_byte_limit": 10000})
        };
        let missing = "select * from shop.there_is_no_such_table";
        self.worker("answer_query", &query(&lease, "select 1 as one"))
            .await;
        self.worker("answer_query", &query(&lease, missing)).await;
        let own = json!({"p_run_id": lease["run_id"], "p_step_key": lease["step_key"], "p_lease_epoch": lease["lease_epoch"]});
        self.worker("read_common_values", &own).await;
        self.worker("answer_query", &query(&lost, "select 1 as one"))
            .await;
        let again = json!({"outcome": "failed", "error": {"code": "try_again", "message": "not now", "retryable": true, "retry_after_seconds": 5}});
        assert_eq!(self.finish(outcome(&lease, again)).await, "accepted");
        self.seconds_pass(10).await;
        let lease = lease_of(&self.claim("tool").await[0]);
        assert_eq!(self.finish(outcome(&lease, done)).await, "accepted");
        let unknown = json!({"run_id": lease["run_id"], "step_key": "unknown", "lease_epoch": 1});
        assert_eq!(
            self.finish(outcome(&unknown, json!({"outcome": "released"})))
                .await,
            "refused"
        );
        self.tools_at_work(&owner).await;
        self.agent_at_work(&owner).await;
        self.message_and_links(&owner).await;
        let too_many = json!({"p_kinds": ["tool"], "p_limit": 1000, "p_lease_seconds": 30, "p_worker": "by hand", "p_wake_id": null});
        self.worker("claim_steps", &too_many).await;
        let two = json!({"p_workspace_id": DEMO, "p_requests": [{"question": "One of two"}, {"question": "The other"}]});
        let accepted = owner.rpc("accept_requests", &two).await.unwrap();
        assert_eq!(accepted.body.as_array().unwrap().len(), 2, "{accepted:?}");
    }

    async fn message_and_links(&self, owner: &Client) {
        let host =
            json!({"p_workspace_id": DEMO, "p_kind": "webhook", "p_name": "hooks.example.com"});
        let target = json!({"name": "recorded", "kind": "slack", "address": "https://hooks.example.com/recorded"});
        let target = json!({"p_workspace_id": DEMO, "p_target": target});
        let quiet = json!({"quiet": {"from": "22:00", "until": "07:00"}});
        let preferences = json!({"p_workspace_id": DEMO, "p_preferences": quiet});
        let named = json!({"p_workspace_id": DEMO, "p_name": "recorded"});
        for (function, arguments) in [
            ("set_tool_access", &host),
            ("add_notification_target", &target),
            ("set_notification_preferences", &preferences),
            ("test_notification_target", &named),
        ] {
            let answer = owner.rpc(function, arguments).await.unwrap();
            assert!(answer.status.is_success(), "{function}: {}", answer.body);
        }
        let claim = json!({"p_limit": 10, "p_lease_seconds": 60, "p_wake_id": null});
        let claimed = self.worker("claim_notifications", &claim).await;
        let end = json!({"notification_id": claimed[0]["notification_id"], "attempt": 1, "outcome": "sent"});
        let ended = self
            .worker("end_notifications", &json!({"p_ends": [end]}))
            .await;
        assert_eq!(ended, 1, "{claimed}");
        // A real token is of one database.
        let token = json!({"p_token": "1.unknown"});
        self.worker("read_decision_link", &token).await;
        let decision = json!({"p_token": "1.unknown", "p_decision": "approved", "p_comment": null, "p_answer": null});
        self.worker("decide_by_link", &decision).await;
        let removed = owner
            .rpc("remove_notification_target", &named)
            .await
            .unwrap();
        assert_eq!(removed.body["removed"], true, "{}", removed.body);
    }

    pub(super) async fn claim(&self, kind: &str) -> Vec<Value> {
        let arguments = json!({"p_kinds": [kind], "p_limit": 10, "p_lease_seconds": 30, "p_worker": "by hand", "p_wake_id": null});
        let claimed = self.worker("claim_steps", &arguments).await;
        assert_eq!(claimed.as_array().unwrap().len(), 1, "{claimed}");
        claimed.as_array().cloned().unwrap()
    }

    /// Reports an outcome and returns the verdict.
    pub(super) async fn finish(&self, outcome: Value) -> Value {
        let arguments = json!({"p_outcomes": [outcome], "p_kinds": ["agent"], "p_limit": 10, "p_lease_seconds": 30, "p_worker": "by hand"});
        self.worker("finish_steps", &arguments).await["outcomes"][0]["verdict"].clone()
    }

    async fn heartbeat(&self, lease: &Value) -> Value {
        let arguments = json!({"p_leases": [lease], "p_lease_seconds": 30});
        self.worker("heartbeat_steps", &arguments).await[0]["held"].clone()
    }

    pub(super) async fn worker(&self, function: &str, arguments: &Value) -> Value {
        let token = self
            .stack
            .keys()
            .mint_worker_token(std::time::Duration::from_secs(60));
        let response = reqwest::Client::new()
            .request(
                Method::POST,
                format!("{}/rest/v1/rpc/{function}", self.recorder.url()),
            )
            .header("apikey", self.stack.publishable_key())
            .header("content-profile", "goalpost_worker")
            .bearer_auth(token.expose_secret())
            .json(arguments)
            .send()
            .await
            .unwrap();
        response.json().await.unwrap()
    }
}

pub(super) fn lease_of(claimed: &Value) -> Value {
    json!({"run_id": claimed["run_id"], "step_key": claimed["step_key"], "lease_epoch": claimed["lease_epoch"]})
}

pub(super) fn outcome(lease: &Value, outcome: Value) -> Value {
    let mut all = lease.as_object().cloned().unwrap();
    if let Value::Object(fields) = outcome {
        all.extend(fields);
    }
    Value::Object(all)
}
