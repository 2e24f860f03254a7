//! What both contenders are given: a PKI, a platform, a folder on the disk that the build is on.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use phohien::identity::development;
use phohien::identity::development::Caller;
use phohien::identity::development::Plan;
use tempfile::TempDir;

use super::platform;

/// The agencies that call, connection by connection in turn.
pub(crate) const AGENCIES: [&str; 2] = ["H31.01.01", "H31.06.11"];

/// What both contenders are given.
#[derive(Debug)]
pub(crate) struct Setting {
    folder: TempDir,
    /// Where the platform listens.
    pub(crate) platform: SocketAddr,
}

impl Setting {
    /// Makes the PKI and starts the platform.
    pub(crate) async fn make() -> anyhow::Result<Self> {
        // Not the system's folder for such things: that may be memory, where a sync costs nothing.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let ids = AGENCIES.iter().map(|id| id.parse());
        let ids = ids.collect::<Result<Vec<_>, _>>().context("an agency's name")?;
        let callers = ids.iter().map(Caller::agency).collect();
        let server_names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
        development::make(&folder.path().join("certs"), &Plan { server_names, callers })?;
        Ok(Self { folder, platform: platform::start().await? })
    }

    /// The folder of this run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the PKI.
    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.folder().join("certs").join(name)
    }

    /// Writes a file of this run.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().context("a file without a folder")?)?;
        std::fs::File::create(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }
}
