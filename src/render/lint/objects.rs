//! The objects of a rendered file, found as Kubernetes' reader of YAML or JSON finds them.

use crate::gotemplate::Value;
use crate::goyaml;
use crate::goyaml::schema::{Field, Struct, Type};
use crate::render::sort::{MAX_DOCUMENT, MAX_OBJECTS};

/// A Kubernetes object as far as the rules look at it.
static OBJECT: Struct = Struct {
    package: "rules",
    name: "k8sYamlStruct",
    fields: &[
        Field { name: "apiVersion", ty: Type::Str },
        Field { name: "Kind", ty: Type::Str },
        Field { name: "Metadata", ty: Type::Struct(&OBJECT_METADATA) },
    ],
};

static OBJECT_METADATA: Struct = Struct {
    package: "rules",
    name: "k8sYamlMetadata",
    fields: &[Field { name: "Namespace", ty: Type::Str }, Field { name: "Name", ty: Type::Str }],
};

/// What names an object.
pub struct Object {
    /// Its group and version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Object {
    fn new(map: &Value) -> Self {
        let text = |map: &Value, key: &str| {
            let found = map.as_map().and_then(|m| m.get(key));
            found.and_then(|v| v.as_str().map(|s| s.to_str().into_owned())).unwrap_or_default()
        };
        let metadata = map.as_map().and_then(|m| m.get("Metadata")).unwrap_or_default();
        Self { api_version: text(map, "apiVersion"), kind: text(map, "Kind"), name: text(&metadata, "Name") }
    }
}

/// The objects of a stream, null ones left out, and the error that ended it.
pub fn objects(stream: &[u8]) -> (Vec<Object>, Option<String>) {
    let mut found = Vec::new();
    let mut rest = stream;
    // Of what looks like JSON and is neither, the fault as JSON is told.
    let mut fault = None;
    if stream.trim_ascii_start().starts_with(b"{") {
        let mut values = 0;
        loop {
            let problem = match goyaml::from_json_prefix(rest) {
                Ok((value, length)) => match goyaml::json_to_struct(&value, &OBJECT) {
                    Ok(map) => {
                        if length > MAX_DOCUMENT || values == MAX_OBJECTS {
                            return (found, Some(too_many()));
                        }
                        values += 1;
                        rest = &rest[length..];
                        if !value.is_nil() {
                            found.push(Object::new(&map));
                        }
                        continue;
                    }
                    Err(error) => error.to_string(),
                },
                Err(error) if error.message() == "EOF" => return (found, None),
                Err(error) => error.to_string(),
            };
            // What holds several is JSON for certain.
            if values > 1 {
                return (found, Some(problem));
            }
            fault = Some(match offset(rest) {
                Some(place) => format!("json: offset {}: {problem}", stream.len() - rest.len() + place),
                None => problem,
            });
            break;
        }
        rest = without_line_end(rest);
    }
    let (documents, bad_separator) = goyaml::documents_before_error(rest);
    for document in documents {
        if document.len() > MAX_DOCUMENT || found.len() == MAX_OBJECTS {
            return (found, Some(too_many()));
        }
        // A document of nothing leaves the pointer nil.
        if !matches!(goyaml::from_yaml(&document), Ok(Value::Nil)) {
            match goyaml::from_yaml_struct(&document, &OBJECT, false) {
                Ok(map) => found.push(Object::new(&map)),
                Err(error) => return (found, Some(fault.unwrap_or_else(|| error.to_string()))),
            }
        }
        fault = None;
    }
    (found, bad_separator.map(|error| fault.unwrap_or_else(|| error.to_string())))
}

fn too_many() -> String {
    format!("more than {MAX_OBJECTS} objects, or one of more than {MAX_DOCUMENT} bytes")
}

/// Where the JSON value at the start of a text breaks the rules, from 1; `None` if it only ends too early, or does not.
fn offset(text: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
    let place = values.next()?.err().filter(|error| !error.is_eof())?;
    let lines_before = text.split_inclusive(|b| *b == b'\n').take(place.line().saturating_sub(1));
    Some(lines_before.map(<[u8]>::len).sum::<usize>() + place.column())
}

/// What follows the white space up to the end of a line.
fn without_line_end(text: &[u8]) -> &[u8] {
    let space = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let line = text[..space].iter().position(|&byte| byte == b'\n').map_or(space, |end| end + 1);
    &text[line..]
}
