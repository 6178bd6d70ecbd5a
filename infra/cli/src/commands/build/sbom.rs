//! The bill of materials of the functions, as CycloneDX JSON: every crate that is linked into one or builds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use local_stack::binaries::DEPLOYED;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

/// Returns the bill of materials of all functions for a target.
pub(super) fn of_functions(workspace: &Path, target: &str) -> anyhow::Result<Value> {
    let output = Command::new("cargo")
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            target,
        ])
        .current_dir(workspace)
        .output()
        .context("starting cargo")?;
    if !output.status.success() {
        bail!(
            "cargo could not list the dependencies: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata = serde_json::from_slice(&output.stdout).context("reading cargo's metadata")?;
    Ok(describe(&metadata))
}

fn describe(metadata: &Metadata) -> Value {
    let packages: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let links = links(metadata);
    let functions = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none() && DEPLOYED.contains(&package.name.as_str()))
        .map(|package| package.id.as_str());
    let reached = reached(functions, &links);
    let present = reached.iter().filter_map(|id| packages.get(id).copied());
    let components: Vec<Value> = present.clone().map(component).collect();
    let dependencies: Vec<Value> = present
        .map(|package| {
            let on = links.get(package.id.as_str()).into_iter().flatten();
            let on = on.filter_map(|id| packages.get(id)).map(|on| reference(on));
            json!({"ref": reference(package), "dependsOn": on.collect::<BTreeSet<_>>()})
        })
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "goalpost", "version": env!("CARGO_PKG_VERSION")}},
        "components": components,
        "dependencies": dependencies,
    })
}

/// Returns the dependencies of each package that are linked or build it; those of tests are neither.
fn links(metadata: &Metadata) -> BTreeMap<&str, Vec<&str>> {
    let nodes = metadata.resolve.nodes.iter();
    nodes
        .map(|node| {
            let needed = node
                .deps
                .iter()
                .filter(|dependency| !is_for_tests(dependency));
            let needed = needed.map(|dependency| dependency.pkg.as_str());
            (node.id.as_str(), needed.collect())
        })
        .collect()
}

fn is_for_tests(dependency: &Dependency) -> bool {
    let mut kinds = dependency.dep_kinds.iter();
    kinds.all(|kind| kind.kind.as_deref() == Some("dev"))
}

fn reached<'a>(
    from: impl Iterator<Item = &'a str>,
    links: &BTreeMap<&'a str, Vec<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut open: Vec<&str> = from.collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(links.get(id).into_iter().flatten());
        }
    }
    reached
}

fn component(package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
    });
    if let Some(fields) = component.as_object_mut() {
        // A crate of the workspace is in no registry.
        if package.source.is_some() {
            fields.insert("purl".to_owned(), reference(package).into());
        }
        if let Some(license) = &package.license {
            // Cargo once allowed a slash for OR.
            let expression = license.replace('/', " OR ");
            fields.insert("licenses".to_owned(), json!([{"expression": expression}]));
        }
    }
    component
}

fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn bill_has_what_functions_link_and_nothing_of_tests() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        let bill = of_functions(workspace.unwrap(), "x86_64-unknown-linux-gnu").unwrap();
        let components = bill["components"].as_array().unwrap();
        let names: Vec<&str> = components
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        for linked in DEPLOYED.iter().chain(&["lambda_runtime", "serde", "ring"]) {
            assert!(names.contains(linked), "{linked}");
        }
        // The command, the local stack, the suite, and what only tests of functions use.
        for foreign in [
            "goalpost",
            "local-aws",
            "system-tests",
            "postrust-server",
            "proptest",
        ] {
            assert!(!names.contains(&foreign), "{foreign}");
        }
        let serde = components.iter().find(|found| found["name"] == "serde");
        let serde = serde.unwrap();
        let purl = serde["purl"].as_str().unwrap();
        assert!(purl.starts_with("pkg:cargo/serde@1."), "{purl}");
        assert_eq!(serde["licenses"][0]["expression"], "MIT OR Apache-2.0");
        let dependencies = bill["dependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), components.len());
    }
}
