//! The configuration of a workspace by the command line alone: as an admin who is no project admin, as a member, as a
//! stranger, and as one file.

mod at_once;

use local_stack::stack::{Person, Stack};
use serde_json::{Value, json};
use system_tests::people::DEMO;
use system_tests::{command, stacks};

/// Runs a command with this text as its standard input, and returns its exit code and all that it printed.
async fn goalpost(stack: &Stack, person: Person, line: &str, input: &str) -> (i32, String) {
    let arguments: Vec<&str> = line.split(' ').collect();
    let ran = command::run(stack, person, &arguments, input)
        .await
        .unwrap();
    let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
    let code = ran.status.code().unwrap_or(-1);
    (code, String::from_utf8(printed).unwrap())
}

/// Requires that a command succeeds, and returns what it printed.
#[track_caller]
fn succeeded((code, printed): (i32, String)) -> String {
    assert_eq!(code, 0, "{printed}");
    printed
}

/// Requires that a command fails with this reason.
#[track_caller]
fn refused((code, printed): (i32, String), reason: &str) {
    assert!(code != 0 && printed.contains(reason), "{code} {printed}");
}

/// Gives the approver of the workspace Demo another role.
async fn make(stack: &Stack, role: &str) {
    let line = format!("members role {} {role}", Person::Approver.id());
    succeeded(goalpost(stack, Person::Owner, &line, "").await);
}

