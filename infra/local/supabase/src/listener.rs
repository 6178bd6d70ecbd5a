//! A connection that receives Postgres' notifications and survives its restarts.
//!
//! It also reports when the connection was (re)opened: notifications sent in between are lost, so the receiver must
//! check for work then.

use futures::{FutureExt as _, StreamExt as _, channel::mpsc, stream};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Config, NoTls};

/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The pause after the first failed attempt; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// An item received from the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenerEvent {
    /// The connection listens, for the first time or again.
    Connected,
    /// A notification with its payload.
    Notification(String),
}

/// Listens on `channel` until the handle is aborted or the receiver dropped.
pub(crate) fn listen(
    config: Config,
    channel: &'static str,
) -> (JoinHandle<()>, mpsc::UnboundedReceiver<ListenerEvent>) {
    let (sender, receiver) = mpsc::unbounded();
    let task = tokio::spawn(async move {
        let mut pause = FIRST_PAUSE;
        while !sender.is_closed() {
            match listen_once(&config, channel, &sender).await {
                Ok(()) => pause = FIRST_PAUSE,
                Err(error) => {
                    tracing::debug!(channel, %error, "cannot listen for notifications yet");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            tokio::time::sleep(pause).await;
        }
    });
    (task, receiver)
}

/// Listens on one connection; ends with `Ok` when a connection that had listened was lost.
async fn listen_once(
    config: &Config,
    channel: &str,
    sender: &mpsc::UnboundedSender<ListenerEvent>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context)).fuse();
    let statement = format!("listen {channel}");
    let mut listening = std::pin::pin!(client.batch_execute(&statement).fuse());
    loop {
        futures::select_biased! {
            outcome = listening => {
                outcome?;
                if sender.unbounded_send(ListenerEvent::Connected).is_err() {
                    return Ok(());
                }
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    let event = ListenerEvent::Notification(notification.payload().to_owned());
                    if sender.unbounded_send(event).is_err() {
                        return Ok(());
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
        }
    }
}
