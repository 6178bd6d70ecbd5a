//! Two tenants on one stack: no call by people of one changes or returns anything of the other.
//!
//! People of every role in workspace `a` make hundreds of random calls of the public API, drawn from a seed, with
//! arguments of `b` wherever possible. Afterwards every row of `b` is compared byte for byte, and no answer may contain
//! an id or a word of `b` that the caller did not send.

mod world;

use std::time::Duration;

use crate::random::seeded;
use fastrand::Rng;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;
use world::{Named, Relations, empty_tables, rows_of, two_tenants};

const SEED: u64 = 20_261_122;
const CALLS: usize = 900;
/// Word in every text of workspace `b`.
const CANARY: &str = "kestrel-of-b";
const ROLES: [&str; 5] = ["viewer", "member", "approver", "admin", "owner"];

/// One call: its address and its content.
#[derive(Debug)]
struct Call {
    method: Method,
    schema: &'static str,
    path: String,
    body: Option<Value>,
}

impl Call {
    fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            schema: "goalpost",
            path,
            body: None,
        }
    }

    fn rpc(function: &str, arguments: Value) -> Self {
        Self {
            method: Method::POST,
            schema: "goalpost",
            path: format!("rest/v1/rpc/{function}"),
            body: Some(arguments),
        }
    }

    /// Returns everything that the caller sent, to distinguish an echo from a leak.
    fn sent(&self) -> String {
        format!(
            "{} {}",
            self.path,
            self.body
                .as_ref()
                .map_or_else(String::new, Value::to_string)
        )
    }
}

