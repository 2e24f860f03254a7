//! What the papers say is so: the sample configuration is read, the commands they name exist, the files they point to are there.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::Command;

use phohien::config::read::read_text;
use phohien::config::witness;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAPERS: [&str; 6] =
    ["README.md", "README.vi.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "deploy/README.md"];

fn paper(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// A line that is a setting, or the head of a table, behind a `#`.
fn is_setting(line: &str) -> bool {
    line.starts_with("#[")
        || line.split_once(" = ").is_some_and(|(key, _)| {
            key.strip_prefix('#')
                .is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        })
}

#[test]
fn the_sample_configuration_is_read_as_it_stands_and_with_every_default_written_out() {
    let text = paper("deploy/gateway.toml");
    assert!(text.lines().filter(|line| is_setting(line)).count() > 15);
    for text in [text.clone(), written_out(&text)] {
        if let Err(faults) = read_text("gateway.toml", &text, Path::new("deploy")) {
            panic!("{}", faults.render(false));
        }
    }
}

fn written_out(text: &str) -> String {
    let line =
        |line: &str| format!("{}\n", if is_setting(line) { line.trim_start_matches('#') } else { line });
    text.lines().map(line).collect()
}

#[test]
fn the_sample_of_a_witness_is_read_as_it_stands_and_with_everything_written_out() {
    let text = paper("deploy/witness.toml");
    for text in [text.clone(), written_out(&text)] {
        if let Err(faults) = witness::read_text("witness.toml", &text, Path::new("deploy")) {
            panic!("{}", faults.render(false));
        }
    }
}

/// The commands a paper names in the first column of its table: each between backticks, up to its first option or argument.
fn commands(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| command") && !line.starts_with("| lệnh"));
    let cells =
        rows.take_while(|line| line.starts_with('|')).skip(2).filter_map(|line| line.split('|').nth(1));
    let named = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let words = |text: &str| {
        let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        text.split(' ').take_while(plain).map(str::to_owned).collect::<Vec<_>>()
    };
    named.map(words).collect()
}

#[test]
fn every_command_that_a_paper_names_is_there() {
    for name in ["README.md", "README.vi.md"] {
        let commands = commands(&paper(name));
        assert!(commands.len() > 10, "{name}: {commands:?}");
        for words in commands {
            let help =
                Command::new(env!("CARGO_BIN_EXE_phohien")).args(&words).arg("--help").output().unwrap();
            assert!(help.status.success(), "{name}: {words:?}");
        }
    }
}

#[test]
fn every_file_that_a_paper_links_to_is_there() {
    for name in PAPERS {
        let folder = Path::new(ROOT).join(name).parent().unwrap().to_owned();
        for link in paper(name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{name} points to {link}");
            }
        }
    }
}

#[test]
fn no_paper_cites_a_decree_that_is_no_longer_in_force() {
    for name in PAPERS {
        let text = paper(name);
        assert!(!text.contains("47/2020") && !text.contains("13/2023"), "{name}");
    }
}

#[test]
fn the_papers_leave_no_gap_to_be_filled_in() {
    for name in PAPERS {
        for gap in ["TODO", "TRANSCRIPT", "FIXME", "XXX"] {
            assert!(!paper(name).contains(gap), "{name}: {gap}");
        }
    }
}
