//! The files of `supabase/runbooks`: the command line finds no problem in them and exports each of them word for word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use local_stack::binaries;
use local_stack::postgres::builtin_runbooks;
use local_stack::progress::Progress;
use local_stack::stack::{Person, Stack};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use system_tests::{stacks, workspace};

/// The `goalpost` command as the owner of the demonstration workspace, with a folder of its own for its state.
struct Cli {
    program: PathBuf,
    home: tempfile::TempDir,
    url: String,
    key: String,
    token: String,
}

impl Cli {
    async fn of(stack: &Stack) -> Self {
        let built = binaries::build(&workspace(), &["goalpost"], &Progress::quiet()).await;
        let (id, email) = (Person::Owner.id(), Person::Owner.email());
        let token = stack
            .keys()
            .mint_user_token(id, email, Duration::from_secs(3600));
        Self {
            program: built.unwrap()["goalpost"].clone(),
            home: tempfile::tempdir().unwrap(),
            url: stack.url().to_owned(),
            key: stack.publishable_key().to_owned(),
            token: token.expose_secret().to_owned(),
        }
    }

    async fn runbooks(&self, action: &str, argument: impl AsRef<std::ffi::OsStr>) -> Output {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(["runbooks", action])
            .arg(argument)
            .current_dir(workspace())
            .env("GOALPOST_HOME", self.home.path())
            .env("SUPABASE_URL", &self.url)
            .env("SUPABASE_PUBLISHABLE_KEY", &self.key)
            .env("GOALPOST_TOKEN", &self.token);
        command.output().await.unwrap()
    }

    /// Returns the output of a command that must succeed.
    async fn succeeds(&self, action: &str, argument: impl AsRef<std::ffi::OsStr>) -> String {
        let output = self.runbooks(action, argument).await;
        assert!(output.status.success(), "{action}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the errors of a command that must fail.
    async fn fails(&self, action: &str, argument: impl AsRef<std::ffi::OsStr>) -> String {
        let output = self.runbooks(action, argument).await;
        assert!(!output.status.success(), "{action}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn files() -> Vec<PathBuf> {
    builtin_runbooks::files(&workspace()).unwrap()
}

/// Returns a file without the comment at its head.
fn content(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let below = text.find("\nname: ").map_or(0, |at| at + 1);
    assert!(
        text[..below].lines().all(|line| line.starts_with('#')),
        "{} begins with a comment, then its name",
        path.display()
    );
    text[below..].to_owned()
}

#[tokio::test]
async fn built_in_runbooks_pass_lint_and_are_exported_as_files() {
    let stack = stacks::start().await.unwrap();
    let cli = Cli::of(&stack).await;
    for path in files() {
        let name = path.file_stem().unwrap().to_owned();
        let checked = cli.succeeds("lint", &path).await;
        assert!(checked.contains("has no problems."), "{checked}");
        let exported = cli.succeeds("export", &name).await;
        assert_eq!(exported, content(&path), "{}", path.display());
        let compared = cli.succeeds("diff", &path).await;
        assert!(compared.contains("The file is version"), "{compared}");
    }
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn lint_finds_the_problems_of_a_built_in_runbook() {
    let stack = stacks::start().await.unwrap();
    let cli = Cli::of(&stack).await;
    let file = cli.home.path().join("changed.yaml");
    let overview = content(&workspace().join("supabase/runbooks/table-overview.yaml"));
    std::fs::write(&file, overview.replace("tool: sql", "tool: sqll")).unwrap();
    let problem = cli.fails("lint", &file).await;
    assert!(problem.contains("3 problems"), "{problem}");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn fields_of_built_in_runbooks_are_refused_in_a_workspace() {
    let stack = stacks::start().await.unwrap();
    let cli = Cli::of(&stack).await;
    let audit = workspace().join("supabase/runbooks/database-audit.yaml");
    let refused = cli.fails("apply", &audit).await;
    assert!(
        refused.contains("only built-in runbooks have version and requires_project_admin"),
        "{refused}"
    );
    let noted = cli.succeeds("lint", &audit).await;
    assert!(noted.contains("apply refuses it"), "{noted}");

    let file = cli.home.path().join("overview.yaml");
    let overview = content(&workspace().join("supabase/runbooks/table-overview.yaml"));
    let own = overview.replace("name: table-overview\nversion: 1\n", "name: our-tables\n");
    std::fs::write(&file, &own).unwrap();
    cli.succeeds("apply", &file).await;
    assert_eq!(cli.succeeds("export", "our-tables").await, own);
    stack.stop().await.unwrap();
}

/// An Agent Skill becomes a runbook whose file the database accepts.
#[tokio::test]
async fn skill_is_imported_as_a_runbook() {
    let stack = stacks::start().await.unwrap();
    let cli = Cli::of(&stack).await;
    let folder = cli.home.path().join("release-notes");
    std::fs::create_dir(&folder).unwrap();
    let text = "---\nname: release-notes\ndescription: Writes release notes.\n---\nList the changes of the week.\n";
    std::fs::write(folder.join("SKILL.md"), text).unwrap();
    let written = cli.succeeds("import-skill", &folder).await;
    let file = cli.home.path().join("release-notes.yaml");
    std::fs::write(&file, &written).unwrap();
    let checked = cli.succeeds("lint", &file).await;
    assert!(checked.contains("has no problems."), "{checked}");
    cli.succeeds("apply", &file).await;
    assert_eq!(
        cli.succeeds("export", "release-notes").await,
        written.replace("examples: []", "goal_type: release_notes\nexamples: []")
    );
    let refused = cli.fails("import-skill", cli.home.path()).await;
    assert!(
        refused.contains("a skill is a folder with SKILL.md"),
        "{refused}"
    );
    stack.stop().await.unwrap();
}

/// Collects the texts below a value that begin as the given one.
fn texts(value: &Value, beginning: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.trim_start().starts_with(beginning) => {
            found.push(text.trim_start().to_owned());
        }
        Value::Array(items) => items.iter().for_each(|one| texts(one, beginning, found)),
        Value::Object(fields) => fields.values().for_each(|one| texts(one, beginning, found)),
        _ => {}
    }
}

#[test]
fn shared_openings_of_queries_and_templates_are_equal() {
    for (name, beginning, end, count) in [
        ("database-audit", "with extension", "objid = c.oid)\n)", 10),
        ("database-audit", "{%- set checks", "set undecided", 4),
        ("table-overview", "with readable", "deptype = 'e')\n)", 3),
    ] {
        let path = workspace().join(format!("supabase/runbooks/{name}.yaml"));
        let mut found = Vec::new();
        texts(
            &definitions::RunbookFile::read(&path).unwrap().plan,
            beginning,
            &mut found,
        );
        let openings: BTreeSet<&str> = found
            .iter()
            .map(|text| text.split(end).next().unwrap())
            .collect();
        assert_eq!(
            (found.len(), openings.len()),
            (count, 1),
            "{name}: {beginning}"
        );
        assert!(found.iter().all(|text| text.contains(end)), "{name}: {end}");
    }
}
