//! Lines that work when they are pasted into another terminal while the demonstration stays up.

use std::path::Path;

use crate::language::Text;

/// One line, and what it shows.
#[derive(Debug)]
pub struct Line {
    /// What it shows.
    pub says: Text,
    /// The line.
    pub command: String,
}

/// The lines for a gateway at `origin` whose log is read at `desk`, with its folder and the program.
#[must_use]
pub fn lines(
    program: &Path,
    folder: &Path,
    (origin, desk): (&str, Option<&str>),
    exchange: Option<&str>,
) -> Vec<Line> {
    let phohien = quoted(program);
    let in_folder = |name: &str| quoted(&folder.join(name));
    let agency = "H31.01.01";
    let tls = format!(
        "--cert {} --key {} --cacert {}",
        in_folder(&format!("certs/agencies/{agency}.pem")),
        in_folder(&format!("certs/agencies/{agency}.key")),
        in_folder("certs/ca.pem")
    );
    let stated = "--purpose giai-quyet-tthc --case H31.01.01-261123-0007 --user can-bo-01";
    let headers = "-H 'Exchange-Purpose: giai-quyet-tthc' -H 'Exchange-Case: H31.01.01-261123-0007' -H 'Exchange-User: can-bo-01'";
    let citizen = format!("{origin}/dan-cu/cong-dan/099190000001");
    let log = in_folder("log");
    let mut lines = vec![
        line("Được phép, bằng curl", "Allowed, by curl", format!("curl -sSi {tls} {headers} {citizen}")),
        line(
            "Được phép; biên nhận, bằng chứng và tính nhất quán được kiểm tra",
            "Allowed; receipt, proof and consistency checked",
            format!("{phohien} call {citizen} {tls} {stated} --heads {}", in_folder("heads.json")),
        ),
        line(
            "Bị từ chối: trường ngoài phạm vi",
            "Refused: a field outside the scope",
            format!("{phohien} call {citizen} {tls} {stated} --fields /CongDan/TonGiao"),
        ),
        line("Tìm giao dịch", "Find exchanges", format!("{phohien} audit list --log {log}")),
        line("Kiểm tra toàn vẹn nhật ký", "Verify the log", format!("{phohien} audit verify {log}")),
    ];
    lines.extend(desk.map(|desk| at_desk(&phohien, folder, desk)));
    if let Some(exchange) = exchange {
        let fetch = format!("curl -sS {tls} {origin}/receipts/{exchange}");
        let receipt = in_folder("receipt.json");
        let verify = format!("{phohien} receipt verify {receipt} --trust {}", in_folder("log.vkey"));
        lines.insert(
            3,
            line(
                "Biên nhận, kiểm tra ngoại tuyến",
                "A receipt, verified offline",
                format!("{fetch} -o {receipt} && {verify}"),
            ),
        );
    }
    lines
}

/// What the inspectorate sees, by its own certificate; that it looked is recorded.
fn at_desk(phohien: &str, folder: &Path, desk: &str) -> Line {
    let of_desk = |name: &str| quoted(&folder.join("certs/desk").join(name));
    let (cert, key) = (of_desk("agencies/H31.10.pem"), of_desk("agencies/H31.10.key"));
    let whom = format!("--desk {desk} --cert {cert} --key {key} --cacert {}", of_desk("ca.pem"));
    line(
        "Thanh tra tỉnh đọc nhật ký qua cổng; việc đọc được ghi lại",
        "The inspectorate reads the log over the desk; that it did is recorded",
        format!("{phohien} audit list {whom} --outcome refused"),
    )
}

fn line(vi: &str, en: &str, command: String) -> Line {
    Line { says: Text::new(vi, en), command }
}

/// A path as one word of a POSIX shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+:".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_spaces_and_quotes_is_still_one_word() {
        assert_eq!(quoted(Path::new("/tmp/demo")), "/tmp/demo");
        assert_eq!(quoted(Path::new("/tmp/it's here")), r"'/tmp/it'\''s here'");
    }

    #[test]
    fn every_line_names_files_from_the_root() {
        for line in lines(
            Path::new("/usr/bin/phohien"),
            Path::new("/tmp/d"),
            ("https://localhost:8443", Some("https://localhost:9443")),
            Some("0199"),
        ) {
            assert!(!line.says.vi.is_empty() && line.says.vi != line.says.en);
            assert!(line.command.contains("/tmp/d/"), "{}", line.command);
        }
    }
}
