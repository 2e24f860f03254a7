//! `keys rotate`: the log is closed for good, and the next one begun under a new key.

use std::time::Duration;

use serde_json::json;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::keys;
use super::place;
use super::serve;
use super::terminal::Terminal;
use super::terminal::count;
use super::terminal::shown;
use crate::audit::begin::BeginError;
use crate::cli::client::OrderDesk;
use crate::cli::client::desk;
use crate::clock::Clock;
use crate::config::read;
use crate::config::settings::Settings;
use crate::server::attend::AttendError;
use crate::server::rotation;
use crate::server::rotation::RotateError;
use crate::server::rotation::Rotated;
use crate::server::rotation::ready;
use crate::server::rotation::rotate;
use crate::server::run::StartError;
use crate::tlog::OpenError;

/// `keys rotate`.
#[derive(Debug, clap::Args)]
pub struct Rotate {
    #[command(flatten)]
    at: OrderDesk,
}

/// How long a gateway may take to end beyond the time that its connections have for it: the last entries are written, the witnesses told.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// How often to look whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Closes the log and begins the next one, or carries on where an earlier run stopped. With a desk, the gateway there is told to end first:
/// what is under way ends with its record, and only once the log is free is it closed.
///
/// # Errors
/// A gateway runs, the configuration still names the old log, or the disk fails.
pub fn run(given: &Rotate, session: &mut Session) -> Result<Exit, Failure> {
    let settings = settings(session)?;
    let mut patience = Duration::ZERO;
    if let Some(desk) = given.at.named() {
        // Nobody is sent away for a rotation that could not begin.
        ready(&settings).map_err(refused)?;
        desk::order(desk, "/operate/drain", None, session)?;
        let drains = settings.desk.iter().map(|desk| desk.drain_timeout);
        patience = drains.chain([settings.exchange.socket.drain_timeout]).sum::<Duration>() + ENDS_WITHIN;
        session.terminal.note(
            "Cổng đang dừng: các giao dịch dở dang được làm xong và ghi lại.",
            "The gateway is ending: exchanges under way end, each with its record.",
        );
    }
    let rotated = serve::runtime()?.block_on(once_free(&settings, &session.clock, patience));
    tell(&rotated.map_err(refused)?, &mut session.terminal)?;
    if given.at.named().is_some() {
        session.terminal.note("Bây giờ hãy khởi động cổng.", "Now start the gateway.");
    }
    Ok(Exit::Yes)
}

/// Makes the keys of the next log, and shows what verifies by them.
///
/// # Errors
/// The configuration still names the present log, or the disk fails.
pub fn prepare(session: &mut Session) -> Result<Exit, Failure> {
    let settings = settings(session)?;
    let (log, answers) = rotation::prepare(&settings).map_err(refused)?;
    keys::tell(&[log], &[answers], session)
}

fn settings(session: &Session) -> Result<Settings, Failure> {
    let file = place::need_configuration(session)?;
    read::read(&file).map_err(Failure::faulty)
}

