//! Statements that must pass and statements that must not, as tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use proptest::prelude::*;

use super::*;

fn schemas(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn member(query: &str) -> Result<String, Refusal> {
    check(query, &schemas(&["public", "shop"]))
}

fn admin(query: &str) -> Result<String, Refusal> {
    check(
        query,
        &schemas(&["public", "pg_catalog", "information_schema"]),
    )
}

const ACCEPTED: &[&str] = &[
    "select 1",
    "SELECT * FROM orders;",
    "select o.id, c.name from shop.orders o join shop.customers c on c.id = o.customer_id",
    "select * from \"Orders\" where \"Total\" > 10",
    "select count(*) from shop.orders",
    "select count(distinct customer_id) filter (where total > 10) from orders",
    "select sum(total), avg(total)::numeric(10,2) from orders group by customer_id having sum(total) > 100",
    "select date_trunc('week', created_at)::date as week, sum(total) from orders group by 1 order by 1 desc limit 10 offset 5",
    "with recent as (select * from orders where created_at > now() - interval '7 days') select * from recent",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) select * from n",
    "with a as materialized (select 1 as x) select x from a",
    "select row_number() over (partition by customer_id order by total desc) from orders",
    "select rank() over w from orders window w as (order by total)",
    "select lag(total, 1) over (order by id rows between 1 preceding and current row) from orders",
    "select coalesce(name, 'none'), nullif(total, 0), greatest(1, 2), least(a, b) from orders",
    "select case when total > 10 then 'big' else 'small' end from orders",
    "select case state when 'paid' then 1 end from orders",
    "select * from orders where state in ('paid', 'open') and note is not null",
    "select * from orders where id in (select order_id from lines) or exists (select 1 from lines l where l.order_id = orders.id)",
    "select * from orders where name ilike '%x%' and code ~ '^a' and total between 1 and 5",
    "select 1 union select 2 except select 3 intersect all select 4",
    "values (1, 'a'), (2, 'b')",
    "select * from (values (1, 'a')) as t(id, name)",
    "select array(select id from orders), array[1, 2], (array[1,2])[1]",
    "select data->'a'->>'b', data #>> '{a,b}', data @> '{\"a\": 1}' from orders",
    "select jsonb_build_object('a', 1), to_jsonb(o) from orders o",
    "select * from jsonb_array_elements('[1,2]'::jsonb) as e(value)",
    "select e.value from orders o, lateral jsonb_array_elements(o.lines) as e(value)",
    "select * from generate_series(1, 10) as g(i)",
    "select g.i, u.ordinality, e.key, e.value, s.s from generate_series(1, 10) as g(i), unnest(array[1]) with ordinality u, jsonb_each('{}') e, generate_series(1, 2) s",
    "select o.tags[1], shop.orders.tags[1], o.date, o.\"text\" from shop.orders o",
    "select d::date from generate_series(date '2024-01-01', date '2024-02-01', interval '1 day') d",
    "select * from unnest(array[1,2]) with ordinality as u(value, position)",
    "select string_agg(name, ', ' order by name) from customers",
    "select percentile_cont(0.5) within group (order by total) from orders",
    "select extract(epoch from created_at), created_at at time zone 'UTC' from orders",
    "select substring(name from 1 for 3), trim(both ' ' from name), position('a' in name), overlay(name placing 'x' from 1) from orders",
    "select upper(left(name, 3)) || '…', replace(name, '''', '\"') from orders",
    "select distinct on (customer_id) * from orders order by customer_id, created_at desc",
    "select * from orders left join lateral (select * from lines where order_id = orders.id limit 1) l on true",
    "select grouping(a), a, b, sum(c) from t group by grouping sets ((a), (b), ())",
    "select sum(c) from t group by rollup (a, b)",
    "select $$it's -- text$$, 'a -- b', 'a /* b'",
    "select 1 -- a comment\n + 2 /* and /* another */ one */",
    "select current_date, current_timestamp",
    "select pg_catalog.count(*) from orders",
    "select round(total, 2), abs(-1), ceil(1.5), floor(1.5), 7 % 3, 2 ^ 3 from orders",
    "select id::text, '2024-01-01'::timestamptz, '{1,2}'::int[] from orders",
    "select * from orders order by total desc nulls last fetch first 5 rows only",
    "select a.* from shop.orders as a natural join shop.lines cross join shop.customers",
    "select not (a and b or c) is true from t where (a, b) = (1, 2) and x = any (array[1]) and y <> all (select 1)",
];

