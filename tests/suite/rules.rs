//! Rules: set by the command line, fired by changes in a table and by webhooks, asked by intake and the sweep.

use local_stack::stack::{Person, Stack};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::{command, stacks};

/// A stack with the table `public.tickets`, which members of Demo may read and write.
struct World {
    stack: Stack,
    owner: Client,
    db: tokio_postgres::Client,
}

impl World {
    async fn new() -> Self {
        let stack = stacks::start().await.unwrap();
        let db = stack.admin_db().await.unwrap();
        db.batch_execute(&format!(
            "create table public.tickets (id integer primary key, title text, state text not null default 'open');
             grant select, insert, update, delete on public.tickets to authenticated;
             insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values ('{DEMO}', 'public', 'tickets');
             update goalpost.workspaces set readable_schemas = array['public'] where id = '{DEMO}';
             notify pgrst, 'reload schema';"
        ))
        .await
        .unwrap();
        let owner = Client::of(&stack, Person::Owner);
        Self { stack, owner, db }
    }

    /// Runs a command as the owner and returns what it printed, and whether it succeeded.
    async fn goalpost(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let ran = command::run(&self.stack, Person::Owner, arguments, input).await;
        let ran = ran.unwrap();
        let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
        (ran.status.success(), String::from_utf8(printed).unwrap())
    }

    /// Returns the history of a rule, the latest first, as soon as it has this many rows.
    async fn history(&self, rule: &str, count: usize) -> Vec<Value> {
        let query = format!("select=id,request_rules!inner(name)&request_rules.name=eq.{rule}");
        let firings = self.owner.until_rows("rule_firings", &query, count);
        firings.await.unwrap();
        let (_, printed) = self
            .goalpost(&["rules", "history", rule, "--json"], "")
            .await;
        serde_json::from_str(&printed).unwrap()
    }

