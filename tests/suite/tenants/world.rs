//! Two workspaces full of work of every kind, and the names that calls can contain.

use local_stack::stack::{Stack, StackOptions, Switch};
use system_tests::{set_up_pgtap, stacks};

/// Work of every kind in both workspaces, created by the same calls that people and functions make.
const WORLD: &str = r#"
do $$
declare
  v_workspace text;
  v_word text;
  v_person text;
  v_run bigint;
begin
  foreach v_workspace in array array['a', 'b'] loop
    v_word := case v_workspace when 'a' then 'plain' else 'kestrel-of-b' end;
    v_person := v_workspace || '_owner';
    perform tests.workspace(v_workspace, (select jsonb_object_agg(v_workspace || '_' || r, r) from unnest(array['viewer', 'member', 'approver', 'admin', 'owner']) r));
    update goalpost.workspaces set name = v_word where id = tests.id_of(v_workspace);
    insert into goalpost.agents (workspace_id, name, role) values (tests.id_of(v_workspace), v_word, v_word);
    insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
    values (tests.id_of(v_workspace), v_word, v_word, v_word, 'g', jsonb_build_object('summary', v_word));
    for i in 1 .. 3 loop
      v_run := tests.planned('a, ap:a, sub, c', jsonb_build_object('a', tests.agent(v_word), 'sub', tests.subgoal(),
        'ap', tests.approval(jsonb_build_object('question', v_word, 'required_role', 'member'))), jsonb_build_array(v_word), v_person, v_workspace);
      perform tests.spend(v_run, 'a', 7);
      perform tests.finish(v_run, 'a', 'completed', jsonb_build_object('result', jsonb_build_object('text', v_word)));
      v_run := tests.planned('a, b:a', '{}', '[]', v_person, v_workspace);
      perform tests.fail(v_run, 'a', jsonb_build_object('code', 'broken', 'message', v_word, 'retryable', false));
    end loop;
    perform tests.furnish(v_run, 'b');
    -- A table of tenants that none of the above writes to gets its rows here: the test names it until it has some.
    perform tests.memory(v_word, 'workspace', '{}', v_workspace);
    insert into goalpost.memory_statistics (workspace_id, memory_id, folded_at)
      select m.workspace_id, m.id, now() from goalpost.memories m where m.workspace_id = tests.id_of(v_workspace);
    insert into goalpost.memory_uses (run_id, step_key, attempt, call_number, rank, workspace_id, memory_id, score, sent_at, is_untrusted)
      select v_run, 'b', 1, 0, 1, m.workspace_id, m.id, 1, now(), false from goalpost.memories m where m.workspace_id = tests.id_of(v_workspace);
    insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of(v_workspace), 'docs', 'https://' || v_word || '.example.com/', tests.id_of(v_person), now());
    insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, v_word, v_word, '{}', 'h', now() from goalpost.mcp_servers where workspace_id = tests.id_of(v_workspace);
    insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of(v_workspace), 'public', v_word);
    perform tests.bare_call(v_run, 'a');
    insert into goalpost.runbook_statistics (workspace_id, runbook_id, folded_at) select tests.id_of(v_workspace), min(id), now() from goalpost.runbooks;
    update goalpost.approvals set question = v_word where workspace_id = tests.id_of(v_workspace);
    update goalpost.requests set question = v_word || id, context = jsonb_build_object('note', v_word) where workspace_id = tests.id_of(v_workspace);
    update goalpost.goals set title = v_word, description = v_word where workspace_id = tests.id_of(v_workspace);
  end loop;
  perform goalpost_worker.fold_statistics();
  insert into goalpost.unfolded_statistics (workspace_id, day) select id, '2030-01-01' from goalpost.workspaces;
end
$$"#;

/// Tables with rows of a workspace, and the column that identifies it.
const TABLES_OF_TENANTS: &str = "
select c.relname::text, a.attname::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
 where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p')
   and (a.attname = 'workspace_id' or c.relname = 'workspaces' and a.attname = 'id')
 order by c.relname";

