//! Recorded scenarios: an answer, a goal with all kinds of steps, goals that fail, are rejected and cancelled, and a
//! worker that is late, repeats itself and is refused. The real functions make the calls wherever they do so in
//! practice.

mod by_hand;
mod rules;
mod settings;
mod tools;

use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::{Value, json};
use system_tests::contract::{Entry, Recording, functions, recorder::Recorder};
use system_tests::people::{Client, DEMO};
use system_tests::{clock_sql, stacks};

use crate::script::Script;

/// Stack with the recorder in front of its gateway.
struct Scene {
    stack: Stack,
    recorder: Recorder,
    database: tokio_postgres::Client,
    /// Address of the model's server.
    model: String,
    seconds: u32,
}

/// Plays all scenarios and returns the recording.
pub(crate) async fn record(version: &str) -> Recording {
    let mut scene = Scene::start().await;
    scene.answer_and_repeated_request().await;
    scene.goal_with_everything().await;
    scene.failed_and_retried_goal().await;
    scene.refused_rejected_and_late_decisions().await;
    scene.cancelled_goal().await;
    scene.workspace_with_member().await;
    scene.schedules().await;
    scene.late_and_repeating_worker().await;
    let calls = scene.recorder.entries().await;
    let recording = Recording {
        version: version.to_owned(),
        functions: functions(&scene.database).await.unwrap(),
        calls: without_address(&calls, &scene.model),
    };
    scene.stack.stop().await.unwrap();
    recording
}

/// Replaces the model server's address, which differs from run to run and is part of each turn.
fn without_address(calls: &[Entry], model: &str) -> Vec<Entry> {
    let text = serde_json::to_string(calls).unwrap();
    serde_json::from_str(&text.replace(model, "https://model.example.com/v1")).unwrap()
}

fn goal(title: &str) -> Value {
    json!({"decision": "goal", "goal": {"title": title, "description": title}})
}

fn calculation(key: &str, expression: &str) -> Value {
    json!({"key": key, "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": expression}}})
}

fn approval(key: &str) -> Value {
    json!({"key": key, "kind": "approval", "input": {"question": "May we?"}})
}

fn script() -> Script {
    let everything = json!({
        "summary": "All kinds of steps", "criteria": ["It is said"],
        "steps": [
            {"key": "count", "kind": "tool", "input": {"tool": "sql", "arguments": {"query": "select count(*) as n from shop.orders"}}},
            {"key": "think", "kind": "agent", "agent": "analyst", "depends_on": ["count", "deeper"], "input": {"instructions": "Think."}},
            {"key": "deeper", "kind": "subgoal", "depends_on": ["count"], "input": {"title": "Deeper", "description": "Look closer"}},
            {"key": "shaky", "kind": "tool", "on_failure": "continue", "input": {"tool": "calculate", "arguments": {"expression": "1 / 0"}}},
            {"key": "ask", "kind": "approval", "depends_on": ["think"], "input": {"question": "May we?", "required_role": "approver"}},
            {"key": "say", "kind": "tool", "depends_on": ["ask"], "input": {"tool": "template", "arguments": {"template": "said"}}},
        ],
    });
    let verdict = |verdict: &str| json!({"verdicts": [{"number": 1, "verdict": verdict, "step": "say", "evidence": "as asked"}]});
    let asking = |summary: &str| json!({"summary": summary, "steps": [approval("ask")]});
    Script::default()
        .json("assessment", &json!({"decision": "answer", "text": "Yes.", "score": 0.1, "reasons": ["short"]}))
        .json("assessment", &goal("Everything"))
        .json("plan", &everything)
        .reply("work", json!(429))
        .reply("work", json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "calculate", "arguments": "{\"expression\": \"6 * 7\"}"}}]}))
        .reply("work", json!({"role": "assistant", "content": "It is 42."}))
        .json("plan", &json!({"summary": "One sum", "steps": [calculation("sum", "1 + 2")]}))
        .json("verdicts", &verdict("met"))
        .json("assessment", &goal("Fails"))
        .json("plan", &json!({"summary": "It cannot", "steps": [calculation("cannot_at_first", "1 / 0")]}))
        .json("plan", &json!({"summary": "It cannot", "steps": [calculation("cannot_again", "1 / 0")]}))
        .json("plan", &json!({"summary": "It cannot", "steps": [calculation("cannot", "1 / 0")]}))
        .json("assessment", &goal("Rejected"))
        .json("plan", &asking("To be rejected"))
        .json("assessment", &goal("Cancelled"))
        .json("plan", &asking("To be cancelled"))
}

