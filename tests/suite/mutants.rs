//! Mutation testing on a sample of the mutants of the database, and checks of the list of survivors. `cargo harness
//! mutants` runs all mutants.

use std::path::Path;

use harness::mutants::{Choice, Report, Runner, Survivors};
use local_stack::postgres::Server;
use system_tests::workspace;

/// The sample that `cargo test` runs; another seed is another sample (`cargo harness mutants --sample 100 --seed 2`).
const SAMPLE: (usize, u64) = (100, 1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sampled_mutants_are_killed_or_listed() {
    let list = Survivors::read(&workspace()).unwrap();
    let server = Server::shared_by_tests().await.unwrap();
    let runner = Runner::prepare(server, &workspace()).await.unwrap();
    let sample = Choice {
        sample: Some(SAMPLE),
        ..Choice::default()
    };
    let sample = sample.of(runner.mutants());
    assert_eq!(sample.len(), SAMPLE.0);
    let tried = runner.run(sample, 2, |_| {}).await.unwrap();
    let report = Report::of_sql(&tried, &list);
    let survivors: Vec<&str> = report
        .survivors
        .iter()
        .map(|survivor| survivor.id.as_str())
        .collect();
    assert!(
        survivors.is_empty(),
        "no test misses these; each needs a test, or an entry in tests/harness/mutants/survivors.toml:\n{}",
        survivors.join("\n")
    );
    assert!(
        report.stale.is_empty(),
        "entries of survivors.toml to remove:\n{}",
        report.stale.join("\n")
    );
    assert!(
        report.total().killed * 10 > report.total().generated * 8,
        "{:?}",
        report.total()
    );
}

#[tokio::test]
async fn every_listed_survivor_is_a_generated_mutant() {
    let list = Survivors::read(&workspace()).unwrap();
    let server = Server::shared_by_tests().await.unwrap();
    let runner = Runner::prepare(server, &workspace()).await.unwrap();
    let unknown = runner.unknown(&list);
    assert!(
        unknown.is_empty(),
        "survivors.toml lists what is not there; `cargo harness mutants --list --function NAME` prints the names:\n{}",
        unknown.join("\n")
    );
    assert!(!list.sql.is_empty(), "the list is read");
}

/// Returns the text of all Rust files of a folder and those below it.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    text
}

#[test]
fn every_rust_test_in_the_list_exists() {
    let text = sources(&workspace().join("tests/suite"));
    let list = Survivors::read(&workspace()).unwrap();
    let tests: Vec<&str> = list
        .sql
        .iter()
        .filter_map(|group| group.test.as_deref())
        .collect();
    assert!(
        !tests.is_empty(),
        "some mutants are only killed by Rust tests"
    );
    for test in tests {
        assert!(
            test.starts_with("system-tests suite "),
            "{test}: its package, target and path"
        );
        let name = test.rsplit("::").next().unwrap();
        assert!(
            text.contains(&format!("fn {name}(")),
            "tests/suite has no {test}"
        );
    }
}
