//! Agents of a workspace: applied as files by the command line, and used by goals.

use local_stack::stack::{Person, Stack};
use serde_json::json;
use system_tests::people::{Client, DEMO};
use system_tests::{command, stacks};

/// Runs a command with a file as its standard input, and returns whether it succeeded and all that it printed.
async fn goalpost(stack: &Stack, person: Person, arguments: &[&str], file: &str) -> (bool, String) {
    let ran = command::run(stack, person, arguments, file).await.unwrap();
    let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
    (ran.status.success(), String::from_utf8(printed).unwrap())
}

/// Returns the version of the agent that works on the step of a new goal.
async fn version_at_work(owner: &Client) -> i64 {
    let runbook = json!({
        "name": "own-agent", "title": "Own agent", "description": "Asks an agent",
        "plan": {"steps": [{"key": "ask", "kind": "agent", "agent": "analyst", "input": {"instructions": "Count."}}]}});
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    owner.rpc("apply_runbook", &apply).await.unwrap();
    let start = json!({"p_workspace_id": DEMO, "p_question": "go", "p_runbook": "own-agent"});
    let started = owner.rpc("accept_request", &start).await.unwrap();
    let run = &started.body["run_id"];
    let steps = format!("select=agents(version)&key=eq.ask&run_id=eq.{run}");
    let steps = owner.rows("steps", &steps).await.unwrap();
    steps[0]["agents"]["version"].as_i64().unwrap()
}

#[tokio::test]
async fn agents_are_applied_as_files_and_work() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let own = |arguments: &'static [&'static str], file: String| {
        let stack = &stack;
        async move { goalpost(stack, Person::Owner, arguments, &file).await }
    };
    let (_, exported) = own(&["agents", "export", "analyst"], String::new()).await;
    assert!(exported.starts_with("name: analyst\nrole: "), "{exported}");
    let changed = exported.replace("max_turns: 8", "max_turns: 12");
    let (_, difference) = own(&["agents", "diff", "-"], changed.clone()).await;
    assert!(
        difference.contains("Against version 1 (active):") && difference.contains("12"),
        "{difference}"
    );

    let (succeeded, refused) = goalpost(
        &stack,
        Person::Approver,
        &["agents", "apply", "-"],
        &changed,
    )
    .await;
    assert!(!succeeded && refused.contains("admin"), "{refused}");
    let unknown = changed.replace("- sql", "- teleport");
    let (succeeded, refused) = own(&["agents", "apply", "-"], unknown).await;
    assert!(
        !succeeded && refused.contains("there is no tool teleport"),
        "{refused}"
    );
    let (succeeded, refused) = own(&["agents", "apply", "-"], "name: analyst\n".to_owned()).await;
    assert!(!succeeded && refused.contains("role"), "{refused}");

    let second = changed.replace("max_turns: 12", "max_turns: 20");
    for (file, printed) in [
        (&changed, "analyst is now version 1 (active)."),
        (&changed, "analyst already was version 1 (active)."),
        (&second, "analyst is now version 2 (active)."),
    ] {
        let (succeeded, applied) = own(&["agents", "apply", "-"], file.clone()).await;
        assert!(succeeded && applied.contains(printed), "{applied}");
    }
    assert_eq!(version_at_work(&owner).await, 2);
    own(
        &["agents", "activate", "analyst", "--version", "1"],
        String::new(),
    )
    .await;
    assert_eq!(version_at_work(&owner).await, 1);
    let (_, tried) = own(&["agents", "apply", "-", "--trial"], second).await;
    assert!(
        tried.contains("analyst is now version 3 (on trial)."),
        "{tried}"
    );

    let (_, listed) = own(&["agents", "list", "--all"], String::new()).await;
    let lines: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("analyst"))
        .collect();
    assert_eq!(
        lines.len(),
        4,
        "three versions and the built-in one: {listed}"
    );
    for (line, state) in lines
        .iter()
        .zip(["on trial", "retired", "active", "active"])
    {
        assert!(line.contains(state), "{listed}");
    }
    own(
        &["agents", "retire", "analyst", "--version", "3"],
        String::new(),
    )
    .await;
    own(
        &["agents", "retire", "analyst", "--version", "1"],
        String::new(),
    )
    .await;
    let (_, shown) = own(&["agents", "show", "analyst"], String::new()).await;
    assert!(
        shown.contains("Goalpost") && shown.contains("You are an analyst"),
        "the built-in agent works again: {shown}"
    );
    stack.stop().await.unwrap();
}
