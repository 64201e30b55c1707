//! JSON in and out.

pub(super) mod decode;
pub(super) mod encode;