impl Scene {
    async fn start() -> Self {
        let recorder = Recorder::start().await.unwrap();
        let model = script().serve().await;
        let gateway = recorder.url().to_owned();
        let base_url = model.clone();
        let stack = stacks::start_with(move |mut options: StackOptions| {
            let set = [
                ("SUPABASE_URL", gateway),
                ("OPENAI_BASE_URL", base_url),
                ("GOALPOST_MODEL", "scripted".to_owned()),
            ];
            let set = set.map(|(name, value)| (name.to_owned(), value));
            options.environment.extend(set);
            options.openai_api_key = Some("sk-test-key".to_owned().into());
            options
        })
        .await
        .unwrap();
        recorder.stand_before(stack.url());
        Self {
            database: stack.admin_db().await.unwrap(),
            model,
            stack,
            recorder,
            seconds: 0,
        }
    }

    fn person(&self, person: Person) -> Client {
        Client::of(&self.stack, person).through(self.recorder.url())
    }

    /// Waits until a query returns true.
    async fn until(&self, condition: &str) {
        let began = std::time::Instant::now();
        loop {
            let row = self
                .database
                .query_one(&format!("select exists ({condition})"), &[])
                .await
                .unwrap();
            if row.get(0) {
                return;
            }
            assert!(
                began.elapsed().as_secs() < 60,
                "it never came to: {condition}"
            );
            tokio::task::yield_now().await;
        }
    }

    async fn seconds_pass(&mut self, seconds: u32) {
        self.seconds += seconds;
        let ahead = clock_sql(&format!("{} seconds", self.seconds));
        self.database.batch_execute(&ahead).await.unwrap();
        self.recorder.seconds_pass(seconds).await;
    }

    /// Sends a request through intake without waiting, and returns its id.
    async fn begin(&self, question: &str) -> i64 {
        let asked = self.person(Person::Owner).begin(question).await.unwrap();
        asked.body["request_id"].as_i64().unwrap()
    }

