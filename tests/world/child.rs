//! The gateway as a process of its own, so that it can be killed.

use std::io::BufRead as _;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;

/// A running gateway. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    pub address: SocketAddr,
    process: std::process::Child,
    listener: Option<JoinHandle<()>>,
}

impl Child {
    /// Starts `phohien serve` and waits until it says where it answers.
    pub fn serve(configuration: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
        command.arg("serve").arg("--unwitnessed").arg("--config").arg(configuration);
        command.env_clear().env("LANG", "en").env("PHOHIEN_LOG", "error");
        Self::run(command).unwrap_or_else(|said| panic!("the gateway does not start: {said}"))
    }

    /// Runs a command line that serves; what it said on standard error, where it ended instead.
    pub fn run(mut command: Command) -> Result<Self, String> {
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
        // Read on: a full pipe would stop it.
        let listener =
            thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("gateway: {line}")));
        Ok(Self { address, process, listener: Some(listener) })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL: no destructor runs, no buffer is flushed.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.process.kill();
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

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split_once("https://")?.1;
    let end = rest.find(|char: char| !(char.is_ascii_digit() || ".:".contains(char))).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches('.').parse().ok()
}
