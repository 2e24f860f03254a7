//! `audit evidence`: puts exchanges into a file that proves them without the gateway.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::disclose;
use super::source::Where;
use crate::audit::commitment::Label;
use crate::audit::evidence::archive::pack;
use crate::audit::evidence::gather::Gathered;
use crate::audit::evidence::gather::NotGathered;
use crate::audit::evidence::gather::Source;
use crate::audit::evidence::gather::Wish;
use crate::audit::evidence::gather::gather;
use crate::audit::evidence::reading::GOING_OUT;
use crate::audit::months::MonthKeys;
use crate::cli::Session;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::id::ExchangeId;
use crate::tlog::note::VerifierKey;

/// `audit evidence`.
#[derive(Debug, clap::Args)]
pub struct Evidence {
    #[arg(value_name = "ID", required = true, num_args = 1..)]
    ids: Vec<String>,
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[arg(long)]
    annex: bool,
    #[arg(long, value_name = "LABEL[=FILE]")]
    disclose: Vec<String>,
    #[arg(long, value_name = "AGENCY")]
    provider: Option<String>,
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "message")]
    request: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Writes the evidence file.
///
/// # Errors
/// The log cannot be read, an exchange is not in it, or what was to be disclosed cannot be.
pub fn run(evidence: &Evidence, session: &mut Session) -> Result<Exit, Failure> {
    let log = evidence.place.log(session)?;
    let key = key(evidence, &log)?;
    let months = months(evidence, session)?;
    let wish = wish(evidence)?;
    let index = evidence.place.at_hand(session);
    let source = Source { log: &log, index: index.as_deref(), key: &key, months: months.as_ref() };
    let Gathered { files, by_index } = gather(source, &wish).map_err(not_gathered)?;
    let bytes = pack(&files).map_err(|cause| {
        let (vi, en) = (
            "Gói bằng chứng quá lớn: hãy chia ra nhiều gói.",
            "The evidence is too large: part it into several files.",
        );
        Failure::could_not("evidence-too-large", vi, en).because(cause)
    })?;
    replace(&evidence.output, &bytes)?;
    let file = evidence.output.display().to_string();
    if session.terminal.json() {
        let told = json!({ "file": file, "files": files.len(), "bytes": bytes.len(), "by_index": by_index });
        session.terminal.object(&told)?;
    } else {
        let (count, file) = (files.len(), shown(&file));
        let vi = format!(
            "Đã ghi {count} tệp vào `{file}`. Kiểm tra: phohien evidence verify {file} --trust log.vkey --anchors ca.pem"
        );
        let en = format!(
            "{count} files are in `{file}`. To verify: phohien evidence verify {file} --trust log.vkey --anchors ca.pem"
        );
        session.terminal.say(&vi, &en)?;
    }
    by_index.iter().for_each(|id| tell_by_index(*id, session));
    Ok(Exit::Yes)
}

/// What the log was not read for is said: an index may leave it out.
fn tell_by_index(id: ExchangeId, session: &mut Session) {
    let hours = GOING_OUT.as_hours();
    let vi = format!(
        "Giao dịch {id}: bản ghi `exchange.aborted` muộn hơn {hours} giờ sau kết quả chỉ được tìm theo chỉ mục. Để đọc toàn bộ nhật ký, hãy nêu --log và không nêu --index."
    );
    let en = format!(
        "Exchange {id}: an `exchange.aborted` more than {hours} hours behind its outcome was looked for by the index alone. To have all of the log read, name --log and no --index."
    );
    session.terminal.note(&vi, &en);
}

/// The log's own key, to find its head by; whoever verifies uses one held elsewhere.
fn key(evidence: &Evidence, log: &Path) -> Result<VerifierKey, Failure> {
    let file = evidence.vkey.clone().or_else(|| trust::vkey_beside(log));
    let keys = file.map(|file| trust::log_keys(&file)).transpose()?.unwrap_or_default();
    keys.into_iter().next().ok_or_else(|| trust::no_vkey_beside(log))
}

/// The months' keys, where something of them is asked for.
fn months(evidence: &Evidence, session: &Session) -> Result<Option<MonthKeys>, Failure> {
    if !evidence.annex && evidence.disclose.is_empty() {
        return Ok(None);
    }
    Ok(Some(MonthKeys::new(evidence.place.keys(session)?.join("months"))))
}

fn wish(evidence: &Evidence) -> Result<Wish, Failure> {
    let read = |file: &PathBuf| std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause));
    let exchanges = evidence.ids.iter().map(|id| disclose::exchange(id)).collect::<Result<_, _>>()?;
    let disclosures = evidence.disclose.iter().map(|one| disclosure(one)).collect::<Result<_, _>>()?;
    let request = evidence.request.as_ref().map(read).transpose()?;
    let message = evidence.message.as_ref().map(read).transpose()?;
    let trust = match &evidence.trust {
        Some(file) => {
            trust::policy(file)?;
            Some(read(file)?)
        }
        None => None,
    };
    Ok(Wish {
        exchanges,
        annexes: evidence.annex,
        disclosures,
        provider: evidence.provider.as_deref().map(disclose::agency).transpose()?,
        messages: message.map(|message| (message, request)).into_iter().collect(),
        trust,
    })
}

/// `answer`, or `answer=FILE`.
fn disclosure(text: &str) -> Result<(Label, Option<Vec<u8>>), Failure> {
    let (label, file) = text.split_once('=').map_or((text, None), |(label, file)| (label, Some(file)));
    let read = |file| std::fs::read(file).map_err(|cause| Failure::unreadable(Path::new(file), cause));
    Ok((disclose::label(label)?, file.map(read).transpose()?))
}

fn not_gathered(cause: NotGathered) -> Failure {
    let (exit, code, vi, en) = match cause {
        NotGathered::Disclose(cause) => return disclose::refused(cause),
        NotGathered::Read(_) => return super::unread_or_damaged(cause),
        NotGathered::NoHead(_) => (
            Exit::CouldNot,
            "no-head",
            "Nhật ký chưa công bố điểm chốt nào đọc được.",
            "The log has published no head that can be read.",
        ),
        NotGathered::Head(_) | NotGathered::OtherTree | NotGathered::Object(_) | NotGathered::Annex(_) => (
            Exit::False,
            "log-damaged",
            "Nhật ký không khớp với điểm chốt, khóa hoặc tệp mà nó nêu. Chạy `phohien audit verify` để biết từng chỗ.",
            "The log does not fit its head, its key or the files it names. Run `phohien audit verify` to see every place.",
        ),
        NotGathered::NotFound(_) => (
            Exit::No,
            "not-found",
            "Nhật ký không có giao dịch này. Hãy kiểm tra mã giao dịch và thư mục nhật ký.",
            "The log has no such exchange. Check the exchange id and the log's folder.",
        ),
        NotGathered::NotPublished(_) => (
            Exit::CouldNot,
            "not-published",
            "Bản ghi vừa được ghi và chưa có trong điểm chốt đã công bố. Hãy thử lại sau vài giây.",
            "An entry was just written and is not under the published head yet. Try again in a few seconds.",
        ),
        NotGathered::OtherData(_) => (
            Exit::No,
            "other-data",
            "Dữ liệu đã nêu KHÔNG phải là dữ liệu mà bản ghi cam kết. Không ghi gì.",
            "The data given are NOT those to which an entry commits. Nothing was written.",
        ),
    };
    Failure::new(exit, code, vi, en).because(cause)
}
