//! The JSONPath templates of `kubectl` and `helm show values --jsonpath`, as far as they name values: text with expressions in
//! braces, such as `{.image.tag}`, `{.list[0]}`, `{.list[*].name}`, `{['a.b']}`, `{"\n"}`.

use crate::gotemplate::{Value, fmt};
use crate::goyaml;

/// Fills in a template. What an expression does not find ends the output there.
///
/// # Errors
/// The template is not understood.
pub fn apply(template: &str, data: &Value) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = closing(&rest[open..]).ok_or("unclosed action")? + open;
        let expression = rest[open + 1..close].trim();
        rest = &rest[close + 1..];
        if let Some(text) = literal(expression) {
            out.push_str(&text);
            continue;
        }
        let steps = steps(expression)?;
        let Some(found) = follow(&steps, data) else { return Ok(out) };
        let shown: Vec<String> = found.iter().map(show).collect();
        out.push_str(&shown.join(" "));
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the brace that opens a text is closed; quotes hide braces.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '}') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn literal(expression: &str) -> Option<String> {
    let inner = expression.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\""))
}

enum Step {
    Key(String),
    Index(i64),
    All,
}

fn steps(expression: &str) -> Result<Vec<Step>, String> {
    let unknown = |text: &str| format!("unrecognized expression in {text}");
    let mut steps = Vec::new();
    let mut rest = expression.strip_prefix(['$', '@']).unwrap_or(expression);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            match &after[..end] {
                "" => {}
                "*" => steps.push(Step::All),
                name => steps.push(Step::Key(name.replace('\\', ""))),
            }
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']').ok_or("unterminated array")?;
            let inner = after[..end].trim();
            steps.push(match inner {
                "*" => Step::All,
                inner => match inner.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')) {
                    Some(name) => Step::Key(name.to_string()),
                    None => Step::Index(inner.parse().map_err(|_| unknown(expression))?),
                },
            });
            rest = &after[end + 1..];
        } else {
            return Err(unknown(expression));
        }
    }
    Ok(steps)
}

fn follow(steps: &[Step], data: &Value) -> Option<Vec<Value>> {
    let mut current = vec![data.clone()];
    for step in steps {
        let mut next = Vec::new();
        for value in &current {
            match (step, value) {
                (Step::Key(key), Value::Map(map)) => next.push(map.get(key)?),
                (Step::Index(index), Value::List(list)) => {
                    let length = list.items.len() as i64;
                    let at = if *index < 0 { index + length } else { *index };
                    next.push(list.items.get(usize::try_from(at).ok()?)?.clone());
                }
                (Step::All, Value::List(list)) => next.extend(list.items.iter().cloned()),
                (Step::All, Value::Map(map)) => next.extend(map.borrow().values().cloned()),
                _ => return None,
            }
        }
        current = next;
    }
    Some(current)
}

/// Lists and maps as JSON, everything else as Go prints it.
fn show(value: &Value) -> String {
    match value {
        Value::Map(_) | Value::List(_) => {
            String::from_utf8_lossy(&goyaml::to_json(value, true).unwrap_or_default()).into_owned()
        }
        other => fmt::to_string(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_name_values() {
        let data = Value::map([
            ("a", Value::map([("b", Value::list(vec!["x".into(), "y".into()]))])),
            ("n", Value::Float(3.0)),
        ]);
        for (template, expected) in [
            ("{.n}", "3"),
            ("a={.a.b[1]}!", "a=y!"),
            ("{.a.b}", "[\"x\",\"y\"]"),
            ("{.a.b[*]}", "x y"),
            ("{['a'].b[-1]}{\"\\n\"}", "y\n"),
            ("x{.none}y", "x"),
        ] {
            assert_eq!(apply(template, &data).unwrap(), expected, "{template}");
        }
        assert!(apply("{.a", &data).is_err());
    }
}
