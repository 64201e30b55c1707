//! Process entry: parse, run, exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Values and templates are made of many small pieces, which the system's allocator takes longer to hand out.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    vulas_native::cli::main()
}
