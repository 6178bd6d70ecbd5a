#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::body::Body;
use super::super::lexer::normalized;
use super::{Operator, mutations};

/// Returns the bodies that an operator makes of a PL/pgSQL body, on one line each.
fn made(operator: Operator, body: &str) -> Vec<String> {
    made_of(operator, body, true, false)
}

fn made_of(operator: Operator, body: &str, is_plpgsql: bool, returns_boolean: bool) -> Vec<String> {
    let read = Body::read(body, is_plpgsql, returns_boolean);
    let found = mutations(&read).into_iter();
    let of_operator = found.filter(|mutation| mutation.operator == operator);
    of_operator
        .map(|mutation| normalized(&mutation.apply(body)))
        .collect()
}

fn texts(operator: Operator, body: &str) -> Vec<String> {
    let read = Body::read(body, true, false);
    let found = mutations(&read).into_iter();
    found
        .filter(|mutation| mutation.operator == operator)
        .map(|mutation| mutation.text)
        .collect()
}

#[test]
fn each_conjunct_of_a_chain_becomes_true() {
    assert_eq!(
        made(
            Operator::DropConjunct,
            "begin delete from t where a = 1 and b is null and (c or d) returning x; end"
        ),
        [
            "begin delete from t where true and b is null and (c or d) returning x; end",
            "begin delete from t where a = 1 and true and (c or d) returning x; end",
            "begin delete from t where a = 1 and b is null and true returning x; end",
        ]
    );
}

#[test]
fn chains_are_found_in_every_clause() {
    for (body, count) in [
        (
            "select 1 from a join b on a.x = b.x and a.y = b.y where true",
            2,
        ),
        (
            "select 1 from a left join b on a.x = b.x and a.y = b.y left join c using (z)",
            2,
        ),
        ("begin if a and b then return; end if; end", 2),
        ("begin while a and b loop x := 1; end loop; end", 2),
        ("begin loop exit when a and b; end loop; end", 2),
        ("select count(*) filter (where a and b) from t", 2),
        ("select case when a and b then 1 else 2 end", 2),
        ("select coalesce(a and b, false)", 2),
        ("select x, a and b as y, z from t order by 1", 2),
        ("begin v := a and b; end", 2),
        ("select 1 from t group by x having a and b order by x", 2),
        (
            "insert into t select 1 from u where a and b on conflict do nothing",
            2,
        ),
        (
            "select exists (select from t where a and exists (select from u where b and c))",
            4,
        ),
        (
            "begin for r in select * from t where a and b for update loop null; end loop; end",
            2,
        ),
    ] {
        assert_eq!(made(Operator::DropConjunct, body).len(), count, "{body}");
    }
}

#[test]
fn and_of_between_is_part_of_its_operand() {
    assert_eq!(
        made(
            Operator::DropConjunct,
            "select 1 from t where a between 1 and 2 and b"
        ),
        [
            "select 1 from t where true and b",
            "select 1 from t where a between 1 and 2 and true"
        ]
    );
    assert!(
        made(
            Operator::DropConjunct,
            "select 1 from t where a between 1 and 2"
        )
        .is_empty()
    );
}

