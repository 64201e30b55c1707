//! Values judged by a schema that refers to nothing outside itself: in the order and with the causes of Helm's JSON schema
//! library, whose messages show both.
//!
//! The schema has to be well-formed. Keywords that hold something else than they should count as missing.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use boon::{ErrorKind, Type, Types};
use serde_json::{Map, Number, Value as Json};

use super::decimal::{self, Decimal};
use super::words::reason;
use super::{cost, formats};
use crate::sprig::check;

/// The stack that is left when a new part of it is taken, and the size of that.
const STACK: (usize, usize) = (128 << 10, 1 << 20);
/// How deep schemas may lead into each other and into values.
const MAX_DEPTH: u32 = 500;
/// Arrays up to this length are compared item by item.
const FEW: usize = 20;

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

/// The properties and items that no keyword has looked at yet, where a schema asks for that.
#[derive(Default)]
struct Unseen<'v> {
    properties: BTreeSet<&'v str>,
    items: BTreeSet<usize>,
}

impl<'v> Unseen<'v> {
    fn of(draft: Draft, schema: &Json, value: &'v Json, asked: bool) -> Self {
        let mut unseen = Self::default();
        if draft < Draft::From2019 {
            return unseen;
        }
        let has = |keyword: &str| schema.get(keyword).is_some();
        match value {
            Json::Object(entries) if !has("additionalProperties") && (asked || has("unevaluatedProperties")) => {
                unseen.properties = entries.keys().map(String::as_str).collect();
            }
            Json::Array(items) if asked || has("unevaluatedItems") => {
                let first = schema.get(if draft == Draft::From2020 { "prefixItems" } else { "items" });
                let all = match (draft, schema.get("items")) {
                    (Draft::From2020, rest) => rest.is_some(),
                    (_, Some(Json::Array(_))) => has("additionalItems"),
                    (_, each) => each.is_some(),
                };
                if !all {
                    unseen.items = (first.and_then(Json::as_array).map_or(0, Vec::len)..items.len()).collect();
                }
            }
            _ => {}
        }
        unseen
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty()
    }

    /// Leaves what another schema has not looked at either.
    fn keep(&mut self, other: &Self) {
        self.properties.retain(|name| other.properties.contains(name));
        self.items.retain(|item| other.items.contains(item));
    }
}

/// A step of the way into the values.
struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    token: Token<'a>,
}

#[derive(Clone, Copy)]
enum Token<'a> {
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
struct Meeting<'a, 's, 'v> {
    schema: &'s Json,
    value: &'v Json,
    place: Option<&'a Place<'a>>,
    /// The schema that led to this one.
    parent: Option<&'a Meeting<'a, 's, 'v>>,
    /// The one that led here meets the same value.
    same_value: bool,
    /// Only whether it fits counts.
    quiet: bool,
    depth: u32,
}

