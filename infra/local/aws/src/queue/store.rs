//! One standard queue: its messages and their visibility.
//!
//! Receiving a message does not remove it, it hides it. Only deleting it with the receipt of the *latest* receive
//! removes it, so a consumer that ends loses nothing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::Utc;
use tokio::sync::Notify;
use uuid::Uuid;

use super::message::Message;

/// A queue.
pub struct Queue {
    name: String,
    arn: String,
    visibility_timeout: Duration,
    dead_letters: Option<(Arc<Queue>, u32)>,
    contents: Mutex<Contents>,
    arrived: Notify,
}

/// A message as its receiver reads it.
#[derive(Clone, Debug)]
pub struct Received {
    /// The message's id, the same at each receive.
    pub message_id: Uuid,
    /// The handle that deletes it, until the next receive creates a new one.
    pub receipt_handle: String,
    /// The message.
    pub message: Message,
    /// The number of receives, including this one.
    pub receive_count: u32,
    /// The time at which it was sent, in milliseconds since 1970.
    pub sent_epoch_ms: i64,
    /// The time of its first receive, in milliseconds since 1970.
    pub first_received_epoch_ms: i64,
}

struct Stored {
    message_id: Uuid,
    message: Message,
    receive_count: u32,
    sent_epoch_ms: i64,
    first_received_epoch_ms: Option<i64>,
    receipt: Option<String>,
}

/// The time at which a message becomes visible, and a number that orders messages of the same moment.
type Place = (Instant, u64);

#[derive(Default)]
struct Contents {
    messages: BTreeMap<Place, Stored>,
    by_receipt: HashMap<String, Place>,
    placed: u64,
}

impl Queue {
    pub(super) fn new(
        name: String,
        arn: String,
        visibility_timeout: Duration,
        dead_letters: Option<(Arc<Self>, u32)>,
    ) -> Self {
        Self {
            name,
            arn,
            visibility_timeout,
            dead_letters,
            contents: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Stores a message; it can be received after the delay.
    pub fn send(&self, message: Message, delay: Duration) -> Uuid {
        let message_id = Uuid::new_v4();
        self.put(
            Stored {
                message_id,
                message,
                receive_count: 0,
                sent_epoch_ms: Utc::now().timestamp_millis(),
                first_received_epoch_ms: None,
                receipt: None,
            },
            Instant::now() + delay,
        );
        message_id
    }

    fn put(&self, stored: Stored, visible_at: Instant) {
        self.with_contents(|contents| contents.place(stored, visible_at));
        self.arrived.notify_one();
    }

    /// Receives up to `limit` visible messages whose bodies do not exceed `byte_limit` together (but at least one, if
    /// there is one), and hides them. Messages that were received too often go to the dead-letter queue instead.
    pub fn receive(&self, limit: usize, byte_limit: usize) -> Vec<Received> {
        let now = Instant::now();
        let mut received = Vec::new();
        let mut dead = Vec::new();
        self.with_contents(|contents| {
            let mut bytes = 0;
            while received.len() < limit {
                let Some(place) = contents.first_visible(now) else {
                    break;
                };
                let size = contents
                    .messages
                    .get(&place)
                    .map_or(0, |stored| stored.message.size());
                if !received.is_empty() && bytes + size > byte_limit {
                    break;
                }
                let Some(mut stored) = contents.take(place) else {
                    break;
                };
                if self
                    .dead_letters
                    .as_ref()
                    .is_some_and(|(_, max)| stored.receive_count >= *max)
                {
                    dead.push(stored);
                    continue;
                }
                bytes += size;
                received.push(stored.receive());
                contents.place(stored, now + self.visibility_timeout);
            }
        });
        if let Some((target, _)) = &self.dead_letters {
            for stored in dead {
                target.put(stored, now);
            }
        }
        received
    }

    /// Deletes a message. `false` if the receipt is an old one, or the message is gone.
    pub fn delete(&self, receipt_handle: &str) -> bool {
        self.with_contents(|contents| {
            contents
                .by_receipt
                .get(receipt_handle)
                .copied()
                .and_then(|place| contents.take(place))
                .is_some()
        })
    }

    /// Returns all messages, hidden or not, without receiving them: for `goalpost status`, and to inspect dead letters.
    pub fn list(&self) -> Vec<Received> {
        self.with_contents(|contents| contents.messages.values().map(Stored::view).collect())
    }

    /// Returns the number of messages, hidden or not.
    pub fn len(&self) -> usize {
        self.with_contents(|contents| contents.messages.len())
    }

    /// Returns true if it has no messages.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until there is a visible message.
    pub async fn wait_visible(&self) {
        loop {
            let arrived = self.arrived.notified();
            match self.with_contents(|contents| {
                contents
                    .messages
                    .keys()
                    .next()
                    .map(|(visible_at, _)| *visible_at)
            }) {
                Some(visible_at) if visible_at <= Instant::now() => return,
                Some(visible_at) => {
                    // After the first of the two, check again.
                    let _ = tokio::time::timeout_at(visible_at.into(), arrived).await;
                }
                None => arrived.await,
            }
        }
    }

    fn with_contents<R>(&self, access: impl FnOnce(&mut Contents) -> R) -> R {
        access(&mut self.contents.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Contents {
    fn place(&mut self, stored: Stored, visible_at: Instant) {
        self.placed += 1;
        let place = (visible_at, self.placed);
        if let Some(receipt) = &stored.receipt {
            self.by_receipt.insert(receipt.clone(), place);
        }
        self.messages.insert(place, stored);
    }

    fn take(&mut self, place: Place) -> Option<Stored> {
        let stored = self.messages.remove(&place)?;
        if let Some(receipt) = &stored.receipt {
            self.by_receipt.remove(receipt);
        }
        Some(stored)
    }

    fn first_visible(&self, now: Instant) -> Option<Place> {
        self.messages
            .keys()
            .next()
            .copied()
            .filter(|(visible_at, _)| *visible_at <= now)
    }
}

impl Stored {
    fn receive(&mut self) -> Received {
        self.receive_count += 1;
        self.first_received_epoch_ms
            .get_or_insert_with(|| Utc::now().timestamp_millis());
        self.receipt = Some(Uuid::new_v4().to_string());
        self.view()
    }

    fn view(&self) -> Received {
        Received {
            message_id: self.message_id,
            receipt_handle: self.receipt.clone().unwrap_or_default(),
            message: self.message.clone(),
            receive_count: self.receive_count,
            sent_epoch_ms: self.sent_epoch_ms,
            first_received_epoch_ms: self.first_received_epoch_ms.unwrap_or_default(),
        }
    }
}
