//! `serve`: the gateway.

use std::sync::Arc;

use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::audit::begin::BeginError;
use crate::config::read;
use crate::server::reload::standing::Reloaded;
use crate::server::revoked::SeenError;
use crate::server::run::Gateway;
use crate::server::run::Overrides;
use crate::server::run::StartError;
use crate::tlog::OpenError;

use super::Session;
use super::exit::Cause;
use super::exit::Exit;
use super::exit::Failure;
use super::place;
use super::terminal::Terminal;
use super::terminal::shown;

/// `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Start although no witness can be asked; the log says so.
    #[arg(long)]
    pub unwitnessed: bool,
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// It cannot start.
pub fn run(serve: &Serve, session: &mut Session) -> Result<Exit, Failure> {
    let file = place::need_configuration(session)?;
    let settings = read::read(&file).map_err(Failure::faulty)?;
    tell_events(session);
    let runtime = runtime()?;
    let overrides = Overrides { unwitnessed: serve.unwitnessed, ..Overrides::default() };
    // Before anything else: this signal would end a program that does not hear it.
    let hangup = runtime.block_on(async { signal(SignalKind::hangup()) }).map_err(deaf)?;
    let gateway = runtime.block_on(Gateway::start(settings, overrides)).map_err(cannot_start)?;
    greet(&gateway, session);
    let given_up = runtime.block_on(served(&gateway, hangup, session))?;
    if let Some(why) = given_up {
        runtime.block_on(gateway.stop());
        return Err(match Arc::try_unwrap(why) {
            Ok(why) => cannot_start(why),
            Err(why) => rolled_back(why),
        });
    }
    session
        .terminal
        .note("Đang dừng: chờ các giao dịch dở dang kết thúc.", "Stopping: exchanges under way may end.");
    runtime.block_on(gateway.stop());
    Ok(Exit::Yes)
}

/// Reloads whenever it is told to, until the gateway is told to stop or must; then why it must.
async fn served(
    gateway: &Gateway,
    mut hangup: Signal,
    session: &mut Session,
) -> Result<Option<Arc<StartError>>, Failure> {
    let mut told = std::pin::pin!(told_to_stop());
    loop {
        tokio::select! {
            told = &mut told => return told.map(|()| None),
            () = gateway.told_to_drain() => return Ok(None),
            why = gateway.given_up() => return Ok(Some(why)),
            _ = hangup.recv() => tell_reload(&gateway.reload().await, session),
        }
    }
}

fn tell_reload(reloaded: &Reloaded, session: &mut Session) {
    let (vi, en) = match (reloaded.changed, reloaded.not_taken.is_empty()) {
        (_, false) => (
            "Nạp lại: có phần bị lỗi và chưa được áp dụng; phần cũ vẫn có hiệu lực. Chi tiết ở trên.",
            "Reload: some of it has faults and is not taken; what was in force stays. It is told above.",
        ),
        (true, true) => ("Đã nạp lại và áp dụng.", "Reloaded, and in force."),
        (false, true) => ("Đã nạp lại: không có gì thay đổi.", "Reloaded: nothing has changed."),
    };
    session.terminal.note(vi, en);
}

/// A runtime with a thread for each core.
///
/// # Errors
/// The operating system gives none.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|cause| {
        Failure::could_not(
            "no-runtime",
            "Hệ điều hành không cho tạo luồng xử lý.",
            "The system gives no threads.",
        )
        .because(cause)
    })
}

/// Events go to standard error: what the program tells of itself, never the audit log.
pub(super) fn tell_events(session: &Session) {
    let directives = session.environment.events.as_deref().unwrap_or("info");
    let filter = tracing_subscriber::EnvFilter::try_new(directives).unwrap_or_else(|_| "info".into());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let subscriber = subscriber.with_ansi(false).with_target(false);
    let started = if session.terminal.json() { subscriber.json().try_init() } else { subscriber.try_init() };
    // Where a subscriber is there already (a test's), that one tells.
    drop(started);
}

fn greet(gateway: &Gateway, session: &mut Session) {
    let address = gateway.address();
    let terminal = &mut session.terminal;
    terminal.note(
        &format!("Cổng trao đổi dữ liệu sẵn sàng tại https://{address}. Ctrl-C để dừng."),
        &format!("The data exchange gateway is ready at https://{address}. Ctrl-C stops it."),
    );
    if gateway.is_held() {
        tell_held(&gateway.strangers(), terminal);
    }
    if let Some(desk) = gateway.desk_address() {
        terminal
            .note(&format!("Đọc nhật ký: https://{desk}"), &format!("Where the log is read: https://{desk}"));
    }
    if let Some(metrics) = gateway.metrics_address() {
        terminal.note(
            &format!("Số liệu: http://{metrics}/metrics"),
            &format!("Metrics: http://{metrics}/metrics"),
        );
    }
    if let Some(torn) = gateway.recovered().torn {
        let (vi, en) = (
            format!(
                "Lần ghi cuối bị dở dang ({} byte) đã được bỏ; chưa ai nhận được trả lời từ lần ghi đó.",
                torn.bytes
            ),
            format!(
                "The last write was torn ({} bytes) and dropped; nobody had an answer by it.",
                torn.bytes
            ),
        );
        terminal.note(&vi, &en);
    }
    // What lapses or is closed today is a warning, not a fault.
    let warnings = gateway.warnings().render_in(false, terminal.language());
    if !warnings.trim().is_empty() {
        terminal.note(&warnings, &warnings);
    }
}

