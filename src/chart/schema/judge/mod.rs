//! Values judged by a schema that refers to nothing outside itself: in the order and with the causes of Helm's JSON schema
//! library, whose messages show both.
//!
//! The schema has to be well-formed. Keywords that hold something else than they should count as missing.

mod array;
mod conditions;
mod meeting;
mod object;
mod scalar;
mod unseen;

use std::borrow::Cow;
use std::cell::Cell;

use boon::{ErrorKind, Type, Types};
use serde_json::{Map, Value as Json};

use self::meeting::{Meeting, Place, Token};
use self::unseen::Unseen;
use super::decimal::Decimal;
use super::{cost, decimal, formats, rational};

/// The stack that is left when a new part of it is taken, and the size of that.
const STACK: (usize, usize) = (128 << 10, 1 << 20);
/// How deep schemas may lead into each other and into values.
const MAX_DEPTH: u32 = 500;

/// What a schema found.
pub struct Failure {
    /// Where in the values, as a JSON pointer.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
    /// How it is shown.
    pub role: Role,
    pub causes: Vec<Failure>,
}

/// How a failure stands to its causes.
#[derive(Clone, Copy, PartialEq)]
pub enum Role {
    /// Several failures of one schema.
    Group,
    /// It leads on to another schema.
    Reference,
    Finding,
}

/// Why there is no judgement.
pub enum Refusal {
    /// The schema refers to other documents or by names of its own, or in a circle.
    Unknown,
    /// It takes too long.
    Work(String),
}

/// The draft of the JSON schema specification.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub enum Draft {
    Four,
    Six,
    Seven,
    From2019,
    From2020,
}

impl Draft {
    /// The draft that a schema names in `$schema`, or the latest.
    pub fn of(schema: &Json) -> Option<Self> {
        let Some(url) = schema.get("$schema") else { return Some(Self::From2020) };
        let url = url.as_str()?.strip_prefix("http").map(|u| u.strip_prefix('s').unwrap_or(u))?;
        match url.strip_suffix('#').unwrap_or(url) {
            "://json-schema.org/draft-04/schema" => Some(Self::Four),
            "://json-schema.org/draft-06/schema" => Some(Self::Six),
            "://json-schema.org/draft-07/schema" => Some(Self::Seven),
            "://json-schema.org/draft/2019-09/schema" => Some(Self::From2019),
            "://json-schema.org/draft/2020-12/schema" | "://json-schema.org/schema" => Some(Self::From2020),
            _ => None,
        }
    }
}

/// Judges values by a schema.
///
/// # Errors
/// There is no judgement.
pub fn judge(schema: &Json, values: &Json) -> Result<Result<(), Failure>, Refusal> {
    let draft = Draft::of(schema).filter(|_| is_known(schema, true, has_references(schema)));
    let judge =
        Judge { root: schema, draft: draft.ok_or(Refusal::Unknown)?, steps: Cell::new(0), trouble: Cell::new(None) };
    // Mostly values fit, and then nothing has to be put into words.
    let mut verdict = judge.whole(schema, values, true);
    if verdict.is_err() && judge.trouble.get().is_none() {
        judge.steps.set(0);
        verdict = judge.whole(schema, values, false);
    }
    match judge.trouble.get() {
        None => Ok(verdict),
        Some(Trouble::Circle) => Err(Refusal::Unknown),
        Some(Trouble::Work) => Err(Refusal::Work(cost::too_much())),
    }
}

fn has_references(schema: &Json) -> bool {
    match schema {
        Json::Object(keywords) => keywords.contains_key("$ref") || keywords.values().any(has_references),
        Json::Array(items) => items.iter().any(has_references),
        _ => false,
    }
}