const ACCEPTED_WITH_CATALOG: &[&str] = &[
    "select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and not c.relrowsecurity",
    "select relname, pg_size_pretty(pg_total_relation_size(oid)) from pg_class order by pg_total_relation_size(oid) desc",
    "select pg_get_indexdef(indexrelid), indrelid::regclass::text from pg_index",
    "select pg_get_functiondef(oid), proconfig from pg_proc where prosecdef",
    "select conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'f' and conkey[1] = any (array[1::smallint])",
    "select table_schema, table_name from information_schema.tables",
    "select format('alter table %I.%I enable row level security;', schemaname, tablename) from pg_tables",
    "select idx_scan, indexrelname from pg_stat_user_indexes where idx_scan = 0",
    "select a.attname, format_type(a.atttypid, a.atttypmod), obj_description(a.attrelid, 'pg_class') from pg_attribute a",
    "select unnest(i.indkey), to_regclass('public.orders') from pg_index i",
    "select has_table_privilege('anon', 'public.orders', 'select'), quote_ident('x')",
    "select (aclexplode(relacl)).grantee from pg_class",
];

const REFUSED: &[&str] = &[
    // Not a single SELECT.
    "",
    ";",
    "-- nothing",
    "select 1; select 2",
    "select 1; drop table orders",
    "nonsense",
    "select from orders where",
    "insert into orders values (1)",
    "update orders set total = 0",
    "delete from orders",
    "truncate orders",
    "merge into orders using lines on true when matched then delete",
    "create table t (a int)",
    "drop table orders",
    "alter table orders disable row level security",
    "grant all on orders to anon",
    "set role postgres",
    "reset role",
    "set local request.jwt.claims = '{}'",
    "begin",
    "commit",
    "copy orders to '/tmp/x'",
    "copy (select 1) to program 'id'",
    "do $$ begin perform 1; end $$",
    "call something()",
    "execute p",
    "prepare p as select 1",
    "explain analyze select 1",
    "explain select 1",
    "listen x",
    "notify x",
    "lock table orders",
    "vacuum",
    "show all",
    "show server_version",
    "table orders",
    "declare c cursor for select 1",
    "refresh materialized view v",
    "discard all",
    // Writing inside a SELECT.
    "with d as (delete from orders returning *) select * from d",
    "with i as (insert into orders values (1) returning *) select * from i",
    "with u as (update orders set total = 0 returning *) select * from u",
    "with m as (merge into orders using lines on true when matched then delete) select 1",
    "select * into copy_of_orders from orders",
    "select * into temp t from orders",
    "select * from orders for update",
    "select * from orders for share",
    "select * from orders for no key update skip locked",
    "select * from (select * from orders for update) o",
    // Other schemas.
    "select * from auth.users",
    "select * from vault.decrypted_secrets",
    "select * from goalpost.requests",
    "select * from pg_catalog.pg_class",
    "select * from pg_class",
    "select * from information_schema.tables",
    "select * from net._http_response",
    "select * from \"AUTH\".users",
    "select * from shop.orders, auth.users",
    "select (select email from auth.users limit 1)",
    "select * from orders where id in (select id from auth.users)",
    "with a as (select * from auth.users) select * from a",
    "select 1 union select email from auth.users",
    "select * from postgres.public.orders",
    "select * from Auth.Users",
    "select * from \"Shop\".orders",
    "select exists (select from auth.users)",
    "select * from pg_stat_activity",
    "select 1 order by (select count(*) from auth.users)",
    "select 1 limit (select count(*) from auth.users)",
    "select count(*) filter (where exists (select 1 from auth.users)) from orders",
    "select * from shop.orders join lateral (select * from auth.users) u on true",
    // Functions.
    "select pg_sleep(10)",
    "select pg_catalog.pg_sleep(10)",
    "select \"pg_sleep\"(10)",
    "select PG_SLEEP(10)",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select lo_get(1)",
    "select dblink('x', 'select 1')",
    "select * from dblink('x', 'y') as t(a int)",
    "select net.http_post('http://x')",
    "select net.http_get('http://x')",
    "select set_config('role', 'postgres', false)",
    "select current_setting('request.jwt.claims')",
    "select query_to_xml('select 1', true, true, '')",
    "select table_to_xml('auth.users', true, true, '')",
    "select database_to_xml(true, true, '')",
    "select pgmq.send('q', '{}')",
    "select cron.schedule('x', '* * * * *', 'select 1')",
    "select vault.create_secret('x')",
    "select auth.uid()",
    "select goalpost.accept_request('x')",
    "select public.my_function()",
    "select my_function()",
    "select * from my_function()",
    "select * from public.my_function(1)",
    "select nextval('s')",
    "select setval('s', 1)",
    "select currval('s')",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_lock(1)",
    "select pg_terminate_backend(1)",
    "select pg_cancel_backend(1)",
    "select pg_reload_conf()",
    "select pg_notify('c', 'x')",
    "select txid_current()",
    "select version()",
    "select inet_server_addr()",
    "select pg_export_snapshot()",
    "select pg_logical_emit_message(true, 'a', 'b')",
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000)",
    "select rpad('x', 1000000000)",
    "select ts_stat('select 1')",
    "select xpath('/a', '<a/>')",
    "select random()",
    "select gen_random_uuid()",
    "select pg_total_relation_size('orders')",
    "select format('%I', 'x')",
    "select current_user",
    "select session_user",
    "select user",
    "select current_role",
    "select current_catalog",
    "select system_user",
    "select count(*) over (order by pg_sleep(1)) from orders",
    "select 1 from orders order by pg_sleep(1)",
    "select 1 where pg_sleep(1) is null",
    "select * from orders where id = any (array[nextval('s')])",
    "select case when true then pg_sleep(1) end",
    "select array(select pg_sleep(1))",
    "select sum(total) filter (where pg_sleep(1) is null) from orders",
    "select 1 group by pg_sleep(1)",
    "select 1 having pg_sleep(1) is null",
    "values (pg_sleep(1))",
    "select * from (values (pg_sleep(1))) t",
    "select * from generate_series(1, nextval('s'))",
    "select * from rows from (my_function()) as t",
    "select 1 limit length(pg_read_file('x'))",
    "select string_agg(name, pg_sleep(1)::text) from orders",
    "select string_agg(name, ',' order by pg_sleep(1)) from orders",
    "select * from lateral my_function(1) f",
    "select coalesce(null, pg_sleep(1))",
    "select (pg_sleep(1)).x",
    // `x.name` is the call `name(x)` where x has no such column.
    "select ('select 1'::text).ts_stat",
    "select (('select 1'::text)).ts_stat",
    "select ('x'::text).\"current_setting\"",
    "select (1).pg_advisory_lock",
    "select (array[1])[1].pg_sleep",
    "select (o.id).pg_sleep from orders o",
    "select ((select 1)).pg_sleep",
    "select g.ts_stat from unnest(array['select 1']) g",
    "select g.TS_STAT from unnest(array['select 1']) as \"g\"",
    "select unnest.ts_stat from unnest(array['select 1'])",
    "select generate_series.pg_sleep from pg_catalog.generate_series(1, 2)",
    "select ts_stat.ts_stat from unnest(array['select 1']) ts_stat(a)",
    "select g.ts_stat from unnest(array['select 1']) g where exists (select 1 from unnest(array['x']) g(ts_stat))",
    "select g.ts_stat from orders g, lateral (select g.ts_stat from unnest(array['select 1']) g) s",
    "select (g.ts_stat)[1] from unnest(array['select 1']) g",
    "select g.ts_stat[1] from unnest(array['select 1']) g",
    "select 1 from generate_series(1, 2) g order by g.pg_sleep",
    "select ts_stat.ts_stat from jsonb_array_elements_text('[\"select 1\"]') ts_stat",
    "select ts_stat.ts_stat from lower('x') ts_stat",
    "select count(*) over (partition by g.pg_sleep) from lateral generate_series(1, 2) g",
    "select extract(epoch from pg_sleep(1))",
    // Casts, operators, literals and spellings that hide something.
    "select 'pg_sleep'::regproc",
    "select 'pg_sleep(double precision)'::regprocedure",
    "select '+'::regoper",
    "select i::oid::regclass from generate_series(1, 99999) i",
    "select array[1]::oid[]::regclass[]",
    "select 1::pg_catalog.regnamespace",
    "select regtype 'x'",
    "select * from jsonb_to_recordset('[]') as t(a regclass)",
    "select 'x'::my_domain",
    "select 'x'::public.my_domain",
    "select cast('x' as my_type)",
    "select my_type 'x'",
    "select 'postgres'::regrole",
    "select '{x}'::my_domain[]",
    "select * from orders as t(a my_domain)",
    "select 1 operator(public.+) 2",
    "select 1 operator(pg_catalog.+) 2",
    "select U&\"\\0070g_sleep\"(1)",
    "select u&'\\0070'",
    "select * from U&\"\\0061uth\".users",
    "select 1 as U&\"a\"",
    "select date U&'2024\\002d01-01'",
    "select U&\"!0070g_sleep\" uescape '!' (1)",
    "select E'\\'' || pg_sleep(1) --'",
    "select e'a\\nb'",
    "select B'101'",
    "select X'1F'",
    "select N'x'",
    "select $1",
    "select :name",
    "select ?",
    "select 1 /* open",
    "select 'open",
    "select \"open",
    "select $a$open",
    "select 1\0",
    "select 'a\0b'",
    "select \"a\0b\" from orders",
    "select 'a\u{1b}[2J'",
    "select 1\u{b}2",
    "select 1 -- x\r, pg_sleep(1)",
    "select /*/**/*/ pg_sleep(1)",
    "select * from orders tablesample bernoulli (10)",
    "select * from orders tablesample system (10)",
    "select {fn now()}",
    "from orders",
    "select top 5 * from orders",
    "select * from orders pivot (sum(a) for b in (1))",
    "select * from json_table('[]', '$[*]' columns (a int path '$'))",
    "select * from xmltable('/a' passing '<a/>' columns b int)",
    "select * exclude (a) from orders",
    "select * from orders qualify row_number() over () = 1",
    "select * from orders |> where true",
];