/// Draws one call; nine of ten name something of `b`.
fn draw(rng: &mut Rng, a: &Named, b: &Named, relations: &Relations) -> Call {
    let of = |rng: &mut Rng| if rng.usize(..10) == 0 { a } else { b };
    let target = of(rng);
    let id = |rng: &mut Rng, ids: &[i64]| match rng.usize(..12) {
        0 => -1,
        1 => i64::MAX,
        _ => *rng.choice(ids).unwrap(),
    };
    let table = rng.choice(&relations.all).unwrap().as_str();
    // A view over several rows refuses writes of every caller.
    let written = if relations.views.iter().any(|view| view == table) {
        "goals"
    } else {
        table
    };
    match rng.usize(..34) {
        0 => Call::rpc(
            "accept_request",
            json!({"p_workspace_id": target.workspace, "p_question": "what is there?"}),
        ),
        1 => Call::rpc(
            "accept_request",
            json!({"p_workspace_id": of(rng).workspace, "p_question": "?", "p_idempotency_key": "k",
            "p_context": {"goal_id": b.goals[0]}}),
        ),
        2 => Call::rpc(
            "decide_approval",
            json!({"p_approval_id": id(rng, &target.approvals), "p_decision": rng.choice(["approved", "rejected", "maybe"]).unwrap()}),
        ),
        3 => Call::rpc(
            "cancel_request",
            json!({"p_request_id": id(rng, &target.requests)}),
        ),
        4 => Call::rpc("cancel_goal", json!({"p_goal_id": id(rng, &target.goals)})),
        5 => Call::rpc(
            "retry_dead_letter",
            json!({"p_dead_letter_id": id(rng, &target.letters)}),
        ),
        6 => Call::rpc("create_workspace", json!({"p_name": "mine"})),
        7 => {
            let person = rng.choice([&a.people[..], &b.people[..]].concat()).unwrap();
            let role = rng.choice(["viewer", "owner", "none"]).unwrap();
            Call::rpc(
                "set_member_role",
                json!({"p_workspace_id": target.workspace, "p_user_id": person, "p_role": role}),
            )
        }
        8 => Call::get(format!("rest/v1/{table}?workspace_id=eq.{}", b.workspace)),
        9 | 27 | 28 => Call::get(format!(
            "rest/v1/{table}?select=*&limit=1000&offset={}",
            rng.usize(..5)
        )),
        10 => Call::get(format!(
            "rest/v1/requests?id=eq.{}&select=*,goals(*)",
            id(rng, &b.requests)
        )),
        11 => Call::get(format!(
            "rest/v1/goals?select=*,goal_criteria(*),requests(*)&id=in.({},{})",
            b.goals[0],
            id(rng, &b.goals)
        )),
        12 => Call::get(format!(
            "rest/v1/steps?run_id=eq.{}&order=key",
            id(rng, &b.runs)
        )),
        13 => Call::get(format!(
            "rest/v1/events?or=(run_id.eq.{},workspace_id.eq.{})",
            id(rng, &b.runs),
            b.workspace
        )),
        14 => Call::get("rest/v1/requests?question=like.*kestrel*&select=id,question".to_owned()),
        15 => Call::get(format!(
            "rest/v1/approvals?id=gte.0&select=*,goals(title,requests(question))&goal_id=eq.{}",
            id(rng, &b.goals)
        )),
        16 => Call {
            method: Method::POST,
            schema: "goalpost",
            path: "rest/v1/requests".to_owned(),
            body: Some(json!({"workspace_id": target.workspace, "question": "a row"})),
        },
        17 => Call {
            method: Method::POST,
            schema: "goalpost",
            path: format!("rest/v1/{written}"),
            body: Some(
                json!({"workspace_id": b.workspace, "user_id": a.people[0], "role": "owner"}),
            ),
        },
        18 => Call {
            method: Method::PATCH,
            schema: "goalpost",
            path: format!("rest/v1/{written}?workspace_id=eq.{}", b.workspace),
            body: Some(json!({"workspace_id": a.workspace})),
        },
        19 => Call {
            method: Method::DELETE,
            schema: "goalpost",
            path: format!("rest/v1/{written}?workspace_id=eq.{}", b.workspace),
            body: None,
        },
        20 => Call {
            method: Method::POST,
            schema: rng
                .choice([
                    "goalpost_worker",
                    "goalpost_private",
                    "public",
                    "net",
                    "vault",
                ])
                .unwrap(),
            path: format!(
                "rest/v1/rpc/{}",
                rng.choice([
                    "claim_steps",
                    "finish_steps",
                    "sweep",
                    "fold_statistics",
                    "answer_query",
                    "my_workspaces",
                    "http_post"
                ])
                .unwrap()
            ),
            body: Some(
                json!({"p_kinds": ["tool"], "p_limit": 10, "p_lease_seconds": 30, "p_worker": "x"}),
            ),
        },
        21 => Call {
            method: Method::GET,
            schema: rng
                .choice(["goalpost_private", "vault", "net", "auth", "tests"])
                .unwrap(),
            path: format!(
                "rest/v1/{}",
                rng.choice(["limits", "secrets", "users", "http_request_queue"])
                    .unwrap()
            ),
            body: None,
        },
        22 => Call {
            method: Method::POST,
            schema: "",
            path: "functions/v1/intake".to_owned(),
            body: Some(json!({"workspace_id": target.workspace, "question": "What is 1 + 1?"})),
        },
        23 => Call::rpc(
            "decide_approval",
            json!({"p_approval_id": id(rng, &b.approvals), "p_decision": rng.choice(["approved", "answered", "happened"]).unwrap(),
            "p_edited": {"query": "select 1"}, "p_answer": "x", "p_subject_hash": "0"}),
        ),
        24 => Call::rpc(
            rng.choice(["set_workspace_limits", "set_workspace_settings"])
                .unwrap(),
            json!({"p_workspace_id": b.workspace, "p_limits": {"max_open_requests": 1, "workspace_month_microusd": 0}, "p_settings": {"currency": "XXX"}}),
        ),
        25 => Call::rpc(
            rng.choice(["set_tool_policy", "remove_tool_policy"])
                .unwrap(),
            json!({"p_workspace_id": rng.choice([json!(b.workspace), Value::Null]).unwrap(), "p_name": "mine", "p_tool": "*", "p_effect": "allow"}),
        ),
        26 => Call::rpc(
            rng.choice(["set_rate_limit", "read_inbox", "read_tool_secrets"])
                .unwrap(),
            json!({"p_workspace_id": b.workspace, "p_scope": "tool", "p_name": "*", "p_slots": 1}),
        ),
        32 => Call::rpc(
            rng.choice(["set_tool_access", "set_tool_secret"]).unwrap(),
            json!({"p_workspace_id": b.workspace, "p_name": rng.choice(["webhook", "a.example.com", "public"]).unwrap(),
                   "p_kind": rng.choice(["http", "email", "schema"]).unwrap(), "p_secret": null}),
        ),
        29 => Call::rpc(
            "invite_member",
            json!({"p_workspace_id": target.workspace, "p_person": rng.choice([&a.people[..], &b.people[..]].concat()).unwrap(), "p_role": "viewer"}),
        ),
        30 => Call::rpc(
            rng.choice(["accept_invitation", "withdraw_invitation"])
                .unwrap(),
            json!({"p_invitation_id": id(rng, &b.invitations)}),
        ),
        31 => Call::rpc(
            rng.choice(["remove_member", "set_member_role"]).unwrap(),
            json!({"p_workspace_id": b.workspace, "p_user_id": b.people[0], "p_role": "viewer"}),
        ),
        _ => Call {
            method: Method::GET,
            schema: "",
            path: format!("functions/v1/intake/requests/{}", id(rng, &b.requests)),
            body: None,
        },
    }
}