/// Rotates as soon as the gateway has given the log back.
async fn once_free(settings: &Settings, clock: &Clock, patience: Duration) -> Result<Rotated, RotateError> {
    let mut waited = Duration::ZERO;
    loop {
        match rotate(settings, clock.clone()).await {
            Err(RotateError::Close(AttendError::Start(StartError::Log(BeginError::Open(
                OpenError::InUse { .. },
            )))))
                if waited < patience => {}
            done => return done,
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}

fn tell(rotated: &Rotated, terminal: &mut Terminal) -> Result<(), Failure> {
    let before = &rotated.predecessor;
    if terminal.json() {
        return terminal.object(&json!({
            "closed": { "origin": before.origin, "folder": rotated.closed.display().to_string(),
                "size": before.size, "root": before.root, "vkey": before.vkey },
            "opened": { "origin": rotated.key.name(), "vkey": rotated.key.to_string() },
        }));
    }
    let entries = count(before.size, terminal.language());
    let (old, new) = (shown(&before.origin), shown(rotated.key.name()));
    let folder = shown(&rotated.closed.display().to_string());
    terminal.say(
        &format!("Đã đóng hẳn nhật ký {old} ({entries} bản ghi) và cất tại `{folder}`; khóa ký cũ đã hủy. Nhật ký mới: {new}."),
        &format!("The log {old} ({entries} entries) is closed for good and kept in `{folder}`; its signing key is destroyed. The new log is {new}."),
    )?;
    terminal.say(
        "Câu trả lời cũng được ký bằng khóa mới: hãy gửi log.answer.pem mới cho các cơ quan, và cho nền tảng nào kiểm tra chữ ký của cổng. Hãy gửi khóa kiểm tra mới sau đây cho bên chứng kiến, kiểm toán viên và các cơ quan; giữ lại cả khóa cũ:",
        "Answers are signed by a new key too: give the new log.answer.pem to agencies, and to platforms that verify the gateway's signature. Give this new verification key to witnesses, auditors and agencies; keep the old one too:",
    )?;
    terminal.line(&shown(&rotated.key.to_string()))?;
    terminal.say(
        "Bản sao lưu thư mục khóa còn giữ khóa ký cũ cũng phải được hủy.",
        "Backups of the keys' folder that still hold the old signing key must be destroyed too.",
    )
}

fn refused(cause: RotateError) -> Failure {
    match cause {
        RotateError::SameOrigin(origin) => same_origin(&shown(origin.as_str())),
        RotateError::Begun(to) => {
            let to = shown(&to);
            Failure::usage(
                format!("Đã bắt đầu chuyển sang nhật ký `{to}`. Hãy đặt `origin` trong cấu hình thành `{to}` rồi chạy lại."),
                format!("A rotation to `{to}` was begun. Set `origin` in the configuration to `{to}`, and run this again."),
            )
        }
        RotateError::Close(AttendError::Start(StartError::Log(BeginError::Open(OpenError::InUse { .. }))))
        | RotateError::Begin(StartError::Log(BeginError::Open(OpenError::InUse { .. }))) => {
            Failure::could_not(
                "gateway-running",
                "Cổng đang chạy và giữ nhật ký. Hãy thêm --desk (kèm --cert, --key, --cacert của người vận hành) để lệnh này tự dừng cổng có trật tự; hoặc dừng cổng, chạy lại lệnh này, rồi khởi động cổng.",
                "A gateway runs and holds the log. Add --desk (and an operator's --cert, --key, --cacert) to have this end it in order; or stop it, run this again, then start it.",
            )
        }
        RotateError::Close(AttendError::Start(why)) | RotateError::Begin(why) => serve::cannot_start(why),
        RotateError::Close(why @ AttendError::Unwitnessed) => Failure::could_not(
            "unwitnessed",
            "Không bên chứng kiến nào trả lời: chưa ghi gì vào nhật ký. Hãy thử lại khi có bên chứng kiến.",
            "No witness answers: nothing was written to the log. Try again when one does.",
        )
        .because(why),
        RotateError::NoLog(_) | RotateError::Taken(_) | RotateError::Mounted(_) => Failure::could_not(
            "cannot-rotate",
            "Chưa làm gì: không thể đóng và cất nhật ký này.",
            "Nothing was done: this log cannot be closed and put aside.",
        )
        .because(cause),
        why => Failure::could_not(
            "not-rotated",
            "Chưa làm xong. Hãy khắc phục nguyên nhân rồi chạy lại lệnh này: phần còn lại sẽ được làm tiếp.",
            "It was not done to the end. Remove the cause and run this again: it carries on from where it stands.",
        )
        .because(why),
    }
}

fn same_origin(origin: &str) -> Failure {
    Failure::usage(
        format!(
            "`origin` trong cấu hình vẫn là của nhật ký hiện tại, `{origin}`. Nhật ký mới phải có tên mới: hãy sửa `origin` (ví dụ đổi năm), rồi chạy lại."
        ),
        format!(
            "`origin` in the configuration is still that of the present log, `{origin}`. A new log has a new name: change `origin` (its year, for one), then run this again."
        ),
    )
}
