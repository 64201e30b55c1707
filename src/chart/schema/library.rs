//! Schemas as a whole: whether they are well-formed, and what they refer to. For both there is a library, a port of Helm's; it
//! also judges values by schemas that lead to other documents, and its findings are put in the form of Helm's.

use std::collections::HashSet;
use std::rc::Rc;

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, SchemeUrlLoader, ValidationError};
use serde_json::Value as Json;

use super::super::notice::quote as go_quote;
use super::remote::{Fetch, Files, Network, Permissive};
use super::words::{line, reason};
use super::{LOCATION, cost, formats, patterns};
use crate::chart::Notices;
use crate::sprig::check;

/// A well-formed schema.
pub struct Compiled {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Compiled {
    /// Reads a schema for the values that are to be judged by it.
    ///
    /// # Errors
    /// It is not well-formed, leads to something that is not there, or is too much work for these values. Helm's text.
    pub fn new(
        schema: &Json,
        instance: &Json,
        fetch: Option<&Rc<dyn Fetch>>,
        notices: &Notices,
    ) -> Result<Self, String> {
        let mut compiler = Compiler::new();
        let mut loader = SchemeUrlLoader::new();
        loader.register("file", Box::new(Files));
        loader.register("http", Box::new(Network(fetch.cloned())));
        loader.register("https", Box::new(Network(fetch.cloned())));
        loader.register("urn", Box::new(Permissive));
        compiler.use_loader(Box::new(loader));
        formats::register(&mut compiler);
        warn_of_urns(schema, notices);
        check_draft(schema)?;
        let mut schema = schema.clone();
        patterns::replace(&mut schema);
        cost::check(&schema, instance)?;
        compiler.add_resource(LOCATION, schema).map_err(|e| compile_error(&e))?;
        let mut schemas = Schemas::new();
        let index = compiler.compile(LOCATION, &mut schemas).map_err(|e| compile_error(&e))?;
        Ok(Self { schemas, index })
    }

    /// Judges values by the schema.
    ///
    /// # Errors
    /// They do not fit. Helm's text, as far as the library says what it takes.
    pub fn validate(&self, instance: &Json) -> Result<(), String> {
        let Err(error) = self.schemas.validate(instance, self.index) else { return Ok(()) };
        let mut text = String::new();
        describe_all(&error.causes, error.schema_url, &mut text);
        Err(format!("{}\n", text.strip_prefix('\n').unwrap_or(&text)))
    }
}

/// Refuses a `$schema` that is no absolute URL.
fn check_draft(schema: &Json) -> Result<(), String> {
    let Some(draft) = schema.get("$schema").and_then(Json::as_str) else { return Ok(()) };
    match check::url(draft) {
        Ok(url) if url.absolute => Ok(()),
        Ok(_) => Err(no_loader(draft.split('#').next().unwrap_or(draft))),
        Err(error) => Err(format!("invalid $schema in {}: {error}", go_quote(&format!("{LOCATION}#")))),
    }
}

fn no_loader(url: &str) -> String {
    format!("failing loading {0}: no URLLoader registered for {0}", go_quote(url))
}

fn warn_of_urns(schema: &Json, notices: &Notices) {
    match schema {
        Json::Object(entries) => {
            if let Some(Json::String(reference)) = entries.get("$ref")
                && reference.starts_with("urn:")
            {
                let urn = reference.split('#').next().unwrap_or(reference);
                notices
                    .warn("unresolved URN reference ignored; using permissive schema", vec![("urn", urn.to_string())]);
            }
            entries.values().for_each(|value| warn_of_urns(value, notices));
        }
        Json::Array(items) => items.iter().for_each(|value| warn_of_urns(value, notices)),
        _ => {}
    }
}

/// The causes that Helm's library finds, too: it looks no further at a text that is not of the format.
fn found<'e, 's, 'v>(causes: &'e [ValidationError<'s, 'v>]) -> impl Iterator<Item = &'e ValidationError<'s, 'v>> {
    let is_format = |cause: &ValidationError<'_, '_>| matches!(cause.kind, ErrorKind::Format { .. });
    let place = |cause: &ValidationError<'_, '_>| (cause.schema_url.to_string(), cause.instance_location.to_string());
    let ended: HashSet<_> = causes.iter().filter(|cause| is_format(cause)).map(place).collect();
    causes.iter().filter(move |cause| is_format(cause) || ended.is_empty() || !ended.contains(&place(cause)))
}

