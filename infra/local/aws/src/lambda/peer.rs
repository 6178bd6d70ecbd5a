//! Checks whether the process at the other end of a Runtime API connection still exists.
//!
//! The HTTP server notices a closed connection only at its next read, which may be after it has written an event into
//! it. So the connection is checked at the moment of handing over, and an undeliverable event returns to the queue.

use std::{io::ErrorKind, net::TcpStream as Connection, os::fd::AsFd, sync::Arc};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::net::TcpListener;

/// One connection of a sandbox.
#[derive(Clone)]
pub(super) struct Peer(Option<Arc<Connection>>);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Small answers must not wait for more data.
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
    /// Returns true once the other end has closed the connection or no longer exists.
    pub(super) fn is_gone(&self) -> bool {
        let Some(connection) = &self.0 else {
            return false;
        };
        // Does not block: the connection is in non-blocking mode, which its copy shares.
        match connection.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }
}
