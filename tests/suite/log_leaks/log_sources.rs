//! Everything that a stack writes outside the tables of work, for searches.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use local_stack::stack::Stack;

/// Texts by source.
pub(super) struct LogSources(Vec<(String, String)>);

impl LogSources {
    /// Reads everything that this stack wrote, and the captured log of this process.
    pub(super) async fn of(stack: &Stack, log: &CapturedLog) -> Self {
        let mut found = vec![("the stack's own log".to_owned(), log.text())];
        for entry in std::fs::read_dir(stack.log_folder()).unwrap() {
            let path = entry.unwrap().path();
            found.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
        let database = stack
            .server()
            .connect("supabase_admin", stack.database())
            .await
            .unwrap();
        let data: String = database
            .query_one("show data_directory", &[])
            .await
            .unwrap()
            .get(0);
        let log = PathBuf::from(data).with_file_name("postgres.log");
        found.push((
            "the database server's log".to_owned(),
            std::fs::read_to_string(log).unwrap(),
        ));
        for table in [
            "net._http_response",
            "net.http_request_queue",
            "cron.job_run_details",
        ] {
            let rows = database
                .query_one(
                    &format!("select coalesce(string_agg(t::text, chr(10)), '') from {table} t"),
                    &[],
                )
                .await;
            found.push((table.to_owned(), rows.unwrap().get(0)));
        }
        Self(found)
    }

    /// Returns the sources that contain a word, with the line.
    pub(super) fn with(&self, word: &str) -> Vec<String> {
        let lines = self
            .0
            .iter()
            .flat_map(|(place, text)| text.lines().map(move |line| (place, line)));
        lines
            .filter(|(_, line)| line.contains(word))
            .map(|(place, line)| format!("{place}: {line}"))
            .collect()
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(_, text)| text.len()).sum()
    }
}

/// Log of this process, captured from `tracing`, including the stack's parts.
#[derive(Clone, Default)]
pub(super) struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// Captures the log from now on, except the libraries' messages below warnings.
    pub(super) fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(
                "debug,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,tokio_postgres=info",
            )
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber)
            .expect("no other subscriber in this process");
        log
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
