//! `goalpost demo` and `goalpost up --demo` through the real binary: the last part of the demo learns, and its rows prove
//! what it prints.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;

use local_stack::binaries;
use local_stack::home::Home;
use local_stack::progress::Progress;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::script::Script;

/// The revenue of a category in a month, in whole euros, as the shop's tables have it.
const REVENUE: &str = "select round(sum(i.quantity * i.unit_price_cents) / 100.0)::bigint \
    from shop.categories c join shop.products p on p.category_id = c.id join shop.order_items i on i.product_id = p.id \
    join shop.orders o on o.id = i.order_id where o.status <> 'cancelled' \
    and format('%s %s', c.name, to_char(o.placed_at at time zone 'UTC', 'FMMonth YYYY')) = '";

/// The command with a state folder of its own, which shares the downloads of the tests' one.
struct Goalpost {
    program: PathBuf,
    workspace: PathBuf,
    folder: PathBuf,
}

impl Goalpost {
    async fn new() -> Self {
        let shared = Home::open().unwrap();
        let built = binaries::build(shared.workspace(), &["goalpost"], &Progress::quiet()).await;
        // Below the shared folder, which the account of Postgres can enter.
        let folder = shared
            .root()
            .join(format!("demo-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["downloads", "postgres", "extensions"] {
            std::fs::create_dir_all(shared.root().join(name)).unwrap();
            symlink(shared.root().join(name), folder.join(name)).unwrap();
        }
        Self {
            program: built.unwrap()["goalpost"].clone(),
            workspace: shared.workspace().to_owned(),
            folder,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.workspace)
            .env("GOALPOST_HOME", &self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let of_models = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "SUPABASE_URL"];
        for name in of_models.iter().chain(&local_stack::stack::MODEL_VARIABLES) {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command that must succeed and returns both of its outputs.
    async fn run(&self, arguments: &[&str]) -> (String, String) {
        let ran = self.command(arguments).output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (output, errors) = (text(&ran.stdout), text(&ran.stderr));
        assert!(ran.status.success(), "{arguments:?}: {errors}");
        (output, errors)
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments).await.0).unwrap()
    }

    async fn sql(&self, query: &str) -> String {
        let (output, _) = self.run(&["psql", "--", "-Atc", query]).await;
        output.trim().to_owned()
    }

    /// Starts the stack of the demo's database; it is up on return.
    async fn up(&self) -> Child {
        let mut command = self.command(&["up", "--demo"]);
        let mut up = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(up.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Ctrl-C stops everything") {
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return up;
            }
            seen.push(line);
        }
        panic!("the stack did not start: {seen:#?}");
    }
}

impl Drop for Goalpost {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Returns the cells of a row of a printed table, without its name.
fn row<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no row {name} in {text}"));
    let cells = line.strip_prefix(name).unwrap().split("  ");
    cells
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// Returns the last word of the suggested command that begins like this.
fn suggested<'a>(text: &'a str, command: &str) -> &'a str {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(command));
    let line = line.unwrap_or_else(|| panic!("{command} is not suggested in {text}"));
    line.split_whitespace().next().unwrap()
}

#[tokio::test]
async fn demo_learns_a_runbook_and_follows_it() {
    let goalpost = Goalpost::new().await;
    let (answers, shown) = goalpost.run(&["demo", "--yes"]).await;
    assert!(shown.contains("A scripted stand-in answers in place of a language model"));
    assert!(
        !shown.contains('\u{1b}'),
        "output that is no terminal has no colours"
    );
    let wide = |line: &&str| line.chars().count() > 80;
    let (_, learning) = shown.split_once("4  What it learns").unwrap();
    assert_eq!(learning.lines().find(wide), None, "80 columns suffice");
    let calls = row(&shown, "Model calls");
    let goal = suggested(&shown, "cargo goalpost goal ");
    let improvement = suggested(&shown, "cargo goalpost improvements show ");
    let runbook = suggested(&shown, "cargo goalpost runbooks show ");

    let mut up = goalpost.up().await;
    let requests = goalpost
        .sql("select string_agg(id::text, ' ' order by id) from goalpost.requests where question like 'What was our revenue%'")
        .await;
    let requests: Vec<&str> = requests.split(' ').collect();
    assert_eq!(requests.len(), 4);
    let made = async |request: &str| {
        let query = format!(
            "select count(*) from goalpost.usage_events u join goalpost.workflow_runs r on r.id = u.run_id where r.request_id = {request}"
        );
        goalpost.sql(&query).await
    };
    let (first, last) = (made(requests[0]).await, made(requests[3]).await);
    assert_eq!(calls, [&first, &last], "the printed calls are the rows'");
    assert_eq!((first.as_str(), last.as_str()), ("6", "1"));

    let followed = format!(
        "select b.name || ' ' || i.id || ' ' || i.state || ' ' || b.author from goalpost.workflow_runs r \
         join goalpost.runbooks b on b.id = r.runbook_id join goalpost.improvements i on i.runbook_id = b.id \
         where r.goal_id = {goal} and r.request_id = {}",
        requests[3]
    );
    assert_eq!(
        goalpost.sql(&followed).await,
        format!("{runbook} {improvement} applied analyzer"),
        "the last goal follows the runbook of the improvement"
    );
    let answers: Vec<&str> = answers
        .lines()
        .filter(|line| line.contains(" brought in "))
        .collect();
    assert_eq!(answers.len(), 2, "{answers:?}");
    for answer in answers {
        let words: Vec<&str> = answer.trim_end_matches('.').split(' ').collect();
        let [category, .., euros, _, _, month, year] = words[..] else {
            panic!("{answer}");
        };
        let query = format!("{REVENUE}{category} {month} {year}'");
        assert_eq!(goalpost.sql(&query).await, euros, "{answer}");
    }

    let (why, _) = goalpost.run(&["goal", goal, "--why"]).await;
    assert!(why.contains(runbook), "{why}");
    let shown = goalpost
        .json(&["improvements", "show", improvement, "--json"])
        .await;
    assert_eq!(shown["change"]["name"], runbook, "{shown}");
    assert!(
        goalpost
            .run(&["runbooks", "show", runbook])
            .await
            .0
            .contains(runbook)
    );
    goalpost.run(&["down"]).await;
    assert!(up.wait().await.unwrap().success());
}

#[tokio::test]
async fn demo_with_a_model_leaves_learning_out() {
    let chosen = json!({"decision": "runbook", "score": 0.9, "reasons": ["it fits"],
                        "runbook": {"name": "database-audit", "parameters": {}}});
    let script = Script::default().json("assessment", &chosen);
    let goalpost = Goalpost::new().await;
    let mut demo = goalpost.command(&["demo", "--yes"]);
    demo.env("OPENAI_BASE_URL", script.serve().await);
    demo.env("GOALPOST_MODEL", "own-model");
    let ran = demo.output().await.unwrap();
    let shown = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{shown}");
    assert_eq!(script.clear(), 0, "the person's model assessed the audit");
    let (_, learning) = shown.split_once("4  What it learns").unwrap();
    assert!(
        learning.contains("Left out, since your own model is configured"),
        "{learning}"
    );
    assert!(
        !learning.contains("Steps with a model") && !learning.contains("--why"),
        "{learning}"
    );
}
