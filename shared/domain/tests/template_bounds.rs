//! Hostile templates: no source and no value ends the process, takes its memory or its time.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::expression::{
    Error, evaluate_check, references_in_expression, references_in_template, render, render_report,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Counts the bytes that are in use, and their maximum.
struct Counted;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const MAX_MEMORY: usize = 128 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(10);

/// Runs every entry point on a template, and checks the memory and the time of each.
fn attack(template: &str, context: &Value) -> Vec<Result<usize, Error>> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let inner = template
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .unwrap_or(template);
    let entry_points: [&dyn Fn() -> Result<usize, Error>; 5] = [
        &|| render_report(template, context).map(|text| text.len()),
        &|| render(&json!([template]), context).map(|value| value.to_string().len()),
        &|| evaluate_check(inner, context).map(|check| check.evidence.len()),
        &|| references_in_template(template).map(|_| 0),
        &|| references_in_expression(inner).map(|_| 0),
    ];
    let run = |entry_point: &&dyn Fn() -> Result<usize, Error>| {
        let before = USED.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let start = Instant::now();
        let result = entry_point();
        let took = PEAK.load(Ordering::Relaxed).saturating_sub(before);
        let shown: String = template.chars().take(200).collect();
        assert!(took <= MAX_MEMORY, "{took} bytes for {shown}");
        assert!(
            start.elapsed() <= MAX_TIME,
            "{:?} for {shown}",
            start.elapsed()
        );
        result
    };
    entry_points.iter().map(run).collect()
}

fn context() -> Value {
    let rows: Vec<Value> = (0..500).map(|n| json!({"n": n, "s": "text"})).collect();
    json!({"rows": rows, "text": "x".repeat(20_000), "steps": {"a": {"rows": [[1, 2], {"b": null}]}}})
}

fn refused(template: &str) {
    for (entry_point, result) in attack(template, &context()).into_iter().take(2).enumerate() {
        let shown: String = template.chars().take(200).collect();
        assert!(result.is_err(), "entry point {entry_point} accepts {shown}");
    }
}

#[test]
fn deeply_nested_source_is_refused() {
    for count in [40, 2_500, 60_000] {
        for (before, after) in [
            ("-", ""),
            ("- ", ""),
            ("not ", ""),
            ("+1", ""),
            ("1+", ""),
            ("1~", ""),
            ("1**", ""),
            ("(", ")"),
            ("[", "]"),
            ("{1:", "}"),
            ("1 if 1 else ", ""),
            ("range(", ")"),
            ("rows[", "]"),
            ("1 and ", ""),
            ("1 < ", ""),
            ("not not (", ")"),
            ("-(", ")"),
        ] {
            let template = format!("{{{{ {}1{} }}}}", before.repeat(count), after.repeat(count));
            if count > 40 || before.contains(['-', '(', '[', '{']) || before == "not " {
                refused(&template);
            } else {
                attack(&template, &context());
            }
        }
        for behind in [
            "|string",
            ".a",
            "[0]",
            " is defined",
            "(1)",
            "+1",
            "|f(1)",
            " if 1",
        ] {
            attack(
                &format!("{{{{ rows{} }}}}", behind.repeat(count)),
                &context(),
            );
        }
        for (open, close) in [
            ("{% if 1 %}", "{% endif %}"),
            ("{% for a in rows %}", "{% endfor %}"),
            ("{% with a = 1 %}", "{% endwith %}"),
            ("{% filter upper %}", "{% endfilter %}"),
            ("{% set a %}", "{% endset %}"),
            ("{% autoescape true %}", "{% endautoescape %}"),
            ("{% if 0 %}{% else %}", "{% endif %}"),
        ] {
            refused(&format!("{}x{}", open.repeat(count), close.repeat(count)));
        }
    }
    refused(&format!(
        "{{% if 0 %}}{}{{% endif %}}",
        "{% elif 0 %}".repeat(3_000)
    ));
}