impl Meeting<'_, '_, '_> {
    fn failure(&self, kind: impl FnOnce() -> Failure) -> Failure {
        if self.quiet {
            return Failure { place: String::new(), reason: String::new(), role: Role::Finding, causes: Vec::new() };
        }
        let mut failure = kind();
        pointer(self.place, &mut failure.place);
        failure
    }

    fn finding<'k>(&self, kind: impl FnOnce() -> ErrorKind<'k, 'k>) -> Failure {
        self.caused(Vec::new(), kind)
    }

    fn caused<'k>(&self, causes: Vec<Failure>, kind: impl FnOnce() -> ErrorKind<'k, 'k>) -> Failure {
        self.failure(|| {
            let kind = kind();
            let role = match kind {
                ErrorKind::Group => Role::Group,
                ErrorKind::Reference { .. } => Role::Reference,
                _ => Role::Finding,
            };
            Failure { place: String::new(), reason: reason(&kind), role, causes }
        })
    }

    /// Whether the same schema has met the same value on the way here.
    fn is_circle(&self) -> bool {
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
            Json::String(text) => string(meeting, keywords, text, &mut failures),
            Json::Number(number) => self.number(meeting, keywords, number, &mut failures),
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
            && !want.iter().any(|one| equals(value, one))
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

    fn object<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        entries: &'v Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let (got, missing) = (entries.len(), |names| missing(entries, names));
        if let Some(want) = count(keywords, "minProperties").filter(|want| got < *want) {
            failures.push(meeting.finding(|| ErrorKind::MinProperties { got, want }));
        }
        if let Some(want) = count(keywords, "maxProperties").filter(|want| got > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxProperties { got, want }));
        }
        if let Some(want) = keywords.get("required").and_then(missing) {
            failures.push(meeting.finding(|| ErrorKind::Required { want }));
        }
        let conditional = |keyword| {
            let map: Option<&'s Keywords> = keywords.get(keyword).and_then(Json::as_object);
            map.into_iter().flatten().filter(|(name, _)| entries.contains_key(*name))
        };
        for (prop, rule) in conditional("dependencies") {
            if rule.is_array() {
                let missing = missing(rule);
                failures.extend(missing.map(|m| meeting.finding(|| ErrorKind::Dependency { prop, missing: m })));
            } else {
                failures.extend(self.beside(meeting, rule, false, unseen).err());
            }
        }
        self.properties(meeting, keywords, entries, unseen, failures);
        if let Some(schema) = keywords.get("propertyNames").filter(|_| self.draft >= Draft::Six) {
            for name in entries.keys() {
                if let Err(failure) = self.whole(schema, &Json::String(name.clone()), meeting.quiet) {
                    let kind = || ErrorKind::PropertyName { prop: name.clone() };
                    let mut named = meeting.caused(unwrapped(failure), kind);
                    // Counted from the name, not from the object.
                    named.place.clear();
                    failures.push(named);
                }
            }
        }
        if self.draft >= Draft::From2019 {
            for (_, schema) in conditional("dependentSchemas") {
                failures.extend(self.beside(meeting, schema, false, unseen).err());
            }
            for (prop, names) in conditional("dependentRequired") {
                let missing = missing(names);
                failures.extend(missing.map(|m| meeting.finding(|| ErrorKind::DependentRequired { prop, missing: m })));
            }
        }
    }

    fn properties<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        entries: &'v Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let properties = keywords.get("properties").and_then(Json::as_object);
        let patterns = keywords.get("patternProperties").and_then(Json::as_object);
        let others = keywords.get("additionalProperties");
        let mut refused = Vec::new();
        for (name, value) in entries {
            if meeting.quiet && !failures.is_empty() {
                return;
            }
            let mut schemas: Vec<&'s Json> = properties.and_then(|p| p.get(name)).into_iter().collect();
            let matching = patterns.into_iter().flatten().filter(|(p, _)| check::matches(p, name).unwrap_or(false));
            schemas.extend(matching.map(|(_, schema)| schema));
            match others {
                Some(Json::Bool(allowed)) if schemas.is_empty() => {
                    if !allowed {
                        refused.push(Cow::Borrowed(name.as_str()));
                    }
                    unseen.properties.remove(name.as_str());
                }
                Some(schema) if schemas.is_empty() => schemas.push(schema),
                _ => {}
            }
            for schema in schemas {
                failures.extend(self.part(meeting, schema, value, Token::Name(name)).err());
                unseen.properties.remove(name.as_str());
            }
        }
        if !refused.is_empty() {
            failures.push(meeting.finding(|| ErrorKind::AdditionalProperties { got: refused }));
        }
    }

    fn array<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        items: &'v [Json],
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let got = items.len();
        if let Some(want) = count(keywords, "minItems").filter(|want| got < *want) {
            failures.push(meeting.finding(|| ErrorKind::MinItems { got, want }));
        }
        if let Some(want) = count(keywords, "maxItems").filter(|want| got > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxItems { got, want }));
        }
        if keywords.get("uniqueItems") == Some(&Json::Bool(true))
            && let Some(got) = duplicates(items)
        {
            failures.push(meeting.finding(|| ErrorKind::UniqueItems { got }));
        }
        let one_each = keywords.get(if self.draft == Draft::From2020 { "prefixItems" } else { "items" });
        let one_each = one_each.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        for (i, (schema, item)) in one_each.iter().zip(items).enumerate() {
            failures.extend(self.part(meeting, schema, item, Token::Index(i)).err());
        }
        let rest = &items[one_each.len().min(got)..];
        let listed = self.draft < Draft::From2020 && keywords.get("items").is_some_and(Json::is_array);
        let others = keywords.get(if listed { "additionalItems" } else { "items" });
        match others {
            Some(Json::Bool(false)) if listed && !rest.is_empty() => {
                failures.push(meeting.finding(|| ErrorKind::AdditionalItems { got: rest.len() }));
            }
            Some(schema) => {
                // Helm's library counts from the first of these.
                for (i, item) in rest.iter().enumerate() {
                    failures.extend(self.part(meeting, schema, item, Token::Index(i)).err());
                }
            }
            None => {}
        }
        if let Some(schema) = keywords.get("contains").filter(|_| self.draft >= Draft::Six) {
            self.contains(meeting, keywords, schema, items, unseen, failures);
        }
    }

    fn contains<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        schema: &'s Json,
        items: &'v [Json],
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        let (mut causes, mut got) = (Vec::new(), Vec::new());
        for (i, item) in items.iter().enumerate() {
            match self.part(meeting, schema, item, Token::Index(i)) {
                Err(failure) => causes.push(failure),
                Ok(()) => {
                    got.push(i);
                    if self.draft == Draft::From2020 {
                        unseen.items.remove(&i);
                    }
                }
            }
        }
        let bound = |keyword| count(keywords, keyword).filter(|_| self.draft >= Draft::From2019);
        match bound("minContains") {
            Some(want) if got.len() < want => {
                let got = got.clone();
                failures.push(meeting.caused(causes, || ErrorKind::MinContains { got, want }));
            }
            None if got.is_empty() => failures.push(meeting.caused(causes, || ErrorKind::Contains)),
            _ => {}
        }
        if let Some(want) = bound("maxContains").filter(|want| got.len() > *want) {
            failures.push(meeting.finding(|| ErrorKind::MaxContains { got, want }));
        }
    }

    fn number(
        &self,
        meeting: &Meeting<'_, 's, '_>,
        keywords: &'s Keywords,
        number: &Number,
        failures: &mut Vec<Failure>,
    ) {
        let bound = |keyword: &str| keywords.get(keyword).and_then(Json::as_number);
        // Draft 4 says of a bound that the number itself is outside.
        let exclusive = |keyword: &str, inclusive: &str| match keywords.get(keyword) {
            Some(Json::Bool(true)) => (None, bound(inclusive)),
            _ => (bound(inclusive), bound(keyword)),
        };
        let (minimum, above) = exclusive("exclusiveMinimum", "minimum");
        let (maximum, below) = exclusive("exclusiveMaximum", "maximum");
        let outside = |bound: Option<&'s Number>, holds: fn(std::cmp::Ordering) -> bool| {
            bound.filter(|bound| !holds(decimal::compare(number, bound)))
        };
        let got = || Cow::Borrowed(number);
        if let Some(want) = outside(minimum, std::cmp::Ordering::is_ge) {
            failures.push(meeting.finding(|| ErrorKind::Minimum { got: got(), want }));
        }
        if let Some(want) = outside(maximum, std::cmp::Ordering::is_le) {
            failures.push(meeting.finding(|| ErrorKind::Maximum { got: got(), want }));
        }
        if let Some(want) = outside(above, std::cmp::Ordering::is_gt) {
            failures.push(meeting.finding(|| ErrorKind::ExclusiveMinimum { got: got(), want }));
        }
        if let Some(want) = outside(below, std::cmp::Ordering::is_lt) {
            failures.push(meeting.finding(|| ErrorKind::ExclusiveMaximum { got: got(), want }));
        }
        if let Some(want) = bound("multipleOf")
            && !Decimal::of(number).is_multiple_of(&Decimal::of(want))
        {
            failures.push(meeting.finding(|| ErrorKind::MultipleOf { got: got(), want }));
        }
    }

    fn conditions<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        if let Some(schema) = keywords.get("not")
            && self.beside(meeting, schema, true, unseen).is_ok()
        {
            failures.push(meeting.finding(|| ErrorKind::Not));
        }
        let schemas =
            |keyword| keywords.get(keyword).and_then(Json::as_array).filter(|a: &&'s Vec<Json>| !a.is_empty());
        if let Some(schemas) = schemas("allOf") {
            let mut causes = Vec::new();
            for schema in schemas {
                causes.extend(self.beside(meeting, schema, false, unseen).err());
                if meeting.quiet && !causes.is_empty() {
                    break;
                }
            }
            if !causes.is_empty() {
                failures.push(meeting.caused(causes, || ErrorKind::AllOf));
            }
        }
        if let Some(schemas) = schemas("anyOf") {
            let (mut causes, mut matched) = (Vec::new(), false);
            for schema in schemas {
                match self.beside(meeting, schema, false, unseen) {
                    Err(failure) => causes.push(failure),
                    Ok(()) => {
                        matched = true;
                        // The others could look at what is left.
                        if unseen.is_empty() {
                            break;
                        }
                    }
                }
            }
            if !matched {
                failures.push(meeting.caused(causes, || ErrorKind::AnyOf));
            }
        }
        if let Some(schemas) = schemas("oneOf") {
            let (mut causes, mut matched) = (Vec::new(), None);
            for (i, schema) in schemas.iter().enumerate() {
                match (self.beside(meeting, schema, matched.is_some(), unseen), matched) {
                    (Err(failure), None) => causes.push(failure),
                    (Err(_), Some(_)) => {}
                    (Ok(()), None) => matched = Some(i),
                    (Ok(()), Some(first)) => {
                        failures.push(meeting.finding(|| ErrorKind::OneOf(Some((first, i)))));
                        break;
                    }
                }
            }
            if matched.is_none() {
                failures.push(meeting.caused(causes, || ErrorKind::OneOf(None)));
            }
        }
        if let Some(schema) = keywords.get("if").filter(|_| self.draft >= Draft::Seven) {
            let branch = if self.beside(meeting, schema, true, unseen).is_ok() { "then" } else { "else" };
            if let Some(schema) = keywords.get(branch) {
                failures.extend(self.beside(meeting, schema, false, unseen).err());
            }
        }
    }

    fn unevaluated<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        match meeting.value {
            Json::Object(entries) => {
                if let Some(schema) = keywords.get("unevaluatedProperties") {
                    for name in std::mem::take(&mut unseen.properties) {
                        let value = entries.get(name);
                        let found = value.and_then(|v| self.part(meeting, schema, v, Token::Name(name)).err());
                        failures.extend(found);
                    }
                }
            }
            Json::Array(items) => {
                if let Some(schema) = keywords.get("unevaluatedItems") {
                    for i in std::mem::take(&mut unseen.items) {
                        failures.extend(self.part(meeting, schema, &items[i], Token::Index(i)).err());
                    }
                }
            }
            _ => {}
        }
    }
}

