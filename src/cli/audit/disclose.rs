//! `audit disclose`: tells the one salt with which a party can show what an entry committed to.

use std::path::PathBuf;

use serde_json::json;

use super::proven::Proven;
use super::show::tell_proven;
use super::source::Where;
use crate::audit::commitment::Label;
use crate::audit::disclose::Disclosure;
use crate::audit::disclose::NotDisclosed;
use crate::audit::disclose::disclose;
use crate::audit::evidence::reading::Lookup;
use crate::audit::months::MonthKeys;
use crate::cli::Session;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ExchangeId;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The version of the document that `--to` writes.
const FORMAT: &str = "phohien-disclosure/1";

/// `audit disclose`.
#[derive(Debug, clap::Args)]
pub struct Disclose {
    #[arg(value_name = "ID")]
    id: String,
    #[arg(value_name = "LABEL")]
    label: String,
    #[arg(long, value_name = "AGENCY")]
    provider: Option<String>,
    #[command(flatten)]
    place: Where,
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Tells the salts of one exchange under one label.
///
/// # Errors
/// There is no such commitment, its month was forgotten, or it is not for whoever asks.
pub fn run(disclose: &Disclose, session: &mut Session) -> Result<Exit, Failure> {
    let (log, keys) = (disclose.place.log(session)?, disclose.place.keys(session)?);
    let (id, label) = (exchange(&disclose.id)?, label(&disclose.label)?);
    let provider = disclose.provider.as_deref().map(agency).transpose()?;
    let months = MonthKeys::new(keys.join("months"));
    let index = disclose.place.at_hand(session);
    let lookup = Lookup { log: &log, index: index.as_deref() };
    let told = self::disclose(lookup, &months, id, label, provider.as_ref()).map_err(refused)?;
    let proven = Proven::of(&log)?;
    let covered: Vec<bool> =
        told.iter().map(|one| proven.covers(one.index, &one.leaf)).collect::<Result<_, _>>()?;
    if let Some(file) = &disclose.to {
        let document = json!({ "v": FORMAT, "exchange": id, "disclosures": told });
        replace(file, format!("{document:#}\n").as_bytes())?;
    }
    for (one, covered) in told.iter().zip(&covered) {
        tell(id, one, *covered, session)?;
    }
    if !session.terminal.json() {
        tell_proven(proven.size(), covered.iter().all(|covered| *covered), session)?;
    }
    Ok(Exit::Yes)
}

fn tell(id: ExchangeId, one: &Disclosure, covered: bool, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        let check = check(one);
        return terminal.object(&json!({ "exchange": id, "index": one.index, "label": one.label,
            "commitment": one.commitment, "salt": hex(&one.salt), "check": check, "proven": covered }));
    }
    let (label, index) = (one.label, one.index);
    terminal.say(
        &format!("Giao dịch {id}, bản ghi số {index}, cam kết `{label}`"),
        &format!("Exchange {id}, entry {index}, commitment `{label}`"),
    )?;
    terminal
        .say(&format!("  Cam kết:  {}", one.commitment), &format!("  Commitment:  {}", one.commitment))?;
    terminal.say(&format!("  Muối:  {}", hex(&one.salt)), &format!("  Salt:  {}", hex(&one.salt)))?;
    terminal.say(
        "  Kiểm tra bằng dữ liệu đang giữ (DATA); kết quả phải bằng cam kết:",
        "  To check, with the data one holds (DATA); the result must equal the commitment:",
    )?;
    terminal.line(&format!("    {}", check(one)))
}

/// A line of shell that makes the commitment.
fn check(one: &Disclosure) -> String {
    let (label, salt) = (one.label, STANDARD.encode(one.salt));
    format!("{{ printf 'phohien-commit/1\\n{label}\\n'; echo {salt} | base64 -d; cat DATA; }} | sha256sum")
}

/// An exchange's id.
pub(super) fn exchange(text: &str) -> Result<ExchangeId, Failure> {
    text.parse().map_err(|cause: crate::id::NotAName| {
        let vi = format!("`{}` không phải là mã giao dịch.", shown(text));
        Failure::usage(vi, format!("`{}` is not an exchange id.", shown(text))).because(cause)
    })
}

/// An agency's code.
pub(super) fn agency(text: &str) -> Result<AgencyId, Failure> {
    text.parse().map_err(|cause: crate::id::NotAName| {
        let vi = format!("`{}` không phải là mã định danh cơ quan.", shown(text));
        Failure::usage(vi, format!("`{}` is not an agency's code.", shown(text))).because(cause)
    })
}

/// A commitment's label.
pub(super) fn label(text: &str) -> Result<Label, Failure> {
    Label::named(text).ok_or_else(|| {
        let known = "request, answer, reply, subject, user";
        let vi = format!("`{}` không phải là nhãn cam kết. Hãy nêu một trong: {known}.", shown(text));
        Failure::usage(vi, format!("`{}` is not a commitment's label. Name one of: {known}.", shown(text)))
    })
}

/// Why a salt is not told, to a clerk.
pub(super) fn refused(cause: NotDisclosed) -> Failure {
    let (exit, code, vi, en) = match &cause {
        NotDisclosed::Read(_) => return super::unread_or_damaged(cause),
        NotDisclosed::NotFound(_) => {
            (Exit::No, "not-found", "Nhật ký không có giao dịch này.", "The log has no such exchange.")
        }
        NotDisclosed::NotCommitted(_) => (
            Exit::No,
            "not-committed",
            "Không bản ghi nào của giao dịch có cam kết với nhãn này.",
            "No entry of the exchange has a commitment under this label.",
        ),
        NotDisclosed::Forgotten => (
            Exit::No,
            "month-forgotten",
            "Khóa của tháng đã bị hủy theo lệnh: muối của tháng đó không thể nêu lại được nữa.",
            "The month's key was destroyed by order: its salts can never be told again.",
        ),
        NotDisclosed::Key(_) => (
            Exit::CouldNot,
            "key-unreadable",
            "Không đọc được khóa của tháng. Hãy kiểm tra thư mục khóa.",
            "The month's key cannot be read. Check the folder of keys.",
        ),
        NotDisclosed::ProviderAlone => (
            Exit::No,
            "provider-alone",
            "Muối của `reply` chỉ dành cho cơ quan cung cấp: bên gọi có nó thì đoán được trường đã lược bỏ. Nêu cơ quan đó bằng --provider.",
            "The salt of `reply` is for the provider alone: with it a caller could guess withheld fields. Name the provider with --provider.",
        ),
        NotDisclosed::OtherProvider { .. } => (
            Exit::No,
            "other-provider",
            "Cơ quan nêu ở --provider không phải là cơ quan cung cấp dịch vụ của giao dịch này.",
            "The agency of --provider did not provide the service of this exchange.",
        ),
    };
    Failure::new(exit, code, vi, en).because(cause)
}
