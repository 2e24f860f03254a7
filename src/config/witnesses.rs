//! `[[witness]]`: who cosigns the log, where they are asked, and by which key they are known.

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Place;
use crate::diagnostic::table::Table;
use crate::policy::compile;
use crate::policy::document::service;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::note::FURTHER_SIGNATURES_MAX;

use super::settings::WitnessSettings;

/// Reads all of them; those with faults are left out, and the faults told.
pub(super) fn read(table: &mut Table<'_>, faults: &mut Faults) -> Vec<WitnessSettings> {
    let Some(written) = table.take("witness") else { return Vec::new() };
    let items = written.items(faults).unwrap_or_default();
    let mut read = Vec::<WitnessSettings>::new();
    for item in items {
        let Some(witness) = item.table(faults, witness) else { continue };
        if read.iter().any(|other| other.key == witness.key) {
            let fault = Fault::new(Code::WrongValue, "this witness is named twice").at(item.place());
            faults.push(fault.label("the same `vkey` as above"));
        }
        read.push(witness);
    }
    bounded(read.len(), written.place(), faults);
    read
}

/// More cosignatures than a reader takes would hide the log's own.
fn bounded(count: usize, place: Place, faults: &mut Faults) {
    if count > FURTHER_SIGNATURES_MAX {
        let fault = Fault::new(Code::WrongValue, format!("{count} witnesses are too many")).at(place);
        faults.push(fault.label(format!("at most {FURTHER_SIGNATURES_MAX}")));
    }
}

fn witness(table: &mut Table<'_>, faults: &mut Faults) -> Option<WitnessSettings> {
    let key = table.required_parsed::<CosignerKey>("vkey", faults);
    let endpoint = service::endpoint(table, faults);
    let endpoint = compile::endpoint(&endpoint?, faults);
    Some(WitnessSettings { key: key?.value, endpoint: endpoint? })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::read::read_text;

    const KEY: &str = "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

    fn told(witnesses: &str) -> Result<Vec<String>, String> {
        let sample = include_str!("../../deploy/gateway.toml");
        let text = format!("{sample}\n{witnesses}");
        let read = read_text("gateway.toml", &text, Path::new("deploy"));
        read.map(|settings| settings.witnesses.iter().map(|one| one.key.to_string()).collect())
            .map_err(|faults| faults.render(false))
    }

    fn one(url: &str, key: &str) -> String {
        format!("[[witness]]\nurl = \"{url}\"\nvkey = \"{key}\"\n")
    }

    #[test]
    fn witnesses_are_named_by_address_and_key_and_nobody_is_by_default() {
        assert_eq!(told("").unwrap(), Vec::<String>::new());
        assert_eq!(told(&one("http://127.0.0.1:9465", KEY)).unwrap(), [KEY]);
    }

    #[test]
    fn a_witness_with_a_damaged_key_or_address_or_one_named_twice_is_a_fault() {
        let twice = one("http://127.0.0.1:9465", KEY).repeat(2);
        for (text, part) in [
            (one("http://127.0.0.1:9465", &KEY.replace("e75f", "e75e")), "the key id is not that"),
            (one("ftp://127.0.0.1", KEY), "begins with `https://`"),
            (twice, "named twice"),
            (format!("{}anchor = \"x\"\n", one("https://w.example", KEY)), "did you mean `anchors`?"),
            ("[[witness]]\nurl = \"https://w.example\"\n".to_owned(), "`vkey`"),
        ] {
            let told = told(&text).unwrap_err();
            assert!(told.contains(part), "{part} is missing from:\n{told}");
        }
    }
}
