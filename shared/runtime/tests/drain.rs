//! Order and timing of a drain, against a scripted API. The database's part in these calls is tested where there is a
//! database; these tests cover cases that are hard to cause there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../../store/tests/support/mod.rs"]
mod support;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use domain::{StepKind, ToolCallResult};
use runtime::{Deadline, DrainOptions, DrainReport, StepContext, drain};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{ClaimedStep, Config, Outcome, Store};
use support::{Received, Reply, Server};
use tokio::sync::{Barrier, Notify};

const MINUTE: Duration = Duration::from_secs(60);

fn step(key: &str) -> Value {
    json!({"run_id": 1, "step_key": key, "kind": "tool", "title": key, "lease_epoch": 3, "attempt": 1,
        "max_attempts": 3, "timeout_seconds": 300, "workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "goal_id": null, "request_id": 5, "input": {}, "context": {}})
}

/// A project that returns these steps, one batch per claim with capacity, and judges each outcome by `verdict`.
struct Project {
    batches: Mutex<Vec<Vec<Value>>>,
    verdict: fn(&Value) -> (&'static str, Option<&'static str>),
    is_held: bool,
}

impl Project {
    fn with(batches: Vec<Vec<Value>>) -> Self {
        Self {
            batches: Mutex::new(batches),
            verdict: |_| ("accepted", None),
            is_held: true,
        }
    }

    fn hand_out(&self, request: &Received) -> Value {
        let mut batches = self.batches.lock().unwrap();
        if request.body["p_limit"] == 0 || batches.is_empty() {
            return json!([]);
        }
        json!(batches.remove(0))
    }

    fn answer(&self, request: &Received) -> Reply {
        let reply = match request.function() {
            "claim_steps" => self.hand_out(request),
            "finish_steps" => json!({"outcomes": self.judge(request), "claimed": self.hand_out(request)}),
            "heartbeat_steps" => list(&request.body["p_leases"])
                .map(|lease| {
                    json!({"run_id": lease["run_id"], "step_key": lease["step_key"], "held": self.is_held})
                })
                .collect(),
            other => panic!("nobody calls {other}"),
        };
        Reply::Json(200, reply)
    }

    fn judge(&self, request: &Received) -> Value {
        list(&request.body["p_outcomes"])
            .map(|outcome| {
                let (verdict, message) = (self.verdict)(outcome);
                json!({"run_id": outcome["run_id"], "step_key": outcome["step_key"], "verdict": verdict,
                    "message": message})
            })
            .collect()
    }

    async fn start(self) -> Server {
        let project = Arc::new(self);
        Server::start(move |request| {
            let reply = project.answer(&request);
            async move { reply }
        })
        .await
    }
}

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().unwrap().iter()
}

fn options(deadline: Deadline) -> DrainOptions {
    DrainOptions {
        kinds: vec![StepKind::Tool],
        batch: 10,
        lease_seconds: 30,
        worker_name: "test".to_owned(),
        wake_id: None,
        run_id: None,
        deadline,
    }
}

fn store_at(server: &Server) -> Store {
    let config = Config::new(server.url.clone(), "sb_publishable_local".to_owned());
    let token = |_| async { Ok(SecretString::from("worker.token")) };
    Store::new(config, Arc::new(token)).unwrap()
}

async fn drain_with<W, F>(server: &Server, options: DrainOptions, work: W) -> DrainReport
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    drain(&store_at(server), options, work).await.unwrap()
}

fn completed() -> Outcome {
    Outcome::Completed {
        result: json!({"text": "done"}),
    }
}

/// Returns the outcomes of each report, as (step, outcome) in the order of the steps.
fn reports(server: &Server) -> Vec<Vec<(String, String)>> {
    finish_calls(server)
        .iter()
        .map(|call| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let mut outcomes: Vec<_> = list(&call["p_outcomes"])
                .map(|outcome| (text(&outcome["step_key"]), text(&outcome["outcome"])))
                .collect();
            outcomes.sort();
            outcomes
        })
        .collect()
}

fn finish_calls(server: &Server) -> Vec<Value> {
    let received = server.received();
    let calls = received.iter();
    calls
        .filter(|request| request.function() == "finish_steps")
        .map(|request| request.body.clone())
        .collect()
}

fn pair(key: &str, outcome: &str) -> (String, String) {
    (key.to_owned(), outcome.to_owned())
}

#[tokio::test]
async fn a_drain_that_finds_nothing_makes_one_call() {
    let server = Project::with(vec![]).start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!(
        report,
        DrainReport {
            rpc_calls: 1,
            ..DrainReport::default()
        }
    );
}