/// Names of a workspace that calls can contain.
pub(super) struct Named {
    pub(super) workspace: String,
    pub(super) people: Vec<String>,
    pub(super) requests: Vec<i64>,
    pub(super) goals: Vec<i64>,
    pub(super) runs: Vec<i64>,
    pub(super) approvals: Vec<i64>,
    pub(super) letters: Vec<i64>,
    pub(super) invitations: Vec<i64>,
}

impl Named {
    pub(super) async fn of(database: &tokio_postgres::Client, name: &str) -> Self {
        let text = |sql: String| async move {
            let rows = database.query(&sql, &[]).await.unwrap();
            rows.iter()
                .map(|row| row.get::<_, String>(0))
                .collect::<Vec<_>>()
        };
        let ids = |table: &'static str| async move {
            let sql = format!(
                "select id from goalpost.{table} where workspace_id = tests.id_of('{name}')"
            );
            let rows = database.query(&sql, &[]).await.unwrap();
            rows.iter()
                .map(|row| row.get::<_, i64>(0))
                .collect::<Vec<_>>()
        };
        Self {
            workspace: text(format!("select tests.id_of('{name}')::text")).await.remove(0),
            people: text(format!("select user_id::text from goalpost.members where workspace_id = tests.id_of('{name}')")).await,
            requests: ids("requests").await,
            goals: ids("goals").await,
            runs: ids("workflow_runs").await,
            approvals: ids("approvals").await,
            letters: ids("dead_letters").await,
            invitations: ids("invitations").await,
        }
    }
}

/// Exposed relations, read from the catalog, so that a new one is covered.
pub(super) struct Relations {
    pub(super) all: Vec<String>,
    /// Views over several rows, which refuse all writes.
    pub(super) views: Vec<String>,
}

impl Relations {
    pub(super) async fn of(database: &tokio_postgres::Client) -> Self {
        let rows = database
            .query(
                "select c.relname::text, c.relkind = 'v' from pg_catalog.pg_class c
                  where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p', 'v') order by 1",
                &[],
            )
            .await
            .unwrap();
        let names = |only_views: bool| {
            rows.iter()
                .filter(|row| !only_views || row.get::<_, bool>(1))
                .map(|row| row.get(0))
                .collect()
        };
        Self {
            all: names(false),
            views: names(true),
        }
    }
}

/// Returns the tables of tenants without a row of a workspace, which would test nothing.
pub(super) async fn empty_tables(database: &tokio_postgres::Client, name: &str) -> Vec<String> {
    let mut empty = Vec::new();
    for table in database.query(TABLES_OF_TENANTS, &[]).await.unwrap() {
        let (table, column): (String, String) = (table.get(0), table.get(1));
        let is_there = format!(
            "select exists (select from goalpost.{table} where {column} = tests.id_of('{name}'))"
        );
        if !database
            .query_one(&is_there, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            empty.push(table);
        }
    }
    empty
}

/// Starts a stack with both workspaces and no function at work, so that every change is a person's.
pub(super) async fn two_tenants() -> Stack {
    let stack = stacks::start_with(|options| StackOptions {
        pg_net: Switch::Off,
        ..options
    })
    .await
    .unwrap();
    set_up_pgtap(stack.server(), stack.database())
        .await
        .unwrap();
    stack
        .admin_db()
        .await
        .unwrap()
        .batch_execute(WORLD)
        .await
        .unwrap();
    stack
}

/// Returns every row of a workspace, of every table that has some, as text.
pub(super) async fn rows_of(database: &tokio_postgres::Client, name: &str) -> String {
    let mut rows = String::new();
    for table in database.query(TABLES_OF_TENANTS, &[]).await.unwrap() {
        let (table, column): (String, String) = (table.get(0), table.get(1));
        let read = format!(
            "select coalesce(string_agg(t::text, chr(10) order by t::text), '') from goalpost.{table} t where {column} = tests.id_of('{name}')"
        );
        let found: String = database.query_one(&read, &[]).await.unwrap().get(0);
        rows += &format!("{table}:\n{found}\n");
    }
    rows
}
