//! Listeners where no connection may ever arrive: inside this machine, on both families of addresses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::attacks::Targets;

pub(super) struct Canary {
    visitors: Arc<AtomicUsize>,
    port: u16,
    port_six: u16,
}

impl Canary {
    pub(super) async fn listen() -> Self {
        let visitors = Arc::new(AtomicUsize::new(0));
        let port = listen_on("127.0.0.1:0", &visitors)
            .await
            .expect("127.0.0.1");
        // Without IPv6 nothing can arrive by it.
        let port_six = listen_on("[::1]:0", &visitors).await.unwrap_or(port);
        Self {
            visitors,
            port,
            port_six,
        }
    }

    /// Returns the number of connections.
    pub(super) fn visitors(&self) -> usize {
        self.visitors.load(Ordering::SeqCst)
    }

    pub(super) fn targets(&self) -> Targets {
        Targets {
            port: self.port,
            port_six: self.port_six,
        }
    }
}

async fn listen_on(address: &str, visitors: &Arc<AtomicUsize>) -> Option<u16> {
    let listener = TcpListener::bind(address).await.ok()?;
    let port = listener.local_addr().ok()?.port();
    let visitors = Arc::clone(visitors);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            visitors.fetch_add(1, Ordering::SeqCst);
        }
    });
    Some(port)
}
