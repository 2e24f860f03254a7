//! The `phohien` program.

fn main() -> std::process::ExitCode {
    phohien::cli::run(std::env::args_os().collect())
}
