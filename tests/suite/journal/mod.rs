//! The journal under kills at every point: no model call is answered twice, no effect happens under two keys or with
//! two contents, and the goal completes.
//!
//! The scripted model never gives the same answer twice, so a repeated model call would show in the receiver's data.

mod kills;
mod long;
mod mcp;
mod model;
mod once;
mod procedure;
mod receiver;
mod whole;

use std::collections::BTreeMap;

use harness::faults::{FaultPlan, Faults, Point, SandboxFaultRule};
use local_stack::stack::{Person, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};

use crate::faults::Trial;
use model::Model;
use receiver::Receiver;

/// Stack whose model and receiver belong to these tests.
struct World {
    trial: Trial,
    model: Model,
    receiver: Receiver,
    goals: u32,
}

/// Model calls of a goal's steps: each journal contains exactly this number of answers at the end.
const ANSWERS: &str = r#"{"assess": 1, "plan": 2, "work": 4, "judge": 1}"#;

impl World {
    async fn start(change: impl FnOnce(StackOptions) -> StackOptions) -> Self {
        let faults = Faults::new(FaultPlan::default());
        let receiver = Receiver::serve(&faults).await;
        let model = Model::serve(&faults, &receiver.url).await;
        let (base_url, host) = (model.base_url.clone(), receiver.host.clone());
        let trial = Trial::start_on(faults, |mut options| {
            let named = [
                ("OPENAI_BASE_URL", base_url),
                ("GOALPOST_PRIVATE_HOSTS", format!("{host}={DEMO}")),
            ];
            let named = named.map(|(name, value)| (name.to_owned(), value));
            options.environment.extend(named);
            change(options)
        })
        .await;
        let owner = Client::of(&trial.stack, Person::Owner);
        owner.allow("webhook", &host).await.unwrap();
        let agent = json!({"name": "clerk", "role": "You do what is asked.", "tools": ["webhook", "calculate"], "max_turns": 40});
        let apply = json!({"p_workspace_id": DEMO, "p_agent": agent});
        let applied = owner.rpc("apply_agent", &apply).await.unwrap();
        assert!(applied.status.is_success(), "{applied:?}");
        Self {
            trial,
            model,
            receiver,
            goals: 0,
        }
    }

    /// Requests a goal, injects these faults, and requires that the goal completes and each fault happened.
    async fn reach(&mut self, rules: Vec<SandboxFaultRule>) {
        let kills_before = self.strike(rules).await;
        self.trial.settle().await;
        self.require_kills(&kills_before);
    }

    /// Requests a goal and plans these faults.
    async fn strike(&mut self, rules: Vec<SandboxFaultRule>) -> Vec<(SandboxFaultRule, u64)> {
        self.goals += 1;
        let kills_before = rules
            .iter()
            .map(|rule| (rule.clone(), self.kills(rule)))
            .collect();
        self.trial.faults.set_plan(FaultPlan {
            sandbox_faults: rules,
            ..FaultPlan::default()
        });
        self.trial.ask("go").await;
        kills_before
    }

    fn require_kills(&self, kills_before: &[(SandboxFaultRule, u64)]) {
        for (rule, before) in kills_before {
            let function = rule.function.as_deref().unwrap_or_default();
            let (point, passes) = (rule.point, rule.passes);
            assert!(
                self.kills(rule) > *before,
                "{function} was not killed {point} after {passes}"
            );
        }
    }

    fn kills(&self, rule: &SandboxFaultRule) -> u64 {
        let function = rule.function.as_deref().unwrap_or_default();
        let kills = self.trial.faults.counts().kills;
        let at = kills.get(function).and_then(|kills| kills.get(&rule.point));
        at.copied().unwrap_or(0)
    }

    /// Counts the sandboxes of all functions killed at these points.
    fn kills_at(&self, points: &[Point]) -> u64 {
        let kills = self.trial.faults.counts().kills;
        let at = |of: &BTreeMap<Point, u64>| -> u64 {
            points.iter().filter_map(|point| of.get(point)).sum()
        };
        kills.values().map(at).sum()
    }

    async fn json(&self, query: &str) -> Value {
        let database = self.trial.stack.admin_db().await.unwrap();
        database.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Requires that every goal completed, every model call has one answer, and every effect happened once.
    async fn end(self) {
        let expected: Value = serde_json::from_str(ANSWERS).unwrap();
        self.end_with(&expected).await;
    }

    /// Requires the same where the steps of each goal have other numbers of answers.
    async fn end_with(self, answers: &Value) {
        let journals = self
            .json(
                "select jsonb_agg(a.answers) from (
                   select jsonb_object_agg(t.step_key, t.count) as answers
                     from (select r.request_id, t.step_key, count(*) from goalpost.step_turns t
                             join goalpost.workflow_runs r on r.id = t.run_id
                            where t.state = 'answered' and t.purpose <> 'compact' group by 1, 2) t
                    group by t.request_id) a",
            )
            .await;
        let expected: Vec<&Value> = (0..self.goals).map(|_| answers).collect();
        assert_eq!(journals, json!(expected), "answers of each goal's steps");

        // A turn has no answer exactly where its worker was killed between its begin and its end, or the model refused.
        let turns = self
            .json("select jsonb_build_object('all', count(*), 'unknown', count(*) filter (where state = 'unknown'),
                     'failed', count(*) filter (where state = 'failed'), 'answered', count(*) filter (where state = 'answered'))
                     from goalpost.step_turns")
            .await;
        let number = |what: &str| turns[what].as_u64().unwrap();
        let unsent = self.kills_at(&[Point::AfterTurnBegun]);
        let unheard = self.kills_at(&[Point::AfterModelTurn, Point::BeforeTurnEnd]);
        assert_eq!(number("unknown"), unsent + unheard, "{turns}");
        assert_eq!(number("failed"), self.model.refused(), "{turns}");
        let asked = u64::try_from(self.model.asked()).unwrap();
        assert_eq!(asked, number("answered") + unheard, "{turns}");
        assert_eq!(number("all"), asked + unsent + number("failed"), "{turns}");

        // Each goal has three effects, each under one key with one content, equal to the journal.
        let effects = self.receiver.effects();
        assert_eq!(effects.len(), usize::try_from(3 * self.goals).unwrap());
        for (key, bodies) in &effects {
            let first = &bodies[0];
            assert!(bodies.iter().all(|body| body == first), "{key}: {bodies:?}");
            let sent = self
                .json(&format!(
                    "select jsonb_agg(c.arguments -> 'body') from goalpost.tool_calls c where c.idempotency_key = '{key}' and c.state = 'done'"
                ))
                .await;
            assert_eq!(sent, json!([first]), "{key}");
        }
        self.trial.end().await;
    }
}
