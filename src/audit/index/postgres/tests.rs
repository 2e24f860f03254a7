use super::*;

use std::path::PathBuf;
use std::process::Command;

use crate::audit::index::place::Place;
use crate::audit::index::sqlite::PATIENT;
use crate::audit::index::tests::rows;
use crate::audit::index::tests::suite;

/// A PostgreSQL of our own, in a folder of its own, reached by a socket in it. Dropped, it is stopped.
struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

impl Server {
    /// Debian's package puts the programs aside: `tests/run packages` installs it.
    fn start() -> Self {
        let versions =
            std::fs::read_dir("/usr/lib/postgresql").map(|all| all.flatten().map(|one| one.path()));
        let newest = versions.ok().and_then(Iterator::max);
        let bin = newest.expect("PostgreSQL is not installed: apt-get install postgresql").join("bin");
        let server = Self { folder: tempfile::tempdir().unwrap(), bin };
        if is_root() {
            succeed(Command::new("chown").arg("postgres:").arg(server.folder.path()));
        }
        let data = server.folder.path().join("data");
        succeed(
            server
                .command("initdb")
                .args(["-A", "trust", "-E", "UTF8", "--no-locale", "-N", "-D"])
                .arg(&data),
        );
        let options = format!("-c listen_addresses= -k {} -c fsync=off", server.folder.path().display());
        let log = server.folder.path().join("log");
        succeed(
            server.command("pg_ctl").args(["start", "-w", "-o", &options, "-l"]).arg(log).arg("-D").arg(data),
        );
        server
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

    fn address(&self) -> Address {
        let user = if is_root() { " user=postgres" } else { "" };
        format!("host={} dbname=postgres{user}", self.folder.path().display()).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let _stopped = self.command("pg_ctl").args(["stop", "-m", "immediate", "-D"]).arg(data).output();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn succeed(command: &mut Command) {
    // Not its output: a server that was started keeps it open.
    let status = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
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

#[test]
fn an_address_shows_nothing_of_itself() {
    let address: Address = "host=db password=secret dbname=phohien".parse().unwrap();
    assert!(!format!("{address:?}").contains("secret"));
    assert!("host=db nonsense".parse::<Address>().is_err());
}
