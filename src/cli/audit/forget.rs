//! `audit forget`: draws up the order to forget a month, and carries it out once two operators have signed it.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::source::unanswered;
use crate::audit::begin::BeginError;
use crate::audit::forget::Approved;
use crate::audit::forget::Done;
use crate::audit::forget::NotForgotten;
use crate::audit::forget::approve::Grounds;
use crate::audit::forget::approve::NotApproved;
use crate::audit::forget::approve::approve;
use crate::audit::forget::forget;
use crate::audit::forget::order::NotAnOrder;
use crate::audit::forget::order::Order;
use crate::audit::index::Month;
use crate::audit::index::place::Place;
use crate::audit::recorder::Recorder;
use crate::cli::Session;
use crate::cli::client::Named;
use crate::cli::client::OrderDesk;
use crate::cli::client::desk;
use crate::cli::client::heads::replace;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::serve;
use crate::cli::terminal::shown;
use crate::config::read;
use crate::config::settings::Settings;
use crate::console::operate::SignedOrder;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::tls::Trust;
use crate::policy;
use crate::server::attend::AttendError;
use crate::server::attend::attend;
use crate::server::run::StartError;
use crate::tlog::OpenError;

/// `audit forget`.
#[derive(Debug, clap::Args)]
pub struct Forget {
    #[arg(value_name = "MONTH")]
    month: String,
    #[arg(long, requires_all = ["output", "reason"], conflicts_with_all = ["order", "signature"])]
    order_only: bool,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[arg(short, long, value_name = "FILE", requires = "order_only")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "FILE", required_unless_present = "order_only")]
    order: Option<PathBuf>,
    #[arg(long, value_name = "FILE", required_unless_present = "order_only")]
    signature: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    anchors: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    crl: Vec<PathBuf>,
    #[command(flatten)]
    at: OrderDesk,
}

/// Draws up an order, or carries one out.
///
/// # Errors
/// The order is not approved, a gateway runs, or the disk fails.
pub fn run(given: &Forget, session: &mut Session) -> Result<Exit, Failure> {
    let month = month(&given.month)?;
    if let Some(desk) = given.at.named().filter(|_| !given.order_only) {
        let done = remotely(given, month, desk, session)?;
        tell(month, done, session)?;
        return Ok(Exit::Yes);
    }
    let file = place::need_configuration(session)?;
    let settings = read::read(&file).map_err(Failure::faulty)?;
    if given.order_only {
        return draw_up(given, &settings, month, session);
    }
    let approved = approved(given, &settings, session)?;
    is_about(approved.month(), month)?;
    let done = carry_out(approved, &settings, &place::index(session, None)?, session)?;
    tell(month, done, session)?;
    Ok(Exit::Yes)
}

fn is_about(named: Month, month: Month) -> Result<(), Failure> {
    if named == month {
        return Ok(());
    }
    let vi = format!("Lệnh nói về tháng {named}, không phải {month}.");
    Err(Failure::new(Exit::No, "other-month", vi, format!("The order is about {named}, not {month}.")))
}

/// The order and its signatures, as they lie in their files.
fn signed_order(given: &Forget) -> Result<(Vec<u8>, Vec<Vec<u8>>), Failure> {
    let bytes = |file: &Path| std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause));
    let order = bytes(given.order.as_deref().unwrap_or(Path::new("")))?;
    Ok((order, given.signature.iter().map(|file| bytes(file)).collect::<Result<_, _>>()?))
}

/// Gives the order to a gateway that runs: it judges the signatures, and does it.
fn remotely(given: &Forget, month: Month, desk: Named<'_>, session: &Session) -> Result<Done, Failure> {
    let (order, signatures) = signed_order(given)?;
    let named = Order::parse(&order).and_then(|order| order.month());
    is_about(named.map_err(|why| not_approved(why.into()))?, month)?;
    let ordered =
        desk::order(desk, "/operate/forget", Some(&SignedOrder::new(&order, &signatures)), session)?;
    let said = |name: &str| ordered.get(name).and_then(Value::as_bool).ok_or_else(desk::not_understood);
    Ok(Done { recorded_before: said("recorded_before")?, destroyed: said("destroyed")? })
}

