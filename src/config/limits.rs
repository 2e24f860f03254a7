//! `[limits]`: caps over all agreements, and the store that several gateways share.

use std::num::NonZeroU32;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::diagnostic::table::Table;
use crate::limits::shared::link::Address;
use crate::policy::model::Rate;

use super::read::apart;
use super::read::optional_section;
use super::settings::Caps;
use super::settings::LogSettings;
use super::settings::SharedSettings;

/// Refusals of one agency recorded one by one in a minute: a person making mistakes stays below it, a loop does not.
const REFUSALS_DEFAULT: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// No caps, and nothing shared.
const NONE: Caps = Caps { gateway: None, agency: None, service: None, refusals_per_minute: REFUSALS_DEFAULT };

/// The caps, and what is shared.
pub(super) fn read(
    table: &mut Table<'_>,
    base: &Path,
    log: Option<&LogSettings>,
    faults: &mut Faults,
) -> Option<(Caps, Option<SharedSettings>)> {
    if !table.has("limits") {
        return Some((NONE, None));
    }
    optional_section(table, "limits", faults, |table, faults| {
        let is_shared = table.has("shared");
        let shared =
            optional_section(table, "shared", faults, |table, faults| shared(table, base, log, faults));
        let caps = caps(table, faults)?;
        // What was said to be shared and cannot be is not limited by each gateway alone.
        (shared.is_some() == is_shared).then_some((caps, shared))
    })
}

fn caps(table: &mut Table<'_>, faults: &mut Faults) -> Option<Caps> {
    let mut cap = |key, faults: &mut Faults| optional_section(table, key, faults, rate);
    let (gateway, agency, service) = (cap("gateway", faults), cap("agency", faults), cap("service", faults));
    let refusals = if table.has("refusals_per_minute") {
        positive(table, "refusals_per_minute", faults)?
    } else {
        REFUSALS_DEFAULT
    };
    Some(Caps { gateway, agency, service, refusals_per_minute: refusals })
}

fn rate(table: &mut Table<'_>, faults: &mut Faults) -> Option<Rate> {
    let requests = positive(table, "requests", faults);
    let per = table.required::<Duration>("per", faults);
    let burst = positive(table, "burst", faults);
    Some(Rate { requests: requests?, per: per?.value, burst: burst? })
}

fn positive(table: &mut Table<'_>, key: &'static str, faults: &mut Faults) -> Option<NonZeroU32> {
    let Placed { value, place } = table.required::<u32>(key, faults)?;
    let positive = NonZeroU32::new(value);
    if positive.is_none() {
        faults.push(
            Fault::new(Code::WrongValue, format!("`{key}` is zero"))
                .at(place)
                .label("nothing could ever pass"),
        );
    }
    positive
}

fn shared(
    table: &mut Table<'_>,
    base: &Path,
    log: Option<&LogSettings>,
    faults: &mut Faults,
) -> Option<SharedSettings> {
    let nodes = positive(table, "nodes", faults);
    let secret = table.required::<String>("secret", faults);
    let written = table.required::<String>("url", faults);
    let secret = secret.map(|secret| secret.map(|name| base.join(name)));
    let secret: Option<PathBuf> = secret.and_then(|secret| apart("secret", secret, &log?.folder, faults));
    let Placed { value, place } = written?;
    let Ok(address) = value.parse::<Address>() else {
        // Not shown: it may hold a password.
        let fault = Fault::new(Code::WrongValue, "`url` is not the address of a store").at(place);
        let like = "write it like \"redis+unix:///run/redis/redis.sock\" or \"redis://10.0.0.5:6379\"";
        faults.push(fault.label(like));
        return None;
    };
    Some(SharedSettings { address, nodes: nodes?, secret: secret? })
}

#[cfg(test)]
mod tests {
    use crate::config::read::read_text;
    use crate::config::read::tests::GOOD;

    use super::*;

    #[test]
    fn limits_are_shared_only_by_name_and_with_everything_that_takes() {
        let read =
            |more: &str| read_text("gateway.toml", &format!("{GOOD}{more}"), Path::new("/etc/phohien"));
        assert!(read("").unwrap().shared.is_none() && read("[limits]\n").unwrap().shared.is_none());
        let section =
            "[limits.shared]\nurl = \"redis://:geheim@10.0.0.5/0\"\nnodes = 2\nsecret = \"limits.secret\"\n";
        let settings = read(section).unwrap();
        let shared = settings.shared.as_ref().unwrap();
        assert_eq!(
            (shared.nodes.get(), shared.secret.as_path()),
            (2, Path::new("/etc/phohien/limits.secret"))
        );
        assert!(!format!("{settings:?}").contains("geheim"));
        for (from, to, told) in [
            ("nodes = 2\n", "", "nodes"),
            ("nodes = 2", "nodes = 0", "nothing could ever pass"),
            ("secret = \"limits.secret\"\n", "", "secret"),
            ("limits.secret", "log/limits.secret", "`secret` lies under `log`"),
            ("redis://:geheim@", "geheim://", "is not the address of a store"),
        ] {
            let fault = read(&section.replace(from, to)).unwrap_err().render(false);
            assert!(fault.contains(told), "{to}: {fault}");
        }
    }
}