#[test]
fn literal_arguments_cannot_allocate_unbounded_memory() {
    for template in [
        "{{ rows|tojson(indent=200000000) }}",
        "{{ [1]|tojson(200000000) }}",
        "{{ rows|tojson(indent=17) }}",
        "{{ text|indent(200000000) }}",
        "{{ '%200000000d'|format(1) }}",
        "{{ '%.200000000f'|format(1.5) }}",
        "{{ 'x' * 2000000000 }}",
        "{{ [1] * 2000000000 }}",
        "{{ 2000000000 * [1] }}",
        "{{ 2 * 1000000000 * rows }}",
        "{{ ([1] * 1000000000) ~ '' }}",
        "{{ [[[1] * 1000] * 1000] * 1000 == [[[1] * 1000] * 1000] * 1000 }}",
        "{{ text|replace('', text)|replace('', text) }}",
        "{{ range(100000)|batch(1, 'x')|batch(1)|list }}",
        "{{ range(100000)|slice(100000000)|list }}",
        "{{ [1]|batch(1000000000, 'x')|list }}",
        "{{ range(100000)|map('default', 1)|map('string')|join(text) }}",
        "{{ debug() }}",
        "{{ rows|pprint }}",
        "{% for a in rows recursive %}{{ loop([[a]]) }}{% endfor %}",
        "{% include 'x' %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ rows|goalpost_bounded }}",
    ] {
        refused(template);
    }
}

#[test]
fn values_cannot_grow_through_sharing() {
    let doubled = "{% set a = [a, a] %}".repeat(60);
    let braces = "{% set a = {'x': a, 'y': a} %}".repeat(60);
    let kept = "{% set n = namespace(a=[1]) %}{% for i in range(100000) %}{% set n.a = [n.a, n.a] %}{% endfor %}";
    let summed = "{% set n = namespace(a=[1]) %}{% for i in range(100000) %}{% set n.a = n.a + n.a %}{% endfor %}";
    for grown in [
        format!("{{% set a = ['x'] %}}{doubled}"),
        format!("{{% set a = 'x' %}}{braces}"),
        kept.to_owned(),
        summed.to_owned(),
    ] {
        for used in [
            "{{ a }}",
            "{{ n.a }}",
            "{{ a|tojson }}",
            "{{ n.a ~ '' }}",
            "{{ a == [a] }}",
            "{{ n.a|sort }}",
            "x",
        ] {
            refused(&format!("{grown}{used}"));
        }
    }
}

#[test]
fn value_nesting_is_bounded() {
    for body in [
        "{% set n.a = [n.a] %}",
        "{% set n.a = {'x': n.a} %}",
        "{% set n.a = [n.a]|list %}",
        "{% set n.a = n.a|batch(1) %}",
        "{% set n.a = [n.a, 1]|map('list') %}{% set n.a = (n.a,) %}",
        "{% set n.a = n %}",
        "{% set n.a = [n] %}",
        "{% set n.a = namespace(a=n) %}",
        "{% set n.a = dict(a=n.a) %}",
        "{% set n.a = n.a|zip(n.a)|list %}{% set n.a = [n.a] %}",
    ] {
        for used in [
            "x",
            "{{ n.a }}",
            "{{ n }}",
            "{{ n.a|tojson }}",
            "{{ n.a == n.a|list }}",
        ] {
            refused(&format!(
                "{{% set n = namespace(a=[1]) %}}{{% for i in range(5000) %}}{body}{{% endfor %}}{used}"
            ));
        }
    }
}

#[test]
fn many_templates_share_one_budget() {
    let slow = "{% for a in range(90000) %}{% for b in range(90000) %}{% if b %}{% endif %}{% endfor %}{% endfor %}";
    let arguments = json!(vec![slow; 500]);
    assert!(render(&arguments, &json!({})).is_err());
    let nearly = "{% for a in range(90000) %}{% if a %}{% endif %}{% endfor %}";
    let start = Instant::now();
    assert_eq!(
        render(&json!(vec![nearly; 5_000]), &json!({})),
        Err(Error::TooMuchWork)
    );
    assert!(start.elapsed() < MAX_TIME);
}

