//! What the rule covers and, more importantly, what it leaves alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use std::collections::BTreeMap;

use domain::{Catalogue, Limits, Plan, expression};
use proptest::prelude::*;

use super::*;

pub(crate) fn tools() -> Vec<Tool> {
    ["sql", "calculate", "http_get", "template"]
        .iter()
        .map(|name| serde_json::from_value(json!({"name": name})).unwrap())
        .collect()
}

pub(crate) fn tables() -> Vec<Table> {
    [
        ("shop", "customers"),
        ("shop", "order_lines"),
        ("shop", "categories"),
        ("shop", "news"),
        ("public", "items"),
        ("shop", "items"),
    ]
    .iter()
    .map(|(schema, name)| Table {
        schema: (*schema).into(),
        name: (*name).into(),
        ..Table::default()
    })
    .collect()
}

fn covered(question: &str) -> Option<DeterministicPlan> {
    plan_for(question, &tools(), &tables())
}

fn used(question: &str) -> String {
    let steps = covered(question)
        .map(|covered| covered.steps)
        .unwrap_or_default();
    let names: Vec<&str> = steps
        .iter()
        .map(|step| step["input"]["tool"].as_str().unwrap())
        .collect();
    names.join(", ")
}

fn expression_of(question: &str) -> String {
    covered(question)
        .map(|c| {
            c.steps[0]["input"]["arguments"]["expression"]
                .as_str()
                .unwrap_or("")
                .to_owned()
        })
        .unwrap_or_default()
}

#[test]
fn the_table_in_the_readme_is_true() {
    let rows: Vec<(String, String)> = include_str!("../../../README.md")
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line
                .strip_prefix("| ")?
                .strip_suffix(" |")?
                .split(" | ")
                .collect();
            (cells.len() == 2 && cells[0] != "For example")
                .then(|| (cells[0].to_owned(), cells[1].to_owned()))
        })
        .collect();
    assert!(rows.len() >= 7);
    for (question, tools) in rows {
        assert_eq!(used(&question), tools, "{question}");
    }
}

#[test]
fn arithmetic_becomes_an_expression() {
    let cases = [
        ("what is 17% of 2,340?", "17% of 2,340"),
        ("What's 2 + 2", "2 + 2"),
        ("12 * (3+4) =", "12 * (3+4)"),
        ("please calculate: 3 times 4", "3 * 4"),
        ("17 percent of 2340", "17 % of 2340"),
        ("10 divided by 4?", "10 / 4"),
        ("average of 3, 5 and 9", "avg(3, 5, 9)"),
        ("What is the sum of 1,000 and 2?", "sum(1000, 2)"),
        ("the largest of 3, -7, 2.5", "max(3, -7, 2.5)"),
        ("average(3,5,9)", "avg(3, 5, 9)"),
        ("2^10", "2^10"),
        ("7 × 6", "7 × 6"),
        ("-3 - 4", "-3 - 4"),
    ];
    for (question, expression) in cases {
        assert_eq!(expression_of(question), expression, "{question}");
    }
}

#[test]
fn question_beyond_its_pattern_is_not_matched() {
    for question in [
        "",
        "hello",
        "what is 42?",
        "42",
        "-5",
        "what is 2026-01-31?",
        "31/01/2026",
        "what is 2 + x?",
        "what happened in 2024 - 2025 in Rome?",
        "average of my orders",
        "the mean of 3 oranges",
        "how many orders do we have?",
        "how many customers ordered last week?",
        "how many open customers are there?",
        "how many customers do we have in Berlin?",
        "how many customers are there by country?",
        "how many items are there?",
        "how many",
        "how many are there",
        "how many customersx",
        "count",
        "number of",
        "how many customers are there and who are they?",
        "compare https://a.example and https://b.example",
        "read https://a.example/policy and compare our refunds with it",
        "delete https://a.example/orders/7",
        "is https://a.example/status older than a week?",
        "select the best supplier for us",
        "Select a plan",
        "with whom did we work (and select why)?",
        "update customers set name = 'x'",
        "select",
        "summarise the orders",
        "https",
        "why?",
    ] {
        let found = covered(question);
        let is_with = question.starts_with("with whom");
        assert!(found.is_none() || is_with, "{question}: {found:?}");
    }
}

#[test]
fn a_table_is_found_in_either_number_and_only_if_one_is_meant() {
    for question in [
        "how many customers are there?",
        "How many customer rows do we have",
        "number of customers",
        "count the customers",
        "how many customers are there in total?",
        "how many customers are in the shop?",
        "how many customers exist",
    ] {
        let steps = covered(question)
            .unwrap_or_else(|| panic!("{question}"))
            .steps;
        assert_eq!(
            steps[0]["input"]["arguments"]["query"],
            "select count(*) as count from \"shop\".\"customers\""
        );
    }
    assert!(covered("how many categories are there?").is_some());
    assert!(covered("how many order_lines are there?").is_some());
    assert!(
        covered("how many items are there?").is_none(),
        "two schemas have one"
    );
}

