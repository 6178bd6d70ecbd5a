//! The Terraform module `infra/aws`: format, validity of the module and its examples, its own tests, and its lists
//! against the code.
//!
//! Terraform and the provider are not fetched: the provider alone has hundreds of megabytes. Where they are missing the
//! tests are skipped by name.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_stack::binaries::{DEPLOYED, FUNCTIONS};
use regex_lite::Regex;
use system_tests::{node, workspace};

/// Names a folder with the provider in the layout of a mirror (`registry.terraform.io/hashicorp/aws/…`).
const MIRROR: &str = "GOALPOST_TERRAFORM_MIRROR";
/// The layout's folder of the provider.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

fn module() -> PathBuf {
    workspace().join("infra/aws")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(module().join(path)).unwrap()
}

/// Terraform with a copy of the module, initialized.
struct Terraform {
    folder: tempfile::TempDir,
    mirror: OsString,
}

impl Terraform {
    /// Returns none, with a line that names the skipped test, where Terraform or the provider is missing.
    fn find(test: &str) -> Option<Self> {
        let version = Command::new("terraform").arg("version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            node::report_skip(test, "terraform is not on the PATH");
            return None;
        }
        let Some(mirror) = mirror() else {
            let reason = format!("no mirror of the provider; {MIRROR} names its folder");
            node::report_skip(test, &reason);
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        copy(&module(), folder.path());
        Some(Self { folder, mirror })
    }

    /// Runs Terraform in a folder of the module and returns its output.
    fn run(&self, folder: &str, arguments: &[&str]) -> anyhow::Result<String> {
        node::run(
            Command::new("terraform")
                .args(arguments)
                .current_dir(self.folder.path().join(folder))
                .env("CHECKPOINT_DISABLE", "1")
                .env_remove("TF_CLI_CONFIG_FILE"),
        )
    }

    fn init(&self, folder: &str) {
        let mut mirror = OsString::from("-plugin-dir=");
        mirror.push(&self.mirror);
        let mirror = mirror.to_str().unwrap();
        self.run(folder, &["init", "-backend=false", "-no-color", mirror])
            .unwrap();
    }
}

/// Finds a mirror: the named one, those that Terraform itself looks for, or one below the folders of added software.
fn mirror() -> Option<OsString> {
    if let Some(named) = std::env::var_os(MIRROR).filter(|named| !named.is_empty()) {
        return Some(named);
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let own = home.map(|home| home.join(".terraform.d/plugins"));
    let shared = [
        "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins",
    ];
    let added = ["/opt", "/usr/local/share", "/usr/local/lib"]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok))
        .map(|entry| entry.path());
    own.into_iter()
        .chain(shared.map(PathBuf::from))
        .chain(added)
        .find(|folder| folder.join(PROVIDER).is_dir())
        .map(PathBuf::into_os_string)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            if name != ".terraform" {
                std::fs::create_dir(to.join(name)).unwrap();
                copy(&path, &to.join(name));
            }
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn module_and_examples_are_formatted_and_valid() {
    let Some(terraform) = Terraform::find("terraform::module_and_examples") else {
        return;
    };
    let unformatted = terraform.run("", &["fmt", "-check", "-recursive", "-list=true"]);
    assert!(
        unformatted.is_ok(),
        "run `terraform fmt -recursive` in infra/aws: {unformatted:?}"
    );
    for folder in ["examples/queue", "examples/direct"] {
        terraform.init(folder);
        let validated = terraform.run(folder, &["validate", "-no-color"]);
        assert!(validated.is_ok(), "{folder}: {validated:?}");
    }
}

#[test]
fn tests_of_the_module_pass() {
    let Some(terraform) = Terraform::find("terraform::tests_of_the_module") else {
        return;
    };
    terraform.init("");
    let output = terraform.run("", &["test", "-no-color"]).unwrap();
    let written: usize = ["queue", "direct", "permissions", "input"]
        .iter()
        .map(|name| {
            read(&format!("tests/{name}.tftest.hcl"))
                .matches("\nrun \"")
                .count()
        })
        .sum();
    assert!(written > 30, "{written}");
    let expected = format!("Success! {written} passed, 0 failed.");
    assert!(output.contains(&expected), "{expected} is not in {output}");
}

/// Returns the functions of a map in locals.tf, each with the text of its row.
fn rows(map: &str) -> Vec<(String, String)> {
    let text = read("locals.tf");
    let start = text.split(&format!("\n  {map} = {{\n")).nth(1).unwrap();
    let body = start.split("\n  }\n").next().unwrap();
    let row = Regex::new(r"(?m)^    ([a-z]+) +(= \{.*)$").unwrap();
    row.captures_iter(body)
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect()
}

#[test]
fn module_deploys_exactly_the_functions() {
    let names = |map| {
        rows(map)
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("workers"), FUNCTIONS);
    let all: Vec<String> = names("workers")
        .into_iter()
        .chain(names("helpers"))
        .collect();
    assert_eq!(all, DEPLOYED);
    for function in DEPLOYED {
        let package = module().join(format!("tests/packages/{function}.zip"));
        assert!(package.exists(), "{}", package.display());
    }
}

#[test]
fn functions_with_a_model_read_its_keys() {
    let manifest = |function: &str| {
        let path = workspace()
            .join("functions")
            .join(function)
            .join("Cargo.toml");
        std::fs::read_to_string(path).unwrap()
    };
    let with_model: BTreeSet<String> = rows("workers")
        .into_iter()
        .filter(|(_, row)| row.contains("local.model_secrets"))
        .map(|(name, _)| name)
        .collect();
    let linked: BTreeSet<String> = FUNCTIONS
        .into_iter()
        .filter(|function| manifest(function).contains("\nllm.workspace"))
        .map(str::to_owned)
        .collect();
    assert_eq!(with_model, linked);
}

#[test]
fn alarm_counts_the_line_that_rotate_logs() {
    let text = read("alarms.tf");
    let pattern = Regex::new(r#"\$\.message = \\"([^"\\]+)\\""#).unwrap();
    let line = pattern.captures(&text).unwrap()[1].to_owned();
    let source = workspace().join("functions/rotate/src/lib.rs");
    let source = std::fs::read_to_string(source).unwrap();
    assert!(source.contains(&format!("\"{line}\")")), "{line}");
}