const REFUSED_WITH_CATALOG: &[&str] = &[
    "select * from pg_authid",
    "select * from pg_catalog.pg_shadow",
    "select * from pg_user_mappings",
    "select * from pg_settings",
    "select * from pg_catalog.pg_stat_activity",
    "select * from auth.users",
    "select pg_read_file('x')",
    "select pg_sleep(1)",
    "select pg_catalog.set_config('a', 'b', true)",
    "select current_setting('x')",
    "select pg_terminate_backend(pid) from pg_stat_activity",
    "select pg_stat_reset()",
    "select pg_ls_waldir()",
    "select pg_get_viewdef2(1)",
    "select * from pg_hba_file_rules",
    "select * from \"pg_authid\"",
    "select * from pg_statistic",
    "select pg_show_all_settings()",
    "select * from pg_config",
];

#[test]
fn ordinary_questions_pass() {
    for query in ACCEPTED {
        assert!(
            member(query).is_ok(),
            "{query}: {}",
            member(query).unwrap_err()
        );
    }
    for query in ACCEPTED_WITH_CATALOG {
        assert!(
            admin(query).is_ok(),
            "{query}: {}",
            admin(query).unwrap_err()
        );
    }
    assert!(ACCEPTED.len() + ACCEPTED_WITH_CATALOG.len() >= 40);
}

