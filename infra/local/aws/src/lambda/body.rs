//! Reads a body up to a limit.
//!
//! Bytes beyond the limit are counted but not kept: AWS names the size in its refusal, and a peer that is still sending
//! would not read an early one.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

/// The result of reading.
pub(super) enum Read {
    /// All of it, within the limit.
    Whole(Bytes),
    /// More than the limit: so many bytes.
    TooLarge(usize),
    /// The connection ended before the body did.
    Broken,
}

pub(super) async fn read(body: Body, limit: usize) -> Read {
    let mut chunks = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut size = 0;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            return Read::Broken;
        };
        size += chunk.len();
        if size <= limit {
            kept.extend_from_slice(&chunk);
        } else {
            kept = BytesMut::new();
        }
    }
    if size > limit {
        Read::TooLarge(size)
    } else {
        Read::Whole(kept.freeze())
    }
}
