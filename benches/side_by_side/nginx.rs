//! nginx as the other proxy: the same certificates and the same demands on callers, an access log, connections kept alive.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use anyhow::bail;
use phohien::identity::development;
use tokio::net::TcpStream;

use super::contender::Contender;
use super::load::Expected;
use super::platform;
use super::setting::Setting;

/// How often a start is looked for, and how long one waits in between: ten seconds in all.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A running nginx. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Nginx {
    program: PathBuf,
    configuration: PathBuf,
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Starts nginx, if it is installed.
    pub(crate) async fn start(setting: &Setting) -> anyhow::Result<Option<Self>> {
        let Some(program) = find() else {
            println!("nginx is not installed: skipped");
            return Ok(None);
        };
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let configuration = setting.write("nginx/nginx.conf", &configuration(setting, address)?)?;
        let process = command(&program, &configuration).stdin(Stdio::null()).spawn()?;
        let mut nginx = Self { program, configuration, process, address };
        nginx.answers().await?;
        println!("nginx    {}", nginx.version()?);
        Ok(Some(nginx))
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        for _ in 0..LOOKS {
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("nginx does not start: {status}");
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!("nginx does not listen")
    }

    fn version(&self) -> anyhow::Result<String> {
        let told = Command::new(&self.program).arg("-v").output()?;
        Ok(String::from_utf8_lossy(&told.stderr).trim().to_owned())
    }
}

impl Contender for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn process(&self) -> u32 {
        self.process.id()
    }

    fn expected(&self) -> Expected {
        Expected { body: platform::whole(), headers: &[] }
    }
}

impl Drop for Nginx {
    /// Killed, its master would leave the workers behind: it is told to stop.
    fn drop(&mut self) {
        let told =
            command(&self.program, &self.configuration).args(["-s", "stop"]).stderr(Stdio::null()).status();
        if told.is_ok_and(|status| status.success()) {
            let _ = self.process.wait();
        } else {
            let _ = self.process.kill();
        }
    }
}

fn command(program: &PathBuf, configuration: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.arg("-c").arg(configuration).args(["-e", "stderr"]);
    command
}

/// On the search path, or where Debian installs it, which is not on everybody's.
fn find() -> Option<PathBuf> {
    let runs = |program: &PathBuf| {
        Command::new(program).arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    ["nginx", "/usr/sbin/nginx"].map(PathBuf::from).into_iter().find(runs)
}

fn configuration(setting: &Setting, address: SocketAddr) -> anyhow::Result<String> {
    let workers = std::thread::available_parallelism()?;
    let folder = setting.folder().join("nginx").display().to_string();
    let certs = setting.certificate("").display().to_string();
    let (server, key) = (development::SERVER, development::SERVER_KEY);
    let (anchors, lists) = (development::CA, development::CRL);
    let platform = setting.platform;
    Ok(format!(
        r#"daemon off;
worker_processes {workers};
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  keepalive_requests 1000000000;
  upstream platform {{
    server {platform};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {address} ssl;
    server_name localhost;
    ssl_certificate {certs}{server};
    ssl_certificate_key {certs}{key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate {certs}{anchors};
    ssl_crl {certs}{lists};
    ssl_verify_client on;
    location /dan-cu/ {{
      proxy_pass http://platform/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"#
    ))
}