    /// Invokes a function as its schedule does; it sweeps first.
    async fn schedule(&self, function: &str) {
        let event = json!({"version": "0", "id": "9b1ae9c4-0d2f-4c0e-9b2a-2f6d3a0f0c11", "detail-type": "Scheduled Event",
            "source": "aws.scheduler", "account": "123456789012", "time": "2026-10-08T16:53:00Z", "region": "us-east-1",
            "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/sweep"], "detail": "{}"});
        self.stack.invoke(function, &event).await.unwrap();
    }

    async fn waiting_approval(&self, person: &Client) -> i64 {
        self.until("select from goalpost.approvals where state = 'pending'")
            .await;
        let inbox = person
            .rows(
                "inbox",
                "select=approval_id,goal_id,run_id,step_key,question,shown",
            )
            .await
            .unwrap();
        inbox[0]["approval_id"].as_i64().unwrap()
    }

    async fn answer_and_repeated_request(&self) {
        let owner = self.person(Person::Owner);
        let ask = |question: &str| json!({"workspace_id": DEMO, "question": question, "idempotency_key": "once"});
        let answered = owner.post(&ask("Is it so?"), Some("wait")).await.unwrap();
        assert_eq!(answered.status.as_u16(), 200, "{answered:?}");
        assert_eq!(
            owner.post(&ask("Is it so?"), None).await.unwrap().body["repeated"],
            true
        );
        assert_eq!(
            owner
                .post(&ask("Is it not?"), None)
                .await
                .unwrap()
                .status
                .as_u16(),
            409
        );
    }

    async fn goal_with_everything(&mut self) {
        let approver = self.person(Person::Approver);
        self.begin("Show everything that you can do").await;
        self.until(
            "select from goalpost.steps where key = 'think' and state = 'waiting' and attempt = 1",
        )
        .await;
        // The total must stay below the maximum age of a wake's signature.
        self.seconds_pass(5).await;
        self.schedule("executor").await;
        let approval_id = self.waiting_approval(&approver).await;
        let decide =
            json!({"p_approval_id": approval_id, "p_decision": "approved", "p_comment": "Go on"});
        assert_eq!(
            approver.rpc("decide_approval", &decide).await.unwrap().body["first"],
            true
        );
        self.until("select from goalpost.goals where title = 'Everything' and state = 'completed'")
            .await;
        let owner = self.person(Person::Owner);
        owner
            .rows(
                "goals",
                "select=id,title,state,report,goal_criteria(description,verdict)",
            )
            .await
            .unwrap();
        owner
            .rows("goal_progress", "select=goal_id,state,progress,explanation")
            .await
            .unwrap();
    }

    async fn failed_and_retried_goal(&self) {
        let owner = self.person(Person::Owner);
        let request_id = self.begin("Try what cannot be done").await;
        let failed =
            format!("select from goalpost.requests where id = {request_id} and state = 'failed'");
        self.until(&failed).await;
        let letters = owner
            .rows(
                "dead_letters",
                "select=id,run_id,step_key,attempt,error,retried_at&step_key=eq.cannot",
            )
            .await
            .unwrap();
        let retry = json!({"p_dead_letter_id": letters[0]["id"]});
        assert!(
            owner
                .rpc("retry_dead_letter", &retry)
                .await
                .unwrap()
                .status
                .is_success()
        );
        self.until("select from goalpost.dead_letters where step_key = 'cannot' and attempt = 2")
            .await;
        self.until(&failed).await;
        assert!(
            owner
                .rpc("retry_dead_letter", &retry)
                .await
                .unwrap()
                .status
                .is_client_error()
        );
        let shown = json!({"p_workspace_id": DEMO, "p_dry_run": true});
        let retryable = owner.rpc("retry_dead_letters", &shown).await.unwrap();
        assert_eq!(retryable.body["left"], 0, "{}", retryable.body);
        let cancel = json!({"p_request_id": request_id});
        assert_eq!(
            owner.rpc("cancel_request", &cancel).await.unwrap().body["state"],
            "failed"
        );
    }

    async fn refused_rejected_and_late_decisions(&self) {
        let approver = self.person(Person::Approver);
        self.begin("Ask first, and hear no").await;
        let approval_id = self.waiting_approval(&approver).await;
        let decide = |decision: &str| json!({"p_approval_id": approval_id, "p_decision": decision});
        let stranger = self.person(Person::Stranger);
        assert!(
            stranger
                .rpc("decide_approval", &decide("approved"))
                .await
                .unwrap()
                .status
                .is_client_error()
        );
        assert!(
            approver
                .rpc("decide_approval", &decide("perhaps"))
                .await
                .unwrap()
                .status
                .is_client_error()
        );
        assert_eq!(
            approver
                .rpc("decide_approval", &decide("rejected"))
                .await
                .unwrap()
                .body["first"],
            true
        );
        assert_eq!(
            approver
                .rpc("decide_approval", &decide("approved"))
                .await
                .unwrap()
                .body["first"],
            false
        );
    }

    async fn cancelled_goal(&self) {
        let owner = self.person(Person::Owner);
        self.begin("Ask first, and be stopped").await;
        self.waiting_approval(&owner).await;
        let goals = owner
            .rows("goals", "select=id,title,state&state=eq.active")
            .await
            .unwrap();
        let cancel = json!({"p_goal_id": goals[0]["id"]});
        assert_eq!(
            owner.rpc("cancel_goal", &cancel).await.unwrap().body["state"],
            "cancelled"
        );
        assert_eq!(
            owner.rpc("cancel_goal", &cancel).await.unwrap().body["state"],
            "cancelled"
        );
        let rating =
            json!({"p_goal_id": goals[0]["id"], "p_rating": "bad", "p_comment": "too slow"});
        let given = owner.rpc("give_feedback", &rating).await.unwrap();
        assert_eq!(given.body["rating"], "bad", "{}", given.body);
        let report = owner.rpc("read_report", &cancel).await.unwrap();
        assert_eq!(report.body["goal"]["state"], "cancelled", "{}", report.body);
        let period =
            json!({"p_workspace_id": DEMO, "p_since": "2020-01-01", "p_until": "2020-12-31"});
        let report = owner.rpc("read_period_report", &period).await.unwrap();
        assert_eq!(report.body["usage"]["all"]["calls"], 0, "{}", report.body);
        let days = json!({"p_workspace_id": DEMO, "p_days": 30});
        let due = owner.rpc("read_retention", &days).await.unwrap();
        assert_eq!(due.body["requests"], 0, "{}", due.body);
        self.improvement().await;
    }

    /// An analysis proposes the remark of the rating as a lesson, which is approved and taken back.
    async fn improvement(&self) {
        let owner = self.person(Person::Owner);
        let start = json!({"p_workspace_id": DEMO});
        let started = owner.rpc("start_analysis", &start).await.unwrap();
        let request = started.body["request_id"].as_i64().unwrap();
        let ended = owner.until_ended(request).await.unwrap();
        assert_eq!(ended["state"], "answered", "{ended}");
        let proposed = owner
            .rows("improvements", "select=id,approval_id,state&kind=eq.lesson")
            .await
            .unwrap();
        assert_eq!(proposed[0]["state"], "proposed", "{proposed:?}");
        let approve =
            json!({"p_approval_id": proposed[0]["approval_id"], "p_decision": "approved"});
        owner.rpc("decide_approval", &approve).await.unwrap();
        let revert = json!({"p_improvement_id": proposed[0]["id"]});
        let reverted = owner.rpc("revert_improvement", &revert).await.unwrap();
        assert_eq!(reverted.body["state"], "reverted", "{}", reverted.body);
    }

    async fn workspace_with_member(&self) {
        let owner = self.person(Person::Owner);
        let made = owner
            .rpc("create_workspace", &json!({"p_name": "Another"}))
            .await
            .unwrap();
        let workspace = &made.body["workspace_id"];
        let invite = |role: &str| json!({"p_workspace_id": workspace, "p_person": Person::Approver.id(), "p_role": role});
        assert!(
            owner
                .rpc("invite_member", &invite("king"))
                .await
                .unwrap()
                .status
                .is_client_error()
        );
        self.members_come_and_go(workspace, &invite("approver"))
            .await;
        self.operator_settings(workspace).await;
        self.admin_settings(&made.body["workspace_id"]).await;
    }

    /// Invitations that are accepted and withdrawn; members who change role, leave and are removed.
    async fn members_come_and_go(&self, workspace: &Value, invite: &Value) {
        let owner = self.person(Person::Owner);
        let approver = self.person(Person::Approver);
        let member = json!({"p_workspace_id": workspace, "p_user_id": Person::Approver.id()});
        let demoted = json!({"p_workspace_id": workspace, "p_user_id": Person::Approver.id(), "p_role": "viewer"});
        for end in ["withdrawn", "left", "removed"] {
            let invited = owner.rpc("invite_member", invite).await.unwrap();
            let invitation = json!({"p_invitation_id": invited.body["invitation_id"]});
            let calls: Vec<(&Client, &str, &Value)> = match end {
                "withdrawn" => vec![(&owner, "withdraw_invitation", &invitation)],
                "left" => vec![
                    (&approver, "accept_invitation", &invitation),
                    (&approver, "leave_workspace", &member),
                ],
                _ => vec![
                    (&approver, "accept_invitation", &invitation),
                    (&owner, "set_member_role", &demoted),
                    (&owner, "remove_member", &member),
                ],
            };
            for (person, function, arguments) in calls {
                let arguments = match function {
                    "leave_workspace" => json!({"p_workspace_id": workspace}),
                    _ => arguments.clone(),
                };
                let answer = person.rpc(function, &arguments).await.unwrap();
                assert!(answer.status.is_success(), "{function}: {}", answer.body);
            }
        }
    }

    async fn schedules(&self) {
        for function in ["analyzer", "intake", "planner", "aggregator", "notifier"] {
            self.schedule(function).await;
        }
    }
}
