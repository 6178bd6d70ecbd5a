//! The output of functions: appended to one file per function, and broadcast for `goalpost logs`.
//!
//! The platform's own START, END and REPORT lines stand between the function's lines, as in CloudWatch, so that a log
//! is complete by itself.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    sync::broadcast,
};

use super::ids::SandboxId;

/// Longer lines are cut into pieces, so that a function that never ends its line cannot fill memory.
const MAX_LINE_BYTES: u64 = 262_144;

/// One line out of a sandbox, or about it.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The function's name.
    pub function: Arc<str>,
    /// The sandbox of the line.
    pub sandbox: SandboxId,
    /// The line, without its end.
    pub text: String,
}

/// All functions' logs.
pub(super) struct Logs {
    folder: PathBuf,
    files: Mutex<HashMap<Arc<str>, File>>,
    lines: broadcast::Sender<LogLine>,
}

impl Logs {
    pub(super) fn open(folder: PathBuf) -> anyhow::Result<Self> {
        use anyhow::Context;
        std::fs::create_dir_all(&folder).with_context(|| {
            format!(
                "the log folder {} cannot be made; check its rights",
                folder.display()
            )
        })?;
        let (lines, _) = broadcast::channel(4096);
        Ok(Self {
            folder,
            files: Mutex::default(),
            lines,
        })
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    /// Appends one line. A full disk must not stop functions, so failing to write is not an error.
    pub(super) fn write(&self, function: &Arc<str>, sandbox: SandboxId, text: &str) {
        {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            if !files.contains_key(function) {
                let path = self.folder.join(format!("{function}.log"));
                match OpenOptions::new().create(true).append(true).open(&path) {
                    Ok(file) => drop(files.insert(Arc::clone(function), file)),
                    Err(error) => {
                        tracing::warn!(path = %path.display(), %error, "the log file cannot be opened")
                    }
                }
            }
            if let Some(file) = files.get_mut(function) {
                let mut line = Vec::with_capacity(text.len() + 1);
                line.extend_from_slice(text.as_bytes());
                line.push(b'\n');
                let _ = file.write_all(&line);
            }
        }
        // The usual case is no receiver.
        let _ = self.lines.send(LogLine {
            function: Arc::clone(function),
            sandbox,
            text: text.to_owned(),
        });
    }

    /// Copies a sandbox's output, line by line, until it ends.
    pub(super) async fn follow<R>(
        self: Arc<Self>,
        function: Arc<str>,
        sandbox: SandboxId,
        output: R,
    ) where
        R: AsyncRead + Unpin + Send,
    {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut reader)
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut line)
                .await
            {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line);
                    self.write(&function, sandbox, text.trim_end_matches(['\n', '\r']));
                }
            }
        }
    }
}