fn string(meeting: &Meeting<'_, '_, '_>, keywords: &Keywords, text: &str, failures: &mut Vec<Failure>) {
    let length = || text.chars().count();
    if let Some(want) = count(keywords, "minLength").filter(|want| length() < *want) {
        failures.push(meeting.finding(|| ErrorKind::MinLength { got: length(), want }));
    }
    if let Some(want) = count(keywords, "maxLength").filter(|want| length() > *want) {
        failures.push(meeting.finding(|| ErrorKind::MaxLength { got: length(), want }));
    }
    if let Some(want) = keywords.get("pattern").and_then(Json::as_str)
        && !check::matches(want, text).unwrap_or(false)
    {
        failures.push(meeting.finding(|| ErrorKind::Pattern { got: Cow::Borrowed(text), want }));
    }
}

/// A keyword that is a number of things; `3.0` is one, too.
fn count(keywords: &Keywords, keyword: &str) -> Option<usize> {
    let number = keywords.get(keyword)?.as_number()?;
    let whole = number.as_u64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && *f >= 0.0).map(|f| f as u64));
    Some(usize::try_from(whole?).unwrap_or(usize::MAX))
}

/// Which of the names an object lacks.
fn missing<'s>(entries: &Keywords, names: &'s Json) -> Option<Vec<&'s str>> {
    let names = names.as_array()?.iter().filter_map(Json::as_str);
    let missing: Vec<_> = names.filter(|name| !entries.contains_key(*name)).collect();
    (!missing.is_empty()).then_some(missing)
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

