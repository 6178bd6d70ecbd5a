//! Untrusted callers at the functions' real triggers: a forged wake is refused before any call to the database, and a
//! repeated genuine one changes nothing.

mod counting;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::random::seeded;
use counting::Counting;
use fastrand::Rng;
use futures::future::join_all;
use local_stack::stack::{Person, Stack, StackOptions, Switch};
use reqwest::StatusCode;
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

const FUNCTIONS: [&str; 6] = [
    "intake",
    "planner",
    "executor",
    "aggregator",
    "analyzer",
    "notifier",
];
const SEED: u64 = 20_261_122;
/// Forged wakes of each class, at each function.
const FORGED_EACH: usize = 50;

/// Wake in transit.
#[derive(Clone, Debug)]
struct Wake {
    headers: BTreeMap<&'static str, Vec<u8>>,
    body: Vec<u8>,
}

impl Wake {
    /// Returns a wake signed by the database itself, so this test does not depend on the signature's format.
    async fn signed(
        database: &tokio_postgres::Client,
        secret: &str,
        function: &str,
        id: i64,
        age: i64,
    ) -> Self {
        let body = format!(
            r#"{{"type": "INSERT", "table": "wakes", "record": {{"id": {id}, "function": "{function}", "ready_count": 1}}, "schema": "goalpost", "old_record": null}}"#
        );
        let name = format!("wake_{id}");
        let then = now() - age;
        let signature = sign(database, secret, &name, then, &body).await;
        Self {
            headers: BTreeMap::from([
                ("content-type", b"application/json".to_vec()),
                ("webhook-id", name.into_bytes()),
                ("webhook-timestamp", then.to_string().into_bytes()),
                ("webhook-signature", signature.into_bytes()),
            ]),
            body: body.into_bytes(),
        }
    }

    async fn send(&self, http: &reqwest::Client, url: &str) -> (StatusCode, Value) {
        let mut request = http.post(url).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        let reply = request.send().await.unwrap();
        let status = reply.status();
        (status, reply.json().await.unwrap_or_default())
    }
}

