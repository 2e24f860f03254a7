//! Writing PEM (RFC 7468): base64 in lines of 64 between two lines that name what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of a line.
const LINE: usize = 64;

/// One block.
#[must_use]
pub fn block(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(LINE) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_lines_of_64_and_names_what_it_is() {
        let text = block("PUBLIC KEY", &[7; 49]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            (lines.len(), lines[0], lines[3]),
            (4, "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
        );
        assert_eq!((lines[1].len(), lines[2]), (64, "Bw=="));
        assert!(text.ends_with("-----\n"));
    }
}
