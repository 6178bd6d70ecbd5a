//! One standard queue: what is in it, who may see it when.
//!
//! The one thing to know: receiving does not take a message out, it hides it. Only deleting it with
//! the receipt of the *latest* receive ends it, so a consumer that dies loses nothing.

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
    shelf: Mutex<Shelf>,
    arrived: Notify,
}

/// A message as its receiver sees it.
#[derive(Clone, Debug)]
pub struct Received {
    /// Stays the same however often it is received.
    pub message_id: Uuid,
    /// Deletes it, until the next receive makes a new one.
    pub receipt_handle: String,
    /// What was sent.
    pub message: Message,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_epoch_ms: i64,
    /// When it was received first, in milliseconds since 1970.
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

/// When a message becomes visible, and a number that keeps the order of those that share a moment.
type Place = (Instant, u64);

#[derive(Default)]
struct Shelf {
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
            shelf: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Puts a message in; it can be received after the delay.
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
        self.shelf(|shelf| shelf.place(stored, visible_at));
        self.arrived.notify_one();
    }

    /// Receives up to `limit` visible messages whose bodies do not exceed `byte_limit` together (but
    /// always one, if there is one), and hides them. Those that were received too often go to the
    /// dead-letter queue instead.
    pub fn receive(&self, limit: usize, byte_limit: usize) -> Vec<Received> {
        let now = Instant::now();
        let mut received = Vec::new();
        let mut dead = Vec::new();
        self.shelf(|shelf| {
            let mut bytes = 0;
            while received.len() < limit {
                let Some(place) = shelf.first_visible(now) else {
                    break;
                };
                let size = shelf
                    .messages
                    .get(&place)
                    .map_or(0, |stored| stored.message.size());
                if !received.is_empty() && bytes + size > byte_limit {
                    break;
                }
                let Some(mut stored) = shelf.take(place) else {
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
                shelf.place(stored, now + self.visibility_timeout);
            }
        });
        if let Some((target, _)) = &self.dead_letters {
            for stored in dead {
                target.put(stored, now);
            }
        }
        received
    }

    /// Ends a message. `false`: the receipt is an old one, or the message is gone.
    pub fn delete(&self, receipt_handle: &str) -> bool {
        self.shelf(|shelf| {
            shelf
                .by_receipt
                .get(receipt_handle)
                .copied()
                .and_then(|place| shelf.take(place))
                .is_some()
        })
    }

    /// Everything that is in it, hidden or not, without receiving it: for `goalpost status`, and to
    /// look at dead letters.
    pub fn list(&self) -> Vec<Received> {
        self.shelf(|shelf| shelf.messages.values().map(Stored::view).collect())
    }

    /// How many messages are in it, hidden or not.
    pub fn len(&self) -> usize {
        self.shelf(|shelf| shelf.messages.len())
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until there is a visible message.
    pub async fn wait_visible(&self) {
        loop {
            let arrived = self.arrived.notified();
            match self.shelf(|shelf| {
                shelf
                    .messages
                    .keys()
                    .next()
                    .map(|(visible_at, _)| *visible_at)
            }) {
                Some(visible_at) if visible_at <= Instant::now() => return,
                Some(visible_at) => {
                    // Whichever is first; then look again.
                    let _ = tokio::time::timeout_at(visible_at.into(), arrived).await;
                }
                None => arrived.await,
            }
        }
    }

    fn shelf<R>(&self, look: impl FnOnce(&mut Shelf) -> R) -> R {
        look(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shelf {
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