/// What a schema finds. The validator puts the failures of a single branch of a group (`allOf` and the like) among those of the
/// schema itself; in Helm's library they are a group of their own.
fn describe_all(causes: &[ValidationError<'_, '_>], base: &str, out: &mut String) {
    let causes: Vec<_> = found(causes).collect();
    let branches: Option<Vec<_>> = causes.iter().map(|cause| branch(cause, base)).collect();
    match branches.as_deref() {
        Some([first, others @ ..]) if !others.is_empty() && others.iter().all(|other| other == first) => {
            let (place, keyword) = left_out(causes[0], base).swap_remove(0);
            let none = if keyword == "oneOf" { ", none matched" } else { "" };
            line(1, &place, &format!("'{keyword}' failed{none}"), out);
            line(2, &place, &reason(&ErrorKind::Group), out);
            for cause in causes {
                describe(cause, first, 3, out);
            }
        }
        _ => causes.into_iter().for_each(|cause| describe(cause, base, 1, out)),
    }
}

/// The branch of the outermost group, right in the schema itself, in which an error was found.
fn branch(error: &ValidationError<'_, '_>, base: &str) -> Option<String> {
    let path = error.schema_url.strip_prefix(base)?;
    let mut steps = path.split('/').filter(|step| !step.is_empty() && *step != "#");
    let keyword = steps.next().filter(|step| matches!(*step, "allOf" | "anyOf" | "oneOf"))?;
    let number = steps.next()?;
    let end = path.find(keyword)? + keyword.len() + 1 + number.len();
    Some(format!("{base}{}", &path[..end]))
}

/// One line for an error and its causes below it; `base` is the schema from which its own place is counted.
fn describe(error: &ValidationError<'_, '_>, base: &str, depth: usize, out: &mut String) {
    let mut inner = depth;
    for (place, keyword) in left_out(error, base) {
        let none = if keyword == "oneOf" { ", none matched" } else { "" };
        line(inner, &place, &format!("'{keyword}' failed{none}"), out);
        inner += 1;
    }
    let causes: Vec<_> = found(&error.causes).collect();
    let only_leads_on = causes.len() == 1 && matches!(error.kind, ErrorKind::Reference { .. } | ErrorKind::Group);
    if !only_leads_on {
        line(inner, &patterns::original_place(&error.instance_location.to_string()), &reason(&error.kind), out);
        inner += 1;
    }
    let base = match &error.kind {
        ErrorKind::Reference { url, .. } => (*url).to_string(),
        // The branches of a group are counted from the schema that lists them.
        ErrorKind::AllOf => format!("{}/allOf", error.schema_url),
        ErrorKind::AnyOf => format!("{}/anyOf", error.schema_url),
        ErrorKind::OneOf(_) => format!("{}/oneOf", error.schema_url),
        _ => error.schema_url.to_string(),
    };
    for cause in causes {
        describe(cause, &base, inner, out);
    }
}

