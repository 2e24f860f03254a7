//! The index beside a gateway that runs: it follows, and a command does not fight it.

#[cfg(test)]
mod world;

use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use world::CENTRE;
use world::HOSPITAL;
use world::World;

#[cfg(test)]
fn phohien(configuration: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(arguments).arg("--config").arg(configuration).args(["--lang", "en"]);
    command
}

#[cfg(test)]
fn told(configuration: &Path, arguments: &[&str]) -> String {
    let output = phohien(configuration, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Asks until so many lines are told: a command waits for the published head, which is up to a second old.
#[cfg(test)]
async fn until(configuration: &Path, arguments: &[&str], lines: usize) -> String {
    let waiting = async {
        loop {
            let said = told(configuration, arguments);
            if said.lines().count() >= lines {
                return said;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(world::PATIENCE, waiting).await.expect("the index follows")
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_find_what_a_running_gateway_recorded_a_moment_ago() {
    let world = World::start().await;
    let configuration = world.configuration();
    for round in 1..=3 {
        world.lookup(CENTRE).await;
        world.lookup(HOSPITAL).await;
        let listed =
            until(&configuration, &["audit", "list", "--json", "--outcome", "released"], 2 * round).await;
        assert_eq!(listed.lines().count(), 2 * round, "{listed}");
        let counted =
            told(&configuration, &["audit", "count", "--json", "--by", "agency", "--outcome", "released"]);
        let sums: Vec<Value> = counted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(sums.iter().all(|sum| sum["entries"] == round), "{counted}");
    }
    let by_person = told(&configuration, &["audit", "list", "--json", "--subject", world::PERSON]);
    assert_eq!(by_person.lines().count(), 6, "{by_person}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_the_tail_sees_what_follows() {
    let world = World::start().await;
    let mut tail =
        phohien(&world.configuration(), &["audit", "tail", "-f", "--json", "--outcome", "released"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        while let Some(Ok(line)) = lines.next() {
            let _unheard = sender.send(line);
        }
    });
    for _ in 0..2 {
        let exchange = world.lookup(CENTRE).await.header("exchange-id").to_owned();
        let line = tokio::time::timeout(world::PATIENCE, seen.recv()).await.unwrap().unwrap();
        let row: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(row["exchange"], exchange.as_str());
    }
    tail.kill().unwrap();
    tail.wait().unwrap();
    reading.join().unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_emptied_under_a_gateway_is_filled_again_by_it() {
    let world = World::start().await;
    world.lookup(CENTRE).await;
    // Until then commands read the log itself.
    let checkpoint = world.folder().join("log/checkpoint");
    let published = async {
        while !checkpoint.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(world::PATIENCE, published).await.expect("a head is published");
    let before = until(&world.configuration(), &["audit", "list", "--json", "--all"], 4).await;
    let said = told(&world.configuration(), &["audit", "reindex"]);
    assert!(said.contains("was built again from"), "{said}");
    assert_eq!(told(&world.configuration(), &["audit", "list", "--json", "--all"]), before);
    world.end().await;
}
