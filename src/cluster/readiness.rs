//! When an object is ready, by kind.

use super::Json;

/// The state of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Does what it should.
    Ready,
    /// On the way; says what is missing.
    Progressing(String),
    /// Will not become ready by waiting; says why.
    Failed(String),
}

/// The state of an object as the server holds it.
pub fn readiness(object: &Json) -> Readiness {
    let _ = object;
    Readiness::Progressing("not built yet".into())
}
