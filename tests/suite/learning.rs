//! Learning through the real functions: the same kinds of goals get cheaper, and stay right.

use harness::learning::{self, Kind, Played, Settings, Weather};
use local_stack::stack::StackOptions;

/// Returns the goals of a kind in their order.
fn of(kind: Kind, played: &[Played], learns: bool) -> Vec<&Played> {
    let goals = played.iter();
    goals
        .filter(|one| one.kind == kind && one.learns == learns)
        .collect()
}

#[tokio::test]
async fn repeated_goals_follow_an_induced_runbook() {
    let settings = Settings {
        seeds: 1,
        goals: 25,
        weather: Weather::Calm,
    };
    let report = learning::run(settings, StackOptions::for_tests)
        .await
        .unwrap();
    assert!(
        report.played.iter().all(|one| one.is_right),
        "every answer is right: {:#?}",
        report.played
    );
    for kind in Kind::ALL {
        let goals = of(kind, &report.played, true);
        let (first, last) = (goals.first().unwrap(), goals.last().unwrap());
        assert_eq!(
            (first.runbook, last.runbook.is_some()),
            (None, true),
            "{kind:?} follows a runbook after the analysis of four goals: {:#?}",
            report.analyses
        );
        assert!(
            first.calls >= 4 && last.calls == 1,
            "{kind:?}: the assessment alone is left of {} calls, not {}",
            first.calls,
            last.calls
        );
        assert!(last.cost_microusd * 2 < first.cost_microusd, "{kind:?}");
        assert!(
            of(kind, &report.played, false)
                .iter()
                .all(|one| one.runbook.is_none()),
            "nothing is learned where nothing is analysed"
        );
    }
    assert_eq!(report.improvements, vec![("runbook applied".to_owned(), 5)]);
}
