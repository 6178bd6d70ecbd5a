//! Entry point of the `harness` command; see `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::cli::run()
}