#[tokio::test]
async fn tenants_neither_read_nor_change_each_other() {
    let (mut rng, seed) = seeded(SEED);
    println!("seed {seed}, {CALLS} calls");
    let stack = two_tenants().await;
    let database = stack.admin_db().await.unwrap();
    let (a, b) = (
        Named::of(&database, "a").await,
        Named::of(&database, "b").await,
    );
    let relations = Relations::of(&database).await;
    assert!(relations.all.len() > 40, "{:?}", relations.all);
    let empty = empty_tables(&database, "b").await;
    assert!(
        empty.is_empty(),
        "tables of the catalog without a row of b: {empty:?}"
    );
    let before = rows_of(&database, "b").await;
    assert!(
        before.matches(CANARY).count() > 40 && before.lines().count() > 60,
        "there is much of b: {before}"
    );
    let own_before = rows_of(&database, "a").await;

    let mut tokens = Vec::new();
    for role in ROLES {
        let id: String = database
            .query_one(&format!("select tests.id_of('a_{role}')::text"), &[])
            .await
            .unwrap()
            .get(0);
        let token = stack.keys().mint_user_token(
            id.parse::<Uuid>().unwrap(),
            "a@tests.example",
            Duration::from_secs(3600),
        );
        tokens.push(token.expose_secret().to_owned());
    }

    let http = reqwest::Client::new();
    let (mut done, mut rows_seen) = (0_usize, 0_usize);
    // The random calls, and then every relation of the catalog once for each person.
    let mut calls: Vec<(Call, Option<usize>)> = Vec::new();
    for _ in 0..CALLS {
        calls.push((draw(&mut rng, &a, &b, &relations), None));
    }
    for table in &relations.all {
        for person in 0..ROLES.len() {
            let path = format!("rest/v1/{table}?select=*&limit=1000");
            calls.push((Call::get(path), Some(person)));
        }
    }
    let mut invited = Vec::new();
    for (number, (call, person)) in calls.into_iter().enumerate() {
        let token = person.map_or_else(|| rng.choice(&tokens).unwrap(), |person| &tokens[person]);
        let mut request = http
            .request(
                call.method.clone(),
                format!("{}/{}", stack.url(), call.path),
            )
            .header("apikey", stack.publishable_key())
            .bearer_auth(token);
        if !call.schema.is_empty() {
            request = request
                .header("accept-profile", call.schema)
                .header("content-profile", call.schema)
                .header("prefer", "count=exact,return=representation");
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let reply = request.send().await.unwrap();
        let (status, headers) = (reply.status(), format!("{:?}", reply.headers()));
        let body = reply.text().await.unwrap();
        let context = || format!("seed {seed}, call {number}: {call:?}: {status} {headers} {body}");
        assert!(!status.is_server_error(), "{}", context());
        done += usize::from(status.is_success());

        let sent = call.sent();
        if status.is_success() && call.path == "rest/v1/rpc/invite_member" {
            invited.extend(call.body.iter().map(|body| body["p_person"].clone()));
        }
        let words = [CANARY.to_owned(), b.workspace.clone()];
        for word in words.iter().chain(&b.people) {
            let is_echo = sent.contains(word.as_str());
            assert!(
                !body.contains(word.as_str())
                    || (is_echo && !status.is_success())
                    || is_echo_of_own(&call, word, &invited),
                "{word} was shown: {}",
                context()
            );
        }
        let rows: Vec<Value> = serde_json::from_str(&body).unwrap_or_default();
        rows_seen += rows.len();
        for row in &rows {
            let (run, goal, request) = (
                row["run_id"].as_i64(),
                row["goal_id"].as_i64(),
                row["request_id"].as_i64(),
            );
            let is_theirs = run.is_some_and(|run| b.runs.contains(&run))
                || goal.is_some_and(|goal| b.goals.contains(&goal))
                || request.is_some_and(|request| b.requests.contains(&request));
            assert!(!is_theirs, "a row of b was shown: {}", context());
        }
    }
    assert!(
        done > CALLS / 8,
        "the calls are good ones: {done} of {CALLS} were carried out"
    );
    assert!(rows_seen > 100, "rows were looked at: {rows_seen}");
    let after = rows_of(&database, "b").await;
    assert_eq!(before, after, "seed {seed}: rows of b were changed");
    assert_ne!(
        own_before,
        rows_of(&database, "a").await,
        "and rows of a were, by its own people"
    );
    println!("{done} of {CALLS} carried out, {rows_seen} rows seen");
    stack.stop().await.unwrap();
}

/// Returns true for a person of `b` whom an admin of `a` who has their id made a member of `a` or invited there: not a
/// row of `b`.
fn is_echo_of_own(call: &Call, word: &str, invited: &[Value]) -> bool {
    let names_them = call
        .body
        .as_ref()
        .is_some_and(|body| body["p_user_id"] == word || body["p_person"] == word);
    let is_invited = invited.iter().any(|person| person == word);
    names_them
        || call.path.starts_with("rest/v1/members") && word.len() == 36
        || call.path.starts_with("rest/v1/invitations") && is_invited
}
