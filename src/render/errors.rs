//! How Helm 4 shows errors of templates.

use crate::gotemplate::FuncError;

/// Marks around the message of `required` and `fail`, which is then shown alone.
const START: &str = "HELM_ERR_START";
const END: &str = "HELM_ERR_END";

/// The error of `required` and `fail`.
pub fn marked(message: &str) -> FuncError {
    FuncError::new(format!("{START}{message}{END}"))
}

/// A parse error: the place, and the last part of the message.
pub fn parse(file: &str, message: &str) -> String {
    let parts: Vec<&str> = message.split(": ").collect();
    match parts.as_slice() {
        [_, location, .., last] => format!("parse error at ({location}): {last}"),
        [_, location] => format!("parse error at ({location}): {location}"),
        _ => format!("parse error in ({file}): {message}"),
    }
}

/// An execution error: the message of `required` or `fail` with its place, or one block for each template on the way; if any
/// link of the chain is not of the known forms, the whole chain in Go's one line.
pub fn execution(file: &str, error: &FuncError) -> String {
    let message = &error.message;
    let mut parts = message.splitn(3, ": ");
    let (Some(_), Some(location), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return format!("execution error in ({file}): {message}");
    };
    if let Some(inner) = between_marks(rest) {
        return format!("execution error at ({location}): {inner}");
    }
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for link in error.chain() {
        let Some(frame) = Frame::parse(&link.message) else { return message.clone() };
        if frames.last() != Some(&frame) {
            frames.push(frame);
        }
    }
    let mut text = String::new();
    for frame in frames {
        for (part, end) in [(frame.location, "\n  "), (&frame.executing, "\n    "), (frame.message, "\n")] {
            if !part.is_empty() {
                text.push_str(part);
                text.push_str(end);
            }
        }
    }
    text.trim().to_string()
}

fn between_marks(text: &str) -> Option<&str> {
    let start = text.find(START)? + START.len();
    let end = text.rfind(END)?;
    text.get(start..end)
}

/// One template on the way to an error.
#[derive(PartialEq)]
struct Frame<'a> {
    location: &'a str,
    executing: String,
    message: &'a str,
}

impl<'a> Frame<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("template: ")?;
        if rest.starts_with("no template ") {
            return Some(Self { location: "", executing: String::new(), message: text });
        }
        Self::executing(rest).or_else(|| Self::simple(rest))
    }

    /// `NAME: executing "FUNCTION" at <PLACE>: MESSAGE`
    fn executing(rest: &'a str) -> Option<Self> {
        let (location, after) = rest.split_once(": executing ")?;
        let (function, after) = after.strip_prefix('"')?.split_once('"')?;
        let (place, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        Some(Self {
            location,
            executing: format!("executing \"{function}\" at <{place}>:"),
            message: own_part(message),
        })
    }

    /// `NAME: MESSAGE`
    fn simple(rest: &'a str) -> Option<Self> {
        let at = rest.rfind(": ")?;
        Some(Self { location: &rest[..at], executing: String::new(), message: own_part(&rest[at + 2..]) })
    }
}

/// The message without the chain that follows.
fn own_part(message: &str) -> &str {
    message.find(" template:").map_or(message, |at| &message[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_shows_its_message_alone() {
        let error = FuncError::wrap(
            "template: c/templates/a.yaml:1:3: executing \"c/templates/a.yaml\" at <required>: error calling required",
            marked("no: way"),
        );
        assert_eq!(execution("c/templates/a.yaml", &error), "execution error at (c/templates/a.yaml:1:3): no: way");
    }

    #[test]
    fn a_chain_of_templates_is_shown_frame_by_frame() {
        let inner = FuncError::new(
            "template: c/templates/_h.tpl:2:5: executing \"h\" at <.a.b>: nil pointer evaluating interface {}.b",
        );
        let outer = FuncError::wrap(
            "template: c/templates/a.yaml:1:3: executing \"c/templates/a.yaml\" at <include \"h\" .>: error calling include",
            inner,
        );
        assert_eq!(
            execution("f", &outer),
            "c/templates/a.yaml:1:3\n  executing \"c/templates/a.yaml\" at <include \"h\" .>:\n    error calling include:\n\
             c/templates/_h.tpl:2:5\n  executing \"h\" at <.a.b>:\n    nil pointer evaluating interface {}.b"
        );
    }

    #[test]
    fn an_unknown_link_shows_the_chain_as_it_is() {
        let error =
            FuncError::wrap("template: a:1:2: executing \"a\" at <index>: error calling index", FuncError::new("x"));
        assert_eq!(execution("f", &error), error.message);
    }

    #[test]
    fn parse_errors_show_place_and_reason() {
        assert_eq!(
            parse("f", "template: a:1: function \"x\" not defined"),
            "parse error at (a:1): function \"x\" not defined"
        );
    }
}
