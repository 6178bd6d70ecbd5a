//! The local stack: a Supabase-shaped Postgres, its REST surface, and a Lambda host, in one process.
//!
//! The `goalpost` command line, the harness and the tests use the same stack. The parts are crates of their own, in the
//! folders beside this one: the server and the folder of its state (`postgres`), the stand-ins of hosted parts
//! (`supabase`, `aws`), and the places at which faults can be injected (`fault_hook`). [`stack`] connects them.

pub mod binaries;
pub mod stack;
pub mod terminal;

pub use local_aws::{lambda, queue, schedule, secrets};
pub use local_fault_hook as fault_hook;
pub use local_postgres as postgres;
pub use local_postgres::{home, progress};
pub use local_supabase::{auth, keys, pg_cron, pg_net, rest, storage};
