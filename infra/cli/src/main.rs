//! The `goalpost` command: wiring only. The story begins in `commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    goalpost::commands::run()
}
