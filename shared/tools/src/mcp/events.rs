//! Reads server-sent events, which arrive in pieces (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::time::Duration;

use reqwest::header::HeaderValue;

/// The state of a stream.
#[derive(Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// The last byte ended a line; a line feed after a carriage return belongs to the same end.
    after_return: bool,
    has_begun: bool,
    data: Vec<String>,
    last_id: Option<HeaderValue>,
    pause: Duration,
    bytes: usize,
}

impl Events {
    /// Returns the data of the events that a piece completes.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<String> {
        self.bytes = self.bytes.saturating_add(chunk.len());
        let mut complete = Vec::new();
        for byte in chunk {
            let is_second = std::mem::take(&mut self.after_return) && *byte == b'\n';
            match byte {
                b'\n' if is_second => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    complete.extend(self.end_line());
                }
                byte => self.line.push(*byte),
            }
        }
        complete
    }

    /// Returns the data of an event that the stream ended in. Half an event is no JSON.
    pub(super) fn finish(&mut self) -> Option<String> {
        let complete = self.end_line();
        complete.or_else(|| self.end_line())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let mark = Some('\u{feff}').filter(|_| !std::mem::replace(&mut self.has_begun, true));
        let line = mark.map_or(&*line, |mark| line.trim_start_matches(mark));
        if !line.is_empty() {
            self.field(line);
            return None;
        }
        let data = std::mem::take(&mut self.data);
        (!data.is_empty()).then(|| data.join("\n"))
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

    /// Returns the id of the last event, from which the stream may be resumed.
    pub(super) fn last_id(&self) -> Option<HeaderValue> {
        self.last_id.clone()
    }

    /// Returns the pause that the server requests before that.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// Returns the bytes read so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
