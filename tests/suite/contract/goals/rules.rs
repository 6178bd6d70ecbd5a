//! Calls about rules on tables of the project: people's, and intake's for a webhook.

use local_stack::stack::Person;
use serde_json::json;
use system_tests::people::DEMO;

use super::Scene;

impl Scene {
    /// A rule on a table of the project: set, tested, reached by a webhook, and removed.
    pub(super) async fn rules(&self) {
        let owner = self.person(Person::Owner);
        let rule = json!({"name": "recorded", "schema": "shop", "table": "orders", "events": ["insert"], "question": "Order {{ new.id }}?"});
        let rule = json!({"p_workspace_id": DEMO, "p_rule": rule});
        let answer = owner.rpc("set_request_rule", &rule).await.unwrap();
        assert_eq!(answer.body["state"], "active", "{}", answer.body);
        let test = json!({"p_workspace_id": DEMO, "p_name": "recorded", "p_new": {"id": 7}});
        let answer = owner.rpc("test_request_rule", &test).await.unwrap();
        assert_eq!(answer.body["question"], "Order 7?", "{}", answer.body);
        let removed = json!({"p_workspace_id": DEMO, "p_name": "recorded", "p_change": "remove"});
        let answer = owner.rpc("change_request_rule", &removed).await.unwrap();
        assert_eq!(answer.body["state"], "removed", "{}", answer.body);
        let webhook =
            json!({"type": "INSERT", "schema": "shop", "table": "orders", "record": {"id": 7}});
        let call = json!({"p_payload": webhook.to_string()});
        let answer = self.worker("record_webhook", &call).await;
        assert_eq!(answer["recorded"], 0, "{answer}");
        let message =
            json!({"workspace_id": DEMO, "user_id": Person::Owner.id(), "question": "How are we?"});
        let call = json!({"p_message_id": "recorded", "p_message": message});
        let refused = self.worker("accept_message", &call).await;
        assert_eq!(refused["code"], "ZG002", "{refused}");
    }
}
