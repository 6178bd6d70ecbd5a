//! Tables as lines, and which of them are shown.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::json;

use super::*;

fn table(described: &serde_json::Value) -> Table {
    serde_json::from_value(described.clone()).unwrap()
}

#[test]
fn table_is_one_line_of_ddl() {
    let orders = table(&json!({
        "schema": "public", "name": "orders", "kind": "table", "comment": "What was\n bought.", "estimated_rows": 1200,
        "primary_key": ["id"], "unique_keys": [["number"], ["customer_id", "placed_at"]],
        "foreign_keys": [{"columns": ["customer_id"], "references": "public.customers", "referenced_columns": ["id"]}],
        "checks": [
            {"columns": ["status"], "expression": "status = ANY (ARRAY['paid'::text, 'it''s ::text'::text])"},
            {"columns": ["paid", "total"], "expression": "paid <= total"}],
        "columns": [
            {"name": "id", "type": "bigint", "not_null": true},
            {"name": "number", "type": "character varying(20)", "not_null": true},
            {"name": "customer_id", "type": "bigint", "not_null": true},
            {"name": "status", "type": "text", "not_null": true, "comment": "Where */ it is."},
            {"name": "Size", "type": "public.size", "values": ["s", "m"]},
            {"name": "placed_at", "type": "timestamp with time zone"},
            {"name": "paid", "type": "numeric(10,2)"}, {"name": "total", "type": "numeric(10,2)"}],
    }));
    assert_eq!(
        render(&[orders], 0, &[]),
        "public.orders (id bigint pk, number varchar(20) not null unique, \
         customer_id bigint not null -> public.customers.id, \
         status text not null check (status in ('paid', 'it''s ::text')) /* Where * / it is. */, \
         \"Size\" public.size in ('s', 'm'), placed_at timestamptz, paid numeric(10,2), total numeric(10,2), \
         unique (customer_id, placed_at), check (paid <= total)) about 1200 rows -- What was bought."
    );
}

#[test]
fn keys_of_several_columns_stand_behind_them() {
    let items = table(&json!({
        "schema": "shop", "name": "refunds", "primary_key": ["a", "b"], "more_columns": 3,
        "columns": [{"name": "a", "type": "integer", "not_null": true}, {"name": "b", "type": "integer", "not_null": true}],
        "foreign_keys": [{"columns": ["a", "b"], "references": "shop.items", "referenced_columns": ["x", "y"]}],
    }));
    assert_eq!(
        render(&[items], 0, &[]),
        "shop.refunds (a integer, b integer, … 3 more columns, pk (a, b), (a, b) -> shop.items (x, y))"
    );
    let view = table(&json!({"schema": "shop", "name": "v", "kind": "view", "estimated_rows": 0}));
    assert_eq!(render(&[view], 0, &[]), "view shop.v ()");
}

#[test]
fn checks_read_as_people_write_them() {
    for (printed, expected) in [
        ("price_cents > 0", "price_cents > 0"),
        (
            "status::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
            "status in ('a', 'b')",
        ),
        (
            "a = ANY (ARRAY[1, 2]) OR b = ANY (ARRAY[3])",
            "a = ANY (ARRAY[1, 2]) OR b = ANY (ARRAY[3])",
        ),
        (
            "length(x) >= 2\n AND x ~ 'a::text'::text",
            "length(x) >= 2  AND x ~ 'a::text'",
        ),
        ("x = 'open", "x = 'open"),
    ] {
        assert_eq!(expression(printed), expected, "{printed}");
    }
}

#[test]
fn best_tables_are_shown_within_the_budget() {
    let column = json!({"name": "x".repeat(60), "type": "text"});
    let tables: Vec<Table> = (0..60)
        .rev()
        .map(|number| {
            table(&json!({"schema": "s", "name": format!("t{number:02}"), "columns": vec![column.clone(); 10]}))
        })
        .collect();
    let text = render(&tables, 440, &[]);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.len() - 1;
    assert!(
        text.len() < TABLES_BYTES + NAMES_BYTES + 200,
        "{}",
        text.len()
    );
    assert!((10..30).contains(&shown), "{shown}");
    assert!(
        lines[shown - 1].starts_with("s.t59 ("),
        "the best one is there, in the order of names"
    );
    let end = format!("and {} more tables (s.t{:02}, ", 500 - shown, 59 - shown);
    assert!(lines[shown].starts_with(&end), "{}", lines[shown]);
    assert!(
        lines[shown].ends_with(", …); a table that is not listed may still be read by its name")
    );
    let catalog = ["shop".to_owned(), "information_schema".to_owned()];
    assert!(
        render(&[], 1, &catalog)
            .ends_with("and 1 more table; information_schema.columns describes them")
    );
    assert_eq!(render(&[], 0, &catalog), "none");
}

#[test]
fn common_values_are_a_line_for_each_table() {
    let found: CommonValues = serde_json::from_value(json!({
        "rows": {"shop.orders": 120, "shop.stock": 0},
        "values": {"shop.orders": {"status": ["paid", "it's\nopen"]}, "shop.people": {"Country": ["DE"]}},
    }))
    .unwrap();
    assert_eq!(
        render_values(&found),
        "shop.orders: 120 rows; status 'paid', 'it''s open'\nshop.people: \"Country\" 'DE'\nshop.stock: 0 rows"
    );
    assert_eq!(render_values(&CommonValues::default()), "");
}