/// Why nothing is exchanged yet, and what to do.
fn tell_held(strangers: &[String], terminal: &mut Terminal) {
    if strangers.is_empty() {
        return terminal.note(
            "Chưa bên chứng kiến nào trả lời: chưa nhận giao dịch cho đến khi có (hoặc chạy với --unwitnessed).",
            "No witness answers yet: nothing is exchanged until one does (or run it with --unwitnessed).",
        );
    }
    let who = shown(&strangers.join(", "));
    terminal.note(
        &format!(
            "Bên chứng kiến {who} chưa biết nhật ký này, như sau `keys rotate`: chưa nhận giao dịch. Hãy gửi tệp log.vkey để bên đó thêm vào `logs` rồi khởi động lại; cổng không cần khởi động lại, tự nhận giao dịch khi được trả lời (hoặc chạy với --unwitnessed)."
        ),
        &format!(
            "The witness {who} does not know this log, as after `keys rotate`: nothing is exchanged. Have log.vkey added to its `logs`, and have it started again; the gateway needs no start, and takes exchanges once it is answered (or run it with --unwitnessed)."
        ),
    );
}

/// Waits for the signal that ends a service.
pub(super) async fn told_to_stop() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    Ok(())
}

fn deaf(cause: std::io::Error) -> Failure {
    Failure::could_not("no-signals", "Không nhận được tín hiệu hệ thống.", "Signals cannot be received.")
        .because(cause)
}

/// The folder is not the one that a witness knows.
fn rolled_back(cause: impl Into<Cause>) -> Failure {
    Failure::new(
        Exit::False,
        "log-rolled-back",
        "Bên chứng kiến đã thấy một nhật ký khác dưới tên này: thư mục nhật ký là bản cũ được khôi phục, hoặc đã bị cắt bớt. Không ghi thêm gì; hãy giữ nguyên thư mục, tìm lại bản mới nhất, hoặc mở nhật ký mới với `origin` mới và báo cho kiểm toán viên.",
        "A witness has seen another log under this name: the folder is an older copy that was put back, or its end was cut off. Nothing is added to it; keep the folder as it is, find the newest copy, or begin a new log with a new `origin` and tell the auditors.",
    )
    .because(cause)
}

/// Why it does not start, in a clerk's words, with the exit code that the service manager needs.
pub fn cannot_start(error: StartError) -> Failure {
    match error {
        StartError::Policies(faults) => Failure::faulty(faults),
        StartError::Log(BeginError::Open(damaged @ OpenError::Damaged { .. })) => Failure::new(
            Exit::False,
            "log-damaged",
            "Nhật ký không còn nguyên vẹn như khi được ghi. Không ghi thêm gì; hãy giữ nguyên thư mục và chạy `phohien audit verify`.",
            "The log is not as it was written. Nothing is added to it; keep the folder as it is and run `phohien audit verify`.",
        )
        .because(damaged),
        StartError::RolledBack(_) => rolled_back(error),
        StartError::Gone(_) => Failure::new(
            Exit::False,
            "log-gone",
            "Cổng này đã từng ghi nhật ký mang tên này, nay thư mục nhật ký trống: có thể ổ đĩa chưa được gắn. Không ghi gì; hãy đưa thư mục trở lại, hoặc mở nhật ký mới với `origin` mới và báo cho kiểm toán viên.",
            "This gateway has written a log of this name, and its folder is empty now: perhaps a disk is not mounted. Nothing is written; put the folder back, or begin a new log with a new `origin` and tell the auditors.",
        )
        .because(error),
        StartError::Log(BeginError::Open(ended @ OpenError::Ended { .. })) => Failure::new(
            Exit::Usage,
            "log-closed",
            "Nhật ký này đã đóng hẳn và không được ghi tiếp; nguyên nhân dưới đây nêu nhật ký kế tiếp. Hãy sửa `log` trong cấu hình trỏ tới nhật ký đó.",
            "This log was closed for good and is not continued; the cause below names the log that follows it. Have `log` in the configuration name that one.",
        )
        .because(ended),
        StartError::OtherOrigin { .. } => Failure::new(
            Exit::Usage,
            "other-origin",
            "`origin` trong cấu hình khác với nhật ký trong thư mục. Nếu muốn mở nhật ký mới, hãy chạy `phohien keys rotate`; nếu không, hãy khôi phục `origin` cũ.",
            "`origin` in the configuration is not that of the log in the folder. For a new log, run `phohien keys rotate`; else put the old `origin` back.",
        )
        .because(error),
        StartError::Rotating => Failure::new(
            Exit::Usage,
            "rotation-begun",
            "Việc chuyển sang nhật ký mới đã bắt đầu mà chưa xong. Hãy chạy lại `phohien keys rotate`, rồi khởi động cổng.",
            "A rotation of the log was begun and not ended. Run `phohien keys rotate` again, then start the gateway.",
        )
        .because(error),
        StartError::Revoked(why @ (SeenError::Older { .. } | SeenError::Damaged(_))) => {
            let text = why.text();
            let vi = format!("Danh sách thu hồi không được áp dụng: {}.", text.vi);
            let en = format!("A revocation list does not come into force: {}.", text.en);
            Failure::new(Exit::Usage, "revocation-list-older", &vi, &en)
        }
        StartError::TooLarge(which) => Failure::new(
            Exit::Usage,
            "record-too-large",
            "Chính sách có thể tạo ra bản ghi quá lớn so với nhật ký.",
            "The policies can lead to a record that is too large for the log.",
        )
        .because(which),
        other => Failure::could_not(
            "cannot-start",
            "Cổng không khởi động được.",
            "The gateway cannot start.",
        )
        .because(other),
    }
}
