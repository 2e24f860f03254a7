//! What officers ask once the traffic is there: the paper for a refusal, a tightened policy against what just happened, the matrix.

use std::path::Path;

use serde_json::Value;

use crate::cli::exit::Failure;

use super::edit;
use super::play::Player;
use super::play::astray;
use super::play::verdict;
use super::stage::Verdict;
use super::world::lay;

/// The paper, in the demonstration's folder.
const PAPER: &str = "tu-choi.html";

/// The tightened policies.
const TIGHT: &str = "policies-tight";

/// What is tightened: agreement, text, what stands there instead.
const TIGHTENED: [(&str, &str, &str); 2] = [
    ("TT-2026-001", "to = \"18:00\"", "to = \"08:00\""),
    (
        "TT-2026-004",
        "[contacts]",
        "[hours]\nopen = [{ days = \"mon-fri\", from = \"13:00\", to = \"17:00\" }]\n\n[contacts]",
    ),
];

/// Agreements of the sample policies: as many cells of the matrix are filled.
const CELLS: usize = 7;

impl Player<'_, '_> {
    /// The written answer to the last request that was refused for a field.
    pub(super) fn paper(&mut self) -> Result<Verdict, Failure> {
        let id = self.refused.clone().unwrap_or_default();
        let words =
            ["audit", "refusal", &id, "--log", "log", "--keys", "keys", "--output", PAPER].map(str::to_owned);
        self.stage.command(&words)?;
        let heard = self.program.run(&words)?;
        let paper = std::fs::read_to_string(self.world.folder().join(PAPER)).unwrap_or_default();
        let (reason, index) = (heard.text("/reason"), heard.number("/index").unwrap_or_default());
        let clause = heard.number("/agreement/clause");
        let as_told = heard.exit == Some(0) && reason == "field-not-granted" && clause.is_some();
        if !as_told || !paper.contains("Độc lập - Tự do - Hạnh phúc") && !paper.contains("Independence")
        {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        }
        Ok(verdict(
            true,
            format!("{PAPER}: lý do {reason}, điều khoản, căn cứ, đầu mối, mã QR dẫn tới bản ghi số {index}"),
            format!(
                "{PAPER}: reason {reason}, clause, ground, contact, a QR code that leads to entry {index}"
            ),
        ))
    }

    /// What tightened policies would have made of the traffic so far.
    pub(super) fn replay(&mut self) -> Result<Verdict, Failure> {
        let folder = self.world.folder().to_owned();
        tighten(&folder).map_err(|cause| Failure::unwritable(&folder.join(TIGHT), cause))?;
        let words =
            ["policy", "replay", TIGHT, "--since", "1h", "--log", "log", "--keys", "keys"].map(str::to_owned);
        self.stage.command(&words)?;
        let heard = self.program.run(&words)?;
        let summary = heard.objects.last().and_then(|object| object.get("summary")).unwrap_or(&Value::Null);
        let refused = |name: &str| summary.pointer(&format!("/refused/{name}")).and_then(Value::as_u64);
        let (exchanges, agencies) = (refused("exchanges").unwrap_or(0), refused("agencies").unwrap_or(0));
        if heard.exit != Some(1) || agencies != TIGHTENED.len() as u64 {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        }
        Ok(verdict(
            true,
            format!("lẽ ra đã từ chối {exchanges} giao dịch của {agencies} cơ quan, đơn vị"),
            format!("would have refused {exchanges} exchanges of {agencies} agencies"),
        ))
    }

    /// Who can reach what.
    pub(super) fn matrix(&mut self) -> Result<Verdict, Failure> {
        let words = ["policy", "access", "--matrix", "--policies", "policies"].map(str::to_owned);
        self.stage.command(&words)?;
        for line in self.program.show(&words)?.lines() {
            self.stage.line(&format!("     {line}"))?;
        }
        let heard = self.program.run(&words)?;
        let cells = heard.objects.len();
        if heard.exit != Some(0) || cells != CELLS {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        }
        Ok(verdict(true, format!("{cells} ô có thỏa thuận"), format!("{cells} cells with an agreement")))
    }
}

fn tighten(folder: &Path) -> std::io::Result<()> {
    edit::copy(&folder.join("policies"), &folder.join(TIGHT))?;
    for (agreement, old, new) in TIGHTENED {
        let file = folder.join(TIGHT).join(format!("agreements/{agreement}.toml"));
        let text = std::fs::read_to_string(&file)?;
        lay(&file, text.replacen(old, new, 1).as_bytes())?;
    }
    Ok(())
}