#[tokio::test]
async fn a_drain_with_too_little_time_claims_nothing() {
    let server = Project::with(vec![vec![step("a")]]).start().await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(1), Duration::from_secs(1));
    drain_with(&server, options(deadline), |_, _| async { completed() }).await;
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn the_error_of_the_first_claim_is_the_drains() {
    let server = Server::replying(vec![Reply::Json(
        400,
        json!({"code": "ZG003", "message": "no"}),
    )])
    .await;
    let result = drain(
        &store_at(&server),
        options(Deadline::after(MINUTE)),
        |_, _| async { completed() },
    )
    .await;
    assert_eq!(result.unwrap_err().code(), "invalid_input");
}

#[tokio::test]
async fn outcomes_of_the_same_moment_travel_in_one_call() {
    let server = Project::with(vec![vec![step("a"), step("b"), step("c")]])
        .start()
        .await;
    let barrier = Arc::new(Barrier::new(3));
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            completed()
        }
    })
    .await;
    assert_eq!(
        reports(&server),
        [[
            pair("a", "completed"),
            pair("b", "completed"),
            pair("c", "completed")
        ]]
    );
    assert_eq!(
        (report.claimed, report.completed, report.rpc_calls),
        (3, 3, 2)
    );
}

#[tokio::test]
async fn a_report_hands_back_the_next_work_and_the_drain_ends_when_there_is_none() {
    let server = Project::with(vec![vec![step("a")], vec![step("b")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!(
        reports(&server),
        [[pair("a", "completed")], [pair("b", "completed")]]
    );
    assert_eq!(
        (report.claimed, report.completed, report.rpc_calls),
        (2, 2, 3)
    );
}

#[tokio::test]
async fn work_is_asked_for_up_to_the_free_capacity() {
    let server = Project::with(vec![vec![step("a"), step("b"), step("slow")]])
        .start()
        .await;
    let mut options = options(Deadline::after(MINUTE));
    options.batch = 3;
    let reported = Arc::new(Notify::new());
    let (barrier, others) = (Arc::new(Barrier::new(2)), Arc::clone(&reported));
    let watching = &server;
    let work = |step: ClaimedStep, _| {
        let (barrier, others) = (Arc::clone(&barrier), Arc::clone(&others));
        async move {
            if step.step_key.as_str() == "slow" {
                others.notified().await;
            } else {
                barrier.wait().await;
            }
            completed()
        }
    };
    let release = async {
        while finish_calls(watching).is_empty() {
            tokio::task::yield_now().await;
        }
        reported.notify_one();
    };
    tokio::join!(drain_with(watching, options, work), release);
    let limits: Vec<Value> = finish_calls(&server)
        .iter()
        .map(|call| call["p_limit"].clone())
        .collect();
    assert_eq!(limits, [2, 3]);
}

#[tokio::test]
async fn steps_go_on_while_a_report_is_under_way() {
    let project = Arc::new(Project::with(vec![vec![step("a"), step("b")]]));
    let (b_is_done, tell) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (reached, waiting) = (Arc::clone(&tell), Arc::clone(&b_is_done));
    // The first report is answered only after step b, started before it, has ended.
    let server = Server::start(move |request| {
        let (project, reached, waiting) = (
            Arc::clone(&project),
            Arc::clone(&reached),
            Arc::clone(&waiting),
        );
        async move {
            let is_first = request.function() == "finish_steps"
                && request.body["p_outcomes"][0]["step_key"] == "a";
            if is_first {
                reached.notify_one();
                waiting.notified().await;
            }
            project.answer(&request)
        }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        let (tell, b_is_done) = (Arc::clone(&tell), Arc::clone(&b_is_done));
        async move {
            if step.step_key.as_str() == "b" {
                tell.notified().await;
                b_is_done.notify_one();
            }
            completed()
        }
    })
    .await;
    assert_eq!(
        reports(&server),
        [[pair("a", "completed")], [pair("b", "completed")]]
    );
    assert_eq!(report.completed, 2);
}

#[tokio::test]
async fn a_panic_fails_its_own_step_alone() {
    let server = Project::with(vec![vec![step("early"), step("fine"), step("late")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        assert!(step.step_key.as_str() != "early", "asked to");
        async move {
            assert!(step.step_key.as_str() != "late", "asked to");
            completed()
        }
    })
    .await;
    assert_eq!((report.completed, report.failed), (1, 2));
    let failed: Vec<Value> = finish_calls(&server)
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]).cloned().collect::<Vec<_>>())
        .filter(|outcome| outcome["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 2);
    for outcome in failed {
        assert_eq!(outcome["error"]["code"], "panicked");
        assert_eq!(outcome["error"]["retryable"], true);
    }
}

#[tokio::test]
async fn a_step_over_its_time_limit_fails_retryably() {
    let mut slow = step("slow");
    slow["timeout_seconds"] = json!(1);
    let server = Project::with(vec![vec![slow]]).start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| pending()).await;
    assert_eq!(report.failed, 1);
    let outcome = &finish_calls(&server)[0]["p_outcomes"][0];
    assert_eq!(outcome["error"]["code"], "step_timed_out");
    assert_eq!(outcome["error"]["retryable"], true);
}

#[tokio::test]
async fn a_refused_result_is_followed_by_a_terminal_failure_under_the_same_lease() {
    let mut project = Project::with(vec![vec![step("plan")]]);
    project.verdict = |outcome| match outcome["outcome"].as_str() {
        Some("completed") => ("refused", Some("the plan has a cycle")),
        _ => ("accepted", None),
    };
    let server = project.start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    let calls = finish_calls(&server);
    assert_eq!(
        calls[1]["p_outcomes"][0],
        json!({"run_id": 1, "step_key": "plan", "lease_epoch": 3, "outcome": "failed",
            "error": {"code": "refused", "message": "the plan has a cycle", "retryable": false,
                "retry_after_seconds": null}})
    );
    assert_eq!((calls.len(), report.failed, report.completed), (2, 1, 0));
}

/// Counts the futures that hold it when they are dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn lost_lease_stops_the_step_and_reports_nothing() {
    let mut project = Project::with(vec![vec![step("taken")]]);
    project.is_held = false;
    project.verdict = |_| ("lease_lost", None);
    let server = project.start().await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let drops = Arc::new(AtomicUsize::new(0));
    let report = drain_with(&server, options, |_, _| {
        let guard = Dropped(Arc::clone(&drops));
        async move {
            let _guard = guard;
            pending().await
        }
    })
    .await;
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert_eq!((report.lost, report.completed, report.released), (1, 0, 0));
    let reported: Vec<_> = reports(&server).into_iter().flatten().collect();
    assert_eq!(reported, []);
}

#[tokio::test]
async fn after_a_lost_lease_the_drain_looks_for_work_once_more() {
    let mut project = Project::with(vec![vec![step("taken")], vec![step("next")]]);
    project.is_held = false;
    let server = project.start().await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let report = drain_with(&server, options, |step, _| async move {
        if step.step_key.as_str() == "taken" {
            pending::<()>().await;
        }
        completed()
    })
    .await;
    assert_eq!((report.claimed, report.lost, report.completed), (2, 1, 1));
    assert_eq!(reports(&server), [vec![], vec![pair("next", "completed")]]);
}

#[tokio::test]
async fn a_late_outcome_that_lost_its_lease_is_counted_as_lost() {
    let mut project = Project::with(vec![vec![step("late")]]);
    project.verdict = |_| ("lease_lost", None);
    let server = project.start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.lost, report.completed), (1, 0));
}

