//! The heartbeat during a busy step.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use runtime::{Deadline, drain};
use secrecy::SecretString;
use store::{Config, Store};

use crate::support::Server;
use crate::{MINUTE, Project, completed, options, step};

/// Blocks the only thread of the step's runtime until the heartbeat has been received.
#[tokio::test]
async fn busy_step_does_not_starve_the_heartbeat() {
    let (beat, beats) = mpsc::channel();
    let beats = Arc::new(Mutex::new(beats));
    let (url_sender, url) = mpsc::channel();
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
            url_sender.send(server.url.clone()).unwrap();
            let _ = stopped.await;
        });
    });
    let config = Config::new(url.recv().unwrap(), "k".to_owned());
    let token = |_| async { Ok(SecretString::from("worker.token")) };
    let store = Store::new(config, Arc::new(token)).unwrap();
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 3;
    let report = drain(&store, options, |_, _| {
        let beats = Arc::clone(&beats);
        async move {
            // Until the claim's connection lies idle in the pool: no request arrives on it any more.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            let beats = beats.lock().unwrap();
            for _ in 0..2 {
                beats.recv_timeout(Duration::from_secs(20)).unwrap();
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
