//! Mutants of Rust modules: runs cargo-mutants with the configuration in `.cargo/mutants.toml`, and counts its results
//! against the list of survivors.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use local_stack::progress::Progress;
use serde::Deserialize;
use tokio::process::Command;

use super::report::{Report, Standing};
use super::rust_tests::target;
use super::survivors::Survivors;

/// Scored modules, as paths without an extension: `egress.rs` and `egress/` are one.
const MODULES: [&str; 5] = [
    "shared/domain/src/json_schema",
    "shared/domain/src/plan",
    "shared/tools/src/egress",
    "shared/tools/src/builtin/sql/gate",
    "shared/trigger/src",
];

const MISSING: &str = "cargo-mutants is not installed: cargo install cargo-mutants --locked";

/// Entry of `outcomes.json`.
#[derive(Debug, Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: String,
}

#[derive(Debug, Deserialize)]
enum Scenario {
    Baseline,
    Mutant(RustMutant),
}

#[derive(Debug, Deserialize)]
struct RustMutant {
    name: String,
    file: String,
}

#[derive(Debug, Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

/// Returns the names of all mutants of these modules (none: of all that are configured), as in the list of survivors.
///
/// # Errors
/// cargo-mutants is not installed, or fails.
pub async fn list(workspace: &Path, modules: &[String]) -> anyhow::Result<Vec<String>> {
    let mut command = command(workspace, modules);
    command.args(["--list", "--json"]).stdout(Stdio::piped());
    let output = command.output().await.context(MISSING)?;
    if !output.status.success() {
        bail!("cargo mutants --list: {}", failure_of(&output.stderr));
    }
    let mutants: Vec<RustMutant> =
        serde_json::from_slice(&output.stdout).context("reading the list of cargo-mutants")?;
    Ok(numbered(mutants.iter().map(RustMutant::stable_name)))
}

/// Runs the mutants of these modules, and counts them.
///
/// # Errors
/// cargo-mutants is not installed or fails, or the tests fail without a mutant.
pub async fn run(
    workspace: &Path,
    modules: &[String],
    survivors: &Survivors,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let known = list(workspace, modules).await?;
    progress.print(&format!("{} Rust mutants", known.len()));
    let output = target(workspace).join("mutants");
    std::fs::create_dir_all(&output).with_context(|| format!("making {}", output.display()))?;
    let mut command = command(workspace, modules);
    command.arg("--output").arg(&output);
    let status = command
        .stdout(Stdio::inherit())
        .status()
        .await
        .context(MISSING)?;
    // 0: all caught; 2: some missed; 3: some timed out, which counts as caught.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        bail!(
            "cargo mutants ended with {status}; its logs are in {}",
            output.display()
        );
    }
    let path = output.join("mutants.out/outcomes.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut report = count(&text, survivors)?;
    if modules.is_empty() {
        let listed = survivors.rust_by_id();
        let gone = listed
            .keys()
            .filter(|name| !known.iter().any(|known| known == *name));
        report
            .stale
            .extend(gone.map(|name| format!("{name}: there is no such mutant")));
    }
    Ok(report)
}

fn command(workspace: &Path, modules: &[String]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .arg("mutants")
        .current_dir(workspace)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for module in modules {
        // Matched with a mutant's name, which begins with its file. The only special character of paths is the dot.
        let module = module.trim_end_matches('/').replace('.', "\\.");
        command.arg("--re").arg(format!("^{module}[./:]"));
    }
    command
}

fn failure_of(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    if text.contains("no such command") {
        MISSING.to_owned()
    } else {
        text.trim().to_owned()
    }
}

