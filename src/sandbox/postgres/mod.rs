//! PostgreSQL (stub).
use super::exec::Output;
use super::json::Json;
use super::state::State;
use super::workload::Outcome;
use std::time::Duration;

/// What lies on volumes.
#[derive(Debug, Default)]
pub struct Volumes {}

impl Volumes {
    /// A volume is gone.
    pub fn forget(&mut self, _name: &str) {}
}

pub fn init(_state: &mut State, _pod: &Json, _container: &Json) -> Option<Outcome> {
    None
}
pub fn start(_state: &mut State, _pod: &Json, _container: &Json) -> Option<Outcome> {
    None
}
pub fn unready(_state: &mut State, _pod: &Json) -> Option<Duration> {
    None
}
pub fn stopped(_state: &mut State, _pod: &Json) {}
pub fn exec(_state: &mut State, _pod: &Json, _container: &str, _command: &[String], _stdin: &str) -> Option<Output> {
    None
}
