//! Agents of a workspace: applied as files by the command line, and used by goals.

use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::{command, stacks};

use crate::script::Script;

/// Runs a command with a file as its standard input, and returns whether it succeeded and all that it printed.
async fn goalpost(stack: &Stack, person: Person, arguments: &[&str], file: &str) -> (bool, String) {
    let ran = command::run(stack, person, arguments, file).await.unwrap();
    let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
    (ran.status.success(), String::from_utf8(printed).unwrap())
}

/// Applies a runbook whose only step is the agent's.
async fn apply_runbook(owner: &Client) {
    let runbook = json!({
        "name": "own-agent", "title": "Own agent", "description": "Asks an agent",
        "plan": {"steps": [{"key": "ask", "kind": "agent", "agent": "analyst", "input": {"instructions": "Count."}}]}});
    let apply = json!({"p_workspace_id": DEMO, "p_runbook": runbook});
    let applied = owner.rpc("apply_runbook", &apply).await.unwrap();
    assert!(applied.status.is_success(), "{applied:?}");
}

/// Returns the version of the agent that works on the step of a new goal.
async fn version_at_work(owner: &Client) -> i64 {
    apply_runbook(owner).await;
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

/// Rates the goals on which the built-in version worked as bad; returns how many goals each version had.
async fn rate_by_version(owner: &Client) -> (usize, usize) {
    let steps = "select=agents(author),workflow_runs!inner(goal_id)&key=eq.ask";
    let steps = owner.rows("steps", steps).await.unwrap();
    let mut bad = Vec::new();
    for step in &steps {
        if step["agents"]["author"] == "built_in" {
            bad.push(step["workflow_runs"]["goal_id"].clone());
        }
    }
    for goal in &bad {
        let rating = json!({"p_goal_id": goal, "p_rating": "bad"});
        let rated = owner.rpc("give_feedback", &rating).await.unwrap();
        assert!(rated.status.is_success(), "{rated:?}");
    }
    (steps.len() - bad.len(), bad.len())
}

#[tokio::test]
async fn trial_keeps_the_version_whose_goals_succeed() {
    let base_url = Script::default().serve().await;
    let with_model = move |mut options: StackOptions| {
        for (name, value) in [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("GOALPOST_MODEL", "scripted"),
        ] {
            options
                .environment
                .insert(name.to_owned(), value.to_owned());
        }
        options
    };
    let stack = stacks::start_with(with_model).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    apply_runbook(&owner).await;
    let (_, exported) = goalpost(&stack, Person::Owner, &["agents", "export", "analyst"], "").await;
    let careful = exported.replace("max_turns: 8", "max_turns: 9");
    let (succeeded, tried) = goalpost(
        &stack,
        Person::Owner,
        &["agents", "apply", "-", "--trial"],
        &careful,
    )
    .await;
    assert!(succeeded, "{tried}");

    let questions: Vec<Value> = (0..64)
        .map(|number| json!({"question": format!("go {number}"), "runbook": "own-agent"}))
        .collect();
    let ask = json!({"p_workspace_id": DEMO, "p_requests": questions});
    let asked = owner.rpc("accept_requests", &ask).await.unwrap();
    for request in asked.body.as_array().unwrap() {
        let request = request["request_id"].as_i64().unwrap();
        assert_eq!(
            owner.until_ended(request).await.unwrap()["state"],
            "answered"
        );
    }
    let (with, without) = rate_by_version(&owner).await;
    assert!(
        with >= 20 && without >= 20,
        "one half each: {with} and {without}"
    );

    let analysis = json!({"p_workspace_id": DEMO});
    let analysis = owner.rpc("start_analysis", &analysis).await.unwrap();
    let analysis = analysis.body["request_id"].as_i64().unwrap();
    owner.until_ended(analysis).await.unwrap();
    let (_, shown) = goalpost(&stack, Person::Owner, &["improvements", "--json"], "").await;
    let improvements: Value = serde_json::from_str(&shown).unwrap();
    let trial = improvements
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "agent")
        .unwrap();
    let reason = format!("{with} of {with} goals with it were reached, 0 of {without} without");
    assert_eq!(
        (&trial["state"], &trial["reason"]),
        (&json!("kept"), &json!(reason))
    );
    let (_, listed) = goalpost(&stack, Person::Owner, &["agents"], "").await;
    let line = listed
        .lines()
        .find(|line| line.starts_with("analyst"))
        .unwrap();
    assert!(
        line.contains("active") && line.contains("person"),
        "{listed}"
    );
    stack.stop().await.unwrap();
}
