//! Tests of creating, starting, ending and removing clusters.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

fn place(home: &Home) -> Cluster {
    Cluster {
        home: home.clone(),
        binaries: wheel::ensure(home, &Progress::quiet()).unwrap(),
        extensions: extensions::ensure(home, &Progress::quiet()).unwrap(),
        data: home.data(),
        log: home.logs().join("postgres.log"),
        doomed: None,
        settings: Vec::new(),
    }
}

#[tokio::test]
async fn stack_data_outlives_a_restart() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Stack).unwrap();
    let admin = server.connect(SUPERUSER, "postgres").await.unwrap();
    admin
        .batch_execute("create table kept (id int); insert into kept values (7)")
        .await
        .unwrap();
    drop(server);
    let again = server_of(&home, Purpose::Stack).unwrap();
    let admin = again.connect(SUPERUSER, "postgres").await.unwrap();
    assert_eq!(
        text(&admin, "select id from kept").await.as_deref(),
        Some("7")
    );
    assert_eq!(
        Address::recorded(&home).unwrap().unwrap().port(),
        again.port()
    );
}

#[tokio::test]
async fn committed_rows_survive_a_crash() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    let admin = server.connect(SUPERUSER, "postgres").await.unwrap();
    admin
        .batch_execute("create table kept (id int); insert into kept values (7)")
        .await
        .unwrap();
    server.crash().unwrap();
    assert!(!server.is_running());
    admin.batch_execute("select 1").await.unwrap_err();
    server.start_again().unwrap();
    let admin = server.connect(SUPERUSER, "postgres").await.unwrap();
    assert_eq!(
        text(&admin, "select id from kept").await.as_deref(),
        Some("7")
    );
    server.start_again().expect_err("it runs already");
}

#[test]
fn stopped_server_has_ended() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    server.stop().unwrap();
    assert!(!server.is_running());
    TcpListener::bind(("127.0.0.1", server.port())).expect("its port is free again");
    server.start_again().unwrap();
    assert!(server.is_running());
}

/// Compares each number with each other one, without a check for interrupts.
const UNINTERRUPTIBLE: &str = "select array(select generate_series(1, 1000000)) <@ array(select generate_series(1000000, 1, -1))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_session_ignoring_interrupts() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    let busy = server.connect(SUPERUSER, "postgres").await.unwrap();
    let pid = text(&busy, "pg_backend_pid()").await.unwrap();
    let work = tokio::spawn(async move { busy.batch_execute(UNINTERRUPTIBLE).await });
    let watch = server.connect(SUPERUSER, "postgres").await.unwrap();
    let is_at_work = format!(
        "exists (select from pg_stat_activity where pid = {pid} and state = 'active' and query like '%<@%')"
    );
    while !is_true(&watch, &is_at_work).await {
        tokio::task::yield_now().await;
    }
    server.stop().unwrap();
    assert!(!server.is_running());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    work.await.unwrap().unwrap_err();
}

#[test]
fn test_cluster_leaves_nothing_behind() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    assert_eq!(std::fs::read_dir(home.test_clusters()).unwrap().count(), 1);
    drop(server);
    assert_eq!(std::fs::read_dir(home.test_clusters()).unwrap().count(), 0);
}

#[test]
fn only_clusters_of_dead_processes_are_removed() {
    let (_base, home) = home_of_its_own();
    let living = server_of(&home, Purpose::Tests).unwrap();
    let dead = home.test_clusters().join("left_over");
    std::fs::create_dir_all(dead.join("data")).unwrap();
    let other = server_of(&home, Purpose::Tests).unwrap();
    assert!(!dead.exists());
    assert!(living.is_running() && other.is_running());
}

#[test]
fn taken_port_is_avoided_and_another_reported() {
    let (_base, home) = home_of_its_own();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let cluster = place(&home);
    let _ = cluster.make().unwrap();
    let running = cluster.start(Some(port)).unwrap();
    assert_ne!(running.port, port);
}

