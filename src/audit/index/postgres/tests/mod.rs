mod encrypted;

use super::*;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::audit::index::place::Place;
use crate::audit::index::sqlite::PATIENT;
use crate::audit::index::tests::rows;
use crate::audit::index::tests::suite;

/// A PostgreSQL of our own, in a folder of its own, reached by a socket in it. Dropped, it is stopped.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

impl Server {
    /// One that listens to nobody but its socket.
    pub(crate) fn start() -> Self {
        let server = Self::new();
        server.run("-c listen_addresses=").unwrap();
        server
    }

    /// Debian's package puts the programs aside: `tests/run packages` installs it.
    fn new() -> Self {
        let versions =
            std::fs::read_dir("/usr/lib/postgresql").map(|all| all.flatten().map(|one| one.path()));
        let newest = versions.ok().and_then(Iterator::max);
        let bin = newest.expect("PostgreSQL is not installed: apt-get install postgresql").join("bin");
        let server = Self { folder: tempfile::tempdir().unwrap(), bin };
        if is_root() {
            succeed(Command::new("chown").arg("postgres:").arg(server.folder.path()));
        }
        let form = ["-A", "trust", "-E", "UTF8", "--no-locale", "-N", "-D"];
        succeed(server.command("initdb").args(form).arg(server.data()));
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it with such options; whether it did.
    fn run(&self, options: &str) -> Result<(), String> {
        let options = format!("{options} -k {} -c fsync=off", self.folder.path().display());
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start.args(["start", "-w", "-o", &options, "-l"]).arg(&log).arg("-D").arg(self.data());
        succeeds(&mut start)
            .map_err(|fault| format!("{fault}: {}", std::fs::read_to_string(log).unwrap_or_default()))
    }

    /// Puts a file among its data, which nobody else may read.
    fn keep(&self, name: &str, text: &str) {
        let file = self.data().join(name);
        put(&file, text);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            succeed(Command::new("chown").arg("postgres:").arg(&file));
        }
    }

    /// As `postgres` where we are root, which PostgreSQL refuses to be.
    fn command(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = match is_root() {
            true => Command::new("runuser"),
            false => Command::new(&program),
        };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir(self.folder.path());
        command
    }

    pub(crate) fn address(&self) -> Address {
        Address::new(&at(&format!("host={}", self.folder.path().display())), None).unwrap()
    }
}

impl Server {
    /// What an administrator of the database does to it.
    pub(crate) fn alter(&self, sql: &str) {
        let socket = self.folder.path().as_os_str();
        succeed(self.command("psql").arg("-h").arg(socket).args([
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            "postgres",
        ]));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped =
            self.command("pg_ctl").args(["stop", "-m", "immediate", "-D"]).arg(self.data()).output();
    }
}

#[expect(clippy::disallowed_methods, reason = "what a test keeps need not be durable")]
fn put(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}

/// An address of a database of ours that begins like this.
fn at(host: &str) -> String {
    format!("{host} dbname=postgres{}", if is_root() { " user=postgres" } else { "" })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn succeed(command: &mut Command) {
    succeeds(command).unwrap();
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    // Not its output: a server that was started keeps it open.
    let status = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    match status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        true => Ok(()),
        false => Err(format!("{command:?}: {status:?}")),
    }
}

const ORIGIN: &str = "gw1.example/2026";

#[test]
fn an_index_in_a_database_answers_as_reading_the_log_would_and_keeps_logs_apart() {
    let server = Server::start();
    let address = server.address();
    let other = "gw2.example/2026";
    fill_as(&mut Postgres::open(&address, other).unwrap(), other);
    // Fewer questions: each goes to another process and back.
    suite(20, &mut || Box::new(Postgres::open(&address, ORIGIN).unwrap()));
    let all = Postgres::read(&address, other, PATIENT).unwrap().page(&Wanted::default(), Order::Oldest, 99);
    assert!(all.unwrap() == rows(9), "another log's rows are its own");
    who_only_asks_cannot_write(&address);
    a_turn_is_one_log_s(&address);
}

fn fill_as(index: &mut Postgres, origin: &str) {
    let to = Cursor { next: 9, last: [1; 32], origin: origin.to_owned() };
    index.add(&Cursor::start(origin), rows(9), &to).unwrap();
}

fn who_only_asks_cannot_write(address: &Address) {
    let mut asked = Postgres::read(address, ORIGIN, PATIENT).unwrap();
    assert!(matches!(asked.clear(), Err(IndexError::Postgres(_))));
    let unknown = Postgres::read(address, "gw3.example/2026", PATIENT).unwrap();
    assert_eq!(unknown.cursor().unwrap(), None);
    assert!(unknown.page(&Wanted::default(), Order::Oldest, 9).unwrap().is_empty());
    let hurried = Postgres::read(address, ORIGIN, 1).unwrap();
    let slow = hurried
        .with(|inner| Ok(inner.runtime.block_on(inner.client.execute("SELECT pg_sleep(9)", &[]))??));
    assert!(matches!(slow, Err(IndexError::TooLong)), "{slow:?}");
}

fn a_turn_is_one_log_s(address: &Address) {
    let place = |origin: &str| Place::Postgres(address.clone(), origin.parse().unwrap());
    let turn = place(ORIGIN).turn().unwrap();
    assert!(turn.is_some() && place(ORIGIN).turn().unwrap().is_none());
    assert!(place("gw2.example/2026").turn().unwrap().is_some());
    drop(turn);
    // The database sees that a connection has ended when it next looks.
    let mut again = false;
    for _ in 0..200 {
        again = again || place(ORIGIN).turn().unwrap().is_some();
        if !again {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    assert!(again);
}