#[test]
fn ordinary_templates_render_unchanged() {
    let context = json!({"rows": [{"n": 2, "s": "b"}, {"n": 1, "s": "a"}], "x": 3, "none": null});
    for (template, expected) in [
        ("{{ x * 2 + rows|length * 10 }}", "26"),
        (
            "{{ -x * -2 }} {{ 2 * -x }} {{ x ** 2 * 2 }} {{ 7 // 2 * 2 }}",
            "6 -6 18 6",
        ),
        (
            "{{ 'ab' * 2 }} {{ 'a' ~ x ~ 'b' }}",
            "abab 3b".replacen("3", "a3", 1).as_str(),
        ),
        (
            "{{ rows|sort(attribute='n')|map(attribute='s')|join(', ') }}",
            "a, b",
        ),
        (
            "{% for r in rows if r.n > 1 %}{{ loop.index }}{{ r.s }}{% else %}-{% endfor %}",
            "1b",
        ),
        ("{% set a, b = 1, 2 %}{{ a }}{{ b }}", "12"),
        ("{% set (a, b) = (1, 2) %}{{ a }}{{ b }}", "12"),
        (
            "{% for (k, v) in {'k': 1}|items %}{{ k }}{{ v }}{% endfor %}",
            "k1",
        ),
        ("{% set t | upper %}a{% endset %}{{ t }}", "A"),
        (
            "{% set t | indent(width=2) %}a\nb{% endset %}{{ t }}",
            "a\n  b",
        ),
        (
            "{% set n = namespace(t=0, l=[]) %}{% for r in rows %}{% set n.t = n.t + r.n %}{% set n.l = n.l + [r.s] %}{% endfor %}{{ n.t }}{{ n.l|join }}",
            "3ba",
        ),
        (
            "{% with a = rows[0].n, b = [1, 2] %}{{ a + b[1] }}{% endwith %}",
            "4",
        ),
        (
            "{{ rows[1:] | length }} {{ (rows | first).s }} {{ {'a': [1]}['a'][0] }}",
            "1 b 1",
        ),
        (
            "{{ 'a' if x is divisibleby(3) and x is not none else 'b' }}",
            "a",
        ),
        (
            "{{ x is in [1, 2, 3] }} {{ 3 in [1, 3] }} {{ 4 not in [1] }}",
            "True True True",
        ),
        (
            "{{ none is none }} {{ missing is defined }} {{ missing|default('d') }} {{ (missing)|default('e') }}",
            "True False d e",
        ),
        (
            "{{ [1, {'a': 'b'}]|tojson }} {{ [1]|tojson(indent=2) }} {{ {'a': 1}|tojson(true) }}",
            "[1, {\"a\": \"b\"}] [\n  1\n] {\n  \"a\": 1\n}",
        ),
        (
            "{% raw %}{{ x|none }}{% endraw %}{# {{ #}{{- x -}} .",
            "{{ x|none }}3.",
        ),
        (
            "{{ \"%s-%d\"|format('a', 3) }} {{ range(3)|list|last }} {{ dict(a=1).a }}",
            "a-3 2 1",
        ),
        (
            "{% filter upper %}a{{ x }}{% endfilter %}{% filter replace('A', 'b') %}A{% endfilter %}",
            "A3b",
        ),
        (
            "{{ 1.5 * 2 }} {{ 1e2 }} {{ rows.0.n }} {{ 0x10 }}",
            "3.0 100.0 2 16",
        ),
        (
            "{{ rows|selectattr('n', 'gt', 1)|list|length }}{% if not rows %}{% elif x > 2 %}y{% endif %}",
            "1y",
        ),
    ] {
        assert_eq!(
            render_report(template, &context).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
}

/// Generates pieces of templates, joined at random: mostly nonsense, often nearly valid.
fn any_template() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "+",
        "not ",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "\\",
        "|",
        ".",
        ",",
        ":",
        "=",
        "==",
        "*",
        "**",
        "/",
        "~",
        " in ",
        " is ",
        " if ",
        " else ",
        "for a in rows",
        "endfor",
        "set a = ",
        "set n.a = ",
        "endset",
        "if 1",
        "elif 1",
        "endif",
        "raw",
        "endraw",
        "with a = [a]",
        "endwith",
        "rows",
        "text",
        "a",
        "n",
        "namespace(a=[1])",
        "range(90000)",
        "1",
        "0",
        "99999999",
        "1.5",
        "'x'",
        "[a, a]",
        "{'k': a}",
        "|tojson",
        "|list",
        "|batch(2)",
        "|join(text)",
        "|replace('', text)",
        "|map('string')",
        "|sort",
        "|length",
        "|indent(99)",
        "|format(1)",
        "|table",
        "|code",
        "|money",
        " recursive",
        "loop(rows)",
        "é",
        "\n",
        "{% for i in range(5000) %}",
        "{% endfor %}",
        "{% set n = namespace(a=[1]) %}",
        "{% set n.a = [n.a, n.a] %}",
        "{% set a = [a, a] %}",
        "{{ n.a }}",
        "{{ a }}",
        "{{ a|tojson }}",
        "{{ a * 99999 }}",
    ]);
    (proptest::collection::vec(piece, 0..60), 1_usize..40).prop_map(|(pieces, times)| {
        let text: String = pieces.concat();
        if times > 30 { text.repeat(times) } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn generated_templates_stay_within_bounds(template in any_template(), wrapped in any::<bool>()) {
        let template = if wrapped { format!("{{{{ {template} }}}}") } else { template };
        attack(&template, &context());
    }
}
