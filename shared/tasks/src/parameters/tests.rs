use serde_json::{Value, json};

use super::*;

/// A Tuesday.
const NOW: &str = "Tuesday, 2026-12-01 00:30:00 Europe/Vienna";

fn filled(properties: &Value, question: &str) -> Value {
    let table = |schema: &str, name: &str| Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        ..Table::default()
    };
    let tables = [
        table("shop", "orders"),
        table("shop", "order_items"),
        table("app", "customers"),
    ];
    let facts = Facts {
        local_now: NOW,
        tables: &tables,
    };
    Value::Object(fill(
        &json!({"type": "object", "properties": properties}),
        question,
        facts,
    ))
}

#[track_caller]
fn dates(question: &str, from: &str, until: &str) {
    let schema = json!({"from": {"type": "string", "format": "date"}, "until": {"type": "string", "format": "date"}});
    assert_eq!(
        filled(&schema, question),
        json!({"from": from, "until": until}),
        "{question}"
    );
}

#[test]
fn periods_give_their_first_and_last_day() {
    dates("Review last week", "2026-11-23", "2026-11-29");
    dates("Review this week, please", "2026-11-30", "2026-12-06");
    dates("How was last month?", "2026-11-01", "2026-11-30");
    dates("Plan for next quarter", "2027-01-01", "2027-03-31");
    dates("The last quarter in numbers", "2026-07-01", "2026-09-30");
    dates("Orders of the last 7 days", "2026-11-25", "2026-12-01");
    dates("Orders of this year", "2026-01-01", "2026-12-31");
    dates("Q3 2025 by region", "2025-07-01", "2025-09-30");
    dates("What sold in February 2024?", "2024-02-01", "2024-02-29");
    dates(
        "between 2026-01-05 and 2026-02-06",
        "2026-01-05",
        "2026-02-06",
    );
    dates("from 3 May until June 7, 2026", "2026-05-03", "2026-06-07");
    dates("yesterday", "2026-11-30", "2026-11-30");
}

#[test]
fn single_day_fills_a_date_of_any_name() {
    let schema = json!({"day": {"type": "string", "format": "date"}});
    let day = |question: &str| {
        filled(&schema, question)
            .get("day")
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(day("Sales on 2026-02-28?"), "2026-02-28");
    assert_eq!(day("Sales on December 24th, 2025"), "2025-12-24");
    assert_eq!(day("Sales of last Friday"), "2026-11-27");
    assert_eq!(day("Sales of last Tuesday"), "2026-11-24");
    // A period is no day, two days are not one, and there is no 31st of February.
    assert_eq!(day("Sales of last week"), Value::Null);
    assert_eq!(day("2026-02-01 or 2026-02-03?"), Value::Null);
    assert_eq!(day("31 February 2026"), Value::Null);
    assert_eq!(day("We may march on"), Value::Null);
}

#[test]
fn number_is_read_beside_its_name_or_alone() {
    let one = json!({"limit": {"type": "integer", "minimum": 1, "maximum": 1000}});
    assert_eq!(filled(&one, "The top 20 customers"), json!({"limit": 20}));
    assert_eq!(
        filled(&one, "The top 1,000 customers"),
        json!({"limit": 1000})
    );
    assert_eq!(filled(&one, "The top 2000 customers"), json!({}));
    assert_eq!(filled(&one, "3 or 5 customers"), json!({}));
    assert_eq!(filled(&one, "3 regions, limit 5"), json!({"limit": 5}));
    assert_eq!(
        filled(&one, "Orders of 2026-12-01 and of the last 7 days"),
        json!({})
    );
    let two = json!({"days": {"type": "integer"}, "share": {"type": "number"}});
    assert_eq!(
        filled(&two, "30 days with a share of 1.5"),
        json!({"days": 30})
    );
    assert_eq!(
        filled(&two, "30 days, share 1.5"),
        json!({"days": 30, "share": 1.5})
    );
}

#[test]
fn named_choice_is_taken() {
    let schema = json!({"region": {"type": "string", "enum": ["north", "north_east", "south"]}});
    assert_eq!(
        filled(&schema, "Sales in the South"),
        json!({"region": "south"})
    );
    assert_eq!(
        filled(&schema, "Sales in the north east"),
        json!({"region": "north_east"})
    );
    assert_eq!(filled(&schema, "Sales north and south"), json!({}));
    assert_eq!(filled(&schema, "Sales of southern shops"), json!({}));
}

#[test]
fn named_readable_table_is_taken() {
    let schema = json!({"table": {"type": "string", "format": "table"}});
    assert_eq!(
        filled(&schema, "Profile the customers table"),
        json!({"table": "app.customers"})
    );
    assert_eq!(
        filled(&schema, "Profile order_items"),
        json!({"table": "shop.order_items"})
    );
    assert_eq!(filled(&schema, "Compare orders with customers"), json!({}));
    assert_eq!(filled(&schema, "Profile secrets"), json!({}));
}

#[test]
fn quoted_text_fills_the_only_text() {
    let one = json!({"customer": {"type": "string"}});
    assert_eq!(
        filled(&one, "Orders of \"Miller & Sons\""),
        json!({"customer": "Miller & Sons"})
    );
    assert_eq!(
        filled(&one, "Orders of „Miller“"),
        json!({"customer": "Miller"})
    );
    assert_eq!(filled(&one, "Orders of \"A\" and \"B\""), json!({}));
    assert_eq!(filled(&one, "Orders of Miller's son"), json!({}));
    assert_eq!(filled(&one, "An open \"quotation"), json!({}));
    let two = json!({"customer": {"type": "string"}, "note": {"type": "string"}});
    assert_eq!(filled(&two, "Orders of \"Miller\""), json!({}));
}

#[test]
fn odd_schemas_and_texts_fill_nothing() {
    for schema in [
        json!(null),
        json!([]),
        json!({"properties": 3}),
        json!({"properties": {"a": 3}}),
    ] {
        let facts = Facts {
            local_now: "",
            tables: &[],
        };
        assert!(fill(&schema, "today \"x\" 3 9999-99-99 q9 2026", facts).is_empty());
    }
    dates("last 2 days", "2026-11-30", "2026-12-01");
    let schema = json!({"from": {"type": "string", "format": "date"}});
    assert_eq!(filled(&schema, "last 99999999999999999999 days"), json!({}));
}

#[test]
fn examples_are_found_and_do_not_bind() {
    let schema = json!({"region": {"type": "string", "examples": ["north", "south"]}, "note": {"type": "string"}});
    assert_eq!(
        filled(&schema, "Sales of south?"),
        json!({"region": "south"})
    );
    assert_eq!(filled(&schema, "Sales of west?"), json!({}));
    assert_eq!(
        filled(&schema, "Sales noted as \"late\""),
        json!({"note": "late"}),
        "a quotation is for the parameter without examples"
    );
}

#[test]
fn period_keeps_the_words_of_the_question() {
    let schema = json!({"when": {"type": "string", "format": "period"}, "from": {"type": "string", "format": "date"},
                        "until": {"type": "string", "format": "date"}});
    let march = json!({"when": "March", "from": "2026-03-01", "until": "2026-03-31"});
    assert_eq!(filled(&schema, "Sales in March?"), march);
    let found = |question: &str| {
        let filled = filled(&schema, question);
        filled.get("when").cloned().unwrap_or_default()
    };
    assert_eq!(found("Sales for March 2025"), "March 2025");
    assert_eq!(found("Sales of last week, by day"), "last week");
    assert_eq!(found("Sales on 2026-02-01 and 2026-02-03"), Value::Null);
    assert_eq!(found("Sales"), Value::Null);
}
