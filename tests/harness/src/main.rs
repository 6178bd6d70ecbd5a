//! The `harness` command: wiring only. The story begins in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::cli::run()
}