#[tokio::test]
async fn before_the_deadline_steps_are_asked_to_stop_then_stopped_and_all_are_put_back() {
    let server = Project::with(vec![
        vec![step("deaf"), step("heeding")],
        vec![step("never")],
    ])
    .start()
    .await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(4), Duration::from_secs(3));
    let drops = Arc::new(AtomicUsize::new(0));
    let report = drain_with(&server, options(deadline), |step, context| {
        let guard = Dropped(Arc::clone(&drops));
        async move {
            let _guard = guard;
            if step.step_key.as_str() == "deaf" {
                return pending().await;
            }
            context.stopping().await;
            assert!(context.is_stopping() && context.remaining() == Duration::ZERO);
            Outcome::Released
        }
    })
    .await;
    assert_eq!(drops.load(Ordering::SeqCst), 2);
    assert_eq!((report.claimed, report.released, report.lost), (2, 2, 0));
    assert_eq!(
        reports(&server),
        [[pair("heeding", "released")], [pair("deaf", "released")]]
    );
    let calls = finish_calls(&server);
    assert!(calls.iter().all(|call| call["p_limit"] == 0));
}

#[tokio::test]
async fn after_a_step_was_put_back_for_want_of_time_nothing_more_is_claimed() {
    let server = Project::with(vec![vec![step("long")], vec![step("long")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        Outcome::Released
    })
    .await;
    assert_eq!((report.claimed, report.released), (1, 1));
    let calls = finish_calls(&server);
    assert_eq!((calls.len(), &calls[0]["p_limit"]), (1, &json!(0)));
}

#[tokio::test]
async fn calls_that_ended_travel_with_the_outcome_unless_they_were_told_before() {
    let result = |number: i32| ToolCallResult::Done(json!({"n": number}));
    let server = Project::with(vec![vec![step("told"), step("dropped")]])
        .start()
        .await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(3), Duration::from_secs(2));
    drain_with(&server, options(deadline), |step, context| async move {
        context.record_call(1, result(1));
        context.record_call(2, result(2));
        context.record_call(3, ToolCallResult::Done(json!("a\0b")));
        if step.step_key.as_str() == "dropped" {
            return pending().await;
        }
        context.calls_were_recorded(&[(1, result(1))].into());
        completed()
    })
    .await;
    let calls_of = |key: &str| {
        let calls = finish_calls(&server);
        let mut outcomes = calls
            .iter()
            .flat_map(|call| list(&call["p_outcomes"]).cloned());
        let outcome = outcomes.find(|outcome| outcome["step_key"] == key).unwrap();
        let calls = list(&outcome["calls"]).map(|call| {
            let code = call["error"]["code"].as_str().unwrap_or("none");
            (call["number"].as_i64().unwrap(), code.to_owned())
        });
        calls.collect::<Vec<_>>()
    };
    let odd = (3, "result_not_storable".to_owned());
    let fine = |number| (number, "none".to_owned());
    assert_eq!(calls_of("told"), [fine(2), odd.clone()]);
    assert_eq!(calls_of("dropped"), [fine(1), fine(2), odd]);
}

