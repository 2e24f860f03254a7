//! The repository's sample policies, carried in the program.

use std::io;
use std::path::Path;

use super::platforms::NAMES;
use super::world::lay as write;

/// The port that the sample policies give to the first platform; the others follow.
const FIRST_PORT: u16 = 18081;

macro_rules! embedded {
    ($($name:literal)*) => {
        /// Every file of the folder `policies`, by its path in it.
        pub const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/", $name)))),*];
    };
}

embedded! {
    "README.md"
    "agencies/G01.HYN.toml"
    "agencies/G12.BHXH.HYN.toml"
    "agencies/H31.01.01.toml"
    "agencies/H31.02.toml"
    "agencies/H31.03.toml"
    "agencies/H31.04.toml"
    "agencies/H31.05.toml"
    "agencies/H31.06.11.toml"
    "agencies/H31.07.toml"
    "agencies/H31.10.toml"
    "agencies/H31.99.01.toml"
    "agreements/TT-2026-001.toml"
    "agreements/TT-2026-002.toml"
    "agreements/TT-2026-003.toml"
    "agreements/TT-2026-004.toml"
    "agreements/TT-2026-005.toml"
    "agreements/TT-2026-006.toml"
    "agreements/TT-2026-007.toml"
    "guardrails.toml"
    "purposes.toml"
    "services/an-sinh.toml"
    "services/dan-cu.toml"
    "services/dat-dai.toml"
    "services/doanh-nghiep.toml"
    "services/ho-tich.toml"
    "suspensions.toml"
}

/// The codes of the agencies.
pub fn agencies() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(name, _)| name.strip_prefix("agencies/")?.strip_suffix(".toml"))
}

/// Writes the policies, with the platforms' ports in place of those of the samples.
///
/// # Errors
/// A file cannot be written.
pub fn lay(folder: &Path, ports: &[u16]) -> io::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        write(&path, with_ports(text, ports).as_bytes())?;
    }
    Ok(())
}

/// In two strokes, so that a port that was given is not taken for one of the samples'.
fn with_ports(text: &str, ports: &[u16]) -> String {
    let marked = NAMES.iter().zip(FIRST_PORT..).fold(text.to_owned(), |text, (name, port)| {
        text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:<{name}>"))
    });
    NAMES
        .iter()
        .zip(ports)
        .fold(marked, |text, (name, port)| text.replace(&format!("<{name}>"), &port.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    #[test]
    fn the_program_carries_every_file_of_the_policies_folder() {
        let mut there = BTreeMap::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"), "", &mut there);
        let carried: BTreeMap<String, String> =
            FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(carried.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        assert_eq!(carried, there);
    }

    #[test]
    fn each_service_is_given_its_own_platforms_port() {
        let ports = [18082, 18081, 4003, 4004, 4005];
        let text = with_ports("http://127.0.0.1:18081 http://127.0.0.1:18082 http://127.0.0.1:18085", &ports);
        assert_eq!(text, "http://127.0.0.1:18082 http://127.0.0.1:18081 http://127.0.0.1:4005");
        for (name, port) in NAMES.iter().zip(FIRST_PORT..) {
            let service = FILES.iter().find(|(file, _)| *file == format!("services/{name}.toml")).unwrap().1;
            assert!(service.contains(&format!("127.0.0.1:{port}")), "{name}");
        }
    }
}
