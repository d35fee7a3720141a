//! A real image registry on this machine, with one image that only it has.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::engine::{Engine, IMAGE};

/// How much of the image nobody else has, in bytes: enough to be seen while it is fetched.
const LAYER_BYTES: u32 = 16 * 1024 * 1024;

/// A registry. It ends, and its image is removed from the engine, when it is dropped.
#[derive(Debug)]
pub struct Registry {
    engine: Engine,
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Registry {
    /// What this machine lacks for one.
    pub fn missing() -> Option<String> {
        let found =
            Command::new("docker-registry").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_err().then(|| "docker-registry isn't installed".to_owned())
    }

    /// Starts one and gives it an image that the engine then forgets.
    pub fn start(engine: &Engine) -> Result<Self> {
        // The engine speaks to registries on loopback without TLS.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: '127.0.0.1:{port}' }}\n",
            data.display()
        );
        std::fs::write(folder.path().join("config.yml"), config)?;
        let mut registry = Self { engine: engine.clone(), port, folder, process: None };
        registry.go_on()?;
        registry.fill()?;
        Ok(registry)
    }

    /// The image that it has.
    pub fn image(&self) -> String {
        format!("127.0.0.1:{}/octobot-test/fetched:1", self.port)
    }

    /// Ends its process. What it has stays.
    pub fn pause(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Starts its process.
    pub fn go_on(&mut self) -> Result<()> {
        let mut serve = Command::new("docker-registry");
        serve.arg("serve").arg(self.folder.path().join("config.yml")).stdout(Stdio::null());
        self.process = Some(serve.spawn().context("docker-registry can't be started")?);
        Ok(())
    }

    fn fill(&self) -> Result<()> {
        let (image, name) = (self.image(), format!("octobot-test-fill-{}", self.port));
        let fill = format!("head -c {LAYER_BYTES} /dev/urandom > /octobot-test");
        self.engine.lines(&["container", "run", "--name", &name, "--entrypoint", "sh", IMAGE, "-c", &fill])?;
        self.engine.lines(&["container", "commit", "--change", "ENTRYPOINT []", &name, &image])?;
        self.engine.lines(&["container", "rm", &name])?;
        // The engine tries again by itself while the registry starts.
        self.engine.lines(&["image", "push", "--quiet", &image])?;
        self.engine.lines(&["image", "rm", &image]).map(drop)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Err(error) = self.pause() {
            eprintln!("the registry hasn't ended: {error}");
        }
        // A test that failed early has left none.
        drop(self.engine.lines(&["image", "rm", &self.image()]));
    }
}