#[test]
fn everything_else_is_refused() {
    let as_member = REFUSED.iter().filter_map(|query| member(query).ok());
    let as_admin = REFUSED_WITH_CATALOG
        .iter()
        .filter_map(|query| admin(query).ok());
    let passed: Vec<String> = as_member.chain(as_admin).collect();
    assert!(passed.is_empty(), "these passed: {passed:#?}");
    for query in ACCEPTED_WITH_CATALOG {
        assert!(member(query).is_err(), "{query} needs the catalog");
    }
    assert!(REFUSED.len() + REFUSED_WITH_CATALOG.len() >= 80);
}

#[test]
fn a_refusal_says_what_would_be_allowed() {
    let message = member("select * from auth.users").unwrap_err().to_string();
    assert_eq!(
        message,
        "the query is refused: schema `auth` may not be read; these may: public, shop"
    );
    assert!(
        member("select 1; select 2")
            .unwrap_err()
            .to_string()
            .contains("more than one statement")
    );
}

#[test]
fn what_postgres_would_read_as_a_unicode_escape_is_none_when_it_is_printed() {
    for (query, printed) in [
        // Read here as an operator between two names, so it runs as one.
        (
            "select U&\"\\0070g_sleep\" from orders",
            "SELECT U & \"\\0070g_sleep\" FROM orders",
        ),
        (
            "select u&\"\\0061\".id from orders u",
            "SELECT u & \"\\0061\".id FROM orders u",
        ),
        ("select 'u&\"\\0061\"'", "SELECT 'u&\"\\0061\"'"),
        ("select 'u&''x'", "SELECT 'u&''x'"),
    ] {
        assert_eq!(member(query).as_deref(), Ok(printed), "{query}");
    }
}