    /// Posts a webhook of the dashboard to intake.
    async fn webhook(&self, secret: &str, body: &Value) -> u16 {
        let posted = reqwest::Client::new()
            .post(self.stack.function_url("intake"))
            .header("x-webhook-secret", secret)
            .json(body)
            .send();
        posted.await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn change_in_table_is_asked_once() {
    let world = World::new().await;
    let add = [
        "rules",
        "add",
        "sums",
        "--table",
        "tickets",
        "--on",
        "insert,update",
        "--when",
        "state = open",
        "--context",
        "title",
        "What is 2 + {{ new.id }}?",
    ];
    let (succeeded, printed) = world.goalpost(&add, "").await;
    assert!(
        succeeded && printed.contains("sums is active."),
        "{printed}"
    );
    let mut wrong = add;
    wrong[8] = "colour = red";
    let (succeeded, printed) = world.goalpost(&wrong, "").await;
    assert!(
        !succeeded && printed.contains("no column colour") && printed.contains("id, state, title"),
        "{printed}"
    );
    let (_, printed) = world.goalpost(&["rules"], "").await;
    assert!(
        printed.contains("public.tickets") && printed.contains("state = open"),
        "{printed}"
    );

    // A row that a person inserts through the API of the project.
    world
        .db
        .execute(
            "insert into public.tickets values (3, 'x', 'open'), (4, 'y', 'closed')",
            &[],
        )
        .await
        .unwrap();
    let firings = world.history("sums", 1).await;
    assert_eq!(
        (firings.len(), &firings[0]["outcome"]),
        (1, &json!("asked")),
        "{firings:?}"
    );
    let request = firings[0]["request_id"].as_i64().unwrap();
    let ended = world.owner.until_ended(request).await.unwrap();
    assert_eq!(
        (&ended["state"], &ended["answer_text"]),
        (&json!("answered"), &json!("5")),
        "{ended}"
    );

    // A webhook of the same change, of another one, and a forged one.
    let secret = world.stack.webhook_secret().expose_secret().to_owned();
    let change = |id: i32| json!({"type": "INSERT", "schema": "public", "table": "tickets", "record": {"id": id, "title": "x", "state": "open"}, "old_record": null});
    assert_eq!(world.webhook("wrong", &change(3)).await, 401);
    assert_eq!(world.webhook(&secret, &change(3)).await, 200);
    let firings = world.history("sums", 2).await;
    assert_eq!(
        (&firings[0]["source"], &firings[0]["outcome"]),
        (&json!("webhook"), &json!("repeated")),
        "{firings:?}"
    );
    assert_eq!(world.webhook(&secret, &change(7)).await, 200);
    let firings = world.history("sums", 3).await;
    let request = firings[0]["request_id"].as_i64().unwrap();
    let ended = world.owner.until_ended(request).await.unwrap();
    assert_eq!(ended["answer_text"], "9", "{ended}");

    // Tests ask nothing.
    let (_, printed) = world
        .goalpost(&["rules", "test", "sums", "--primary-key", "3"], "")
        .await;
    assert!(
        printed.contains("The rule would ask: What is 2 + 3?"),
        "{printed}"
    );
    let row = r#"{"id": 8, "state": "open", "title": "z"}"#;
    let (_, printed) = world.goalpost(&["rules", "test", "sums"], row).await;
    assert!(
        printed.contains("What is 2 + 8?") && printed.contains("\"title\":\"z\""),
        "{printed}"
    );
    let (_, printed) = world
        .goalpost(&["rules", "test", "sums", "--primary-key", "4"], "")
        .await;
    assert!(printed.contains("would ask nothing"), "{printed}");
    let (succeeded, printed) = world
        .goalpost(&["rules", "test", "sums", "--primary-key", "99"], "")
        .await;
    assert!(
        !succeeded && printed.contains("there is no row with id = 99"),
        "{printed}"
    );

    let (_, printed) = world.goalpost(&["rules", "pause", "sums"], "").await;
    assert!(printed.contains("sums is paused."), "{printed}");
    world
        .db
        .execute("insert into public.tickets values (9, 'x')", &[])
        .await
        .unwrap();
    let (_, printed) = world.goalpost(&["rules", "remove", "sums"], "").await;
    assert!(printed.contains("sums is removed."), "{printed}");
    let requests = world.owner.rows("requests", "select=id").await.unwrap();
    assert_eq!(requests.len(), 2, "a paused rule asks nothing");
    let left = "select count(*) from pg_trigger where tgrelid = 'public.tickets'::regclass";
    let left: i64 = world.db.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "the table is as it was");
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn rule_writes_after_approval_and_not_in_a_loop() {
    let world = World::new().await;
    let copy = json!({"tool": "table_write", "arguments": {"table": "public.tickets", "rows": [{"id": 100, "title": "{{ parameters.title }}"}]}});
    let runbook = json!({"name": "copy", "title": "Copy", "description": "Copies a ticket", "goal_type": "test",
                         "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
                         "plan": {"steps": [{"key": "copy", "kind": "tool", "input": copy}]}});
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    let applied = world.owner.rpc("apply_runbook", &apply).await.unwrap();
    assert_eq!(applied.status, 200, "{applied:?}");
    let add = [
        "rules",
        "add",
        "copies",
        "--table",
        "public.tickets",
        "--on",
        "insert",
        "--runbook",
        "copy",
        "--parameters",
        r#"{"title": "Copy of {{ new.title }}"}"#,
        "Copy {{ new.id }}",
    ];
    let (succeeded, printed) = world.goalpost(&add, "").await;
    assert!(succeeded, "{printed}");

    world
        .db
        .execute("insert into public.tickets values (1, 'one')", &[])
        .await
        .unwrap();
    let firings = world.history("copies", 1).await;
    let request = firings[0]["request_id"].as_i64().unwrap();
    let query = "select=id,question&state=eq.pending";
    let approvals = world.owner.until_rows("approvals", query, 1).await.unwrap();
    assert_eq!(approvals.len(), 1, "the write waits for a person");
    let approve = json!({"p_approval_id": approvals[0]["id"], "p_decision": "approved"});
    let decided = world.owner.rpc("decide_approval", &approve).await.unwrap();
    assert_eq!(decided.status, 200, "{decided:?}");
    let ended = world.owner.until_ended(request).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");

    let written = "select title from public.tickets where id = 100";
    let written: String = world.db.query_one(written, &[]).await.unwrap().get(0);
    assert_eq!(written, "Copy of one");
    world
        .db
        .execute("select goalpost_private.sweep()", &[])
        .await
        .unwrap();
    let firings = world.history("copies", 1).await;
    assert_eq!(firings.len(), 1, "the request's own row fires no rule");
    world.stack.stop().await.unwrap();
}

/// A write that fires a rule must not wait for a transaction that inserts a request: the two would deadlock.
#[tokio::test]
async fn write_does_not_wait_for_open_request() {
    let world = World::new().await;
    let add = [
        "rules",
        "add",
        "sums",
        "--table",
        "tickets",
        "--on",
        "insert",
        "What is 2 + {{ new.id }}?",
    ];
    let (succeeded, printed) = world.goalpost(&add, "").await;
    assert!(succeeded, "{printed}");
    let owner = Person::Owner.id();
    let holder = world.stack.admin_db().await.unwrap();
    holder
        .batch_execute(&format!(
            "begin; insert into goalpost.requests (workspace_id, user_id, question) values ('{DEMO}', '{owner}', 'What is 1 + 1?')"
        ))
        .await
        .unwrap();
    let write = "set lock_timeout = '2s'; insert into public.tickets values (3, 'x')";
    world.db.batch_execute(write).await.unwrap();
    let sweep = "select goalpost_private.sweep() ->> 'changes_asked'";
    let asked: String = world.db.query_one(sweep, &[]).await.unwrap().get(0);
    assert_eq!(asked, "0", "a sweep passes over the locked workspace");
    holder.batch_execute("commit").await.unwrap();
    world.db.query_one(sweep, &[]).await.unwrap();
    let firings = world.history("sums", 1).await;
    assert_eq!(firings[0]["outcome"], "asked", "{firings:?}");
    world.stack.stop().await.unwrap();
}