fn equals(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => decimal::compare(a, b).is_eq(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equals(a, b)))
        }
        (a, b) => a == b,
    }
}

/// The first item that equals one before it, and that one.
fn duplicates(items: &[Json]) -> Option<[usize; 2]> {
    if items.len() <= FEW {
        let mut pairs = (1..items.len()).flat_map(|i| (0..i).map(move |j| [j, i]));
        return pairs.find(|[j, i]| equals(&items[*i], &items[*j]));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    items.iter().enumerate().find_map(|(i, item)| match seen.entry(normal(item)) {
        std::collections::btree_map::Entry::Occupied(first) => Some([*first.get(), i]),
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(i);
            None
        }
    })
}

/// The same text for equal values.
fn normal(value: &Json) -> String {
    fn with_normal_numbers(value: &Json) -> Json {
        match value {
            Json::Number(number) => number.as_f64().filter(|_| !number.is_u64()).map_or(value.clone(), |float| {
                let whole = float.fract() == 0.0 && float.abs() < 1.8e19;
                if whole && float >= 0.0 {
                    (float as u64).into()
                } else if whole && float > -9.2e18 {
                    number.as_i64().unwrap_or(float as i64).into()
                } else {
                    float.into()
                }
            }),
            Json::Array(items) => items.iter().map(with_normal_numbers).collect(),
            Json::Object(entries) => {
                Json::Object(entries.iter().map(|(k, v)| (k.clone(), with_normal_numbers(v))).collect())
            }
            other => other.clone(),
        }
    }
    with_normal_numbers(value).to_string()
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

    #[test]
    fn long_lists_are_as_unique_as_short_ones() {
        let mut items: Vec<Json> = (0..30).map(Json::from).collect();
        assert_eq!(duplicates(&items), None);
        items.push(7.0.into());
        assert_eq!(duplicates(&items), Some([7, 30]));
    }
}