#[tokio::test]
async fn admins_set_destinations_policies_and_secrets() {
    let stack = stacks::start().await.unwrap();
    let db = stack.admin_db().await.unwrap();
    db.batch_execute("create table public.findings (id integer)")
        .await
        .unwrap();
    make(&stack, "admin").await;
    let admin = |line: &'static str| goalpost(&stack, Person::Approver, line, "");
    let owner = |line: &'static str| goalpost(&stack, Person::Owner, line, "");

    let printed = succeeded(admin("tools allow http api.example.com b.example.com:8443").await);
    assert!(
        printed.contains("http b.example.com:8443 is allowed."),
        "{printed}"
    );
    succeeded(admin("tools allow webhook hooks.example.com").await);
    succeeded(admin("tools allow email example.com").await);
    refused(
        admin("tools allow http https://api.example.com").await,
        "without https://",
    );
    refused(
        admin("tools allow ftp example.com").await,
        "[possible values: http, webhook",
    );
    refused(
        admin("tools allow schema public").await,
        "only a project admin adds a schema",
    );
    refused(
        admin("tools allow table public.findings").await,
        "only a project admin adds a table",
    );
    succeeded(owner("tools allow schema public").await);
    succeeded(owner("tools allow table public.findings --update").await);
    refused(
        owner("tools allow table public.finding").await,
        "there is no table public.finding",
    );
    succeeded(admin("tools withdraw http b.example.com:8443").await);
    let printed = succeeded(admin("tools withdraw http b.example.com:8443").await);
    assert!(printed.contains("was not allowed"), "{printed}");
    let printed = succeeded(admin("tools").await);
    for line in [
        "http hosts        api.example.com\n",
        "webhook hosts     hooks.example.com\n",
        "email domains     example.com\n",
        "readable schemas  public, shop\n",
        "writable tables   public.findings (insert, update)\n",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }

    succeeded(admin("policies set no-posting webhook deny").await);
    succeeded(admin("policies set reviewed email needs-approval --agent clerk --position 5").await);
    succeeded(admin("policies limit tool http 60 --per 60").await);
    refused(
        admin("policies set none sql deny").await,
        "no built-in rule has",
    );
    refused(
        admin("policies set x sql deny --project").await,
        "set by project admins",
    );
    succeeded(owner("policies set careful * needs-approval --project").await);
    let printed = succeeded(admin("policies").await);
    for words in [
        "no-posting",
        "needs approval",
        "60 in 60 s",
        "project",
        "clerk",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    succeeded(admin("policies remove no-posting").await);
    refused(
        admin("policies remove no-posting").await,
        "there is no policy of that name",
    );
    succeeded(admin("policies limit tool http 0 --per 60").await);
    let printed = succeeded(admin("policies --json").await);
    let listed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (
            listed["policies"].as_array().unwrap().len(),
            &listed["rate_limits"]
        ),
        (2, &json!([]))
    );

    succeeded(admin("mcp add docs https://docs.example.com/mcp --header authorization").await);
    let sesame = goalpost(
        &stack,
        Person::Approver,
        "secrets set mcp.docs",
        "Bearer sesame\n",
    )
    .await;
    assert_eq!(succeeded(sesame), "The secret mcp.docs is set.\n");
    let query = "select decrypted_secret from vault.decrypted_secrets where name like 'goalpost\\_mcp\\_%\\_docs'";
    let stored: String = db.query_one(query, &[]).await.unwrap().get(0);
    assert_eq!(stored, "Bearer sesame");
    refused(admin("secrets set mcp.docs").await, "the value is empty");
    refused(
        admin("secrets set mcp.docs sesame").await,
        "unexpected argument",
    );
    let secret = |name: &'static str| goalpost(&stack, Person::Approver, name, "sesame");
    refused(
        secret("secrets set mcp.none").await,
        "use no secret of that name",
    );
    refused(
        secret("secrets set webhook").await,
        "whsec_ and 24 to 64 bytes",
    );
    let printed = succeeded(admin("secrets").await);
    assert!(
        printed.contains("mcp.docs") && printed.contains("webhook") && !printed.contains("sesame"),
        "{printed}"
    );
    succeeded(admin("mcp remove docs").await);
    assert!(
        db.query(query, &[]).await.unwrap().is_empty(),
        "the secret goes with its server"
    );

    succeeded(admin("settings --name Shop --webhooks-signed true --limit approve_plans=true --limit on_exhausted=ask").await);
    refused(
        admin("settings --limit approve_plan=true").await,
        "approve_plan",
    );
    let printed = succeeded(admin("settings").await);
    for words in [
        "Shop",
        "signed only",
        "approve_plans=true",
        "on_exhausted=\"ask\"",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    let printed = succeeded(admin("workspaces history --limit 100").await);
    for words in [
        "secret mcp.docs set",
        "secret mcp.docs removed",
        "table public.findings set",
        "policy no-posting removed",
        "settings: ",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    assert!(!printed.contains("sesame"), "{printed}");
    assert!(
        printed.contains(&Person::Approver.id().to_string())
            && printed.contains(&Person::Owner.id().to_string()),
        "{printed}"
    );
}

#[tokio::test]
async fn members_read_and_strangers_see_nothing() {
    let stack = stacks::start().await.unwrap();
    make(&stack, "member").await;
    let commands = [
        "tools allow http api.example.com",
        "tools withdraw schema shop",
        "policies set p sql deny",
        "policies remove p",
        "policies limit tool sql 1",
        "secrets",
        "secrets set webhook",
        "secrets remove webhook",
        "settings --name Mine",
        "apply --yes -f -",
    ];
    for line in commands {
        let input = if line.starts_with("apply") {
            "http_hosts: [a.example.com]\n"
        } else {
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        };
        let line = format!("{line} --workspace {DEMO}");
        let member = goalpost(&stack, Person::Approver, &line, input).await;
        refused(member, "this needs the role admin; yours is member");
        let (code, printed) = goalpost(&stack, Person::Stranger, &line, input).await;
        let is_unknown =
            printed.contains("not found") || printed.contains("you are not in that workspace");
        assert!(
            code != 0 && is_unknown && !printed.contains("role"),
            "{line}: {printed}"
        );
    }
    for line in ["tools", "policies", "export", "settings", "workspaces"] {
        succeeded(goalpost(&stack, Person::Approver, line, "").await);
    }
    let exported = succeeded(goalpost(&stack, Person::Approver, "export", "").await);
    assert!(
        exported.contains("readable_schemas:\n- shop\n") && !exported.contains("secrets"),
        "{exported}"
    );
    let history = succeeded(goalpost(&stack, Person::Approver, "workspaces history", "").await);
    assert!(history.contains("no change that you may see"), "{history}");
    let line = format!("export --workspace {DEMO}");
    refused(
        goalpost(&stack, Person::Stranger, &line, "").await,
        "you are not in that workspace",
    );
}

const FILE: &str = "\
settings: {time_zone: Europe/Vienna, currency: EUR, learning: 'off', webhooks_signed: true}
limits: {approve_plans: true, goal_budget_microusd: 2000000, on_exhausted: ask}
http_hosts: [b.example.com, a.example.com]
webhook_hosts: ['hooks.example.com:8443']
email_domains: [example.com]
readable_schemas: [public, shop]
writable_tables:
  - {table: public.findings, operations: [insert, update]}
policies:
  - {name: no posting, tool: webhook, effect: deny, agent: clerk}
  - {name: free reading, tool: http, effect: allow, even_if_tainted: true, position: 3}
rate_limits:
  - {scope: tool, name: http, slots: 60, per_seconds: 60}
  - {scope: workspace, name: '*', slots: 4}
mcp_servers:
  - {name: docs, url: https://docs.example.com/mcp, header: authorization}
agents:
  - {name: clerk, role: You file., tools: [sql]}
  - {name: clerk, role: You review., goal_type: review, max_turns: 3}
runbooks:
  - name: filing
    title: File something
    description: Files what there is.
    examples: [File something]
    parameters: {type: object, properties: {days: {type: integer}}}
    budget: {max_microusd: 1000}
    plan:
      steps:
        - {key: file, kind: agent, agent: clerk, input: {instructions: File it.}}
schedules:
  - {name: monday, question: How are we?, cron: 0 9 * * mon, time_zone: Europe/Berlin, runbook: filing, parameters: {days: 7}, overlap: queue, catch_up: 3, budget: {max_tokens: 1000}, paused: true}
  - {name: tuesday, question: How are we?, cron: 0 9 * * tue, time_zone: UTC, context: {for: the team}}
secrets: [mcp.docs]
";

#[tokio::test]
async fn export_applied_elsewhere_exports_the_same() {
    let stack = stacks::start().await.unwrap();
    let db = stack.admin_db().await.unwrap();
    db.batch_execute("create table public.findings (id integer)")
        .await
        .unwrap();
    let owner = |line: String, input: String| {
        let stack = &stack;
        async move { goalpost(stack, Person::Owner, &line, &input).await }
    };
    let here = |command: &str| format!("{command} --workspace {DEMO}");

    // Without a terminal and without --yes, the changes are shown and nothing is changed.
    let before = succeeded(owner(here("export"), String::new()).await);
    let (code, printed) = owner(here("apply -f -"), FILE.to_owned()).await;
    assert_eq!(code, 2, "{printed}");
    for words in [
        "~ settings\n",
        "    time_zone: \"UTC\" → \"Europe/Vienna\"\n",
        "+ http host a.example.com\n",
        "+ readable schema public\n",
        "+ policy no posting\n",
        "+ agent clerk for review\n",
        "- runbook weekly-review\n",
        "+ schedule monday\n",
        "The secret mcp.docs is not set: cargo goalpost secrets set mcp.docs\n",
        "nothing was changed: give --yes",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    assert_eq!(
        succeeded(owner(here("export"), String::new()).await),
        before
    );

    let printed = succeeded(owner(here("apply --yes -f -"), FILE.to_owned()).await);
    assert!(printed.contains("changes applied.\n"), "{printed}");
    let printed = succeeded(owner(here("apply --yes -f -"), FILE.to_owned()).await);
    assert!(
        printed.starts_with("Nothing to change"),
        "a second time: {printed}"
    );
    succeeded(owner(here("secrets set mcp.docs"), "Bearer sesame".to_owned()).await);
    let exported = succeeded(owner(here("export"), String::new()).await);
    assert!(
        exported.contains("time_zone: Europe/Vienna") && !exported.contains("sesame"),
        "{exported}"
    );
    let printed = succeeded(owner(here("apply -f -"), exported.clone()).await);
    assert!(
        printed.starts_with("Nothing to change"),
        "its own export: {printed}"
    );

    // Another workspace: as the file, and then as the export.
    let created =
        succeeded(owner("workspaces create Second --json".to_owned(), String::new()).await);
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = created["workspace_id"].as_str().unwrap();
    let there = |command: &str| format!("{command} --workspace {id}");
    succeeded(owner(there("apply --yes -f -"), exported.clone()).await);
    succeeded(owner(there("secrets set mcp.docs"), "Bearer other".to_owned()).await);
    assert_eq!(
        succeeded(owner(there("export"), String::new()).await),
        exported
    );
    let printed = succeeded(owner(there("apply -f -"), exported.clone()).await);
    assert!(printed.starts_with("Nothing to change"), "{printed}");

    // The schedule of the first workspace stays its own; a change of the file is a change of the workspace alone.
    let changed = exported
        .replace("- a.example.com\n", "")
        .replace("You review.", "You look.")
        .replace("name: tuesday", "name: wednesday");
    let printed = succeeded(owner(there("apply --yes -f -"), changed.clone()).await);
    for words in [
        "- http host a.example.com\n",
        "~ agent clerk for review\n    -   \"role\": \"You review.\",\n    +   \"role\": \"You look.\",\n",
        "+ schedule wednesday\n- schedule tuesday\n",
        "4 changes applied.",
    ] {
        assert!(printed.contains(words), "{words} in {printed}");
    }
    assert_eq!(
        succeeded(owner(there("export"), String::new()).await),
        changed
    );
    assert_eq!(
        succeeded(owner(here("export"), String::new()).await),
        exported
    );
}

#[tokio::test]
async fn refused_file_names_the_mistake_and_what_was_made() {
    let stack = stacks::start().await.unwrap();
    make(&stack, "admin").await;
    let apply = |file: &'static str| goalpost(&stack, Person::Approver, "apply --yes -f -", file);
    refused(
        apply("http_host: [a.example.com]\n").await,
        "did you mean http_hosts?",
    );
    refused(
        apply("policies: [{name: p, tool: sql, efect: deny}]\n").await,
        "did you mean effect?",
    );
    refused(
        apply("http_hosts: [https://a.example.com]\n").await,
        "+ http host https://a.example.com: nothing was changed",
    );
    let (code, printed) =
        apply("http_hosts: [a.example.com]\nreadable_schemas: [public, shop]\n").await;
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("+ readable schema public: 1 of 2 changes were made")
            && printed.contains("only a project admin"),
        "{printed}"
    );
    let json = goalpost(
        &stack,
        Person::Approver,
        "apply -f - --json",
        "http_hosts: []\n",
    )
    .await;
    assert!(
        json.0 == 2 && json.1.contains("\"title\": \"- http host a.example.com\""),
        "{json:?}"
    );
    let broken = "runbooks:\n- name: broken\n  title: t\n  description: d\n  plan: {steps: [{key: a, kind: agent, agent: missing, input: {instructions: x}}]}\n";
    let (code, printed) = goalpost(&stack, Person::Approver, "apply --yes -f -", broken).await;
    assert!(
        code == 1 && printed.contains("step a: ") && printed.contains("missing"),
        "{printed}"
    );
}
