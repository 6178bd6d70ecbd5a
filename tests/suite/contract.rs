//! The calls of earlier releases against the present schema; and the recorder that adds a release to them.

mod goals;

use local_stack::stack::{Stack, Switch};
use system_tests::contract::{self, Entry, Function, Recording, replay::replay};
use system_tests::{Database, stacks};

/// Names the release that is recorded; unset, a recording is made and thrown away.
const RECORD: &str = "GOALPOST_RECORD";

/// A stack whose functions nobody wakes: what is called is what the recording calls.
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

#[tokio::test]
async fn the_calls_of_earlier_releases_are_answered_as_they_were() {
    let recordings = contract::recordings().unwrap();
    assert!(!recordings.is_empty(), "there is no recording to replay");
    for (file, recording) in recordings {
        let found = differences(&recording).await;
        assert!(
            found.is_empty(),
            "{}:\n{}",
            file.display(),
            found.join("\n")
        );
    }
}

#[tokio::test]
async fn every_function_of_earlier_releases_takes_the_arguments_that_it_took() {
    let database = Database::fresh().await.unwrap();
    let owner = database
        .server()
        .connect("postgres", database.name())
        .await
        .unwrap();
    let present = contract::functions(&owner).await.unwrap();
    for (file, recording) in contract::recordings().unwrap() {
        let lost: Vec<&Function> = recording
            .functions
            .iter()
            .filter(|earlier| !present.iter().any(|now| now.accepts_calls_of(earlier)))
            .collect();
        assert!(lost.is_empty(), "{}: {lost:#?}", file.display());
    }
}

#[tokio::test]
async fn a_recording_of_today_is_answered_the_same_again_and_holds_no_secret() {
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
        assert!(called, "nobody calls {} in the recording", function.name);
    }
    if let Some(release) = release {
        let folder = contract::folder().join(release);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("goals.json"), text).unwrap();
    }
    let found = differences(&recording).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// One line per call, so that two recordings can be compared.
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

#[tokio::test]
async fn a_recording_with_a_field_that_is_gone_is_noticed() {
    let mut recordings = contract::recordings().unwrap();
    let (_, mut recording) = recordings.remove(0);
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
