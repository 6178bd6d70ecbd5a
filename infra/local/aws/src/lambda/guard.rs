//! Ends all sandboxes with the host, even if the host was killed with SIGKILL.
//!
//! An orphaned function retries its Runtime API for ever at full processor load. Handlers and destructors do not run in
//! a killed process, so a tiny shell waits for the end of a pipe that only the host holds, and then kills its own
//! process group. Every sandbox is started in that group.

use std::{
    io,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// `kill 0` reaches every process of the shell's own group, stopped ones included. SIGHUP must be ignored: the kernel
/// sends it to a group with stopped members as soon as the host is gone, and it would end the shell before the kill.
const SCRIPT: &str = "trap '' HUP INT TERM QUIT; read -r _; kill -9 0";

/// The shell, and with it the process group of all sandboxes.
pub(super) struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts the shell as leader of a new process group.
    pub(super) fn start() -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }

    /// Returns the process group for sandboxes. If the shell was killed, its sandboxes are killed too and a new one is
    /// started: no sandbox may run unguarded.
    pub(super) fn group(&mut self) -> io::Result<i32> {
        if self.shell.try_wait()?.is_some() {
            self.kill_group();
            *self = Self::start()?;
        }
        Ok(self.group_id())
    }

    /// Kills every sandbox, and the shell.
    pub(super) fn kill_group(&self) {
        // An empty group is the goal, so "no such group" is no error.
        let _ = killpg(Pid::from_raw(self.group_id()), Signal::SIGKILL);
    }

    fn group_id(&self) -> i32 {
        self.shell.id().cast_signed()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill_group();
        let _ = self.shell.wait();
    }
}
