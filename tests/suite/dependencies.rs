//! The direction of dependencies between the crates: functions → shared → domain, command line → local stack,
//! harness → local stack. The manifests are read through `cargo metadata`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Crates of a folder, with the workspace folders that they may depend on, and those that only their tests may. The
/// first matching row counts.
const RULES: [(&str, &[&str], &[&str]); 13] = [
    ("shared/domain", &[], &[]),
    ("shared", &["shared"], &[]),
    ("functions", &["shared"], &[]),
    ("infra/local/fault_hook", &[], &[]),
    ("infra/definitions", &["shared/domain"], &[]),
    ("infra/local/postgres", &["infra/definitions"], &[]),
    (
        "infra/local/supabase",
        &["infra/local/fault_hook"],
        &["infra/local/postgres", "shared"],
    ),
    ("infra/local/aws", &["infra/local/fault_hook"], &[]),
    (
        "infra/local",
        &[
            "infra/local/aws",
            "infra/local/fault_hook",
            "infra/local/postgres",
            "infra/local/supabase",
        ],
        &[],
    ),
    ("infra/client", &["infra/local/postgres"], &[]),
    (
        "infra/cli",
        &["infra/client", "infra/local", "infra/definitions", "shared"],
        &[],
    ),
    // The evaluation of matching embeds with the client that the functions have.
    ("tests/harness", &["infra/local", "shared/llm"], &[]),
    (
        "tests/suite",
        &[
            "functions",
            "infra/local",
            "infra/definitions",
            "shared",
            "tests/harness",
        ],
        &[],
    ),
];

/// Dependency of one crate of the workspace on another, both by folder.
#[derive(Debug, PartialEq)]
struct Edge {
    from: String,
    to: String,
    is_for_tests: bool,
}

impl Edge {
    fn new(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            is_for_tests: false,
        }
    }

    fn is_allowed(&self) -> bool {
        let lies_in = |path: &str, folder: &str| Path::new(path).starts_with(folder);
        let rule = RULES
            .iter()
            .find(|(folder, ..)| lies_in(&self.from, folder));
        rule.is_some_and(|(_, always, in_tests)| {
            let in_tests = in_tests.iter().filter(|_| self.is_for_tests);
            always
                .iter()
                .chain(in_tests)
                .any(|folder| lies_in(&self.to, folder))
        })
    }
}

/// Returns all dependencies between the members of this workspace.
fn edges() -> Vec<Edge> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = Path::new(metadata["workspace_root"].as_str().unwrap());
    let folder = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        for dependency in package["dependencies"].as_array().unwrap() {
            // Dependencies from a registry have no path.
            if let Some(path) = dependency["path"].as_str() {
                edges.push(Edge {
                    from: folder(manifest.parent().unwrap()),
                    to: folder(Path::new(path)),
                    is_for_tests: dependency["kind"] == "dev",
                });
            }
        }
    }
    edges
}

#[test]
fn dependencies_point_one_way() {
    let edges = edges();
    for (from, to) in [
        ("functions/executor", "shared/domain"),
        ("infra/cli", "infra/local"),
        ("infra/local", "infra/local/postgres"),
        ("tests/harness", "infra/local"),
        ("tests/suite", "tests/harness"),
    ] {
        assert!(edges.contains(&Edge::new(from, to)), "{from} → {to}");
    }
    let forbidden: Vec<&Edge> = edges.iter().filter(|edge| !edge.is_allowed()).collect();
    assert!(forbidden.is_empty(), "{forbidden:#?}");
}

#[test]
fn harness_in_a_product_crate_is_refused() {
    for product in [
        "functions/intake",
        "shared/store",
        "infra/cli",
        "infra/local",
    ] {
        let mut edge = Edge::new(product, "tests/harness");
        assert!(!edge.is_allowed(), "{edge:?}");
        edge.is_for_tests = true;
        assert!(!edge.is_allowed(), "{edge:?}");
    }
}

#[test]
fn dependencies_against_the_direction_are_refused() {
    for (from, to) in [
        ("shared/domain", "shared/store"),
        ("shared/store", "functions/intake"),
        ("functions/intake", "functions/planner"),
        ("infra/local", "infra/cli"),
        ("infra/local", "shared/store"),
        ("infra/local/aws", "infra/local"),
        ("infra/local/aws", "infra/local/supabase"),
        ("infra/local/supabase", "infra/local/postgres"),
        ("infra/local/supabase", "shared/store"),
        ("tests/harness", "infra/cli"),
        ("a_folder_without_a_rule", "shared/domain"),
    ] {
        let edge = Edge::new(from, to);
        assert!(!edge.is_allowed(), "{edge:?}");
    }
}
