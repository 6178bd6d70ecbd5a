//! Tests of the pgTAP stand-in against the real pgTAP's output for the same file.

use super::*;

const EXPECTED: &str = include_str!("../../pgtap/self_test.expected");

async fn report_of(text: &str) -> pgtap::TapReport {
    let (server, name) = database().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    pgtap::run_file(server, &name, file.path()).await.unwrap()
}

#[tokio::test]
async fn output_equals_output_of_original() {
    let report = report_of(include_str!("../../pgtap/self_test.sql")).await;
    let printed: Vec<&str> = report.lines.iter().map(String::as_str).collect();
    let expected: Vec<&str> = EXPECTED.lines().collect();
    for (number, (printed, expected)) in printed.iter().zip(&expected).enumerate() {
        assert_eq!(printed, expected, "line {}", number + 1);
    }
    assert_eq!(printed.len(), expected.len(), "{:?}", report.failures);
}

#[tokio::test]
async fn good_file_passes_under_any_role() {
    let report = report_of(
        "begin; select plan(2); set role anon; select ok(true, 'as anon'); reset role;
         select is(1, 1, 'as postgres'); select * from finish(); rollback;",
    )
    .await;
    assert!(report.passed(), "{report:?}");
}

#[tokio::test]
async fn aborted_file_fails_with_error_and_line() {
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
async fn early_test_and_second_plan_are_errors() {
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
