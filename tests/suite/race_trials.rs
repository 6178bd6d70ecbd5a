//! Races by the hundred: a small run of what `goalpost races` does by the thousand.

use local_stack::postgres::Server;
use local_stack::races::{Kind, Options, Report, run};

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
async fn every_race_of_approvals_cancels_fan_in_and_claims_has_one_legal_end() {
    let report = race(&Kind::ALL, 100, None).await;
    for races in &report.kinds {
        assert_eq!(races.violations, 0, "{}: {:#?}", races.kind, races.told);
        assert_eq!(races.trials, 100);
        assert!(
            races.met > 0,
            "{}: nobody ever waited for another",
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
async fn without_the_lock_of_trees_the_races_find_what_goes_wrong() {
    let unlocked =
        "create or replace function goalpost_private.lock_trees(p_run_ids bigint[]) returns void
        language sql set search_path = '' as $$ select $$";
    let report = race(&[Kind::FanIn], 100, Some(unlocked)).await;
    assert!(report.violations() > 0, "the races would not notice");
}
