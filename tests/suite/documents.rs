//! Compares statements of documents with the code.

use local_stack::binaries::DEPLOYED;
use serde_json::json;
use system_tests::{Database, workspace};

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the words in backticks of one cell.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Returns the rows of the table in functions/README.md: function, kinds, RPCs.
fn functions_table() -> Vec<(String, Vec<String>, Vec<String>)> {
    let text = read("functions/README.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (
            quoted(cells[1]).remove(0),
            quoted(cells[3]),
            quoted(cells[4]),
        )
    })
    .collect()
}

#[test]
fn functions_table_names_the_claimed_kinds() {
    let words =
        |kinds: &[domain::StepKind]| kinds.iter().map(ToString::to_string).collect::<Vec<_>>();
    let table: Vec<(String, Vec<String>)> = functions_table()
        .into_iter()
        .map(|(function, kinds, _)| (function, kinds))
        .collect();
    let coded = vec![
        ("intake".to_owned(), words(intake::KINDS)),
        ("planner".to_owned(), words(planner::KINDS)),
        ("executor".to_owned(), words(executor::KINDS)),
        ("aggregator".to_owned(), words(aggregator::KINDS)),
        ("analyzer".to_owned(), words(analyzer::KINDS)),
        ("notifier".to_owned(), words(notifier::KINDS)),
        (gateway::NAME.to_owned(), words(&[])),
        (rotate::NAME.to_owned(), words(&[])),
    ];
    assert_eq!(table, coded);
    let named: Vec<&str> = table
        .iter()
        .map(|(function, _)| function.as_str())
        .collect();
    assert_eq!(named, DEPLOYED);
}

#[tokio::test]
async fn each_step_kind_wakes_its_claiming_function() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    for (function, kinds, _) in functions_table() {
        for kind in kinds {
            let woken = owner
                .json(&format!("select goalpost_private.function_of('{kind}')"))
                .await
                .unwrap();
            assert_eq!(woken, json!(function), "{kind}");
        }
    }
}

#[tokio::test]
async fn functions_table_names_exactly_the_worker_rpcs() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let exposed = owner
        .json(
            "select jsonb_agg(p.proname order by p.proname) from pg_catalog.pg_proc p
              where p.pronamespace = 'goalpost_worker'::regnamespace",
        )
        .await
        .unwrap();
    let mut named: Vec<String> = functions_table()
        .into_iter()
        .flat_map(|(_, _, rpcs)| rpcs)
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(exposed, json!(named));
}

#[test]
fn paths_in_the_documents_lead_somewhere() {
    for document in ["README.md", "ARCHITECTURE.md", "docs/glossary.md"] {
        let text = read(document);
        let words = text.split(['`', '(', ')']).filter(|word| {
            word.contains('/')
                && !word.contains([' ', '*', '…', ':', '<', '$', '{'])
                && !word.starts_with('/')
        });
        let roots = [
            "functions/",
            "shared/",
            "docs/",
            "supabase/",
            "infra/",
            "tests/",
            ".cargo/",
            ".ci/",
        ];
        for path in words.filter(|word| roots.iter().any(|root| word.starts_with(root))) {
            assert!(workspace().join(path).exists(), "{document} names {path}");
        }
    }
}
