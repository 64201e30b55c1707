//! From nodes to values, as sigs.k8s.io/yaml does it: yaml.v2 decodes, the result is turned into what JSON can say, and JSON
//! is decoded. Here that is one walk; the errors are those that the first of the three steps would meet.

use std::collections::BTreeSet;

use base64::Engine as _;

use super::super::schema::Type;
use super::super::{Error, number};
use super::gosyntax::GoSyntax;
use super::resolve::{Dialect, Meaning, TAG_PREFIX, resolve, resolve_tagged};
use super::tree::{Content, NodeId, Tree};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{GoStr, ListKind, Map, MapKind, Value};

/// JSON may be nested so deep.
const MAX_JSON_DEPTH: usize = 10_000;
/// How much stack one level of nesting may take.
const RED_ZONE: usize = 64 * 1024;
const STACK: usize = 4 * 1024 * 1024;

/// How to decode.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether a key that is set twice is an error.
    pub strict: bool,
    /// Whether integers stay integers. JSON makes them `float64`.
    pub integers: bool,
}

/// The decoder of one document.
pub struct Decoder<'t, 'a> {
    tree: &'t Tree<'a>,
    options: Options,
    depth: usize,
    /// Which collection nested too deep for JSON, by its first character.
    too_deep: Option<char>,
    /// Aliases that are being followed.
    following: Vec<NodeId>,
    decodes: usize,
    alias_decodes: usize,
    /// Errors that do not stop the decoding.
    duplicates: Vec<String>,
    /// Whether a key was seen that JSON has no form for.
    bad_key: bool,
    /// Whether there is a number that JSON has no form for.
    not_finite: bool,
    /// Whether fields that the target does not have are only looked through for faults.
    skims: bool,
}

/// A mapping under construction. The keys that were seen matter only in strict mode.
#[derive(Default)]
struct Mapping {
    entries: Entries,
    seen: BTreeSet<Vec<u8>>,
}

impl<'t, 'a> Decoder<'t, 'a> {
    /// A decoder of the document.
    pub fn new(tree: &'t Tree<'a>, options: Options) -> Self {
        Self {
            tree,
            options,
            depth: 0,
            too_deep: None,
            following: Vec::new(),
            decodes: 0,
            alias_decodes: 0,
            duplicates: Vec::new(),
            bad_key: false,
            not_finite: false,
            skims: false,
        }
    }

    /// Decodes the document into a struct of which only the given fields matter.
    pub fn decode_fields(tree: &'t Tree<'a>, options: Options, target: &Type) -> Result<(Value, Option<char>), Error> {
        let mut quick = Self::new(tree, options);
        quick.skims = true;
        quick.count()?;
        let value = quick.value(tree.root, Some(target))?;
        if quick.bad_key || quick.not_finite {
            // What is wrong may have been replaced by a later entry: then nothing is.
            return Self::new(tree, options).decode(target);
        }
        Ok((value, quick.too_deep))
    }

    /// Decodes the document; gives also the character at which it is nested too deep for JSON, if it is. Numbers and booleans
    /// become strings where the target has strings.
    pub fn decode(mut self, target: &Type) -> Result<(Value, Option<char>), Error> {
        // Go counts the document as a step of its own.
        self.count()?;
        let value = self.value(self.tree.root, Some(target))?;
        if !self.duplicates.is_empty() {
            return Err(Error::new(format!("yaml: unmarshal errors:\n  {}", self.duplicates.join("\n  "))));
        }
        // A later entry may have replaced what is wrong, so look at what is left.
        if self.bad_key
            && let Some(error) = GoSyntax::new(self.tree, self.options.strict).unsupported_key(self.tree.root)
        {
            return Err(error);
        }
        if self.not_finite
            && let Some(number) = first_not_finite(&value)
        {
            return Err(Error::new(format!("json: unsupported value: {}", number::shortest(number))));
        }
        Ok((value, self.too_deep))
    }

