//! One database cluster: created, and started under a watcher.
//!
//! The server ends with the process that started it, even if that is killed: it runs under a small shell that holds the
//! reading end of a pipe from this process, and stops the server when the pipe closes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};

use super::running::{Running, stop_leftover};
use super::wheel::Binaries;
use crate::home::{self, Home};

/// Runs the server and ends when it ends. When this process' end of the pipe closes (at its end in any way), it stops
/// the server with the signal `$1`, after five seconds with SIGQUIT, and removes the folder `$2`, unless that is empty.
///
/// A shell gives background jobs /dev/null for input, hence descriptor 3. `wait` shows whether the watching half
/// noticed the closed pipe (0) or was ended because the server ended first.
const WATCHED: &str = r#"
how=$1 doomed=$2; shift 2
exec 3<&0
"$@" 3<&- & server=$!
(read -r _ <&3; kill -"$how" "$server" 2>/dev/null
 (for _ in 1 2 3 4 5; do sleep 1; kill -0 "$server" || exit; done; kill -QUIT "$server") 3<&- >/dev/null 2>&1 &
 exit 0) & watch=$!
wait "$server"; code=$?
kill "$watch" 2>/dev/null
if wait "$watch" && [ -n "$doomed" ]; then rm -rf "$doomed"; fi
exit "$code"
"#;
/// Written last when a cluster is created: one without it is incomplete and created anew. It holds the password of the
/// login roles, which is thereby kept and lost together with the cluster.
const MARKER: &str = "goalpost-complete";
/// The password is 122 random bits: hashing it thousands of times would protect nothing and cost each login.
const CHEAP_LOGIN: &str = "scram_iterations=1";

/// The parameters for creating or starting a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) home: Home,
    pub(super) binaries: Binaries,
    pub(super) extensions: PathBuf,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
    /// The folder to remove with its contents when its owner ends.
    pub(super) doomed: Option<PathBuf>,
    /// Settings as `name=value`, after the usual ones, so that they win.
    pub(super) settings: Vec<String>,
}

impl Cluster {
    /// Creates the cluster if it is missing or incomplete; returns the password of its login roles.
    pub(super) fn make(&self) -> anyhow::Result<String> {
        let marker = self.data.join(MARKER);
        if let Ok(password) = std::fs::read_to_string(&marker)
            && !password.is_empty()
        {
            return Ok(password);
        }
        // No server can run on an incomplete cluster, but one may run on a cluster whose marker was lost.
        stop_leftover(&self.data)?;
        if self.data.exists() {
            std::fs::remove_dir_all(&self.data)
                .with_context(|| format!("removing the half-made {}", self.data.display()))?;
        }
        home::make_folder(&self.data)?;
        self.home.account().own(&self.data)?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let password_file = self.data.with_extension("password");
        self.home
            .write_private(&password_file, password.as_bytes())?;
        self.home.account().own(&password_file)?;
        let made = self.run_initdb(&password_file);
        let _ = std::fs::remove_file(&password_file);
        made?;
        self.home.write_private(&marker, password.as_bytes())?;
        self.home.account().own(&marker)?;
        Ok(password)
    }

    fn run_initdb(&self, password_file: &Path) -> anyhow::Result<()> {
        let made = self
            .home
            .account()
            .command(self.binaries.program("initdb"))
            .args([
                "--no-sync",
                "--username",
                super::address::SUPERUSER,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
            ])
            // Built in, so the same on every system, regardless of installed locales.
            .args(["--set", CHEAP_LOGIN])
            .args([
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
            ])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg("--pgdata")
            .arg(&self.data)
            .output()
            .with_context(|| self.cannot_run("initdb"))?;
        if !made.status.success() {
            bail!(
                "the database cluster could not be made in {}:\n{}",
                self.data.display(),
                String::from_utf8_lossy(&made.stderr).trim()
            );
        }
        Ok(())
    }

    /// Starts the server on the wanted port, or on a free one if that is taken (or none is wanted).
    pub(super) fn start(&self, wanted_port: Option<u16>) -> anyhow::Result<Running> {
        stop_leftover(&self.data)?;
        let mut wanted = wanted_port;
        // Another process may take a free port between its choice and the start.
        for _ in 0..5 {
            let port = match wanted.take().filter(|port| is_free(*port)) {
                Some(port) => port,
                None => free_port()?,
            };
            let logged_before = std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
            let mut running = self.launch(port)?;
            if running.wait_until_ready()? {
                return Ok(running);
            }
            let output = text_from(&self.log, logged_before);
            if !output.contains("could not bind") {
                bail!(
                    "Postgres did not start. Its output (in {}):\n{}",
                    self.log.display(),
                    output.trim()
                );
            }
        }
        bail!("five ports in a row were taken by others before Postgres could listen: try again")
    }

    fn launch(&self, port: u16) -> anyhow::Result<Running> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("opening {}", self.log.display()))?;
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            // No socket file: its path would have to be shorter than that of many a project's folder.
            "unix_socket_directories=".to_owned(),
            format!(
                "extension_control_path=$system:{}",
                self.extensions.display()
            ),
            "wal_level=logical".to_owned(),
            "fsync=on".to_owned(),
            CHEAP_LOGIN.to_owned(),
            "shared_buffers=64MB".to_owned(),
            "max_connections=200".to_owned(),
            "autovacuum=on".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "log_line_prefix=%m [%p] %q%u@%d ".to_owned(),
        ];
        // A cluster that will be removed need not write its data first.
        let (how, doomed) = match &self.doomed {
            Some(doomed) => ("QUIT", doomed.as_path()),
            None => ("INT", Path::new("")),
        };
        let mut command = self.home.account().command("/bin/sh");
        command
            .arg("-c")
            .arg(WATCHED)
            .arg("sh")
            .arg(how)
            .arg(doomed)
            .arg(self.binaries.program("postgres"));
        command.arg("-D").arg(&self.data);
        for setting in settings.iter().chain(&self.settings) {
            command.arg("-c").arg(setting);
        }
        // A group of its own: Ctrl-C in a terminal reaches this process, which stops the parts in order.
        let watcher = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("sharing the log file")?)
            .stderr(log)
            .spawn()
            .with_context(|| self.cannot_run("postgres"))?;
        Ok(Running {
            watcher,
            data: self.data.clone(),
            port,
        })
    }

    fn cannot_run(&self, program: &str) -> String {
        format!(
            "{} could not be run as {}",
            self.binaries.program(program).display(),
            self.home.account().name()
        )
    }
}

/// Returns true if both addresses are free: some systems allow listening on this one while another process listens on all addresses.
fn is_free(port: u16) -> bool {
    let may_listen = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    may_listen && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
}

fn free_port() -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener
        .local_addr()
        .context("asking for the free port's number")?
        .port())
}

fn text_from(path: &Path, offset: u64) -> String {
    let mut text = Vec::new();
    if let Ok(mut file) = File::open(path)
        && file.seek(SeekFrom::Start(offset)).is_ok()
    {
        let _ = file.read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}
