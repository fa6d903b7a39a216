//! The `faultbook` command. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    faultbook::cli::main()
}
