//! Serves a router on a listener, tuned for many small requests on kept connections.

use axum::{Router, serve::ListenerExt as _};
use std::future::Future;
use tokio::net::TcpListener;

/// Serves until `shutdown` resolves; requests under way are finished.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Without this a small answer waits for the acknowledgement of the previous one.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
}