#[test]
fn the_sentence_fits_the_number() {
    let steps = covered("how many categories do we have?").unwrap().steps;
    let arguments = &steps[1]["input"]["arguments"];
    let said = |count: i64| {
        let mut data = json!({"steps": {"count": {"rows": [{"count": count}]}}});
        let extra = expression::render(&arguments["data"], &data).unwrap();
        data.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        expression::render_report(arguments["template"].as_str().unwrap(), &data).unwrap()
    };
    assert_eq!(
        (said(0).as_str(), said(1).as_str(), said(1234).as_str()),
        (
            "There are 0 categories.",
            "There is 1 category.",
            "There are 1,234 categories."
        )
    );
}

#[test]
fn a_missing_tool_leaves_its_form_uncovered() {
    let only = |name: &str| -> Vec<Tool> {
        tools()
            .into_iter()
            .filter(|tool| tool.name == name)
            .collect()
    };
    assert!(plan_for("2 + 2", &only("sql"), &[]).is_none());
    assert!(plan_for("how many customers are there?", &only("sql"), &tables()).is_none());
    assert!(plan_for("https://example.com", &only("template"), &[]).is_none());
}

#[test]
fn template_like_text_is_kept_literally() {
    let question = "select '{{ goal.title }}' as x from t";
    let steps = covered(question).unwrap().steps;
    let context = json!({"goal": {"title": "secret"}});
    let rendered = expression::render(&steps[0]["input"]["arguments"], &context).unwrap();
    assert_eq!(rendered["query"], question);
}

#[test]
fn every_deterministic_plan_passes_plan_check() {
    let catalogue = Catalogue {
        agents: BTreeMap::new(),
        tools: Catalogue::tools_by_name(tools()),
        ..Catalogue::default()
    };
    for question in [
        "2 + 2",
        "https://example.com",
        "select * from shop.customers",
        "how many customers are there?",
    ] {
        let plan = json!({"steps": covered(question).unwrap().steps});
        assert!(
            Plan::parse(&plan, &Limits::default(), &catalogue).is_ok(),
            "{question}"
        );
    }
}

proptest! {
    #[test]
    fn any_question_is_covered_or_left_alone_without_panic(question in ".{0,60}", other in "(how many|what is|select|https://|average of|[0-9+*() ]|customers|%){0,8}") {
        let _ = covered(&question);
        let _ = covered(&other);
    }
}

#[test]
fn select_without_table_is_a_query() {
    for query in [
        "SELECT now()",
        "select current_date",
        "select CURRENT_USER;",
        "select pg_catalog.version()",
        "select (1 + 2) * 3",
        "select null::text",
        "select -1",
    ] {
        assert_eq!(used(query), "sql, template", "{query}");
    }
    for sentence in [
        "Select the best offer",
        "select version (the newest)",
        "select true friends",
    ] {
        assert_eq!(used(sentence), "", "{sentence}");
    }
}

#[test]
fn functions_of_one_argument_are_arithmetic() {
    assert_eq!(expression_of("sqrt(16)"), "sqrt(16)");
    assert_eq!(expression_of("What is sqrt(2) * 3?"), "sqrt(2) * 3");
    assert_eq!(expression_of("abs(-4)"), "abs(-4)");
    for other in ["sqrt", "sqrt(x)", "sqrt()", "sin(1)"] {
        assert_eq!(used(other), "", "{other}");
    }
}

#[test]
fn writing_statement_is_recognised() {
    for (statement, verb) in [
        ("DELETE FROM shop.orders", "DELETE"),
        ("insert into t values (1)", "INSERT"),
        ("update shop.orders set status = 'paid'", "UPDATE"),
        ("Update orders set status = 'paid'", "UPDATE"),
        ("truncate shop.orders;", "TRUNCATE"),
        ("drop table shop.orders", "DROP"),
        ("create table t (id int)", "CREATE"),
    ] {
        assert_eq!(
            changing_statement(statement).as_deref(),
            Some(verb),
            "{statement}"
        );
    }
    for request in [
        "Delete all my orders this week",
        "Create a table of sales by month",
        "Create table of sales by month",
        "Update me on the orders",
        "Drop the worst product",
        "select 1",
    ] {
        assert_eq!(changing_statement(request), None, "{request}");
    }
}
