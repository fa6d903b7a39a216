//! The `faultbook` command. Everything is in the library.

use std::process::ExitCode;

/// Thousands of rules are half a million small allocations, made by all threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    faultbook::cli::main()
}