/// Whether a schema leads to nothing but places in its own document.
fn is_known(schema: &Json, outermost: bool, has_references: bool) -> bool {
    match schema {
        Json::Object(keywords) => keywords.iter().all(|(keyword, value)| match (keyword.as_str(), value) {
            ("$dynamicRef" | "$recursiveRef" | "$vocabulary", _) => false,
            ("$schema", Json::String(_)) => outermost,
            // A name without a fragment is that of a document of its own.
            ("$id" | "id", Json::String(name)) => outermost || !has_references || name.starts_with('#'),
            ("$ref", Json::String(reference)) => {
                // Escapes are rare.
                (reference == "#" || reference.starts_with("#/")) && !reference.contains('%')
            }
            (_, value) => is_known(value, false, has_references),
        }),
        Json::Array(items) => items.iter().all(|item| is_known(item, false, has_references)),
        _ => true,
    }
}

/// The causes of a failure that is shown as something else.
fn unwrapped(failure: Failure) -> Vec<Failure> {
    if failure.role == Role::Group { failure.causes } else { vec![failure] }
}

#[derive(Clone, Copy)]
enum Trouble {
    Circle,
    Work,
}

struct Judge<'s> {
    root: &'s Json,
    draft: Draft,
    /// How often a schema met a value.
    steps: Cell<u64>,
    trouble: Cell<Option<Trouble>>,
}

type Keywords = Map<String, Json>;

impl<'s> Judge<'s> {
    /// Judges a value by itself, apart from where it stands.
    fn whole(&self, schema: &'s Json, value: &Json, quiet: bool) -> Result<(), Failure> {
        let unseen = Unseen::of(self.draft, schema, value, false);
        let meeting = Meeting { schema, value, place: None, parent: None, same_value: false, quiet, depth: 0 };
        self.meet(&meeting, unseen).map(drop)
    }