#[test]
fn reused_process_number_does_not_stop_the_start() {
    let (_base, home) = home_of_its_own();
    let cluster = place(&home);
    let _ = cluster.make().unwrap();
    let stale = format!(
        "{}\n{}\n1\n5432\n\n127.0.0.1\n1 1\nready\n",
        std::process::id(),
        home.data().display()
    );
    std::fs::write(home.data().join("postmaster.pid"), stale).unwrap();
    let running = cluster.start(None).unwrap();
    assert_ne!(
        running::server_pid(&home.data()),
        i32::try_from(std::process::id()).ok()
    );
    drop(running);
}

#[test]
fn server_without_watcher_is_stopped_before_next_start() {
    let (_base, home) = home_of_its_own();
    let cluster = place(&home);
    let _ = cluster.make().unwrap();
    let first = cluster.start(None).unwrap();
    let pid = running::server_pid(&home.data()).unwrap();
    first.kill_watcher();
    assert!(Path::new(&format!("/proc/{pid}")).exists() || cfg!(not(target_os = "linux")));
    let second = cluster.start(None).unwrap();
    assert_ne!(running::server_pid(&home.data()), Some(pid));
    drop(second);
}

#[test]
fn incomplete_cluster_is_created_anew() {
    let (_base, home) = home_of_its_own();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("PG_VERSION"), "18\n").unwrap();
    assert!(server_of(&home, Purpose::Stack).unwrap().is_running());
}

#[test]
fn incomplete_extensions_are_created_anew() {
    let (_base, home) = home_of_its_own();
    let folder = extensions::ensure(&home, &Progress::quiet()).unwrap();
    std::fs::remove_file(folder.join("complete")).unwrap();
    std::fs::write(folder.join("extension/pg_net.control"), "half").unwrap();
    let again = extensions::ensure(&home, &Progress::quiet()).unwrap();
    assert_eq!(again, folder);
    let control = std::fs::read_to_string(folder.join("extension/pg_net.control")).unwrap();
    assert!(control.contains("default_version"), "{control}");
}

#[test]
fn second_stack_on_same_data_is_refused() {
    let (_base, home) = home_of_its_own();
    let _first = server_of(&home, Purpose::Stack).unwrap();
    let error = server_of(&home, Purpose::Stack).unwrap_err().to_string();
    assert!(error.contains("goalpost down"), "{error}");
}

#[test]
fn failed_start_shows_the_servers_output() {
    let (_base, home) = home_of_its_own();
    let cluster = place(&home);
    let _ = cluster.make().unwrap();
    std::fs::write(
        home.data().join("postgresql.conf"),
        "no_such_setting = on\n",
    )
    .unwrap();
    let error = cluster.start(None).unwrap_err().to_string();
    assert!(error.contains("no_such_setting"), "{error}");
}

const CHILD: &str = "GOALPOST_TEST_HOLD_A_SERVER_IN";

/// Holds a server for the next test, which runs this one in another process and kills it.
#[test]
fn process_holding_a_server() {
    let Some(base) = std::env::var_os(CHILD) else {
        return;
    };
    let base = Path::new(&base);
    let home = Home::at(base, &base.join("home")).unwrap();
    let server = server_of(&home, Purpose::Tests).unwrap();
    println!("\nPORT {}", server.port());
    loop {
        std::thread::park();
    }
}

#[test]
fn server_ends_with_a_killed_process() {
    let (base, home) = home_of_its_own();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::clusters::process_holding_a_server",
            "--nocapture",
        ])
        .env(CHILD, base.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let port = lines
        .find_map(|line| line.strip_prefix("PORT ").map(str::to_owned))
        .unwrap();
    let port: u16 = port.parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the server has ended", || {
        TcpListener::bind(("127.0.0.1", port)).is_ok()
    });
    eventually("its folder is gone", || {
        std::fs::read_dir(home.test_clusters()).unwrap().count() == 0
    });
}
