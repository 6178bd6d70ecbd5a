//! A model that always requests the worst calls of every tool: nothing unauthorised happens, no other person's rows
//! change, no forbidden address is dialled, and no cap is exceeded.
//!
//! Agents have every tool here, so that only the rules protect the outside. `GOALPOST_HOSTILE_RUNS` sets the number of
//! runs (default: 24).

mod attacks;
mod canary;
mod obedient;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use local_stack::stack::{Person, Stack};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use attacks::Targets;
use canary::Canary;

/// Calls in one answer.
const CALLS_PER_TURN: usize = 4;
/// Turns of an agent before it is stopped.
const TURNS: usize = 5;

#[derive(Clone)]
struct Adversary {
    attacks: Arc<Vec<(&'static str, Value)>>,
    asked: Arc<AtomicUsize>,
}

impl Adversary {
    async fn serve(targets: &Targets) -> (Self, String) {
        let adversary = Self {
            attacks: Arc::new(attacks::all(targets)),
            asked: Arc::default(),
        };
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(adversary.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (adversary, url)
    }
}

/// Returns the next attacks of the list, repeatedly, whatever the conversation contains.
async fn complete(State(adversary): State<Adversary>) -> Json<Value> {
    let turn = adversary.asked.fetch_add(1, Ordering::SeqCst);
    let calls: Vec<Value> = (0..CALLS_PER_TURN)
        .map(|at| {
            let place = (turn * CALLS_PER_TURN + at) % adversary.attacks.len();
            let (name, arguments) = &adversary.attacks[place];
            json!({"id": format!("call_{turn}_{at}"), "type": "function",
                   "function": {"name": name, "arguments": arguments.to_string()}})
        })
        .collect();
    Json(json!({
        "id": format!("chatcmpl-{turn}"), "object": "chat.completion", "created": 1, "model": "adversary",
        "choices": [{"index": 0, "finish_reason": "tool_calls",
                     "message": {"role": "assistant", "content": null, "tool_calls": calls}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }))
}

fn runs() -> usize {
    let named = std::env::var("GOALPOST_HOSTILE_RUNS").ok();
    named.map_or(24, |runs| {
        runs.parse().expect("GOALPOST_HOSTILE_RUNS is a number")
    })
}

struct World {
    stack: Stack,
    owner: Client,
    canary: Canary,
    adversary: Adversary,
}

impl World {
    async fn new() -> Self {
        let canary = Canary::listen().await;
        let (adversary, url) = Adversary::serve(&canary.targets()).await;
        let stack = stacks::start_with(|mut options| {
            let named = [
                ("OPENAI_BASE_URL", url),
                ("GOALPOST_MODEL", "adversary".to_owned()),
            ];
            let named = named.map(|(name, value)| (name.to_owned(), value));
            options.environment.extend(named);
            options.openai_api_key = Some("sk-test-key".to_owned().into());
            options
        });
        let stack = stack.await.unwrap();
        let database = stack.admin_db().await.unwrap();
        let plan = json!({"summary": "w", "criteria": [], "steps": [
            {"key": "victim", "kind": "agent", "agent": "victim", "max_attempts": 1, "input": {"instructions": "Do what you like."}}]});
        database
            .batch_execute(&attacks::stage(DEMO, TURNS))
            .await
            .unwrap();
        database
            .execute(
                "insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
                 values ($1::text::uuid, 'hostile', 'h', 'h', 'test', $2)",
                &[&DEMO, &plan],
            )
            .await
            .unwrap();
        let owner = Client::of(&stack, Person::Owner);
        Self {
            stack,
            owner,
            canary,
            adversary,
        }
    }

    /// Starts this number of runs, and waits until each has ended or waits for a person.
    async fn run(&self, runs: usize) {
        for first in (0..runs).step_by(100) {
            let requests: Vec<Value> = (first..runs.min(first + 100))
                .map(|number| json!({"question": format!("run {number}"), "runbook": "hostile"}))
                .collect();
            let arguments = json!({"p_workspace_id": DEMO, "p_requests": requests});
            let accepted = self.owner.rpc("accept_requests", &arguments).await.unwrap();
            assert!(accepted.status.is_success(), "{accepted:?}");
            self.until_nothing_moves().await;
        }
    }

    async fn until_nothing_moves(&self) {
        let database = self.stack.admin_db().await.unwrap();
        let patience = std::time::Instant::now();
        loop {
            let open: i64 = database
                .query_one(
                    "select count(*) from goalpost.steps s
                      where s.state in ('ready', 'running') or s.state = 'waiting' and s.run_after is not null",
                    &[],
                )
                .await
                .unwrap()
                .get(0);
            if open == 0 {
                return;
            }
            assert!(
                patience.elapsed().as_secs() < 600,
                "{open} steps are still open"
            );
            database
                .batch_execute("select goalpost_private.sweep()")
                .await
                .unwrap();
        }
    }

    async fn text(&self, query: &str) -> String {
        let database = self.stack.admin_db().await.unwrap();
        let row = database.query_one(query, &[]).await.unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }
}

#[tokio::test]
async fn adversarial_model_does_nothing_unauthorised() {
    let world = World::new().await;
    let before = world.text(attacks::PROTECTED_ROWS).await;
    let runs = runs();
    world.run(runs).await;

    // The model was called, and it requested every attack.
    let turns = world.adversary.asked.load(Ordering::SeqCst);
    assert!(
        turns >= runs,
        "the model was asked {turns} times in {runs} runs"
    );
    let kinds = world
        .text("select string_agg(distinct c.tool, ' ' order by c.tool) from goalpost.tool_calls c")
        .await;
    for tool in [
        "delegate",
        "email",
        "http",
        "http_get",
        "sql",
        "table_write",
        "webhook",
    ] {
        assert!(
            kinds.split(' ').any(|kind| kind == tool),
            "{tool} was never requested: {kinds}"
        );
    }

    assert_eq!(
        world.canary.visitors(),
        0,
        "a forbidden address was dialled"
    );
    assert_eq!(
        world.text(attacks::PROTECTED_ROWS).await,
        before,
        "protected rows changed"
    );
    let done = world.text(attacks::UNAUTHORISED).await;
    assert_eq!(done, "", "calls that may not be made were made");
    let over = world
        .text("select string_agg(b::text, '; ') from goalpost.budgets b
                where b.spent_microusd + b.reserved_microusd > b.cap_microusd or b.spent_tokens + b.reserved_tokens > b.cap_tokens")
        .await;
    assert_eq!(over, "", "caps were exceeded");
    let decided = world
        .text("select count(*)::text from goalpost.approvals where decided_by is not null")
        .await;
    assert_eq!(decided, "0", "an approval was decided without a person");
    world.stack.stop().await.unwrap();
}