/// The groups (`allOf` and the like) between a schema and an error in one of its branches. The validator leaves out those with
/// a single failure, Helm's shows them: place in the values and keyword of each.
fn left_out<'e>(error: &'e ValidationError<'_, '_>, base: &str) -> Vec<(String, &'e str)> {
    let Some(path) = error.schema_url.strip_prefix(base) else { return Vec::new() };
    let mut steps = path.split('/').filter(|step| !step.is_empty() && *step != "#").peekable();
    if base.ends_with("Of") {
        // The number of the branch of a group that is shown.
        steps.next();
    }
    // How many elements of the place each step goes down, to find the place of a group from its end.
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut down = 0;
    // The names on the way: the place of an error in a name is the name itself, from which nothing leads up.
    let mut names = Vec::new();
    while let Some(step) = steps.next() {
        match step {
            "allOf" | "anyOf" | "oneOf" => {
                steps.next();
                found.push((down, step));
            }
            "properties" | "patternProperties" | "prefixItems" => {
                names.extend(steps.next());
                down += 1;
            }
            "items" | "additionalItems" | "unevaluatedItems" | "contains" => {
                steps.next_if(|next| next.bytes().all(|b| b.is_ascii_digit()));
                down += 1;
            }
            "additionalProperties" | "unevaluatedProperties" => down += 1,
            "dependentSchemas" | "dependencies" | "$defs" | "definitions" => {
                steps.next();
            }
            _ => {}
        }
    }
    let place = patterns::original_place(&error.instance_location.to_string());
    let tokens: Vec<&str> = match error.kind {
        ErrorKind::PropertyName { .. } if names.len() == down => names,
        _ => place.split('/').skip(1).collect(),
    };
    let above = tokens.len().saturating_sub(down);
    let place = |down: usize| tokens.iter().take(above + down).fold(String::new(), |p, token| p + "/" + token);
    found.into_iter().map(|(down, keyword)| (place(down), keyword)).collect()
}

fn compile_error(error: &CompileError) -> String {
    match error {
        CompileError::LoadUrlError { url, src } if src.to_string().starts_with("unsupported scheme") => no_loader(url),
        CompileError::LoadUrlError { url, src } => format!("failing loading {}: {src}", go_quote(url)),
        CompileError::UnsupportedUrlScheme { url } => no_loader(url),
        CompileError::UnsupportedDraft { url } => format!("draft {} is not supported", go_quote(url)),
        CompileError::MetaSchemaCycle { url } => format!("cycle in resolving $schema in {}", go_quote(url)),
        CompileError::ValidationError { url, src } => {
            let mut text = String::new();
            for cause in found(&src.causes) {
                describe(cause, src.schema_url, 1, &mut text);
            }
            let inner = format!("{}{text}", reason(&src.kind));
            format!("{} is not valid against metaschema: {inner}", go_quote(url))
        }
        CompileError::InvalidRegex { url, regex, src } => {
            format!("invalid regex {} at {}: {src}", go_quote(&patterns::original(regex)), go_quote(&located(url)))
        }
        CompileError::JsonPointerNotFound(place) => {
            format!("json-pointer in {} not found", go_quote(&located(place)))
        }
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", go_quote(&located(reference)), go_quote(url))
        }
        CompileError::ParseUrlError { url, src } => format!("error in parsing {}: {src}", go_quote(url)),
        CompileError::InvalidMetaSchemaUrl { url, src } => format!("invalid $schema in {}: {src}", go_quote(url)),
        CompileError::ParseIdError { loc } => {
            // The schema as a whole has an empty pointer.
            let whole = if loc.contains('#') { "" } else { "#" };
            format!("error in parsing id at {}", go_quote(&(located(loc) + whole)))
        }
        CompileError::ParseAnchorError { loc } => {
            format!("error in parsing anchor at {}", go_quote(&located(loc)))
        }
        CompileError::DuplicateId { url, id, ptr1, ptr2 } => duplicate("id", id, url, ptr1, ptr2),
        CompileError::DuplicateAnchor { anchor, url, ptr1, ptr2 } => duplicate("anchor", anchor, url, ptr1, ptr2),
        CompileError::InvalidJsonPointer(place) => format!("invalid json-pointer {}", go_quote(place)),
        CompileError::UnsupportedVocabulary { url, vocabulary } => {
            format!("unsupported vocabulary {} in {}", go_quote(vocabulary), go_quote(url))
        }
        CompileError::Bug(_) => error.to_string(),
    }
}

/// A place in a schema as Helm's library writes it.
fn located(url: &str) -> String {
    check::with_pointer(url, patterns::original_place)
}

fn duplicate(what: &str, name: &str, url: &str, first: &str, second: &str) -> String {
    let (first, second) = (patterns::original_place(first), patterns::original_place(second));
    let [name, url, first, second] = [name, url, &first, &second].map(go_quote);
    format!("duplicate {what} {name} in {url} at {first} and {second}")
}