#[test]
fn strings_comments_and_names_are_not_mutated() {
    let body = "begin
      -- if a and b then
      perform f('x and y', $q$ p or q $q$, o.limit, \"and\"); /* a and b */
    end";
    let read = Body::read(body, true, false);
    assert!(mutations(&read).is_empty(), "{:?}", mutations(&read));
}

#[test]
fn distinct_from_does_not_end_a_condition() {
    assert_eq!(
        made(
            Operator::DropConjunct,
            "select 1 from t where a is distinct from b and c is not distinct from d"
        )
        .len(),
        2
    );
}

#[test]
fn case_expression_is_one_operand() {
    assert_eq!(
        made(
            Operator::DropConjunct,
            "select 1 from t where case when a then b else c end and d"
        ),
        [
            "select 1 from t where true and d",
            "select 1 from t where case when a then b else c end and true"
        ]
    );
}

#[test]
fn each_alternative_becomes_false() {
    assert_eq!(
        made(
            Operator::DropAlternative,
            "select 1 from t where a or b and c"
        ),
        [
            "select 1 from t where false or b and c",
            "select 1 from t where a or false"
        ]
    );
}

#[test]
fn single_filter_becomes_true() {
    assert_eq!(
        made(
            Operator::DropFilter,
            "select 1 from a join b on a.x = b.x where a.y = 1 order by 1"
        ),
        [
            "select 1 from a join b on true where a.y = 1 order by 1",
            "select 1 from a join b on a.x = b.x where true order by 1"
        ]
    );
    assert!(
        made(Operator::DropFilter, "select 1 from a join b on true").is_empty(),
        "it is true already"
    );
    assert!(
        made(
            Operator::DropFilter,
            "insert into t values (1) on conflict (a) where b is null do nothing"
        )
        .is_empty(),
        "it names an index"
    );
}

#[test]
fn branch_conditions_are_negated() {
    assert_eq!(
        made(
            Operator::Negate,
            "begin if a or b then x := 1; elsif not found then x := 2; end if; end"
        ),
        [
            "begin if not (a or b) then x := 1; elsif not found then x := 2; end if; end",
            "begin if a or b then x := 1; elsif not (not found) then x := 2; end if; end",
        ]
    );
    assert_eq!(
        made(
            Operator::Negate,
            "begin continue when a = 1; return case when b then c end; end"
        ),
        [
            "begin continue when not (a = 1); return case when b then c end; end",
            "begin continue when a = 1; return case when not (b) then c end; end",
        ]
    );
}

#[test]
fn values_of_a_simple_case_are_no_conditions() {
    assert!(
        made(
            Operator::Negate,
            "select case a when 'b' then 1 when 'c' then 2 end"
        )
        .is_empty()
    );
    let statement = "begin case p when 'a' then x := 1; else x := 2; end case; end";
    assert!(made(Operator::Negate, statement).is_empty());
}

#[test]
fn exception_handlers_are_no_conditions() {
    assert!(
        made(
            Operator::Negate,
            "begin x := 1; exception when others or query_canceled then raise; end"
        )
        .is_empty()
    );
}

#[test]
fn result_of_boolean_function_is_negated() {
    assert_eq!(
        made_of(
            Operator::Negate,
            "select exists (select from t where a)",
            false,
            true
        ),
        ["select not (exists (select from t where a))"]
    );
    assert_eq!(
        made_of(Operator::Negate, "begin return a > 1; end", true, true),
        ["begin return not (a > 1); end"]
    );
    assert!(
        made_of(Operator::Negate, "begin return true; end", true, true).is_empty(),
        "drop_guard covers literals"
    );
    assert!(
        made_of(Operator::Negate, "select a", false, false).is_empty(),
        "the function returns something else"
    );
}

#[test]
fn condition_before_leaving_becomes_false() {
    assert_eq!(
        made(
            Operator::DropGuard,
            "begin if a then x := 1; return; end if; if b then y := 1; end if; end"
        ),
        ["begin if false then x := 1; return; end if; if b then y := 1; end if; end"]
    );
    assert!(
        made(
            Operator::DropGuard,
            "begin if a then return; else x := 1; end if; end"
        )
        .is_empty(),
        "it chooses between two ways"
    );
}

#[test]
fn drop_guard_skips_condition_of_lone_refusal() {
    let body = "begin if a then perform s.refuse('ZG003', 'no'); end if; x := 1; end";
    assert!(made(Operator::DropGuard, body).is_empty());
    assert_eq!(
        made(Operator::DropRefusal, body),
        ["begin if a then null; end if; x := 1; end"]
    );
}

#[test]
fn refusals_of_every_form_are_dropped() {
    for statement in [
        "perform goalpost_private.refuse('ZG003', format('a; %s', b))",
        "perform s.require_role(w, 'admin')",
        "perform s.refuse_bad_ask(p)",
        "raise exception 'no: %', a using errcode = 'ZG003'",
        "raise exception using message = 'no'",
        "raise",
    ] {
        let body = format!("begin {statement}; x := 1; end");
        assert_eq!(
            made(Operator::DropRefusal, &body),
            ["begin null; x := 1; end"],
            "{statement}"
        );
    }
    for statement in [
        "raise warning 'a'",
        "raise notice 'a'",
        "perform s.refusal_of(a)",
        "perform s.append_event(a)",
    ] {
        assert!(
            made(Operator::DropRefusal, &format!("begin {statement}; end")).is_empty(),
            "{statement}"
        );
    }
}

#[test]
fn row_locks_are_dropped_with_their_tables() {
    assert_eq!(
        made(
            Operator::DropLock,
            "select 1 from t s where a for no key update of s skip locked"
        ),
        [
            "select 1 from t s where a",
            "select 1 from t s where a for no key update of s"
        ]
    );
    assert_eq!(
        made(
            Operator::DropLock,
            "begin for r in select 1 from t for update loop null; end loop; end"
        ),
        ["begin for r in select 1 from t loop null; end loop; end"]
    );
    assert_eq!(
        made(
            Operator::DropLock,
            "select 1 from t for share nowait limit 1"
        ),
        ["select 1 from t limit 1"]
    );
    assert!(
        made(
            Operator::DropLock,
            "begin for v in 1 .. 3 loop null; end loop; end"
        )
        .is_empty()
    );
    assert!(made(Operator::DropLock, "select substring(a for 3)").is_empty());
}

#[test]
fn advisory_locks_and_locking_calls_are_dropped() {
    assert_eq!(
        made(
            Operator::DropLock,
            "begin perform s.lock_trees(array[1]); perform pg_advisory_xact_lock(f(1)) from t; end"
        ),
        [
            "begin null; perform pg_advisory_xact_lock(f(1)) from t; end",
            "begin perform s.lock_trees(array[1]); perform null from t; end",
        ]
    );
    assert_eq!(
        made(
            Operator::DropLock,
            "begin if not pg_try_advisory_xact_lock(1) then return; end if; end"
        ),
        ["begin if not true then return; end if; end"]
    );
}

#[test]
fn limits_are_dropped_up_to_next_clause() {
    assert_eq!(
        made(
            Operator::DropLimit,
            "select (select 1 from t limit 1), 2 from u limit n - (select 3) for update"
        ),
        [
            "select (select 1 from t ), 2 from u limit n - (select 3) for update",
            "select (select 1 from t limit 1), 2 from u for update",
        ]
    );
}

#[test]
fn ignored_conflicts_are_dropped_and_updates_stay() {
    assert_eq!(
        made(
            Operator::DropConflict,
            "insert into t values (1) on conflict (a) where b do nothing returning c"
        ),
        ["insert into t values (1) returning c"]
    );
    assert!(
        made(
            Operator::DropConflict,
            "insert into t values (1) on conflict (a) do update set b = 1"
        )
        .is_empty()
    );
}

#[test]
fn comparisons_move_by_one() {
    assert_eq!(
        made(
            Operator::Compare,
            "select a < 1, b >= 2 from t where c <= d"
        ),
        [
            "select a <= 1, b >= 2 from t where c <= d",
            "select a < 1, b > 2 from t where c <= d",
            "select a < 1, b >= 2 from t where c < d",
        ]
    );
    assert!(made(Operator::Compare, "select a -> 'b', c <> d, e => 1, f <@ g").is_empty());
}

#[test]
fn equality_changes_in_chains_of_branches_only() {
    assert_eq!(
        made(
            Operator::Compare,
            "begin if a = 1 and b then return; end if; end"
        ),
        ["begin if a <> 1 and b then return; end if; end"]
    );
    for body in [
        "begin if a = 1 then return; end if; end",
        "update t set a = 1, b = 2 where c = 3 and d = 4",
        "begin a = 1; end",
    ] {
        assert!(made(Operator::Compare, body).is_empty(), "{body}");
    }
}

#[test]
fn no_mutation_repeats_another_or_the_original() {
    let body =
        "begin if a and b then return; end if; delete from t where true and (a = 1) and x; end";
    let read = Body::read(body, true, false);
    let mut bodies: Vec<String> = mutations(&read)
        .iter()
        .map(|mutation| normalized(&mutation.apply(body)))
        .collect();
    let count = bodies.len();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), count);
    assert!(!bodies.contains(&normalized(body)));
}

#[test]
fn text_is_one_line_and_short() {
    let long = format!(
        "begin if a and exists (select from t where x in ({}1)) then return; end if; end",
        "1,\n ".repeat(60)
    );
    let found = texts(Operator::DropConjunct, &long);
    assert_eq!(found.first().unwrap(), "a");
    let second = found.get(1).unwrap();
    assert!(
        second.chars().count() <= 102 && second.ends_with('…') && !second.contains('\n'),
        "{second}"
    );
}
