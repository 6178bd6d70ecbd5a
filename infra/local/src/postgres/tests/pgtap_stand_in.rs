//! The pgTAP stand-in, against what the real pgTAP said to the same file.

use super::*;

const EXPECTED: &str = include_str!("../../../pgtap/self_test.expected");

async fn report_of(text: &str) -> pgtap::TapReport {
    let (server, name) = database().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    pgtap::run_file(server, &name, file.path()).await.unwrap()
}

#[tokio::test]
async fn the_stand_in_says_what_the_real_one_said() {
    let report = report_of(include_str!("../../../pgtap/self_test.sql")).await;
    let said: Vec<&str> = report.lines.iter().map(String::as_str).collect();
    let expected: Vec<&str> = EXPECTED.lines().collect();
    for (number, (said, expected)) in said.iter().zip(&expected).enumerate() {
        assert_eq!(said, expected, "line {}", number + 1);
    }
    assert_eq!(said.len(), expected.len(), "{:?}", report.failures);
}

#[tokio::test]
async fn a_good_file_passes_whatever_role_its_tests_take_on() {
    let report = report_of(
        "begin; select plan(2); set role anon; select ok(true, 'as anon'); reset role;
         select is(1, 1, 'as postgres'); select * from finish(); rollback;",
    )
    .await;
    assert!(report.passed(), "{report:?}");
}

#[tokio::test]
async fn a_file_that_breaks_off_fails_with_the_error_and_its_line() {
    let report = report_of(
        "begin;\nselect plan(1);\nselect ok(true, 'first');\nselect no_such_column;\nrollback;",
    )
    .await;
    assert!(
        report
            .failures
            .iter()
            .any(|failure| failure.contains("line 4")),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_test_before_the_plan_and_a_second_plan_are_errors() {
    assert!(
        !report_of("begin; select ok(true); rollback;")
            .await
            .passed()
    );
    let twice =
        report_of("begin; select plan(1); select plan(1); select ok(true); rollback;").await;
    assert!(
        twice.failures[0].contains("a plan was made already"),
        "{twice:?}"
    );
}
