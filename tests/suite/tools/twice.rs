//! Two workers that write for one call at the same moment, as happens when a lease is lost in between.

use serde_json::{Value, json};
use system_tests::{Database, Session, set_up_pgtap};

/// Creates a step at work that may write into one table.
async fn world() -> (Database, Value) {
    let database = Database::fresh().await.unwrap();
    set_up_pgtap(database.server(), database.name())
        .await
        .unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run(
            "select tests.world();
             create table public.notes (id integer generated always as identity, body text);
             grant select, insert on public.notes to authenticated;
             insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
             create table public.held as
               select tests.planned('a', '{\"a\": {\"input\": {\"tool\": \"table_write\", \"arguments\": {}}}}') as run_id;
             select tests.start((select run_id from public.held), 'a');",
        )
        .await
        .unwrap();
    let run_id = owner.json("select run_id from public.held").await.unwrap();
    (database, run_id)
}

async fn write(worker: &Session, run_id: &Value) -> Value {
    let arguments = json!({
        "p_run_id": run_id, "p_step_key": "a", "p_lease_epoch": 1, "p_call_number": 1,
        "p_table": "public.notes", "p_rows": [{"body": "once"}], "p_mode": "insert",
    });
    worker
        .call("goalpost_worker.write_table", &arguments)
        .await
        .unwrap()
}

#[tokio::test]
async fn concurrent_writes_of_one_call_happen_once() {
    for ends in ["commit", "rollback"] {
        let (database, run_id) = world().await;
        let owner = database.owner().await.unwrap();
        let (first, second) = (
            database.worker().await.unwrap(),
            database.worker().await.unwrap(),
        );
        first.run("begin").await.unwrap();
        let result = write(&first, &run_id).await;
        assert_eq!(result["row_count"], 1, "{result}");
        let process = second.process_id();
        let waiting = {
            let run_id = run_id.clone();
            tokio::spawn(async move { write(&second, &run_id).await })
        };
        owner.until_blocked(process).await.unwrap();
        first.run(ends).await.unwrap();
        assert_eq!(waiting.await.unwrap(), result, "{ends}");
        let written = owner
            .json("select count(*) from public.notes")
            .await
            .unwrap();
        assert_eq!(written, json!(1), "{ends}");
    }
}