fn month(text: &str) -> Result<Month, Failure> {
    text.parse().map_err(|_| {
        let vi = format!("`{}` không phải là tháng. Hãy viết như `2026-10`.", shown(text));
        Failure::usage(vi, format!("`{}` is no month. Write it like `2026-10`.", shown(text)))
    })
}

fn draw_up(
    given: &Forget,
    settings: &Settings,
    month: Month,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let reason = given.reason.as_deref().unwrap_or_default();
    let order = Order::new(&settings.log.origin, month, reason, session.clock.now());
    let order = order.map_err(|cause: NotAnOrder| {
        let vi = "Lệnh phải nêu lý do (căn cứ), không quá 2.000 byte.";
        Failure::usage(vi, "An order states its reason (the ground), in at most 2,000 bytes.").because(cause)
    })?;
    let output = given.output.clone().unwrap_or_default();
    replace(&output, order.text().as_bytes())?;
    let file = shown(&output.display().to_string());
    session.terminal.say(
        &format!("Đã lập lệnh quên tháng {month} vào `{file}`. Hai người vận hành khác nhau ký, mỗi người bằng chứng thư số của mình:"),
        &format!("The order to forget {month} is in `{file}`. Two different operators sign it, each with their own certificate:"),
    )?;
    session.terminal.line(&format!(
        "  openssl cms -sign -binary -outform DER -in {file} -signer A.pem -inkey A.key -out A.p7s"
    ))?;
    session.terminal.line(&format!(
        "  phohien audit forget {month} --order {file} --signature A.p7s --signature B.p7s --anchors CA.pem"
    ))?;
    Ok(Exit::Yes)
}

fn approved(given: &Forget, settings: &Settings, session: &Session) -> Result<Approved, Failure> {
    let (order, signatures) = signed_order(given)?;
    let now = session.clock.now();
    let (anchors, crls) = authorities(given, settings)?;
    let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        let vi = "Không dùng được tệp của tổ chức cấp chứng thư số cho người vận hành.";
        Failure::usage(vi, "The files of the operators' certificate authority cannot be used.").because(cause)
    };
    let trust = Trust::load(&anchors, crls.as_deref()).map_err(|cause| unusable(cause.into()))?;
    let revoked = match &crls {
        Some(files) => Revocations::load(files).map_err(|cause| unusable(cause.into()))?,
        None => Revocations::none(),
    };
    let policies = policy::load(&settings.policies, now).map_err(Failure::faulty)?;
    let grounds = Grounds {
        trust: &trust,
        registry: policies.registry(),
        revoked: &revoked,
        suspended: policies.suspensions(),
        origin: &settings.log.origin,
        now,
    };
    approve(&order, &signatures, grounds).map_err(not_approved)
}

/// The authority that operators' certificates come from: the one that was named, else the desk's.
fn authorities(given: &Forget, settings: &Settings) -> Result<(Vec<PathBuf>, Option<Vec<PathBuf>>), Failure> {
    match (&settings.desk, given.anchors.as_slice()) {
        (_, [_, ..]) => Ok((given.anchors.clone(), (!given.crl.is_empty()).then(|| given.crl.clone()))),
        (Some(desk), []) => Ok((desk.anchors.clone(), desk.crls.clone())),
        (None, []) => {
            let vi = "Hãy nêu tổ chức cấp chứng thư số cho người vận hành bằng --anchors.";
            Err(Failure::usage(vi, "Name the authority of the operators' certificates with --anchors."))
        }
    }
}

