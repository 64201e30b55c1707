//! What the tests against real programs share. Each test file uses only a part of it.
#![allow(dead_code)]

pub mod differences;
pub mod random;
pub mod reference;
pub mod samples;
#[cfg(feature = "cluster")]
pub mod scenario;
pub mod template_generator;
pub mod values;
