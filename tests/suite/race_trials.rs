//! Hundreds of races: a small run of `harness races`.

use harness::races::{Kind, Options, Report, run};
use local_stack::postgres::Server;

async fn race(kinds: &[Kind], trials: u64, before: Option<&str>) -> Report {
    let options = Options {
        trials,
        seed: 20_261_122,
        kinds: kinds.to_vec(),
        before: before.map(str::to_owned),
    };
    let server = Server::shared_by_tests().await.unwrap();
    run(server, &options, |_| ()).await.unwrap()
}

#[tokio::test]
async fn every_tree_race_has_one_legal_end() {
    let report = race(&Kind::TREES, 100, None).await;
    for races in &report.kinds {
        assert_eq!(races.violations, 0, "{}: {:#?}", races.kind, races.shown);
        assert_eq!(races.trials, 100);
        assert!(
            races.met > 0,
            "{}: no session ever waited for another",
            races.kind
        );
        assert!(
            races.won.len() > 1,
            "{}: it always ended the same way: {:?}",
            races.kind,
            races.won
        );
    }
}

#[tokio::test]
async fn concurrent_steps_never_overspend_a_budget() {
    let report = race(&[Kind::Budget], 12, None).await;
    for races in &report.kinds {
        assert_eq!(races.violations, 0, "{:#?}", races.shown);
        assert_eq!(races.trials, 12);
        assert!(races.met > 0, "no session ever waited for another");
        assert!(races.won.len() > 2, "always the same: {:?}", races.won);
    }
}

/// Returns SQL that replaces a condition in a function.
fn without(function: &str, condition: &str, instead: &str) -> String {
    format!(
        "do $do$ declare v_function text := pg_get_functiondef('goalpost_private.{function}'::regproc);
         begin
           if position($condition${condition}$condition$ in v_function) = 0 then
             raise exception 'the condition is gone';
           end if;
           execute replace(v_function, $condition${condition}$condition$, $instead${instead}$instead$);
         end $do$"
    )
}

#[tokio::test]
async fn races_kill_mutants() {
    let conditions = [
        (
            Kind::FanIn,
            "lock_trees",
            "pg_advisory_xact_lock(goalpost_private.tree_lock(t.root_run_id))",
            "t.root_run_id",
        ),
        (
            Kind::Approval,
            "decide_approval",
            "where id = p_approval_id and state = 'pending'",
            "where id = p_approval_id",
        ),
        (
            Kind::Cancel,
            "end_run",
            "where id = p_run_id and state = 'running'",
            "where id = p_run_id",
        ),
        (
            Kind::Claim,
            "fail_step",
            "v_epoch bigint := p_step.lease_epoch + case when p_outcome = 'failed' then 0 else 1 end",
            "v_epoch bigint := p_step.lease_epoch - case when p_outcome = 'failed' then 0 else 1 end",
        ),
        (
            Kind::Budget,
            "lock_budgets",
            "for no key update of b",
            "limit 100",
        ),
    ];
    for (kind, function, condition, instead) in conditions {
        let trials = if kind == Kind::Budget { 10 } else { 50 };
        let report = race(
            &[kind],
            trials,
            Some(&without(function, condition, instead)),
        )
        .await;
        let name = kind.name();
        assert!(
            report.violations() > 0,
            "{name}: the mutant without '{condition}' of {function} survives"
        );
    }
}
