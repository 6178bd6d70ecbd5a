#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use local_stack::postgres::Server;

use super::areas::{Areas, ENGINE};
use super::catalog::Catalog;
use super::files::{self, TestFile};
use super::operators::Operator;
use super::sandbox::{PATIENCE, Sandbox, Verdict};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

async fn sandbox() -> Sandbox {
    let setup = Arc::new(files::read_setup(&workspace()).unwrap());
    Sandbox::create(Server::shared_by_tests().await.unwrap(), setup)
        .await
        .unwrap()
}

fn file(test: &str) -> TestFile {
    TestFile {
        folder: "retry_delay_seconds".to_owned(),
        name: "retry_delay_seconds/a_test".to_owned(),
        source: format!("begin; select plan(1); select {test}; select * from finish(); rollback;"),
    }
}

const ALWAYS_SEVEN: &str = "create or replace function goalpost_private.retry_delay_seconds(p_failures integer)
    returns double precision language sql volatile set search_path = '' as $$ select 7::double precision $$";

async fn definition(sandbox: &Sandbox) -> String {
    let query = "select pg_get_functiondef('goalpost_private.retry_delay_seconds'::regproc)";
    sandbox.client().query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn mutant_lives_for_one_file_and_is_undone() {
    let mut sandbox = sandbox().await;
    let before = (
        definition(&sandbox).await,
        sandbox.fingerprint().await.unwrap(),
    );
    let seven =
        file("is(goalpost_private.retry_delay_seconds(1), 7::double precision, 'it is seven')");

    let verdict = sandbox.run(ALWAYS_SEVEN, &seven, PATIENCE).await.unwrap();
    assert_eq!(verdict, Verdict::Passed, "the file sees the mutant");
    let Verdict::Failed(failure) = sandbox.run("", &seven, PATIENCE).await.unwrap() else {
        panic!("the next file sees the mutant as well");
    };
    assert!(failure.contains("it is seven"), "{failure}");
    let after = (
        definition(&sandbox).await,
        sandbox.fingerprint().await.unwrap(),
    );
    assert_eq!(before, after, "the original is back");
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn fingerprint_changes_with_every_kind_of_mutant() {
    let sandbox = sandbox().await;
    let before = sandbox.fingerprint().await.unwrap();
    for change in [
        ALWAYS_SEVEN,
        "alter function goalpost.cancel_goal(bigint) security definer",
        "grant execute on function goalpost.cancel_goal(bigint) to anon",
        "alter table goalpost.steps disable row level security",
        "alter table goalpost.steps drop constraint state_is_known",
        "drop trigger wake_for_requests on goalpost.requests",
        "alter policy members_read on goalpost.steps using (true)",
        "grant usage on schema goalpost to anon",
        "alter view goalpost.inbox set (security_invoker = false)",
    ] {
        sandbox
            .client()
            .batch_execute(&format!("begin; {change}"))
            .await
            .unwrap();
        assert_ne!(sandbox.fingerprint().await.unwrap(), before, "{change}");
        sandbox.client().batch_execute("rollback").await.unwrap();
    }
    assert_eq!(sandbox.fingerprint().await.unwrap(), before);
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn refused_statement_is_not_viable() {
    let mut sandbox = sandbox().await;
    let passing = file("ok(true, 'it passes')");
    let verdict = sandbox
        .run("drop function goalpost_private.none()", &passing, PATIENCE)
        .await
        .unwrap();
    assert!(matches!(verdict, Verdict::NotViable(_)), "{verdict:?}");
    assert_eq!(
        sandbox.run("", &passing, PATIENCE).await.unwrap(),
        Verdict::Passed,
        "the session goes on"
    );
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn looping_mutant_is_ended_and_killed() {
    let mut sandbox = sandbox().await;
    let endless =
        "create or replace function goalpost_private.retry_delay_seconds(p_failures integer)
        returns double precision language plpgsql as $$ begin loop null; end loop; end $$";
    let waiting = file("ok(goalpost_private.retry_delay_seconds(1) > 0, 'there is a delay')");
    let verdict = sandbox
        .run(endless, &waiting, Duration::from_millis(200))
        .await
        .unwrap();
    let Verdict::Failed(failure) = verdict else {
        panic!("it does not fail: {verdict:?}")
    };
    assert!(failure.contains("statement timeout"), "{failure}");
    assert_eq!(
        sandbox.run("", &waiting, PATIENCE).await.unwrap(),
        Verdict::Passed,
        "the session goes on"
    );
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn catalog_gives_mutants_of_every_operator() {
    let sandbox = sandbox().await;
    let catalog = Catalog::read(sandbox.client()).await.unwrap();
    let mutants = catalog.mutants(&Areas::read(&workspace()).unwrap());
    let made: BTreeSet<Operator> = mutants.iter().map(|mutant| mutant.operator).collect();
    assert_eq!(made, BTreeSet::from(Operator::ALL));
    let ids: BTreeSet<String> = mutants.iter().map(super::Mutant::id).collect();
    assert_eq!(ids.len(), mutants.len(), "each has a name of its own");
    for area in ENGINE {
        assert!(
            mutants.iter().any(|mutant| mutant.area == area),
            "supabase/schemas has a folder {area}"
        );
    }
    sandbox.remove().await.unwrap();
}

#[tokio::test]
async fn only_the_body_of_a_definition_is_replaced() {
    let sandbox = sandbox().await;
    let catalog = Catalog::read(sandbox.client()).await.unwrap();
    assert!(catalog.functions.len() > 150, "the functions are read");
    for function in &catalog.functions {
        assert_eq!(
            function.with_body(&function.body).as_deref(),
            Some(function.definition.as_str()),
            "{}",
            function.name
        );
        let changed = function.with_body("select 1").unwrap();
        assert_eq!(
            changed.len() + function.body.len(),
            function.definition.len() + "select 1".len(),
            "{}",
            function.name
        );
    }
    sandbox.remove().await.unwrap();
}
