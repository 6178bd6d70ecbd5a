//! Compares the glossary with the code: each table has a term, each term's holder exists, and no identifier is a name
//! that a term replaced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use system_tests::workspace;

/// Names that a term replaced. As identifiers they would give one concept two names.
const REPLACED_NAMES: [&str; 41] = [
    "AskedCall",
    "AskedFor",
    "Blow",
    "CallEnd",
    "Covered",
    "Door",
    "EndedCall",
    "Entries",
    "Form",
    "Grip",
    "Ledger",
    "Made",
    "Pace",
    "Parcel",
    "PastTry",
    "Reach",
    "WaitingForOthers",
    "WakesOnly",
    "ablation",
    "as_it_was",
    "beginnings",
    "came_of",
    "canaries",
    "dice",
    "disturbances",
    "held_step",
    "hold_step",
    "is_suspect",
    "last_word",
    "look_at_plan_again",
    "made_up",
    "max_rings",
    "only_set_aside",
    "others_bugs",
    "put_away",
    "ring_bell",
    "set_apart",
    "sum_up",
    "take_in",
    "take_places",
    "what_was_opened_in_the_same_call_is_claimed_within_what_was_asked_for",
];

/// Words that are no part of an identifier either.
const REPLACED_WORDS: [&str; 9] = [
    "bell", "nobody", "rung", "shelf", "somebody", "tell", "tells", "told", "whoever",
];

/// Names of files that a term replaced.
const REPLACED_FILES: [&str; 4] = ["asking.rs", "calling.rs", "choose.rs", "shelf.rs"];

/// Folders of the workspace that contain code.
const FOLDERS: [&str; 5] = ["functions", "infra", "shared", "supabase", "tests"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Returns all files below a folder with one of these endings, except generated SQL and pgTAP, which names itself.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["migrations", "node_modules", "pgtap", "target"].contains(&name.as_str()) {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

fn code_files(endings: &[&str]) -> Vec<PathBuf> {
    FOLDERS
        .iter()
        .flat_map(|folder| files(&workspace().join(folder), endings))
        .collect()
}

fn text_of(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

fn schemas() -> String {
    text_of(&files(&workspace().join("supabase/schemas"), &[".sql"]))
}

/// Returns the names in backticks of the glossary's last column.
fn holders() -> Vec<String> {
    let text = std::fs::read_to_string(workspace().join("docs/glossary.md")).unwrap();
    let cells = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.trim_end_matches(['|', ' ']).rsplit('|').next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Returns true if a crate's sources define a type of this name, also by a macro that writes `Name { … }`.
fn is_type(krate: &str, name: &str) -> bool {
    let folder = ["shared", "functions", "tests"]
        .iter()
        .map(|parent| workspace().join(parent).join(krate).join("src"))
        .find(|folder| folder.is_dir());
    let definition = format!(r"(?m)(\b(struct|enum|trait|type)\s+|^\s+){name}\b\s*[<{{(;:]");
    folder.is_some_and(|folder| regex(&definition).is_match(&text_of(&files(&folder, &[".rs"]))))
}

/// Returns true if `schema.table`, `schema.table.column` or `schema.function()` is created by the schemas.
fn is_in_schemas(schemas: &str, name: &str) -> bool {
    if let Some(function) = name.strip_suffix("()") {
        return schemas.contains(&format!("create function {function}("));
    }
    let parts: Vec<&str> = name.split('.').collect();
    let relation = parts[..2.min(parts.len())].join(".");
    let Some(start) = ["table", "view"]
        .iter()
        .find_map(|kind| regex(&format!(r"create {kind} {relation}[ (]")).find(schemas))
    else {
        return false;
    };
    let body = schemas[start.end()..].split("\n);").next().unwrap();
    parts
        .get(2)
        .is_none_or(|column| regex(&format!(r"(?m)^  {column} ")).is_match(body))
}

/// Returns source text without comments and literals. Dollar-quoted bodies of SQL are code.
fn without_literals(text: &str, is_sql: bool) -> String {
    let ignored = if is_sql {
        r"--[^\n]*|(?s:/\*.*?\*/)|'(?:[^']|'')*'"
    } else {
        r##"//[^\n]*|(?s:/\*.*?\*/)|(?s:r#".*?"#)|"(?:[^"\\]|(?s:\\.))*"|'(?:\\.|[^'\\])'"##
    };
    regex(ignored).replace_all(text, " ").into_owned()
}

/// Returns the identifiers of a text that a term replaced.
fn replaced(code: &str) -> BTreeSet<String> {
    regex("[A-Za-z_][A-Za-z0-9_]*")
        .find_iter(code)
        .map(|found| found.as_str())
        .filter(|name| {
            let mut parts = name.split('_');
            REPLACED_NAMES.contains(name) || parts.any(|part| REPLACED_WORDS.contains(&part))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_table_and_view_has_a_term() {
    let holders = holders();
    let schemas = schemas();
    let relations: Vec<String> = regex(r"(?m)^create (?:table|view) (goalpost\.[a-z_]+)")
        .captures_iter(&schemas)
        .map(|found| found[1].to_owned())
        .collect();
    assert!(relations.len() > 30, "{relations:?}");
    let missing: Vec<&String> = relations
        .iter()
        .filter(|relation| !holders.contains(relation))
        .collect();
    assert!(missing.is_empty(), "docs/glossary.md lacks {missing:?}");
}

#[test]
fn every_holder_of_a_term_exists() {
    let schemas = schemas();
    let holders = holders();
    assert!(holders.len() > 80, "{holders:?}");
    let missing: Vec<&String> = holders
        .iter()
        .filter(|name| match name.split_once("::") {
            Some((krate, name)) => !is_type(krate, name),
            None => !is_in_schemas(&schemas, name),
        })
        .collect();
    assert!(missing.is_empty(), "docs/glossary.md names {missing:?}");
}

#[test]
fn unknown_holders_are_found_missing() {
    let schemas = schemas();
    for name in [
        "goalpost.step",
        "goalpost.steps.no_such_column",
        "goalpost_private.no_such_function()",
    ] {
        assert!(!is_in_schemas(&schemas, name), "{name}");
    }
    assert!(!is_type("domain", "ToolCal"));
    assert!(!is_type("no_such_crate", "ToolCall"));
}

#[test]
fn replaced_names_are_no_identifiers() {
    let mut found = Vec::new();
    for file in code_files(&[".rs", ".sql"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let is_sql = file.extension().is_some_and(|ending| ending == "sql");
        let names = replaced(&without_literals(&text, is_sql));
        let file_name = file.file_name().unwrap().to_string_lossy();
        if !names.is_empty() || REPLACED_FILES.contains(&file_name.as_ref()) {
            found.push((file, names));
        }
    }
    assert!(found.is_empty(), "terms of the glossary replace {found:#?}");
}

#[test]
fn names_in_comments_and_literals_are_ignored() {
    let rust =
        "// a bell\nlet step = \"told\"; let c = '\"'; fn is_told() {} /* shelf */ struct Made;";
    let found = replaced(&without_literals(rust, false));
    assert_eq!(found, BTreeSet::from(["is_told".into(), "Made".into()]));
    let sql = "-- a bell\nselect 'told', hold_step(1) as rung_at";
    let found = replaced(&without_literals(sql, true));
    assert_eq!(
        found,
        BTreeSet::from(["hold_step".into(), "rung_at".into()])
    );
}
