//! The `goalpost` command; see `commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    goalpost::commands::run()
}
