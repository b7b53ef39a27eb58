//! Chooses; the work starts in the library.

fn main() -> std::process::ExitCode {
    match edge_agent::cli::main() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // A closed standard error can't be told anything.
            let _ = writeln!(std::io::stderr().lock(), "edge-agent: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
