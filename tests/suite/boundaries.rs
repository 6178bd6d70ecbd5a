//! Boundaries: what one tenant, caller or program may not do to another, attempted through the real doors.

mod egress;
mod invoking;
mod waiting;