    /// Judges the value of a meeting by another schema.
    fn beside<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        schema: &'s Json,
        quiet: bool,
        unseen: &mut Unseen<'v>,
    ) -> Result<(), Failure> {
        let own = Unseen::of(self.draft, schema, meeting.value, !unseen.is_empty());
        let inner = Meeting {
            schema,
            parent: Some(meeting),
            same_value: true,
            quiet: meeting.quiet || quiet,
            depth: meeting.depth + 1,
            ..*meeting
        };
        unseen.keep(&self.meet(&inner, own)?);
        Ok(())
    }

    /// Judges a part of the value of a meeting.
    fn part<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        schema: &'s Json,
        value: &'v Json,
        token: Token<'_>,
    ) -> Result<(), Failure> {
        let place = Place { parent: meeting.place, token };
        let inner = Meeting {
            schema,
            value,
            place: Some(&place),
            parent: Some(meeting),
            same_value: false,
            quiet: meeting.quiet,
            depth: meeting.depth + 1,
        };
        self.meet(&inner, Unseen::of(self.draft, schema, value, false)).map(drop)
    }

    fn meet<'v>(&self, meeting: &Meeting<'_, 's, 'v>, unseen: Unseen<'v>) -> Result<Unseen<'v>, Failure> {
        stacker::maybe_grow(STACK.0, STACK.1, || self.met(meeting, unseen))
    }

    fn met<'v>(&self, meeting: &Meeting<'_, 's, 'v>, mut unseen: Unseen<'v>) -> Result<Unseen<'v>, Failure> {
        self.steps.set(self.steps.get() + 1);
        if meeting.depth > MAX_DEPTH || self.steps.get() > cost::MAX_STEPS {
            self.trouble.set(Some(Trouble::Work));
        } else if meeting.is_circle() {
            self.trouble.set(Some(Trouble::Circle));
        }
        if self.trouble.get().is_some() {
            return Err(meeting.finding(|| ErrorKind::Group));
        }
        let keywords = match meeting.schema {
            Json::Object(keywords) => keywords,
            Json::Bool(false) => return Err(meeting.finding(|| ErrorKind::FalseSchema)),
            _ => return Ok(unseen),
        };
        let reference = keywords.get("$ref").and_then(Json::as_str);
        if let Some(reference) = reference.filter(|_| self.draft < Draft::From2019) {
            // Nothing else beside it counts.
            self.constant(meeting, keywords)?;
            self.reference(meeting, reference, &mut unseen)?;
            return Ok(unseen);
        }
        self.first(meeting, keywords)?;
        let mut failures = Vec::new();
        if let Some(reference) = reference {
            failures.extend(self.reference(meeting, reference, &mut unseen).err());
        }
        match meeting.value {
            Json::Object(entries) => self.object(meeting, keywords, entries, &mut unseen, &mut failures),
            Json::Array(items) => self.array(meeting, keywords, items, &mut unseen, &mut failures),
            Json::String(text) => scalar::string(meeting, keywords, text, &mut failures),
            Json::Number(number) => scalar::number(meeting, keywords, number, &mut failures),
            Json::Null | Json::Bool(_) => {}
        }
        if failures.is_empty() || !meeting.quiet {
            self.conditions(meeting, keywords, &mut unseen, &mut failures);
            if self.draft >= Draft::From2019 {
                self.unevaluated(meeting, keywords, &mut unseen, &mut failures);
            }
        }
        match failures.len() {
            0 => Ok(unseen),
            1 => Err(failures.swap_remove(0)),
            _ => Err(meeting.caused(failures, || ErrorKind::Group)),
        }
    }

    /// What ends the judgement when it fails.
    fn first(&self, meeting: &Meeting<'_, 's, '_>, keywords: &'s Keywords) -> Result<(), Failure> {
        let value = meeting.value;
        if let Some(names) = keywords.get("type") {
            let names = names.as_array().map_or(std::slice::from_ref(names), Vec::as_slice);
            let wanted: Types = names.iter().filter_map(Json::as_str).filter_map(type_of_name).collect();
            let got = type_of(value);
            let whole = || value.as_number().is_some_and(decimal::is_whole);
            if !(wanted.contains(got) || wanted.contains(Type::Integer) && whole()) {
                return Err(meeting.finding(|| ErrorKind::Type { got, want: wanted }));
            }
        }
        self.constant(meeting, keywords)?;
        if let Some(want) = keywords.get("enum").and_then(Json::as_array)
            // A text that equals a number counts only beside another number.
            && !(want.iter().any(|one| type_of(one) == type_of(value)) && want.iter().any(|one| equals(value, one)))
        {
            return Err(meeting.finding(|| ErrorKind::Enum { want }));
        }
        if self.draft < Draft::From2019
            && let (Json::String(text), Some(Json::String(name))) = (value, keywords.get("format"))
            && let Some((want, format)) = formats::of(name)
            && let Err(problem) = format(text)
        {
            return Err(meeting.finding(|| ErrorKind::Format { got: Cow::Borrowed(value), want, err: problem.into() }));
        }
        Ok(())
    }

    fn constant(&self, meeting: &Meeting<'_, 's, '_>, keywords: &'s Keywords) -> Result<(), Failure> {
        match keywords.get("const").filter(|_| self.draft >= Draft::Six) {
            Some(want) if !equals(meeting.value, want) => Err(meeting.finding(|| ErrorKind::Const { want })),
            _ => Ok(()),
        }
    }

    fn reference<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        reference: &str,
        unseen: &mut Unseen<'v>,
    ) -> Result<(), Failure> {
        let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target else { return Ok(()) };
        self.beside(meeting, target, false, unseen)
            .map_err(|failure| meeting.caused(unwrapped(failure), || ErrorKind::Reference { kw: "$ref", url: "" }))
    }
}

fn type_of(value: &Json) -> Type {
    match value {
        Json::Null => Type::Null,
        Json::Bool(_) => Type::Boolean,
        Json::Number(_) => Type::Number,
        Json::String(_) => Type::String,
        Json::Array(_) => Type::Array,
        Json::Object(_) => Type::Object,
    }
}

fn type_of_name(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "number" => Type::Number,
        "integer" => Type::Integer,
        "string" => Type::String,
        "array" => Type::Array,
        "object" => Type::Object,
        _ => return None,
    })
}

/// A keyword that is a number of things; `3.0` is one, too. Of a large one Helm's library takes the lowest 64 bits.
fn count(keywords: &Keywords, keyword: &str) -> Option<usize> {
    let number = keywords.get(keyword)?.as_number()?;
    let float = || number.as_f64().filter(|f| f.fract() == 0.0 && *f >= 0.0);
    let whole = number
        .as_u64()
        .or_else(|| Some(if float()? < 1e19 { float()? as u64 } else { Decimal::of(number).low_bits() }));
    Some(usize::try_from(whole?).unwrap_or(usize::MAX))
}

