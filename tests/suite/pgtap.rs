//! The original pgTAP 1.3.5 and the local stand-in print the same output for the same files.

use std::path::{Path, PathBuf};
use std::process::Command;

use local_stack::postgres::pgtap;
use regex_lite::Regex;
use system_tests::{Database, node, workspace};

const STAND_IN: &str = "infra/local/postgres/pgtap";
/// The package that contains the original, and its archive below `node_modules`.
const ARCHIVE: &str = "@electric-sql/pglite/dist/pgtap.tar.gz";
const ORIGINAL: &str = "share/postgresql/extension/pgtap--1.3.5.sql";
/// Besides one file per function, every file at this distance is compared.
const DISTANCE: usize = 20;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the SQL of the original; `None` where Node or npm is missing.
fn original() -> Option<String> {
    let programs = node::programs().unwrap()?;
    let folder = tempfile::tempdir().unwrap();
    let archive = programs.parent().unwrap().join(ARCHIVE);
    node::run(
        Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .arg("-C")
            .arg(folder.path()),
    )
    .unwrap();
    Some(read(&folder.path().join(ORIGINAL)))
}

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

/// Returns the functions of the stand-in that tests call.
fn functions() -> Vec<String> {
    let folder = workspace().join(STAND_IN);
    let sql = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("pgtap--"))
        .unwrap();
    let mut names: Vec<String> = Regex::new(r"(?m)^create function ([a-z]\w*)\(")
        .unwrap()
        .captures_iter(&read(&sql))
        .map(|found| found[1].to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Returns the set-up, the first file that calls each function, and further files at a fixed distance.
fn selected() -> Vec<PathBuf> {
    let mut files = Vec::new();
    test_files(&workspace().join("supabase/tests"), &mut files);
    files.sort();
    let mut selected = pgtap::setup_files(&workspace()).unwrap();
    selected.extend(files.iter().step_by(DISTANCE).cloned());
    for function in functions() {
        let call = Regex::new(&format!(r"(?m)^\s*select (\* from )?{function}\(")).unwrap();
        selected.extend(
            files
                .iter()
                .find(|file| call.is_match(&read(file)))
                .cloned(),
        );
    }
    selected.sort();
    selected.dedup();
    selected
}

/// Runs the files in a new database in which `pgtap` was executed, and returns the lines of each.
async fn output(pgtap: &str, files: &[PathBuf]) -> Vec<(PathBuf, Vec<String>)> {
    let database = Database::fresh().await.unwrap();
    let connect = || database.server().connect("postgres", database.name());
    connect().await.unwrap().batch_execute(pgtap).await.unwrap();
    let mut outputs = Vec::new();
    for file in files {
        let session = connect().await.unwrap();
        let report = pgtap::run_text(&session, &read(file)).await.unwrap();
        outputs.push((file.clone(), report.lines));
    }
    outputs
}

/// Returns the TAP of an output: no rows of other statements, and no lines that name a place inside pgTAP (a known
/// difference, see the stand-in's README).
fn tap(lines: &[String]) -> Vec<&str> {
    let is_tap = |line: &&str| {
        ["1..", "ok ", "not ok ", "#"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let is_context = |line: &&str| {
        ["CONTEXT:", "SQL statement \"", "PL/pgSQL function"]
            .iter()
            .any(|word| line.contains(word))
    };
    let lines = lines.iter().map(String::as_str);
    lines
        .filter(is_tap)
        .filter(|line| !is_context(line))
        .collect()
}

#[tokio::test]
async fn original_and_stand_in_print_equal_output() {
    let Some(original) = original() else {
        node::report_skip("pgtap", "Node and npm are not on the PATH");
        return;
    };
    let mut files = selected();
    files.push(workspace().join(STAND_IN).join("self_test.sql"));
    let original = format!("set search_path = extensions; {original}");
    let (of_original, of_stand_in) = tokio::join!(
        output(&original, &files),
        output("create extension pgtap with schema extensions", &files)
    );
    for ((file, expected), (_, printed)) in of_original.iter().zip(&of_stand_in) {
        let file = file.display();
        let (expected, printed) = (tap(expected), tap(printed));
        assert!(expected.len() > 1, "{file}: {expected:?}");
        for (number, (printed, expected)) in printed.iter().zip(&expected).enumerate() {
            assert_eq!(printed, expected, "{file}, line {} of its TAP", number + 1);
        }
        assert_eq!(printed.len(), expected.len(), "{file}");
    }
}