#[tokio::test]
async fn outcomes_are_kept_while_the_database_is_away_and_the_lease_holds() {
    let project = Project::with(vec![vec![step("a")]]);
    let failures = AtomicUsize::new(0);
    // More than the store repeats by itself.
    let server = Server::start(move |request| {
        let is_away =
            request.function() == "finish_steps" && failures.fetch_add(1, Ordering::SeqCst) < 4;
        let reply = if is_away {
            Reply::Json(503, json!({"code": "PGRST001", "message": "away"}))
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.completed, report.abandoned), (1, 0));
}

#[tokio::test]
async fn after_a_lost_reply_the_drain_tells_what_it_holds_and_works_on_what_it_is_handed_again() {
    let project = Project::with(vec![vec![step("a"), step("slow")], vec![step("b")]]);
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        // The reply of the first report, and all repeats of it, are lost; its claims are returned again.
        let is_lost =
            request.function() == "finish_steps" && calls.fetch_add(1, Ordering::SeqCst) < 3;
        let reply = if is_lost {
            Reply::Hangup
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let reported = Arc::new(Notify::new());
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        let reported = Arc::clone(&reported);
        async move {
            match step.step_key.as_str() {
                "slow" => reported.notified().await,
                "b" => reported.notify_one(),
                _ => {}
            }
            completed()
        }
    })
    .await;
    assert_eq!((report.claimed, report.completed), (3, 3));
    let finishes: Vec<Value> = server
        .received()
        .iter()
        .filter(|request| request.function() == "finish_steps")
        .map(|request| request.body["p_holding"].clone())
        .collect();
    assert_eq!(finishes[0], json!(null));
    for holding in &finishes[1..4] {
        assert_eq!(holding[0]["step_key"], "slow", "{finishes:?}");
        assert_eq!(list(holding).len(), 1);
    }
    assert_eq!(
        finishes[4],
        json!(null),
        "a reply came: nothing is unknown any more"
    );
}

#[tokio::test]
async fn outcomes_are_given_up_when_the_database_stays_away_longer_than_the_lease() {
    let project = Project::with(vec![vec![step("a")]]);
    let server = Server::start(move |request| {
        let reply = match request.function() {
            "claim_steps" => project.answer(&request),
            _ => Reply::Json(503, json!({"code": "PGRST001", "message": "away"})),
        };
        async move { reply }
    })
    .await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let begun = Instant::now();
    let report = drain_with(&server, options, |_, _| async { completed() }).await;
    assert_eq!(report.completed, 0);
    assert_eq!(report.abandoned + report.lost, 1);
    assert!(
        begun.elapsed() < MINUTE / 2,
        "with the lease, and not only with the deadline"
    );
}