/// Whether a value equals another one, of a schema or of the same list. A number equals a text that is read as the same number,
/// but not the other way round.
fn equals(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => decimal::compare(a, b).is_eq(),
        (Json::Number(a), Json::String(b)) => rational::equals(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equals(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(schema: &str, values: &str) -> bool {
        let (schema, values): (Json, Json) = (schema.parse().unwrap(), serde_yaml::from_str(values).unwrap());
        judge(&schema, &values).is_ok_and(|verdict| verdict.is_ok())
    }

    #[test]
    fn what_does_not_fit_is_not_let_through() {
        for (schema, fitting, not_fitting) in [
            (r#"{"properties": {"a": {"type": "integer", "minimum": 1}}}"#, "a: 2", "a: 0"),
            (r#"{"properties": {"a": {"type": ["string", "null"]}}}"#, "a: null", "a: 1"),
            (r#"{"required": ["a"], "additionalProperties": false, "properties": {"a": true}}"#, "a: 1", "b: 1"),
            (r#"{"properties": {"a": {"enum": [1, "x", [true]]}}}"#, "a: [true]", "a: y"),
            (r#"{"properties": {"a": {"pattern": "^x+$", "maxLength": 3}}}"#, "a: xx", "a: xxxx"),
            (r#"{"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}}"#, "a: 1.5", "a: 1"),
            (r#"{"properties": {"a": {"items": {"type": "string"}, "minItems": 1}}}"#, "a: [x]", "a: [1]"),
            (r##"{"$defs": {"p": {"maximum": 5}}, "properties": {"a": {"$ref": "#/$defs/p"}}}"##, "a: 5", "a: 6"),
            (r#"{"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": false}"#, "ab: x", "b: x"),
            (
                r#"{"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}"#,
                "c: 1",
                "a: 1",
            ),
            (r#"{"properties": {"a": {"not": {"const": 1}}}}"#, "a: 2", "a: 1.0"),
            (r#"{"properties": {"a": {"uniqueItems": true}}}"#, "a: [1, '1']", "a: [{b: 1, c: 2}, {c: 2, b: 1.0}]"),
            (r#"{"properties": {"a": {"uniqueItems": true}}}"#, "a: [{b: 1}, {b: '1'}]", "a: [{b: '1'}, {b: 1}]"),
            (r#"{"properties": {"a": {"enum": [1, "5"]}}}"#, "a: 5", "a: 6"),
            (r#"{"properties": {"a": {"enum": [null, "5"]}}}"#, "a: '5'", "a: 5"),
            (r#"{"properties": {"a": {"const": {"b": ["0x10"]}}}}"#, "a: {b: [16]}", "a: {b: [10]}"),
            (r#"{"properties": {"a": {"const": 5}}}"#, "a: 5.0", "a: '5'"),
            (r#"{"properties": {"a": {"multipleOf": 0.1}}}"#, "a: 0.3", "a: 0.35"),
            (r#"{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false}"#, "a: 1", "b: 1"),
            (r#"{"properties": {"a": {"contains": {"const": 1}, "maxContains": 1}}}"#, "a: [1, 2]", "a: [1, 1]"),
            (
                r#"{"$schema": "http://json-schema.org/draft-07/schema#",
                    "properties": {"a": {"oneOf": [{"format": "idn-email"}, {"maxProperties": 3}]}}}"#,
                "b: 1",
                "a: x",
            ),
        ] {
            assert!(judged(schema, fitting), "{schema} {fitting}");
            assert!(!judged(schema, not_fitting), "{schema} {not_fitting}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_not_judged() {
        for schema in [
            r#"{"properties": {"a": {"$ref": "other.json"}}}"#,
            r##"{"$defs": {"a": {"$id": "b", "$ref": "#/c"}}}"##,
            r##"{"$dynamicRef": "#a"}"##,
            r##"{"$ref": "#"}"##,
        ] {
            assert!(matches!(judge(&schema.parse().unwrap(), &Json::Null), Err(Refusal::Unknown)), "{schema}");
        }
    }
}
