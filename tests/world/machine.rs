//! What tests ask of the machine beneath the gateway: its tools, and file systems of their own.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::PATIENCE;
use super::child::Mount;

/// Says that a test could not be made here; a failure where `CI` is `true`.
#[expect(clippy::disallowed_methods, reason = "a test that is not made must be seen where it counts")]
pub fn skipped(why: &str) {
    println!("SKIPPED: {why}");
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "skipped where nothing may be: {why}");
}

/// A number that whoever runs the tests may set.
#[expect(clippy::disallowed_methods, reason = "how long to try is for who runs the tests to say")]
pub fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// Runs a tool of the system, and returns what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    run_with(program, arguments, &[0])
}

/// The same, where other exit codes are good, too.
pub fn run_with(program: &str, arguments: &[&str], good: &[i32]) -> String {
    let path = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
    let output = Command::new(program).env("PATH", path).args(arguments).output().unwrap();
    assert!(
        output.status.code().is_some_and(|code| good.contains(&code)),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An ext4 file system in a file.
#[derive(Debug)]
pub struct Image {
    file: PathBuf,
    /// Where it is mounted, in the processes that are started on [`Image::mount`].
    pub folder: PathBuf,
}

impl Image {
    /// Makes it in this folder.
    pub fn make(folder: &Path) -> Self {
        let image = Self { file: folder.join("disk.img"), folder: folder.join("disk") };
        std::fs::create_dir(&image.folder).unwrap();
        run("truncate", &["-s", "64M", path(&image.file)]);
        run("mkfs.ext4", &["-q", "-F", path(&image.file)]);
        image
    }

    /// A mount of it; none where nobody may.
    pub async fn mount(&self) -> Option<Mount> {
        let script =
            format!("mount -o loop,errors=remount-ro '{}' '{}'", self.file.display(), self.folder.display());
        let mount = Mount::new(script)?;
        self.released().await;
        Some(mount)
    }

    /// The loop device that holds it, without its folder.
    pub fn device(&self) -> String {
        let device = run("losetup", &["--noheadings", "--output", "NAME", "--associated", path(&self.file)]);
        device.trim().trim_start_matches("/dev/").to_owned()
    }

    /// Waits until no loop device holds it any more: its mounts went with their processes.
    pub async fn released(&self) {
        let waiting = async {
            while !self.device().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the image is released");
    }

    /// Repairs it as a start of the machine does.
    pub async fn check(&self) {
        self.released().await;
        run_with("e2fsck", &["-fp", path(&self.file)], &[0, 1]);
    }
}