async fn sign(
    database: &tokio_postgres::Client,
    secret: &str,
    id: &str,
    then: i64,
    body: &str,
) -> String {
    let sign = "select goalpost_private.sign_webhook($1, $2, $3, $4)";
    let signed = database
        .query_one(sign, &[&secret, &id, &then, &body])
        .await;
    signed.unwrap().get(0)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

async fn wake_secret(database: &tokio_postgres::Client) -> String {
    let stored =
        "select decrypted_secret from vault.decrypted_secrets where name = 'goalpost_wake_secret'";
    database.query_one(stored, &[]).await.unwrap().get(0)
}

/// Forgery of a genuine wake; `other` is another genuine one.
type Forge = fn(&mut Wake, &Wake, &mut Rng);

const FORGERIES: [(&str, Forge); 11] = [
    ("a bit of the body", |wake, _, rng| {
        let at = rng.usize(..wake.body.len());
        wake.body[at] ^= 1 << rng.usize(..8);
    }),
    ("the body cut short", |wake, _, rng| {
        let length = rng.usize(..wake.body.len());
        wake.body.truncate(length);
    }),
    ("the body of another", |wake, other, _| {
        wake.body.clone_from(&other.body);
    }),
    ("a body of any bytes", |wake, _, rng| {
        wake.body = (0..rng.usize(..2_000)).map(|_| rng.u8(..)).collect();
    }),
    ("a byte of the signature", |wake, _, rng| {
        let signature = wake.headers.get_mut("webhook-signature").unwrap();
        let at = rng.usize(3..signature.len() - 1);
        signature[at] = if signature[at] == b'A' { b'B' } else { b'A' };
    }),
    ("the signature cut short", |wake, _, rng| {
        let signature = wake.headers.get_mut("webhook-signature").unwrap();
        let length = rng.usize(..signature.len());
        signature.truncate(length);
    }),
    ("the signature of another", |wake, other, _| {
        let signature = other.headers["webhook-signature"].clone();
        wake.headers.insert("webhook-signature", signature);
    }),
    ("another id", |wake, _, rng| {
        let id = format!("wake_{}", rng.usize(1_000_000..2_000_000));
        wake.headers.insert("webhook-id", id.into_bytes());
    }),
    ("another time", |wake, _, rng| {
        let then = now() - rng.i64(51..=250);
        wake.headers
            .insert("webhook-timestamp", then.to_string().into_bytes());
    }),
    ("a header left out", |wake, _, rng| {
        let name = rng
            .choice(["webhook-id", "webhook-timestamp", "webhook-signature"])
            .unwrap();
        wake.headers.remove(name);
    }),
    ("a body over the limit", |wake, _, rng| {
        wake.body.resize(rng.usize(16_385..21_385), b' ');
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_wakes_cause_no_database_call() {
    let (mut rng, seed) = seeded(SEED);
    println!("seed {seed}");
    let counting = Counting::listen().await;
    let api = counting.url.clone();
    let stack = stacks::start_with(|options| {
        let mut options = StackOptions {
            pg_net: Switch::Off,
            ..options
        };
        options.environment.insert("SUPABASE_URL".to_owned(), api);
        options
    })
    .await
    .unwrap();
    counting.forward_to(stack.url());
    let database = stack.admin_db().await.unwrap();
    let secret = wake_secret(&database).await;
    let http = reqwest::Client::new();

    let genuine = Wake::signed(&database, &secret, "executor", 1, 0).await;
    let other = Wake::signed(&database, &secret, "executor", 2, 0).await;
    let mut resigned = vec![
        (
            "sent again, much later",
            Wake::signed(&database, &secret, "executor", 1, 301).await,
        ),
        (
            "signed for later",
            Wake::signed(&database, &secret, "executor", 1, -3_600).await,
        ),
    ];
    // Keys that any caller could try: none, a short one, the project's public key, another project's.
    for key in [
        "whsec_",
        "whsec_AAAA",
        "whsec_c2JfcHVibGlzaGFibGVfa2V5X29mX3RoZV9wcm9qZWN0",
        "whsec_YW5vdGhlci1wcm9qZWN0LXMtb3duLXdha2Utc2VjcmV0",
    ] {
        resigned.push((
            "signed with another key",
            Wake::signed(&database, key, "executor", 1, 0).await,
        ));
    }

    let lanes = FUNCTIONS.iter().map(|function| {
        let (url, http, genuine, other, resigned) = (
            stack.function_url(function),
            &http,
            &genuine,
            &other,
            &resigned,
        );
        let mut rng = rng.fork();
        async move {
            let mut refusals = BTreeMap::<String, usize>::new();
            for round in 0..FORGED_EACH {
                let changed = FORGERIES.iter().map(|(class, forge)| {
                    let mut wake = genuine.clone();
                    forge(&mut wake, other, &mut rng);
                    (*class, wake)
                });
                let again = resigned.iter().filter(|_| round % 5 == 0).cloned();
                for (class, wake) in changed.chain(again).collect::<Vec<_>>() {
                    let (status, body) = wake.send(http, &url).await;
                    let expected = match class {
                        "a body over the limit" => vec![413],
                        _ => vec![401],
                    };
                    assert!(
                        expected.contains(&status.as_u16()),
                        "{function}, {class}: {status} {body} for {wake:?}"
                    );
                    let code = body["code"].as_str().expect("a code").to_owned();
                    assert!(
                        body["message"]
                            .as_str()
                            .is_some_and(|message| message.len() > 20),
                        "{body}"
                    );
                    *refusals.entry(format!("{status} {code}")).or_default() += 1;
                }
            }
            refusals
        }
    });
    let refusals = join_all(lanes).await;
    println!("{refusals:?}");
    let forged: usize = refusals.iter().flat_map(BTreeMap::values).sum();
    assert!(forged >= FUNCTIONS.len() * FORGED_EACH * FORGERIES.len());
    assert_eq!(
        counting.passed(),
        0,
        "{forged} forged wakes caused no call to the database"
    );
    for stats in stack.host().stats() {
        assert_eq!(
            (stats.errors, stats.timeouts),
            (0, 0),
            "{}: each was an answer",
            stats.name
        );
    }

    // A genuine wake gets past, and is counted.
    let genuine = Wake::signed(&database, &secret, "executor", 1, 0).await;
    let (status, body) = genuine.send(&http, &stack.function_url("executor")).await;
    assert_eq!(status, 200, "{body}");
    assert!(counting.passed() > 0, "the counter counts");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn repeated_wake_is_acknowledged_once_without_new_work() {
    let stack = stacks::start_with(|options| StackOptions {
        pg_net: Switch::Off,
        ..options
    })
    .await
    .unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let database = stack.admin_db().await.unwrap();
    let secret = wake_secret(&database).await;
    let asked = json!({"p_workspace_id": DEMO, "p_question": "What is 6 * 7?"});
    let asked = owner.rpc("accept_request", &asked).await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    let wake_id = database
        .query_one(
            "select id from goalpost.wakes where function = 'intake'",
            &[],
        )
        .await;
    let wake = Wake::signed(&database, &secret, "intake", wake_id.unwrap().get(0), 0).await;
    let acknowledged = "select acknowledged_at::text from goalpost.wakes where function = 'intake'";

    let http = reqwest::Client::new();
    let url = stack.function_url("intake");
    let (status, first) = wake.send(&http, &url).await;
    assert_eq!(
        (status.as_u16(), &first["claimed"]),
        (200, &json!(1)),
        "{first}"
    );
    let acknowledged_at: Option<String> =
        database.query_one(acknowledged, &[]).await.unwrap().get(0);
    for _ in 0..20 {
        let (status, again) = wake.send(&http, &url).await;
        assert_eq!(
            (status.as_u16(), &again["claimed"]),
            (200, &json!(0)),
            "{again}"
        );
    }
    let at_once = join_all((0..8).map(|_| wake.send(&http, &url))).await;
    assert!(
        at_once.iter().all(|(_, body)| body["claimed"] == 0),
        "{at_once:?}"
    );
    for another in FUNCTIONS.iter().filter(|function| **function != "intake") {
        let (status, elsewhere) = wake.send(&http, &stack.function_url(another)).await;
        assert_eq!(
            (status.as_u16(), &elsewhere["code"]),
            (401, &json!("wake_for_another_function")),
            "{another}"
        );
    }
    let still: Option<String> = database.query_one(acknowledged, &[]).await.unwrap().get(0);
    assert!(
        acknowledged_at.is_some() && acknowledged_at == still,
        "acknowledged once: {acknowledged_at:?}, {still:?}"
    );
    let attempts = database
        .query_one(
            "select count(*) from goalpost.step_attempts where step_key = 'assess'",
            &[],
        )
        .await;
    assert_eq!(attempts.unwrap().get::<_, i64>(0), 1, "assessed once");
    let events = database.query_one("select count(*) from goalpost.events where step_key = 'assess' and type = 'step.completed'", &[]).await;
    assert_eq!(
        events.unwrap().get::<_, i64>(0),
        1,
        "completed by one event"
    );
    let request = owner
        .rows("requests", &format!("id=eq.{request_id}"))
        .await
        .unwrap();
    assert!(
        request[0]["state"] == "accepted" || request[0]["state"] == "answered",
        "{request:?}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn secret_rotation_accepts_both_until_old_is_dropped() {
    let (new, old) = (
        "whsec_bmV3ZXN0LWtleS1uZXdlc3Qta2V5LW5ld2VzdA==",
        "whsec_cHJldmlvdXMta2V5LXByZXZpb3VzLWtleS1wcmV2",
    );
    let dropped = "whsec_ZHJvcHBlZC1rZXktZHJvcHBlZC1rZXktZHJvcHBlZA==";
    let stack = stacks::start_with(|options| StackOptions {
        wake_secret: Some(format!("{new} {old}").into()),
        ..options
    })
    .await
    .unwrap();
    let database = stack.admin_db().await.unwrap();
    let http = reqwest::Client::new();
    for function in FUNCTIONS {
        for (secret, expected) in [(new, 200), (old, 200), (dropped, 401)] {
            let wake = Wake::signed(&database, secret, function, 7, 0).await;
            let (status, body) = wake.send(&http, &stack.function_url(function)).await;
            assert_eq!(status, expected, "{function}: {body}");
        }
    }
    // The database signs with the newest secret, and its wakes are accepted.
    let owner = Client::of(&stack, Person::Owner);
    let asked = json!({"p_workspace_id": DEMO, "p_question": "What is 6 * 7?"});
    let asked = owner.rpc("accept_request", &asked).await.unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["answer_text"], "42", "{done}");
    assert_eq!(refused_wakes(&stack).await, 0);
    stack.stop().await.unwrap();
}

/// Counts the database's own wakes that were refused. (A wake that takes longer than pg_net waits is not counted.)
async fn refused_wakes(stack: &Stack) -> i64 {
    let database = stack.admin_db().await.unwrap();
    let refused = "select count(*) from net._http_response where status_code = 401";
    database.query_one(refused, &[]).await.unwrap().get(0)
}
