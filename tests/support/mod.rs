//! What the tests against real programs share. Each test file uses only a part of it.
#![allow(dead_code)]

pub mod arguments;
pub mod chart_case;
pub mod chart_generator;
pub mod chart_values;
pub mod chart_words;
pub mod compare;
pub mod differences;
pub mod documents;
pub mod fuzz;
#[cfg(feature = "cluster")]
pub mod helm;
pub mod random;
pub mod reference;
pub mod samples;
#[cfg(feature = "cluster")]
pub mod scenario;
pub mod shrink;
pub mod template_generator;
pub mod values;

/// Runs a test that nests deeply, on a stack that holds it even unoptimized.
pub fn deep(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(test).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