    /// Counts a step and refuses documents that are mostly made of aliases.
    fn count(&mut self) -> Result<(), Error> {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        self.decodes += 1;
        if self.following.is_empty() && self.alias_decodes == 0 {
            return Ok(());
        }
        if !self.following.is_empty() {
            self.alias_decodes += 1;
        }
        if self.alias_decodes > 100 && self.decodes > 1000 {
            let all = self.decodes as f64;
            let allowed = if all <= LOW {
                0.99
            } else if all >= HIGH {
                0.10
            } else {
                0.99 - 0.89 * ((all - LOW) / (HIGH - LOW))
            };
            if self.alias_decodes as f64 / all > allowed {
                return Err(Error::new("yaml: document contains excessive aliasing"));
            }
        }
        Ok(())
    }

    fn value(&mut self, id: NodeId, target: Option<&Type>) -> Result<Value, Error> {
        self.count()?;
        let tree = self.tree;
        match &tree.node(id).content {
            Content::Scalar { text, tag, implicit } => self.scalar(text, tag, *implicit, target),
            Content::Alias(name, anchor) => {
                self.enter_alias(id, name)?;
                let value = stacker::maybe_grow(RED_ZONE, STACK, || self.value(*anchor, target));
                self.following.pop();
                value
            }
            Content::Sequence(first) => self.nested('[', |this| this.sequence(*first, target)),
            Content::Mapping(first) => self.nested('{', |this| {
                let pairs = tree.siblings(*first).count() / 2;
                let mut mapping = Mapping { entries: Entries::with_capacity(pairs), ..Mapping::default() };
                this.mapping(id, &mut mapping, target)?;
                Ok(Value::Map(Map::new(MapKind::Any, mapping.entries).into()))
            }),
        }
    }

    fn nested<T>(&mut self, open: char, f: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > MAX_JSON_DEPTH && self.too_deep.is_none() {
            self.too_deep = Some(open);
        }
        let value = stacker::maybe_grow(RED_ZONE, STACK, || f(self));
        self.depth -= 1;
        value
    }

    /// Looks for faults in what nobody wants to have.
    fn skim(&mut self, id: NodeId) -> Result<(), Error> {
        let tree = self.tree;
        match &tree.node(id).content {
            Content::Scalar { text, tag, implicit } if tag.is_empty() => {
                self.count()?;
                if *implicit && let Meaning::Float(f) = resolve(text, Dialect::V2) {
                    self.not_finite |= !f.is_finite();
                }
                Ok(())
            }
            Content::Sequence(first) => {
                self.count()?;
                self.nested('[', |this| tree.siblings(*first).try_for_each(|item| this.skim(item)))
            }
            Content::Mapping(first) => {
                self.count()?;
                self.nested('{', |this| {
                    let mut children = tree.siblings(*first);
                    while let (Some(key), Some(value)) = (children.next(), children.next()) {
                        if this.is_merge(key) {
                            this.merge(value, &mut Mapping::default(), None)?;
                            continue;
                        }
                        match &tree.node(key).content {
                            Content::Scalar { text, tag, implicit }
                                if scalar_meaning(text, tag, *implicit) == Ok(Meaning::Str) =>
                            {
                                this.count()?;
                            }
                            _ => this.bad_key |= this.key(key)?.is_none(),
                        }
                        this.skim(value)?;
                    }
                    Ok(())
                })
            }
            Content::Scalar { .. } | Content::Alias(..) => self.value(id, None).map(drop),
        }
    }

