//! Calls of earlier releases against the present schema; and the recorder that adds a release to them.

mod goals;

use local_stack::stack::{Stack, Switch};
use system_tests::contract::{self, Entry, Function, Recording, replay::replay};
use system_tests::{Database, stacks};

/// Names the release that is recorded; without it, a recording is made and discarded.
const RECORD: &str = "GOALPOST_RECORD";

/// Starts a stack whose functions receive no wakes: only the recorded calls are made.
async fn asleep() -> Stack {
    stacks::start_with(|mut options| {
        options.pg_net = Switch::Off;
        options
    })
    .await
    .unwrap()
}

async fn differences(recording: &Recording) -> Vec<String> {
    let stack = asleep().await;
    let found = replay(recording, &stack).await.unwrap();
    stack.stop().await.unwrap();
    found
}

/// Lists the functions that a release could call and that are gone or changed.
async fn lost_functions(recording: &Recording) -> Vec<Function> {
    let database = Database::fresh().await.unwrap();
    let owner = database
        .server()
        .connect("postgres", database.name())
        .await
        .unwrap();
    let present = contract::functions(&owner).await.unwrap();
    let is_lost = |earlier: &&Function| !present.iter().any(|now| now.accepts_calls_of(earlier));
    recording
        .functions
        .iter()
        .filter(is_lost)
        .cloned()
        .collect()
}

/// Makes and replays a recording, so that recorder and replay test each other: there is no released one until 0.2.0.
#[tokio::test]
async fn recorded_calls_are_answered_as_recorded() {
    let release = std::env::var(RECORD).ok();
    let recording = goals::record(release.as_deref().unwrap_or("today")).await;
    let text = written(&recording);
    for secret in [
        "eyJ",
        "whsec_",
        "sk-",
        "sb_secret",
        "127.0.0.1",
        "/home/",
        "/tmp/",
    ] {
        assert!(!text.contains(secret), "the recording holds {secret}");
    }
    assert!(text.len() < 200_000, "{} bytes", text.len());
    for function in &recording.functions {
        let (schema, name) = function.name.split_once('.').unwrap();
        let called = recording.calls.iter().any(|entry| match entry {
            Entry::Call(call) => call.schema == schema && call.path == format!("rpc/{name}"),
            Entry::Time { .. } => false,
        });
        assert!(
            called,
            "the recording contains no call of {}",
            function.name
        );
    }
    if let Some(release) = release {
        let folder = contract::folder().join(release);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("goals.json"), text).unwrap();
    }
    let released = contract::recordings().unwrap().into_iter();
    for recording in released
        .map(|(_, recording)| recording)
        .chain([recording.clone()])
    {
        let lost = lost_functions(&recording).await;
        assert!(lost.is_empty(), "{}: {lost:#?}", recording.version);
        let found = differences(&recording).await;
        assert!(
            found.is_empty(),
            "{}:\n{}",
            recording.version,
            found.join("\n")
        );
    }
    missing_field_is_noticed(recording).await;
}

async fn missing_field_is_noticed(mut recording: Recording) {
    let claimed = recording.calls.iter_mut().find_map(|entry| match entry {
        Entry::Call(call) if call.path == "rpc/claim_steps" => call.reply.get_mut(0),
        _ => None,
    });
    let claimed = claimed.unwrap().as_object_mut().unwrap();
    claimed.insert("a_field_that_is_gone".to_owned(), "<string>".into());
    claimed.insert("timeout_seconds".to_owned(), "<string>".into());
    let found = differences(&recording).await;
    assert_eq!(found.len(), 2, "{found:#?}");
}

/// Formats one line per call, so that two recordings can be compared.
fn written(recording: &Recording) -> String {
    let line = |value: &Entry| serde_json::to_string(value).unwrap();
    let functions: Vec<String> = recording
        .functions
        .iter()
        .map(|function| serde_json::to_string(function).unwrap())
        .collect();
    let calls: Vec<String> = recording.calls.iter().map(line).collect();
    format!(
        "{{\"version\": \"{}\",\n\"functions\": [\n{}\n],\n\"calls\": [\n{}\n]}}\n",
        recording.version,
        functions.join(",\n"),
        calls.join(",\n")
    )
}