#[test]
fn what_runs_is_printed_from_the_tree_with_built_in_functions_named_in_full() {
    let printed =
        member("select COUNT(*), coalesce(lower(\"count\"(*)::text), 'x') -- note\n from orders")
            .unwrap();
    assert_eq!(
        printed,
        "SELECT pg_catalog.COUNT(*), coalesce(pg_catalog.lower(pg_catalog.\"count\"(*)::TEXT), 'x') FROM orders"
    );
    let from = member("select * from generate_series(1, 3) g").unwrap();
    assert!(
        from.contains("FROM pg_catalog.generate_series(1, 3)"),
        "{from}"
    );
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let deep = format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(member(&deep).is_err());
    assert!(member(&format!("select {}1", "not ".repeat(4_000))).is_err());
    assert!(member(&format!("select 1{}", " + 1".repeat(4_000))).is_err());
    assert!(member(&format!("select 1{}", " + 1".repeat(599))).is_ok());
    assert!(member(&format!("select 1{}", " union select 1".repeat(299))).is_ok());
    assert!(member(&format!("select 'a'{}", "::text".repeat(299))).is_ok());
    assert!(member(&format!("select 1 where 1 in (1{})", ", 1".repeat(4_000))).is_ok());
}

/// The tables that a statement names, in lower case.
fn tables_of(sql: &str) -> Vec<String> {
    let statements =
        sqlparser::parser::Parser::parse_sql(&sqlparser::dialect::PostgreSqlDialect {}, sql)
            .unwrap();
    let mut tables = Vec::new();
    let _ = sqlparser::ast::visit_relations(&statements, |table| {
        tables.push(table.to_string().to_lowercase());
        std::ops::ControlFlow::<()>::Continue(())
    });
    tables
}

#[test]
fn a_table_is_seen_wherever_a_statement_names_it() {
    let sql = "with a as (select 1 from auth.users) select (select 2 from b) from c join d on true";
    assert_eq!(tables_of(sql), ["auth.users", "b", "c", "d"]);
}

proptest! {
    #[test]
    fn no_text_makes_the_gate_panic_and_whatever_passes_passes_again(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "select", "from", "where", "orders", "auth.users", "(", ")", ",", "*", "1", "'x'", "union", "with", "as", "a", "pg_sleep", "count",
            "::", "text", "for", "update", "join", "on", "true", "in", "not", "case", "when", "then", "end", "group by", "order by", ";", "--", "/*", "\"", "'", "$$", "array", "[", "]",
        ]), 0..14)
    ) {
        if let Ok(printed) = member(&words.join(" ")) {
            // As a column of something called auth it may stand there, as a text too; as a table it may not.
            let tables = tables_of(&printed);
            prop_assert!(!tables.iter().any(|table| table == "auth.users"), "{}", printed);
            prop_assert_eq!(member(&printed), Ok(printed.clone()));
        }
    }
}
