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

/// Queries that may not run, one a line; `#` begins a remark.
const REFUSED: &str = include_str!("refused.txt");
const REFUSED_WITH_CATALOG: &str = include_str!("refused_with_catalog.txt");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Queries that cannot stand on a line of their own.
const REFUSED_TOO: &[&str] = &[
    "",
    "select 1\0",
    "select 'a\0b'",
    "select \"a\0b\" from orders",
    "select 'a\u{1b}[2J'",
    "select 1\u{b}2",
    "select 1 -- x\r, pg_sleep(1)",
    "\u{feff}delete from orders",
    "select 1;\ndelete from orders",
    "select 1 --\n; delete from orders",
    "select 1 --\r\n, pg_sleep(1)",
    "select $a\n$x$a\n$",
    "select 'a'\n'b', pg_sleep(1)",
    "select pg_sleep\n(1)",
    "select pg_sleep\t(1)",
];

#[test]
fn ordinary_queries_pass() {
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
fn listed_queries_are_refused() {
    let as_member = lines(REFUSED).chain(REFUSED_TOO.iter().copied());
    let as_member: Vec<Result<String, Refusal>> = as_member.map(member).collect();
    let as_admin: Vec<Result<String, Refusal>> = lines(REFUSED_WITH_CATALOG).map(admin).collect();
    let count = as_member.len() + as_admin.len();
    println!("{count} statements");
    let results = as_member.into_iter().chain(as_admin);
    let passed: Vec<String> = results.filter_map(Result::ok).collect();
    assert!(passed.is_empty(), "these passed: {passed:#?}");
    for query in ACCEPTED_WITH_CATALOG {
        assert!(member(query).is_err(), "{query} needs the catalog");
    }
    assert!(count >= 300, "{count}");
}

#[test]
fn refusal_names_an_allowed_alternative() {
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
fn printed_query_contains_no_unicode_escape() {
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
fn printed_query_qualifies_built_in_functions() {
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
fn deep_nesting_is_refused_without_overflow() {
    let deep = format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(member(&deep).is_err());
    assert!(member(&format!("select {}1", "not ".repeat(4_000))).is_err());
    assert!(member(&format!("select 1{}", " + 1".repeat(4_000))).is_err());
    assert!(member(&format!("select 1{}", " + 1".repeat(599))).is_ok());
    assert!(member(&format!("select 1{}", " union select 1".repeat(299))).is_ok());
    assert!(member(&format!("select 'a'{}", "::text".repeat(299))).is_ok());
    assert!(member(&format!("select 1 where 1 in (1{})", ", 1".repeat(4_000))).is_ok());
}

/// Returns the tables that a statement names, in lower case.
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
fn table_is_found_anywhere_in_a_statement() {
    let sql = "with a as (select 1 from auth.users) select (select 2 from b) from c join d on true";
    assert_eq!(tables_of(sql), ["auth.users", "b", "c", "d"]);
}

proptest! {
    #[test]
    fn gate_never_panics_and_accepts_its_output(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "select", "from", "where", "orders", "auth.users", "(", ")", ",", "*", "1", "'x'", "union", "with", "as", "a", "pg_sleep", "count",
            "::", "text", "for", "update", "join", "on", "true", "in", "not", "case", "when", "then", "end", "group by", "order by", ";", "--", "/*", "\"", "'", "$$", "array", "[", "]",
        ]), 0..14)
    ) {
        if let Ok(printed) = member(&words.join(" ")) {
            // As a column of a table named auth it may stand there, as a text too; as a table it may not.
            let tables = tables_of(&printed);
            prop_assert!(!tables.iter().any(|table| table == "auth.users"), "{}", printed);
            prop_assert_eq!(member(&printed), Ok(printed.clone()));
        }
    }
}

#[test]
fn operands_of_uninterruptible_operators_are_bounded() {
    for (query, printed) in [
        (
            "select a.tags <@ b.tags from a, b",
            "SELECT goalpost_private.bounded(a.tags) <@ goalpost_private.bounded(b.tags) FROM a, b",
        ),
        (
            "select array(select id from a) && array(select id from b)",
            "SELECT goalpost_private.bounded(array(SELECT id FROM a)) && goalpost_private.bounded(array(SELECT id FROM b))",
        ),
        (
            "select a.name like '%' || b.name from a, b",
            "SELECT goalpost_private.bounded(a.name) LIKE goalpost_private.bounded('%' || b.name) FROM a, b",
        ),
        (
            "select position(a.x in a.y) from a",
            "SELECT POSITION(goalpost_private.bounded(a.x) IN goalpost_private.bounded(a.y)) FROM a",
        ),
        (
            "select replace(x, y, z), split_part(x, ',', n) from a",
            "SELECT pg_catalog.replace(goalpost_private.bounded(x), goalpost_private.bounded(y), z), pg_catalog.split_part(x, ',', n) FROM a",
        ),
        (
            "select jsonb_path_exists(data, '$.a') from a",
            "SELECT pg_catalog.jsonb_path_exists(goalpost_private.bounded(data), '$.a') FROM a",
        ),
        (
            "select string_agg(distinct x, ', ' order by x), array_agg('x') from a",
            "SELECT pg_catalog.string_agg(DISTINCT goalpost_private.collected(x), ', ' ORDER BY goalpost_private.collected(x)), pg_catalog.array_agg(goalpost_private.collected('x'::TEXT)) FROM a",
        ),
        (
            "select trim(both x from y) from a",
            "SELECT TRIM(BOTH goalpost_private.bounded(x) FROM goalpost_private.bounded(y)) FROM a",
        ),
    ] {
        assert_eq!(member(query).unwrap(), printed);
    }
}

#[test]
fn short_literal_leaves_other_operand_unwrapped() {
    for query in [
        "SELECT * FROM a WHERE tags @> ARRAY['x', 'y']",
        "SELECT * FROM a WHERE tags && '{x}'::TEXT[]",
        "SELECT * FROM a WHERE data @> '{\"a\": 1}'",
        "SELECT * FROM a WHERE name ILIKE '%x%'",
    ] {
        assert_eq!(member(query).unwrap(), query);
    }
}
