//! Server-sent events, as they come in pieces (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::time::Duration;

use reqwest::header::HeaderValue;

/// What has been read of a stream.
#[derive(Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<String>,
    last_id: Option<HeaderValue>,
    pause: Duration,
    bytes: usize,
}

impl Events {
    /// The data of the events that a piece completes.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<String> {
        self.bytes = self.bytes.saturating_add(chunk.len());
        let mut complete = Vec::new();
        for byte in chunk {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line).into_owned();
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                if !data.is_empty() {
                    complete.push(data.join("\n"));
                }
            } else {
                self.field(line);
            }
        }
        complete
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => self.data.push(value.to_owned()),
            "id" => {
                self.last_id = HeaderValue::from_str(value)
                    .ok()
                    .filter(|_| !value.is_empty())
            }
            "retry" => {
                if let Ok(milliseconds) = value.parse() {
                    self.pause = Duration::from_millis(milliseconds);
                }
            }
            // Comments keep a connection open; names of events mean nothing here.
            _ => {}
        }
    }

    /// The id of the last event, from which the stream may be taken up again.
    pub(super) fn last_id(&self) -> Option<HeaderValue> {
        self.last_id.clone()
    }

    /// How long the server wants to be left alone before that.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// All that was read.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
