//! What a decoded payload turned out to be.

use crate::http_request::HttpRequest;
use crate::queue::QueueMessage;
use crate::schedule::Schedule;
use crate::wake::{DatabaseWebhook, Wake};

/// A decoded trigger, authenticated where an outsider could have sent it.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// A person's call of the function URL. Not authenticated here: their token is checked by the database.
    Http(HttpRequest),
    /// The database's own signed wake.
    Wake(Wake),
    /// A webhook set up in Supabase's dashboard, authenticated by the shared-secret header.
    DatabaseWebhook(DatabaseWebhook),
    /// Messages of a queue; each is answered for itself, see [`crate::queue_reply`].
    Queue(Vec<QueueMessage>),
    /// A tick of EventBridge: sweep first, then drain.
    Schedule(Schedule),
}