fn count(outcomes: &str, survivors: &Survivors) -> anyhow::Result<Report> {
    let outcomes: Outcomes =
        serde_json::from_str(outcomes).context("reading the outcomes of cargo-mutants")?;
    let listed = survivors.rust_by_id();
    let mutants = outcomes
        .outcomes
        .iter()
        .filter_map(|outcome| match &outcome.scenario {
            Scenario::Baseline => None,
            Scenario::Mutant(mutant) => Some((mutant, outcome.summary.as_str())),
        });
    let (mutants, summaries): (Vec<_>, Vec<_>) = mutants.unzip();
    let names = numbered(mutants.iter().map(|mutant| mutant.stable_name()));
    let mut report = Report::default();
    for ((mutant, summary), name) in mutants.iter().zip(summaries).zip(names) {
        let why = listed.get(name.as_str()).map(|group| group.why);
        let standing = match summary {
            "CaughtMutant" | "Timeout" => Standing::Killed,
            "Unviable" => Standing::NotViable,
            "MissedMutant" => Standing::Survived(why),
            other => bail!("cargo-mutants reports {other} for {name}"),
        };
        if standing == Standing::Killed && why.is_some() {
            report.stale.push(format!("{name}: its tests kill it"));
        }
        report.count(&mutant.module(), name, standing, 0);
    }
    Ok(report)
}

impl RustMutant {
    /// Returns the name without line and column, which change with every edit above it.
    fn stable_name(&self) -> String {
        let rest = self.name.strip_prefix(&self.file).unwrap_or(&self.name);
        let what = rest.trim_start_matches(|letter: char| letter == ':' || letter.is_ascii_digit());
        format!("{}: {}", self.file, what.trim())
    }

    /// Returns the scored module.
    fn module(&self) -> String {
        let is_of = |module: &&&str| {
            let rest = self.file.strip_prefix(**module);
            rest.is_some_and(|rest| rest.starts_with(['.', '/']))
        };
        MODULES
            .iter()
            .find(is_of)
            .map_or_else(|| self.file.clone(), |module| (*module).to_owned())
    }
}

/// Numbers equal names, as for mutants of the database.
fn numbered(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    names
        .map(|name| {
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 {
                name
            } else {
                format!("{name} | {count}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OUTCOMES: &str = r#"{"outcomes": [
        {"scenario": "Baseline", "summary": "Success"},
        {"scenario": {"Mutant": {"name": "shared/tools/src/builtin/sql/gate.rs:3:5: replace f -> bool with true", "file": "shared/tools/src/builtin/sql/gate.rs"}}, "summary": "CaughtMutant"},
        {"scenario": {"Mutant": {"name": "shared/tools/src/builtin/sql/gate/x.rs:3:5: replace == with !=", "file": "shared/tools/src/builtin/sql/gate/x.rs"}}, "summary": "MissedMutant"},
        {"scenario": {"Mutant": {"name": "shared/tools/src/builtin/sql/gate/x.rs:9:1: replace == with !=", "file": "shared/tools/src/builtin/sql/gate/x.rs"}}, "summary": "MissedMutant"},
        {"scenario": {"Mutant": {"name": "shared/tools/src/builtin/sql/gate/x.rs:9:7: delete !", "file": "shared/tools/src/builtin/sql/gate/x.rs"}}, "summary": "Unviable"}]}"#;

    #[test]
    fn outcomes_are_counted_by_module_and_list() {
        let list = "[[rust]]\nwhy = \"equivalent\"\nreason = \"r\"\nmutants = [\"shared/tools/src/builtin/sql/gate/x.rs: replace == with != | 2\"]";
        let report = count(OUTCOMES, &Survivors::parse(list).unwrap()).unwrap();
        let score = report
            .areas
            .get("shared/tools/src/builtin/sql/gate")
            .unwrap();
        assert_eq!(
            (
                score.generated,
                score.killed,
                score.not_viable,
                score.equivalent,
                score.unlisted
            ),
            (4, 1, 1, 1, 1)
        );
        assert_eq!(
            report.survivors.first().unwrap().id,
            "shared/tools/src/builtin/sql/gate/x.rs: replace == with !="
        );
    }

    #[test]
    fn caught_mutant_in_the_list_is_stale() {
        let list = "[[rust]]\nwhy = \"accepted\"\nreason = \"r\"\nmutants = [\"shared/tools/src/builtin/sql/gate.rs: replace f -> bool with true\"]";
        let report = count(OUTCOMES, &Survivors::parse(list).unwrap()).unwrap();
        assert_eq!(
            report.stale,
            [
                "shared/tools/src/builtin/sql/gate.rs: replace f -> bool with true: its tests kill it"
            ]
        );
    }
}
