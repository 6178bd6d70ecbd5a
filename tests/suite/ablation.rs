//! The list of guards (tests/ablation) is whole and true, and a sample of them is really removed. All of them are by
//! `cargo run --bin ablation`.

use system_tests::Database;
use system_tests::ablation::{Databases, Guard, cover, read_all, workspace};

fn guards() -> Vec<Guard> {
    read_all(&workspace()).unwrap()
}

#[test]
fn every_text_that_an_entry_replaces_is_there() {
    let guards = guards();
    let problems: Vec<String> = guards
        .iter()
        .filter_map(|guard| {
            guard
                .edit(&workspace())
                .err()
                .map(|error| format!("{}: {error:#}", guard.name))
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(guards.len() > 300, "the list is there: {}", guards.len());
}

#[test]
fn every_test_that_an_entry_names_is_there() {
    for guard in guards() {
        for test in &guard.red {
            if let system_tests::ablation::Test::Database(file) = test {
                let path = workspace().join(format!("supabase/tests/{file}.test.sql"));
                assert!(
                    path.is_file(),
                    "{}: there is no {}",
                    guard.name,
                    path.display()
                );
            }
        }
    }
}

#[tokio::test]
async fn every_guard_of_the_catalog_is_in_the_list_or_has_a_reason() {
    let database = Database::fresh().await.unwrap();
    let client = database
        .server()
        .connect("postgres", database.name())
        .await
        .unwrap();
    let missing = cover::missing_in_catalog(&client, &guards(), &workspace())
        .await
        .unwrap();
    assert!(
        missing.is_empty(),
        "nothing says which test misses these; add them to tests/ablation/guards:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_lock_compared_state_and_refusal_is_in_the_list_or_has_a_reason() {
    let missing = cover::missing_in_texts(&guards(), &workspace()).unwrap();
    assert!(
        missing.is_empty(),
        "nothing says which test misses these; add them to tests/ablation/guards, or a reason to reasons.toml:\n{}",
        missing.join("\n")
    );
}

#[tokio::test]
async fn a_sample_of_guards_is_removed_and_missed() {
    let sample = [
        "a completion is refused by its epoch",
        "a step is tried at most max_attempts times",
        "a question is given and bounded",
        "there is one request of an idempotency key",
        "the policy of steps lets in who may read",
        "the first decision wins",
    ];
    let databases = Databases::prepare(&workspace()).await.unwrap();
    for name in sample {
        let guard = guards().into_iter().find(|guard| guard.name == name);
        let guard = guard.unwrap_or_else(|| panic!("no guard is called '{name}'"));
        for said in databases.without(&guard).await.unwrap() {
            assert!(said.is_red, "nobody misses it: {name} ({})", said.test);
        }
    }
}
