//! `witness serve`: any agency can cosign others' logs.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::serve::runtime;
use crate::cli::serve::tell_events;
use crate::cli::serve::told_to_stop;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::config::witness;
use crate::config::witness::Settings;
use crate::id::Origin;
use crate::server::witness::Serving;
use crate::server::witness::WitnessError;
use crate::tlog::witness::Logs;
use crate::tlog::witness::memory::MemoryError;

/// `witness serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[arg(long, value_name = "DIR", requires_all = ["name", "logs"])]
    state: Option<PathBuf>,
    #[arg(long, value_name = "NAME", requires = "state")]
    name: Option<Origin>,
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "state")]
    logs: Vec<PathBuf>,
    #[arg(long, value_name = "IP:PORT", requires = "state")]
    listen: Option<SocketAddr>,
}

/// Serves until it is told to stop.
///
/// # Errors
/// It cannot start; a damaged memory is one reason.
pub fn run(serve: &Serve, session: &mut Session) -> Result<Exit, Failure> {
    let settings = settings(serve, session)?;
    tell_events(session);
    let runtime = runtime()?;
    let serving = runtime.block_on(Serving::start(settings, session.clock.clone())).map_err(cannot_start)?;
    let (address, key) = (serving.address(), serving.key().to_string());
    session.terminal.note(
        &format!("Bên chứng kiến sẵn sàng tại {address}. Ctrl-C để dừng. Khóa để công bố:"),
        &format!("The witness is ready at {address}. Ctrl-C stops it. The key to publish:"),
    );
    session.terminal.note(&key, &key);
    runtime.block_on(told_to_stop())?;
    runtime.block_on(serving.stop());
    Ok(Exit::Yes)
}

/// From the options, or from the file that `--config` names: a gateway's own file is never taken for it.
fn settings(serve: &Serve, session: &Session) -> Result<Settings, Failure> {
    let Some(state) = &serve.state else {
        let file = session.config.as_ref().ok_or_else(|| {
            Failure::usage(
                "Hãy nêu cấu hình bằng `--config witness.toml`, hoặc `--state DIR --name TÊN --logs TỆP`.",
                "Name a configuration with `--config witness.toml`, or say `--state DIR --name NAME --logs FILE`.",
            )
        })?;
        return witness::read(file).map_err(Failure::faulty);
    };
    let mut keys = Vec::new();
    for file in &serve.logs {
        keys.extend(trust::log_keys(file)?);
    }
    let listen = serve.listen.or_else(|| witness::LISTEN.parse().ok());
    // Invariant: clap asks for the name with the state, and the default address is one.
    let (Some(name), Some(listen)) = (serve.name.clone(), listen) else {
        return Err(Failure::usage("Thiếu `--name`.", "`--name` is missing."));
    };
    Ok(Settings { name, state: state.clone(), listen, logs: Logs::new(keys), tls: None })
}

fn cannot_start(error: WitnessError) -> Failure {
    match &error {
        WitnessError::Memory(MemoryError::Damaged { file, .. }) => {
            let name = shown(&file.display().to_string());
            let vi = format!(
                "Bộ nhớ của bên chứng kiến không còn nguyên vẹn (`{name}`). Không ký gì nữa; không thay bằng bản cũ: hãy lập bên chứng kiến mới với tên mới."
            );
            let en = format!(
                "The witness's memory is not as it was written (`{name}`). Nothing is cosigned; do not put an older copy in its place: begin a witness with a new name."
            );
            Failure::new(Exit::False, "witness-damaged", vi, en).because(error)
        }
        WitnessError::Other { .. } => Failure::usage(
            "Thư mục này thuộc bên chứng kiến khác, hoặc khóa đã bị thay. Mỗi khóa chỉ đi với một tên.",
            "This folder is another witness's, or its key was replaced. One key goes with one name.",
        )
        .because(error),
        WitnessError::Memory(_)
        | WitnessError::File { .. }
        | WitnessError::Key { .. }
        | WitnessError::Tls(_)
        | WitnessError::Listen { .. } => Failure::could_not(
            "cannot-start",
            "Bên chứng kiến không khởi động được.",
            "The witness cannot start.",
        )
        .because(error),
    }
}