/// The index first: it is derived, and what it says less it says rightly once the key is gone.
fn carry_out(
    approved: Approved,
    settings: &Settings,
    index: &Place,
    session: &Session,
) -> Result<Done, Failure> {
    let log_key = settings.keys.join("log.key");
    if !log_key.is_file() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::unreadable(&log_key, missing));
    }
    let (index, log) = (index.clone(), settings.log.folder.clone());
    let work = move |recorder: &Recorder| {
        forget_in(&index, approved.month())?;
        forget(recorder, &log, &approved).map_err(not_forgotten)
    };
    let attended = serve::runtime()?.block_on(attend(settings, session.clock.clone(), work));
    attended.map_err(cannot_open)?
}

fn forget_in(index: &Place, month: Month) -> Result<(), Failure> {
    // None was made yet: there is nothing in it to forget.
    if matches!(index, Place::Folder(folder) if !folder.is_dir()) {
        return Ok(());
    }
    let _turn = index.turn().map_err(unanswered)?.ok_or_else(running)?;
    index.forget(month).map_err(unanswered)
}

fn tell(month: Month, done: Done, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        return terminal
            .object(&json!({ "month": month.to_string(), "recorded_before": done.recorded_before,
            "destroyed": done.destroyed }));
    }
    match (done.recorded_before, done.destroyed) {
        (true, false) => terminal.say(
            &format!("Tháng {month} đã được quên từ trước; không còn gì để hủy."),
            &format!("The month {month} was forgotten before; there is nothing left to destroy."),
        ),
        (_, destroyed) => {
            let key = if destroyed {
                ("đã hủy khóa", "its key is destroyed")
            } else {
                ("không có khóa nào", "it had no key")
            };
            terminal.say(
                &format!("Đã quên tháng {month}: {}, nhật ký đã ghi lại lệnh. Mọi bằng chứng vẫn còn giá trị; bản sao lưu thư mục khóa phải được hủy theo.", key.0),
                &format!("The month {month} is forgotten: {}, and the log records the order. Every proof stays valid; backups of the keys' folder must be destroyed too.", key.1),
            )
        }
    }
}

fn not_approved(cause: NotApproved) -> Failure {
    let exit = match &cause {
        NotApproved::Order(_) => Exit::Usage,
        NotApproved::Signature { .. } => Exit::False,
        NotApproved::OtherLog(_)
        | NotApproved::NotOver(_)
        | NotApproved::Count(_)
        | NotApproved::Signer { .. }
        | NotApproved::Suspended(_)
        | NotApproved::OneKey => Exit::No,
    };
    let Text { vi, en } = cause.text();
    Failure::new(exit, cause.code(), vi, en).because(cause)
}

fn cannot_open(cause: AttendError) -> Failure {
    match cause {
        AttendError::Start(StartError::Log(BeginError::Open(OpenError::InUse { .. }))) => running(),
        AttendError::Start(other) => serve::cannot_start(other),
        AttendError::Unwitnessed => {
            let vi = "Không bên chứng kiến nào trả lời: chưa ghi gì vào nhật ký. Hãy thử lại khi có bên chứng kiến.";
            let en = "No witness answers: nothing was written to the log. Try again when one does.";
            Failure::could_not("unwitnessed", vi, en).because(cause)
        }
    }
}

fn running() -> Failure {
    let vi = "Cổng đang chạy và giữ nhật ký. Hãy giao lệnh cho chính cổng đó bằng --desk (kèm --cert, --key, --cacert của người vận hành); hoặc dừng cổng rồi chạy lại lệnh này.";
    let en = "A gateway runs and holds the log. Give it the order itself with --desk (and an operator's --cert, --key, --cacert); or stop it and run this again.";
    Failure::could_not("gateway-running", vi, en)
}

fn not_forgotten(cause: NotForgotten) -> Failure {
    let vi = "Chưa làm xong. Phần còn lại được làm khi chạy lại lệnh này hoặc khi cổng khởi động.";
    let en =
        "It was not done to the end. The rest is done when this is run again, or when the gateway starts.";
    Failure::could_not("not-forgotten", vi, en).because(cause)
}
