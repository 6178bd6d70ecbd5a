//! The `goalpost` command: wiring only. The story begins in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    local_stack::cli::run()
}
