//! `demo`: the whole story, nothing needed. In an empty folder, without root, without a network.
//!
//! | here | what |
//! |---|---|
//! | [`story`] | the scenes, as data |
//! | [`folder`], [`world`], [`policies`], [`platforms`] | everything the story needs |
//! | [`play`], [`questions`], [`burst`], [`edit`], [`child`] | each step, by the program's own commands |
//! | [`stage`], [`difference`], [`invitation`] | what is shown |

pub mod burst;
pub mod child;
pub mod difference;
pub mod edit;
pub mod folder;
pub mod invitation;
pub mod platforms;
pub mod play;
pub mod policies;
pub mod questions;
pub mod stage;
pub mod story;
pub mod world;

use std::path::PathBuf;

use tokio::runtime::Runtime;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

use child::Program;
use folder::DemoFolder;
use play::Player;
use stage::Stage;
use story::STORY;
use world::World;

/// The gateway's port, if the demonstration stays up and no other is named.
const PORT: u16 = 8443;

/// `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Tell the story once and end.
    #[arg(long)]
    pub once: bool,
    /// An empty folder to keep the files in; else `./phohien-demo`, or with `--once` one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The gateway's port on this machine.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

/// Runs the demonstration.
///
/// # Errors
/// It cannot start, or its output cannot be written. That a step does not end as the story says is an answer: no.
pub fn run(demo: &Demo, session: &mut Session) -> Result<Exit, Failure> {
    let folder = DemoFolder::take(demo.dir.as_deref(), demo.once)?;
    let runtime = Runtime::new().map_err(|cause| {
        Failure::could_not("no-threads", "Không tạo được luồng xử lý.", "No threads can be had.")
            .because(cause)
    })?;
    // Zero lets the system choose: a story told once must not fail because somebody else has the port.
    let port = demo.port.unwrap_or(if demo.once { 0 } else { PORT });
    let mut world = runtime.block_on(World::build(folder.path(), port))?;
    let told = tell(&mut world, &runtime, session, (demo.once, folder.is_passing()));
    runtime.block_on(world.stop());
    told
}

fn tell(
    world: &mut World,
    runtime: &Runtime,
    session: &mut Session,
    (once, passing): (bool, bool),
) -> Result<Exit, Failure> {
    let program = Program::this(world.folder(), session.terminal.language())?;
    let mut stage = Stage::new(session);
    stage.opening((world.folder(), passing), &world.origin(), &world.directory())?;
    let mut player =
        Player { world, runtime, program, stage, first: None, compared: Vec::new(), refused: None };
    for scene in STORY {
        player.scene(scene)?;
    }
    player.stage.closing(STORY.iter().map(|scene| scene.steps.len()).sum())?;
    if !once {
        stay(&mut player)?;
    }
    Ok(if player.stage.astray() == 0 { Exit::Yes } else { Exit::No })
}

/// Stays up for whoever wants to try, until Ctrl-C.
fn stay(player: &mut Player<'_, '_>) -> Result<(), Failure> {
    let exchange = player.first.as_ref().map(|(exchange, _)| exchange.as_str());
    let desk = player.world.desk();
    let lines = invitation::lines(
        player.program.path(),
        player.world.folder(),
        (&player.world.origin(), desk.as_deref()),
        exchange,
    );
    let terminal = &mut player.stage.session().terminal;
    terminal.note(
        "\nCổng còn chạy. Dán các dòng sau vào một cửa sổ khác; Ctrl-C để dừng.\n",
        "\nThe gateway stays up. Paste these lines into another terminal; Ctrl-C ends it.\n",
    );
    let language = terminal.language();
    for line in lines {
        player.stage.line(&format!("# {}\n{}\n", line.says.to(language), line.command))?;
    }
    player.runtime.block_on(tokio::signal::ctrl_c()).map_err(|cause| {
        Failure::could_not("no-signal", "Không nhận được tín hiệu Ctrl-C.", "Ctrl-C cannot be waited for.")
            .because(cause)
    })
}
