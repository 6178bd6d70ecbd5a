//! The database's own tests (`supabase/tests`, pgTAP), and the Rust code that has to agree with it.

use std::path::{Path, PathBuf};

use local_stack::home::Home;
use local_stack::postgres::{Purpose, Server, pgtap, seed};
use local_stack::progress::Progress;
use local_stack::stack::make_database;
use serde_json::Value;
use system_tests::{Database, workspace};

/// Clones of the database that run the files side by side.
const LANES: usize = 2;

fn test_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            test_files(&path, found);
        } else if path.to_string_lossy().ends_with(".test.sql") {
            found.push(path);
        }
    }
}

/// Runs files in a clone that the set-up files have prepared, and returns the failures.
async fn run_lane(setup: Vec<PathBuf>, files: Vec<PathBuf>) -> Vec<String> {
    let database = Database::fresh().await.unwrap();
    let mut failures = Vec::new();
    for file in setup.into_iter().chain(files) {
        let report = pgtap::run_file(database.server(), database.name(), &file)
            .await
            .unwrap();
        if !report.passed() {
            let name = file.strip_prefix(workspace()).unwrap().display();
            failures.push(format!("{name}: {}", report.failures.join("; ")));
        }
    }
    failures
}

/// Returns the sequences of identity columns whose next value a row has already.
async fn sequences_behind(server: &Server, name: &str) -> Vec<String> {
    let database = server.connect("supabase_admin", name).await.unwrap();
    let columns = "select format('%I.%I', table_schema, table_name), quote_ident(column_name), \
                     pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) \
                   from information_schema.columns where is_identity = 'YES'";
    let mut behind = Vec::new();
    for row in database.query(columns, &[]).await.unwrap() {
        let (table, column, sequence): (String, String, String) =
            (row.get(0), row.get(1), row.get(2));
        let query = format!(
            "select coalesce(max({column}), 0)::bigint >= nextval('{sequence}') from {table}"
        );
        if database.query_one(&query, &[]).await.unwrap().get(0) {
            behind.push(sequence);
        }
    }
    behind
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_after_seeding_keeps_sequences_ahead() {
    let home = Home::open().unwrap();
    let progress = Progress::quiet();
    let server = Server::start_with(&home, Purpose::Tests, &[], &progress);
    let server = server.await.unwrap();
    make_database(&server, "before").await.unwrap();
    server.crash().unwrap();
    server.start_again().unwrap();
    make_database(&server, "after").await.unwrap();
    for name in ["before", "after"] {
        let behind = sequences_behind(&server, name).await;
        assert_eq!(behind, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pgtap_file_passes() {
    let mut files = Vec::new();
    test_files(&workspace().join("supabase/tests"), &mut files);
    files.sort();
    let setup = pgtap::setup_files(&workspace()).unwrap();
    assert!(files.starts_with(&setup), "the set-up sorts first");
    files.drain(..setup.len());
    assert!(files.len() > 100, "the tests are there");
    // While writing a test: only files whose path contains one of these words.
    if let Ok(words) = std::env::var("GOALPOST_PGTAP") {
        let words: Vec<&str> = words.split(' ').collect();
        files.retain(|file| {
            words
                .iter()
                .any(|word| file.to_string_lossy().contains(word))
        });
        assert!(!files.is_empty(), "GOALPOST_PGTAP names no file");
    }
    let lanes = (0..LANES).map(|lane| {
        let files = files.iter().skip(lane).step_by(LANES).cloned().collect();
        tokio::spawn(run_lane(setup.clone(), files))
    });
    let mut failures = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        failures.extend(lane.await.unwrap());
    }
    assert!(
        failures.is_empty(),
        "{} of {} files failed:\n{}",
        failures.len(),
        files.len(),
        failures.join("\n")
    );
}

#[tokio::test]
async fn database_tools_equal_the_registry() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let stored = owner
        .json("select jsonb_object_agg(name, to_jsonb(t)) from goalpost.tools t")
        .await
        .unwrap();
    let registry = tools::Registry::builtin(tools::HttpPolicy::default()).unwrap();
    let coded: serde_json::Map<String, Value> = registry
        .catalogue()
        .into_iter()
        .map(|tool| (tool.name.clone(), serde_json::to_value(tool).unwrap()))
        .collect();
    assert_eq!(stored, Value::Object(coded));
}

#[tokio::test]
async fn every_built_in_runbook_passes_plan_check() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let plans = owner
        .json("select jsonb_object_agg(name, plan) from goalpost.runbooks")
        .await
        .unwrap();
    let agents = owner
        .json("select jsonb_object_agg(name, tools) from goalpost.agents")
        .await
        .unwrap();
    let names = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let registry = tools::Registry::builtin(tools::HttpPolicy::default()).unwrap();
    let catalogue = domain::plan::Catalogue {
        agents: agents
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, tools)| (name.clone(), names(tools)))
            .collect(),
        tools: domain::plan::Catalogue::tools_by_name(registry.catalogue()),
        ..Default::default()
    };
    for (name, plan) in plans.as_object().unwrap() {
        let parsed = domain::plan::Plan::parse(plan, &domain::Limits::default(), &catalogue);
        parsed.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let problems = domain::plan::check_contents(plan, &catalogue);
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}

#[test]
fn cli_configuration_exposes_all_called_schemas() {
    let config = std::fs::read_to_string(workspace().join("supabase/config.toml")).unwrap();
    for schema in local_stack::stack::EXPOSED_SCHEMAS
        .iter()
        .filter(|schema| schema.starts_with("goalpost"))
    {
        assert!(
            config.contains(&format!("\"{schema}\"")),
            "{schema} is exposed here and not in supabase/config.toml"
        );
    }
}

#[test]
fn cli_configuration_names_seed_folder() {
    let config = std::fs::read_to_string(workspace().join("supabase/config.toml")).unwrap();
    assert!(config.contains("sql_paths = [\"./seeds/*.sql\"]"));
    assert!(!seed::files(&workspace()).unwrap().is_empty());
}

#[tokio::test]
async fn seed_runs_twice_and_spares_a_foreign_schema() {
    let seed = seed::text(&workspace()).unwrap();
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    owner.run(&seed).await.unwrap();
    owner.run(&seed).await.unwrap();
    let foreign =
        "drop schema shop cascade; create schema shop; create table shop.ours (id integer)";
    owner.run(foreign).await.unwrap();
    let refused = owner.run(&seed).await.unwrap_err().to_string();
    assert!(refused.contains("not the demonstration"), "{refused}");
    let kept = owner
        .json("select to_regclass('shop.ours') is not null")
        .await;
    assert_eq!(kept.unwrap(), Value::Bool(true));
}
