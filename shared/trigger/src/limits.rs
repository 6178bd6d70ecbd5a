//! The largest bodies that are read.

/// The largest body of a wake or a dashboard webhook, in bytes. Wakes have fewer than 300.
pub const MAX_WAKE_BYTES: usize = 16 * 1024;

/// The largest body of a person's request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;
