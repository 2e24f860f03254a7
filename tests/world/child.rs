//! The gateway as a process of its own, so that it can be killed.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use super::PATIENCE;

/// A running gateway. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    pub address: SocketAddr,
    process: std::process::Child,
    listener: Option<JoinHandle<()>>,
    /// The gateway, where the process is its tracer.
    traced: Option<String>,
}

impl Child {
    /// Starts `phohien serve` and waits until it says where it answers.
    pub fn serve(configuration: &Path) -> Self {
        Self::try_serve(configuration).unwrap_or_else(|said| panic!("the gateway does not start: {said}"))
    }

    /// The same, where it may not start: then what it said.
    pub fn try_serve(configuration: &Path) -> Result<Self, String> {
        Self::run(serving(Command::new(env!("CARGO_BIN_EXE_phohien")), configuration))
    }

    /// The same in a mount namespace of its own, after this mount: it goes when the process goes.
    pub fn serve_on(mount: &Mount, configuration: &Path) -> Self {
        let mut command = mount.command("exec \"$@\"");
        command.arg(env!("CARGO_BIN_EXE_phohien"));
        Self::run(serving(command, configuration))
            .unwrap_or_else(|said| panic!("the gateway does not start: {said}"))
    }

    /// The same under `strace` with these arguments, which tamper with its system calls and write them to `trace`; what it said, where
    /// it did not start.
    pub fn serve_tampered(strace: &[&str], trace: &Path, configuration: &Path) -> Result<Self, String> {
        let mut command = Command::new("strace");
        command.args(["-f", "-o"]).arg(trace).args(strace);
        command.arg(env!("CARGO_BIN_EXE_phohien"));
        let mut child = Self::run(serving(command, configuration))?;
        let tracer = child.process.id();
        let children = std::fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).unwrap();
        child.traced = children.split_whitespace().next().map(str::to_owned);
        Ok(child)
    }

    /// A path as this process sees it.
    pub fn sees(&self, path: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.process.id())).join(path.strip_prefix("/").unwrap())
    }

    /// Runs a command line that serves; what it said on standard error, where it ended instead.
    fn run(mut command: Command) -> Result<Self, String> {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                process.wait().unwrap();
                return Err(said);
            };
            said.push_str(&format!("{line}\n"));
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        // Read on: a full pipe would stop it. Its warnings are part of the world; its errors are told where a test fails.
        let listener =
            thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("gateway: {line}")));
        Ok(Self { address, process, listener: Some(listener), traced: None })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL: no destructor runs, no buffer is flushed.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it ended by itself, and says how.
    pub async fn ended(mut self) -> ExitStatus {
        let waiting = async {
            loop {
                if let Some(ended) = self.process.try_wait().unwrap() {
                    return ended;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, waiting).await.expect("it ends by itself");
        self.traced = None;
        ended
    }

    fn end(&mut self) {
        // Without its tracer it would go on; with it, the tracer ends, too.
        match self.traced.take() {
            Some(traced) => drop(Command::new("kill").args(["-KILL", &traced]).output()),
            None => drop(self.process.kill()),
        }
        let _ = self.process.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

fn serving(mut command: Command, configuration: &Path) -> Command {
    command.arg("serve").arg("--unwitnessed").arg("--config").arg(configuration);
    command.env("LC_ALL", "C.UTF-8").env("LANG", "en").env("PHOHIEN_LOG", "error");
    command
}

/// A mount that only one process and its children see.
#[derive(Debug)]
pub struct Mount {
    unshare: &'static str,
    script: String,
}

impl Mount {
    /// Tries it as root, then in a user namespace; none where this machine allows neither.
    pub fn new(script: String) -> Option<Self> {
        let tried = ["-m", "-Urm"].map(|unshare| Self { unshare, script: script.clone() });
        tried
            .into_iter()
            .find(|mount| mount.command("true").output().is_ok_and(|output| output.status.success()))
    }

    fn command(&self, then: &str) -> Command {
        let mut command = Command::new("unshare");
        let script = format!("set -e\n{}\n{then}", self.script);
        command.args([self.unshare, "bash", "-c", &script, "serve"]);
        command
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split_once("https://")?.1;
    let end = rest.find(|char: char| !(char.is_ascii_digit() || ".:".contains(char))).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches('.').parse().ok()
}