#[tokio::test]
async fn an_outcome_that_the_database_cannot_take_harms_no_other() {
    let project = Project::with(vec![vec![step("a"), step("poison"), step("z")]]);
    let server = Server::start(move |request| {
        let is_poisoned = request.function() == "finish_steps"
            && list(&request.body["p_outcomes"])
                .any(|outcome| outcome["result"]["text"] == "poison");
        let reply = if is_poisoned {
            Reply::Json(400, json!({"code": "22P02", "message": "invalid input"}))
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let report = drain_with(
        &server,
        options(Deadline::after(MINUTE)),
        |step, _| async move {
            if step.step_key.as_str() == "poison" {
                return Outcome::Completed {
                    result: json!({"text": "poison"}),
                };
            }
            completed()
        },
    )
    .await;
    assert_eq!(
        (report.completed, report.failed, report.abandoned),
        (2, 1, 0)
    );
    let last = finish_calls(&server).pop().unwrap();
    let all = finish_calls(&server);
    let replaced = all
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]))
        .find(|outcome| outcome["outcome"] == "failed")
        .unwrap();
    assert_eq!(replaced["step_key"], "poison");
    assert_eq!(replaced["error"]["code"], "outcome_rejected");
    assert_eq!(replaced["error"]["retryable"], false);
    assert_eq!(last["p_outcomes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_result_that_could_not_be_told_to_others_fails_its_step_and_is_not_sent() {
    let project = Project::with(vec![vec![step("a"), step("deep"), step("nul")]]);
    let server = Server::start(move |request| {
        let reply = project.answer(&request);
        async move { reply }
    })
    .await;
    let report = drain_with(
        &server,
        options(Deadline::after(MINUTE)),
        |step, _| async move {
            match step.step_key.as_str() {
                "deep" => Outcome::Completed {
                    result: (0..100).fold(json!(1), |inner, _| json!([inner])),
                },
                "nul" => Outcome::Completed {
                    result: json!({"text": "\u{0}"}),
                },
                _ => completed(),
            }
        },
    )
    .await;
    assert_eq!((report.completed, report.failed), (1, 2));
    let calls = finish_calls(&server);
    let failed: Vec<_> = calls
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]))
        .filter(|outcome| outcome["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 2);
    for outcome in failed {
        assert_eq!(outcome["error"]["code"], "result_not_storable");
        assert_eq!(outcome["error"]["retryable"], false);
        assert!(outcome["result"].is_null());
    }
}

#[tokio::test]
async fn after_a_reply_that_cannot_be_read_nothing_more_is_claimed() {
    let project = Project::with(vec![vec![step("a"), step("b")]]);
    let server = Server::start(move |request| {
        let reply = match request.function() {
            "finish_steps" if request.body["p_limit"] != 0 => Reply::Json(
                200,
                json!({"outcomes": project.judge(&request), "claimed": [{}]}),
            ),
            _ => project.answer(&request),
        };
        async move { reply }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.completed, report.abandoned), (2, 0));
    let limits: Vec<Value> = finish_calls(&server)
        .iter()
        .map(|call| call["p_limit"].clone())
        .collect();
    assert_eq!(limits, [10, 0, 0]);
}

/// Blocks the only thread of the step's runtime until the heartbeat has been received.
#[tokio::test]
async fn a_step_that_computes_without_pause_cannot_starve_the_heartbeat() {
    let (beat, heard) = mpsc::channel();
    let heard = Arc::new(Mutex::new(heard));
    let (tell_url, url) = mpsc::channel();
    // The API has a thread of its own, as in production.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let api = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let project = Project::with(vec![vec![step("busy")]]);
            let server = Server::start(move |request| {
                if request.function() == "heartbeat_steps" {
                    let _ = beat.send(());
                }
                let reply = project.answer(&request);
                async move { reply }
            })
            .await;
            tell_url.send(server.url.clone()).unwrap();
            let _ = stopped.await;
        });
    });
    let config = Config::new(url.recv().unwrap(), "k".to_owned());
    let token = |_| async { Ok(SecretString::from("worker.token")) };
    let store = Store::new(config, Arc::new(token)).unwrap();
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 3;
    let report = drain(&store, options, |_, _| {
        let heard = Arc::clone(&heard);
        async move {
            // Until the claim's connection lies idle in the pool: no request arrives on it any more.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            let heard = heard.lock().unwrap();
            for _ in 0..2 {
                heard.recv_timeout(Duration::from_secs(20)).unwrap();
            }
            completed()
        }
    })
    .await
    .unwrap();
    assert_eq!((report.completed, report.lost), (1, 0));
    // Claim, two beats, report: no beat was lost on a connection that the step had stalled.
    assert_eq!(report.rpc_calls, 4);
    drop(stop);
    api.join().unwrap();
}
