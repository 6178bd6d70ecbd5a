//! Whether the process at the other end of a Runtime API connection is still there.
//!
//! The one thing to know: the HTTP server learns of a closed connection only when it next looks, which
//! may be after it has written an event into it. So the connection is asked, in the moment of handing
//! over, and an event for nobody goes back to the queue.

use std::{io::ErrorKind, net::TcpStream as Connection, os::fd::AsFd, sync::Arc};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::net::TcpListener;

/// One connection of a sandbox.
#[derive(Clone)]
pub(super) struct Peer(Option<Arc<Connection>>);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Small answers must not wait for more to come.
        let _ = stream.io().set_nodelay(true);
        Self(
            stream
                .io()
                .as_fd()
                .try_clone_to_owned()
                .ok()
                .map(|fd| Arc::new(Connection::from(fd))),
        )
    }
}

impl Peer {
    /// True once the other end has closed the connection or is no more.
    pub(super) fn is_gone(&self) -> bool {
        let Some(connection) = &self.0 else {
            return false;
        };
        // Does not wait: the connection is in non-blocking mode, which its copy shares.
        match connection.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }
}
