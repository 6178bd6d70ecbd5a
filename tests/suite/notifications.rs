//! Messages to people through the real functions and the command line: signed webhooks, Slack's JSON and mail, and links
//! by which people decide.

mod world;

use std::time::{Duration, Instant};

use local_stack::stack::{Person, Switch};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use system_tests::people::{Client, DEMO};
use system_tests::{clock_sql, command, stacks};

use crate::script::Script;
use world::{Receiver, World};

/// Returns steps of which the first waits for people, with a question that is hostile to a page and to Slack.
fn guarded(input: &Value) -> Value {
    let mut asked = json!({"question": "Send it? <script>alert(1)</script> <!channel>", "content": {"text": "Dear <b>all</b>"}});
    asked
        .as_object_mut()
        .unwrap()
        .extend(input.as_object().unwrap().clone());
    json!([
        {"key": "ask", "kind": "approval", "input": asked},
        {"key": "say", "kind": "tool", "depends_on": ["ask"], "input": {"tool": "template", "arguments": {"template": "It was sent."}}}
    ])
}

#[tokio::test]
async fn failed_goal_reaches_signed_webhook() {
    let world = World::new().await;
    let printed = world.add(Person::Owner, "webhook", "ops", &[]).await;
    let secret = printed
        .split_whitespace()
        .find(|word| word.starts_with("whsec_"))
        .unwrap_or_else(|| panic!("{printed}"));
    let steps = json!([{"key": "look", "kind": "tool", "max_attempts": 1, "input": {"tool": "sql", "arguments": {"query": "select 1 from shop.nothing"}}}]);
    let request = world.start("broken", &steps).await;

    let received = world.receiver.until("ops", 1).await.remove(0);
    let body = received.json();
    assert_eq!(body["type"], "request.failed", "{body}");
    assert_eq!(body["data"]["request"]["id"], request, "{body}");
    assert!(body["data"]["request"]["reason"].is_string(), "{body}");
    let signature = Webhook::new(secret).unwrap();
    signature.verify(&received.body, &received.headers).unwrap();
    let mut changed = received.body.clone();
    changed.push(b' ');
    assert!(signature.verify(&changed, &received.headers).is_err());
    let key = received.header("idempotency-key");
    assert_eq!(key, received.header("webhook-id"));
    world.until_state("request.failed", "sent").await;

    let (_, listed) = world.goalpost(Person::Owner, &["notifications"], "").await;
    assert!(
        listed.contains("request.failed") && listed.contains("sent"),
        "{listed}"
    );
    let (_, targets) = world
        .goalpost(Person::Owner, &["notifications", "targets", "--json"], "")
        .await;
    assert!(
        targets.contains(&world.receiver.host) && !targets.contains("/ops"),
        "the URL is not readable: {targets}"
    );
    let (_, others) = world
        .goalpost(Person::Approver, &["notifications"], "")
        .await;
    assert!(others.contains("There is no message yet"), "{others}");
    let (removed, printed) = world
        .goalpost(Person::Owner, &["notifications", "remove", "ops"], "")
        .await;
    assert!(removed, "{printed}");
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn approval_is_decided_by_its_link_once() {
    let world = World::new().await;
    world.add(Person::Approver, "slack", "petra", &[]).await;
    world
        .add(Person::Owner, "slack", "team", &["--shared"])
        .await;
    let request = world
        .start("guarded", &guarded(&json!({"requester_may_decide": false})))
        .await;

    let message = world.receiver.until("petra", 1).await.remove(0);
    assert!(message.json().to_string().contains("&lt;!channel&gt;"));
    let link = message.link();
    let team = world.receiver.until("team", 1).await.remove(0);
    let text = String::from_utf8(team.body).unwrap();
    assert!(
        !text.contains("token=") && !text.contains("Send it"),
        "a shared target gets neither link nor question: {text}"
    );

    // A scanner opens the link several times: it shows, and decides nothing.
    for _ in 0..2 {
        let (status, headers, page) = world.get(&link).await;
        assert_eq!(status, 200, "{page}");
        assert!(
            page.contains("Send it? &lt;script&gt;alert(1)&lt;/script&gt;")
                && !page.contains("<script"),
            "{page}"
        );
        assert!(
            page.contains("Dear &lt;b&gt;all&lt;/b&gt;"),
            "what is decided on is shown: {page}"
        );
        assert!(page.contains("approver@goalpost.test"), "{page}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(headers.get("access-control-allow-origin").is_none());
    }
    let pending = world
        .owner
        .rows("approvals", "state=eq.pending")
        .await
        .unwrap();
    assert_eq!(pending.len(), 1);

    let (status, _) = world
        .decide(
            &link.replace("token=", "token=9"),
            &[("decision", "approved")],
        )
        .await;
    assert_eq!(status, 404, "another token opens nothing");
    let (status, page) = world.decide(&link, &[("decision", "perhaps")]).await;
    assert!(
        status == 200 && page.contains("a decision is approved or rejected"),
        "{page}"
    );
    let posted = world
        .http
        .post(&link)
        .json(&json!({"decision": "approved"}))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status().as_u16(), 415, "only the form decides");
    let (status, page) = world
        .decide(
            &link,
            &[("decision", "approved"), ("comment", "Fine by me")],
        )
        .await;
    assert!(status == 200 && page.contains("the work goes on"), "{page}");
    let ended = world.owner.until_ended(request).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    let decided = world
        .owner
        .rows("approvals", "select=state,decided_by,comment")
        .await
        .unwrap();
    assert_eq!(
        decided,
        [
            json!({"state": "approved", "decided_by": Person::Approver.id(), "comment": "Fine by me"})
        ]
    );

    let (status, page) = world.decide(&link, &[("decision", "rejected")]).await;
    assert!(
        status == 409 && page.contains("This has been decided"),
        "a second use is refused: {status} {page}"
    );
    let (status, _, _) = world.get(&link).await;
    assert_eq!(status, 409);
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn two_people_approve_by_two_links() {
    let world = World::new().await;
    world.add(Person::Owner, "slack", "olga", &[]).await;
    world.add(Person::Approver, "slack", "petra", &[]).await;
    let request = world
        .start("guarded", &guarded(&json!({"quorum": 2})))
        .await;
    let first = world.receiver.until("petra", 1).await.remove(0).link();
    let second = world.receiver.until("olga", 1).await.remove(0).link();

    let (status, page) = world.decide(&first, &[("decision", "approved")]).await;
    assert!(
        status == 200 && page.contains("1 of 2 have approved it"),
        "{page}"
    );
    let (status, page) = world.decide(&first, &[("decision", "approved")]).await;
    assert!(
        status == 409 && page.contains("This link has been used"),
        "one person counts once: {page}"
    );
    let (_, _, page) = world.get(&second).await;
    assert!(
        page.contains("2 different people; 1 have approved it"),
        "{page}"
    );
    // Two uses of one link at once: one decides.
    let fields = [("decision", "approved")];
    let (one, other) = tokio::join!(
        world.decide(&second, &fields),
        world.decide(&second, &fields)
    );
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    let ended = world.owner.until_ended(request).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    let message = world.receiver.until("olga", 2).await.remove(1);
    assert!(
        message.json().to_string().contains("Done"),
        "the requester receives the end"
    );
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn failing_receiver_gets_same_message_again() {
    let world = World::new().await;
    world.add(Person::Owner, "webhook", "ops", &[]).await;
    world.receiver.statuses.lock().unwrap().push_back(500);
    let (succeeded, printed) = world
        .goalpost(Person::Owner, &["notifications", "test", "ops"], "")
        .await;
    assert!(succeeded, "{printed}");
    let waiting = world.until_state("test", "waiting").await;
    // The row waits from its claim on; its reason comes with the report.
    let began = Instant::now();
    while world.until_state("test", "waiting").await[0]["reason"].is_null() {
        assert!(began.elapsed() < Duration::from_secs(60), "{waiting:?}");
    }
    let database = world.stack.admin_db().await.unwrap();
    database
        .batch_execute(&clock_sql("1 minute"))
        .await
        .unwrap();
    world.tick().await;
    let received = world.receiver.until("ops", 2).await;
    let keys: Vec<&str> = received
        .iter()
        .map(|one| one.header("idempotency-key"))
        .collect();
    assert_eq!(keys[0], keys[1], "the key is the same for every attempt");
    assert_eq!(received[0].body, received[1].body);
    let rows = world.until_state("test", "sent").await;
    assert_eq!(
        (&rows[0]["attempt"], &rows[0]["reason"]),
        (&json!(2), &Value::Null)
    );

    // A refusal that no attempt changes is a failure with its reason.
    world.receiver.statuses.lock().unwrap().push_back(410);
    world
        .goalpost(Person::Owner, &["notifications", "test", "ops"], "")
        .await;
    world.tick().await;
    world.until_state("test", "failed").await;
    let (_, printed) = world.goalpost(Person::Owner, &["notifications"], "").await;
    assert!(
        printed.contains("failed") && printed.contains("410 Gone"),
        "{printed}"
    );
    // A host that has left the workspace's list receives nothing.
    database
        .batch_execute("update goalpost.workspaces set webhook_hosts = '{}'")
        .await
        .unwrap();
    let before = world.receiver.on("ops").len();
    world
        .goalpost(Person::Owner, &["notifications", "test", "ops"], "")
        .await;
    world.tick().await;
    let (_, printed) = world.goalpost(Person::Owner, &["notifications"], "").await;
    assert!(printed.contains("is not among the hosts"), "{printed}");
    assert_eq!(world.receiver.on("ops").len(), before);
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn budget_at_80_percent_is_announced_once() {
    let script = Script::default()
        .json(
            "assessment",
            &json!({"decision": "answer", "text": "Forty-two", "score": 1, "reasons": ["known"]}),
        )
        .json(
            "assessment",
            &json!({"decision": "answer", "text": "Forty-three", "score": 1, "reasons": ["known"]}),
        );
    let base_url = script.serve().await;
    let model = [
        ("OPENAI_BASE_URL", base_url),
        ("GOALPOST_MODEL", "scripted".to_owned()),
    ];
    let world = World::with_environment(&model).await;
    world
        .add(
            Person::Owner,
            "webhook",
            "ops",
            &["--occasions", "budget.reached"],
        )
        .await;
    // Ten micro-dollars a token: a call takes at most 120 tokens, and the script's takes 110.
    let price = json!({"p_provider": "openai", "p_model": "scripted", "p_input_microusd": 10_000_000, "p_output_microusd": 10_000_000,
                       "p_context_tokens": 110, "p_max_output_tokens": 10});
    let priced = world.owner.rpc("set_model_price", &price).await.unwrap();
    assert!(priced.status.is_success(), "{priced:?}");
    for cap in [1_200, 12_000] {
        let ask = json!({"workspace_id": DEMO, "question": "Why is the sky there?", "budget": {"max_microusd": cap}});
        let asked = world.owner.post(&ask, None).await.unwrap();
        let request = asked.body["request_id"].as_i64().unwrap();
        let ended = world.owner.until_ended(request).await.unwrap();
        assert_eq!(ended["state"], "answered", "{ended}");
    }
    let rows = world.until_state("budget.reached", "sent").await;
    assert_eq!(
        rows.len(),
        1,
        "the second request spent a tenth of its cap: {rows:?}"
    );
    let budget = world.receiver.until("ops", 1).await.remove(0).json()["data"]["budget"].clone();
    assert_eq!(
        (
            &budget["scope"],
            &budget["spent_microusd"],
            &budget["cap_microusd"]
        ),
        (&json!("run"), &json!(1_100), &json!(1_200))
    );
    assert_eq!(
        world.receiver.on("ops").len(),
        1,
        "it takes this occasion alone"
    );
    world.stack.stop().await.unwrap();
}

#[tokio::test]
async fn local_stack_shows_its_mail_on_a_page() {
    let stack = stacks::start_with(|mut options| {
        options.mail = Switch::On;
        options
    });
    let stack = stack.await.unwrap();
    let added = command::run(
        &stack,
        Person::Approver,
        &["notifications", "add", "email", "me"],
        "",
    )
    .await
    .unwrap();
    assert!(added.status.success(), "{added:?}");
    let world = World {
        owner: Client::of(&stack, Person::Owner),
        stack,
        receiver: Receiver::start().await,
        http: reqwest::Client::new(),
    };
    let schema = json!({"kind": "approval", "requester_may_decide": false});
    world.start("guarded", &guarded(&schema)).await;
    let approver = Client::of(&world.stack, Person::Approver);
    let began = Instant::now();
    while approver
        .rows("notifications", "state=eq.sent")
        .await
        .unwrap()
        .is_empty()
    {
        let rows = approver.rows("notifications", "").await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(60), "{rows:?}");
    }
    let (_, _, page) = world.get(&world.stack.mail_page().unwrap()).await;
    assert!(
        page.contains("approver@goalpost.test") && page.contains("Send it? &lt;script&gt;"),
        "{page}"
    );
    let link = page
        .split('"')
        .find(|part| part.contains("/decide?token="))
        .unwrap_or_else(|| panic!("{page}"));
    let (status, page) = world.decide(link, &[("decision", "rejected")]).await;
    assert!(status == 200 && page.contains("It is rejected"), "{page}");
    world.stack.stop().await.unwrap();
}
