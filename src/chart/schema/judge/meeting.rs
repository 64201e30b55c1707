//! A schema that meets a value, the way that led there, and what it finds.

use boon::ErrorKind;
use serde_json::Value as Json;

use super::super::words::reason;
use super::{Failure, Role};

/// A step of the way into the values.
pub(super) struct Place<'a> {
    pub(super) parent: Option<&'a Place<'a>>,
    pub(super) token: Token<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Index(usize),
}

fn pointer(place: Option<&Place<'_>>, out: &mut String) {
    let Some(place) = place else { return };
    pointer(place.parent, out);
    out.push('/');
    match place.token {
        Token::Name(name) => out.push_str(&name.replace('~', "~0").replace('/', "~1")),
        Token::Index(index) => out.push_str(&index.to_string()),
    }
}

/// A schema that meets a value.
pub(super) struct Meeting<'a, 's, 'v> {
    pub(super) schema: &'s Json,
    pub(super) value: &'v Json,
    pub(super) place: Option<&'a Place<'a>>,
    /// The schema that led to this one.
    pub(super) parent: Option<&'a Meeting<'a, 's, 'v>>,
    /// The one that led here meets the same value.
    pub(super) same_value: bool,
    /// Only whether it fits counts.
    pub(super) quiet: bool,
    pub(super) depth: u32,
}

impl Meeting<'_, '_, '_> {
    pub(super) fn finding<'k>(&self, kind: impl FnOnce() -> ErrorKind<'k, 'k>) -> Failure {
        self.caused(Vec::new(), kind)
    }

    pub(super) fn caused<'k>(&self, causes: Vec<Failure>, kind: impl FnOnce() -> ErrorKind<'k, 'k>) -> Failure {
        if self.quiet {
            return Failure { place: String::new(), reason: String::new(), role: Role::Finding, causes: Vec::new() };
        }
        let kind = kind();
        let role = match kind {
            ErrorKind::Group => Role::Group,
            ErrorKind::Reference { .. } => Role::Reference,
            _ => Role::Finding,
        };
        let mut place = String::new();
        pointer(self.place, &mut place);
        Failure { place, reason: reason(&kind), role, causes }
    }

    /// Whether the same schema has met the same value on the way here.
    pub(super) fn is_circle(&self) -> bool {
        let mut meeting = self;
        while let Some(parent) = meeting.parent.filter(|_| meeting.same_value) {
            if std::ptr::eq(parent.schema, self.schema) {
                return true;
            }
            meeting = parent;
        }
        false
    }
}
