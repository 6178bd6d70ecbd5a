//! `goalpost logs`: prints the logs of the functions or of Postgres from their files.
//!
//! The files outlive the stack, so logs can be read after it has stopped.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use local_stack::binaries::FUNCTIONS;
use local_stack::home::Home;

use super::{arguments, print, state, stop_signal};
use crate::render::Screen;

/// Bytes at a file's end that are read.
const TAIL_BYTES: u64 = 1_048_576;
const PAUSE: Duration = Duration::from_millis(200);

struct Log {
    name: String,
    path: PathBuf,
    read_to: u64,
    /// The start of an unfinished line.
    rest: Vec<u8>,
}

pub(super) async fn run(arguments: &arguments::Logs) -> anyhow::Result<()> {
    let home = Home::open()?;
    let running = state::running(&home)
        .ok()
        .flatten()
        .and_then(|state| state.stack);
    let folder = running.map_or_else(|| home.logs(), |stack| stack.logs);
    let names: Vec<&str> = match &arguments.function {
        Some(name) => vec![name],
        None => FUNCTIONS.to_vec(),
    };
    let mut logs: Vec<Log> = names
        .iter()
        .map(|name| Log::new(name, folder.join(format!("{name}.log"))))
        .collect();
    let mut found = false;
    for log in &mut logs {
        found |= log.path.exists();
        let lines = log.tail()?;
        let from = lines.len().saturating_sub(arguments.lines);
        log.show(lines.get(from..).unwrap_or_default(), names.len());
    }
    if !found && !arguments.follow {
        bail!(
            "there are no logs in {} yet.\nFunctions write some when they first work: cargo goalpost up",
            folder.display()
        );
    }
    if !arguments.follow {
        return Ok(());
    }
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
        for log in &mut logs {
            let lines = log.news()?;
            log.show(&lines, names.len());
        }
    }
}

impl Log {
    fn new(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            path,
            read_to: 0,
            rest: Vec::new(),
        }
    }

    /// Returns the last lines of the file.
    fn tail(&mut self) -> anyhow::Result<Vec<String>> {
        let length = self.path.metadata().map_or(0, |metadata| metadata.len());
        self.read_to = length.saturating_sub(TAIL_BYTES);
        let is_cut = self.read_to > 0;
        let mut lines = self.news()?;
        if is_cut && !lines.is_empty() {
            lines.remove(0);
        }
        Ok(lines)
    }

    /// Returns the complete lines since the last read.
    fn news(&mut self) -> anyhow::Result<Vec<String>> {
        let Ok(mut file) = File::open(&self.path) else {
            return Ok(Vec::new());
        };
        // A file that became shorter was replaced.
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.read_to {
            self.read_to = 0;
        }
        let reading = || format!("reading {}", self.path.display());
        file.seek(SeekFrom::Start(self.read_to))
            .with_context(reading)?;
        let read = file.read_to_end(&mut self.rest).with_context(reading)?;
        self.read_to += read as u64;
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        Ok(String::from_utf8_lossy(&whole)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    fn show(&self, lines: &[String], logs: usize) {
        let palette = Screen::stdout().palette;
        for line in lines {
            match logs {
                1 => print(line),
                _ => print(&format!(
                    "{} {line}",
                    palette.live(&format!("{:10}", self.name))
                )),
            }
        }
    }
}