    fn enter_alias(&mut self, id: NodeId, name: &[u8]) -> Result<(), Error> {
        if self.following.contains(&id) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::new(format!("yaml: anchor '{name}' value contains itself")));
        }
        self.following.push(id);
        Ok(())
    }

    fn scalar(&mut self, text: &[u8], tag: &[u8], implicit: bool, target: Option<&Type>) -> Result<Value, Error> {
        let meaning = scalar_meaning(text, tag, implicit)?;
        let to_string = matches!(target.map(Type::pointee), Some(Type::Str));
        Ok(match meaning {
            Meaning::Null => Value::Nil,
            Meaning::Str | Meaning::Timestamp => Value::Str(GoStr::from(text)),
            Meaning::Binary => Value::str(crate::gotemplate::GoStr::from(decode_binary(text)?).to_str().into_owned()),
            Meaning::Bool(b) if to_string => Value::str(if b { "true" } else { "false" }),
            Meaning::Int(n) if to_string => Value::str(n.to_string()),
            Meaning::Uint(n) if to_string => Value::str(n.to_string()),
            Meaning::Float(f) if to_string => Value::str(number::shortest32(f)),
            Meaning::Bool(b) => Value::Bool(b),
            Meaning::Int(n) if self.options.integers => Value::int64(n),
            Meaning::Int(n) => Value::Float(n as f64),
            Meaning::Uint(n) if self.options.integers => Value::Uint(n, crate::gotemplate::UintKind::Uint64),
            Meaning::Uint(n) => Value::Float(n as f64),
            Meaning::Float(f) => {
                self.not_finite |= !f.is_finite();
                Value::Float(f)
            }
        })
    }

    fn sequence(&mut self, first: NodeId, target: Option<&Type>) -> Result<Value, Error> {
        let item = match target.map(Type::pointee) {
            Some(Type::List(item)) => Some(*item),
            _ => None,
        };
        let tree = self.tree;
        let items = tree.siblings(first).map(|id| self.value(id, item)).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::appended(ListKind::Any, items))
    }

    fn mapping(&mut self, id: NodeId, out: &mut Mapping, target: Option<&Type>) -> Result<(), Error> {
        let tree = self.tree;
        let Content::Mapping(first) = tree.node(id).content else { return Ok(()) };
        let mut children = tree.siblings(first);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            if self.is_merge(key) {
                self.merge(value, out, target)?;
                continue;
            }
            if self.skims
                && let Some(Type::Struct(s)) = target.map(Type::pointee)
                && let Content::Scalar { text, tag, implicit } = &tree.node(key).content
                && scalar_meaning(text, tag, *implicit) == Ok(Meaning::Str)
                && s.field(&String::from_utf8_lossy(text)).is_none()
            {
                self.count()?;
                self.skim(value)?;
                continue;
            }
            let key_text = self.key(key)?;
            let item = match (target.map(Type::pointee), &key_text) {
                (Some(Type::Map(item)), _) => Some(*item),
                (Some(Type::Struct(s)), Some(key)) => s.field(&key.to_str()).map(|f| &f.ty),
                _ => None,
            };
            let decoded = self.value(value, item)?;
            if self.options.strict && !self.first_time(key, value, out) {
                continue;
            }
            match key_text {
                Some(text) => {
                    out.entries.insert(text, decoded);
                }
                None => self.bad_key = true,
            }
        }
        Ok(())
    }

    /// Strict mode: whether the key is new to the mapping; otherwise notes the error.
    fn first_time(&mut self, key: NodeId, value: NodeId, out: &mut Mapping) -> bool {
        let (ty, text) = GoSyntax::new(self.tree, self.options.strict).key(key);
        if text == "NaN" && ty == "float64" {
            return true;
        }
        let fresh = out.seen.insert(format!("{ty} {text}").into_bytes());
        if !fresh {
            let line = self.tree.node(value).line + 1;
            self.duplicates.push(format!("line {line}: key {text} already set in map"));
        }
        fresh
    }

    /// The string that a key becomes in JSON; `None` if it has none.
    fn key(&mut self, id: NodeId) -> Result<Option<GoStr>, Error> {
        let tree = self.tree;
        match &tree.node(id).content {
            Content::Scalar { text, tag, implicit } => {
                self.count()?;
                Ok(match scalar_meaning(text, tag, *implicit)? {
                    Meaning::Str | Meaning::Timestamp => Some(GoStr::from(&text[..])),
                    Meaning::Binary => Some(GoStr::from(GoStr::from(decode_binary(text)?).to_str().into_owned())),
                    Meaning::Bool(b) => Some(GoStr::from(if b { "true" } else { "false" })),
                    Meaning::Int(n) => Some(GoStr::from(n.to_string())),
                    Meaning::Float(f) => Some(GoStr::from(match number::shortest32(f) {
                        s if s == "+Inf" => ".inf".into(),
                        s if s == "-Inf" => "-.inf".into(),
                        s if s == "NaN" => ".nan".into(),
                        s => s,
                    })),
                    Meaning::Null | Meaning::Uint(_) => None,
                })
            }
            Content::Alias(name, anchor) => {
                self.count()?;
                self.enter_alias(id, name)?;
                let key = stacker::maybe_grow(RED_ZONE, STACK, || self.key(*anchor));
                self.following.pop();
                key
            }
            Content::Sequence(_) | Content::Mapping(_) => {
                self.value(id, None)?;
                let text = GoSyntax::new(tree, self.options.strict).top(id);
                Err(Error::new(format!("yaml: invalid map key: {text}")))
            }
        }
    }

    fn is_merge(&self, key: NodeId) -> bool {
        match &self.tree.node(key).content {
            Content::Scalar { text, tag, implicit } => {
                &text[..] == b"<<" && (*implicit || tag.strip_prefix(TAG_PREFIX) == Some(b"merge"))
            }
            _ => false,
        }
    }

    /// Puts the entries of the mapping or mappings at `id` over those that are there.
    fn merge(&mut self, id: NodeId, out: &mut Mapping, target: Option<&Type>) -> Result<(), Error> {
        let tree = self.tree;
        match &tree.node(id).content {
            Content::Sequence(first) => {
                let items: Vec<NodeId> = tree.siblings(*first).collect();
                // Earlier ones win.
                items.into_iter().rev().try_for_each(|item| self.merge_one(item, out, target))
            }
            _ => self.merge_one(id, out, target),
        }
    }

    fn merge_one(&mut self, id: NodeId, out: &mut Mapping, target: Option<&Type>) -> Result<(), Error> {
        let tree = self.tree;
        let anchor = match &tree.node(id).content {
            Content::Mapping(_) => None,
            Content::Alias(name, anchor) if matches!(tree.node(*anchor).content, Content::Mapping(_)) => {
                Some((name, *anchor))
            }
            _ => return Err(Error::new("yaml: map merge requires map or sequence of maps as the value")),
        };
        self.count()?;
        let Some((name, anchor)) = anchor else {
            return stacker::maybe_grow(RED_ZONE, STACK, || self.mapping(id, out, target));
        };
        self.enter_alias(id, name)?;
        self.count()?;
        stacker::maybe_grow(RED_ZONE, STACK, || self.mapping(anchor, out, target))?;
        self.following.pop();
        Ok(())
    }
}

/// The meaning of a scalar with its tag and style.
pub fn scalar_meaning(text: &[u8], tag: &[u8], implicit: bool) -> Result<Meaning, Error> {
    match (tag.is_empty(), implicit) {
        (true, false) => Ok(Meaning::Str),
        (true, true) => Ok(resolve(text, Dialect::V2)),
        (false, _) => resolve_tagged(tag, text, Dialect::V2),
    }
}

/// Base64 as Go's `StdEncoding` reads it: line breaks do not count.
pub fn decode_binary(text: &[u8]) -> Result<Vec<u8>, Error> {
    let compact: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    engine.decode(compact).map_err(|_| Error::new("yaml: !!binary value contains invalid base64 data"))
}

/// The first number in the order of JSON's keys that JSON can't write.
fn first_not_finite(value: &Value) -> Option<f64> {
    match value {
        Value::Float(f) if !f.is_finite() => Some(*f),
        Value::List(list) => {
            list.items.iter().find_map(|v| stacker::maybe_grow(RED_ZONE, STACK, || first_not_finite(v)))
        }
        Value::Map(map) => {
            let entries = map.borrow();
            entries.values().find_map(|v| stacker::maybe_grow(RED_ZONE, STACK, || first_not_finite(v)))
        }
        _ => None,
    }
}
