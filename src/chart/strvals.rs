//! The little language of `--set`: `a.b=1,list[0].name=x,other={1,2}`.
//!
//! Errors are Helm's, those that come from a Go panic included. A set that ends in the middle of an index is silently taken
//! up to there, as in Helm.

use std::rc::Rc;

use super::Error;
use super::notice::quote;
use crate::gotemplate::{ListKind, Map, Value};
use crate::goyaml;

const MAX_INDEX: i64 = 65_536;
const MAX_NESTING: usize = 30;
const MAX_LISTS: usize = 1000;
/// Stack kept free for each list, and how much is added when it runs short.
const RED_ZONE: usize = 128 << 10;
const STACK: usize = 2 << 20;
/// More items are not made: each list in a list may be as long as the highest index.
const MAX_FILLED: usize = 10_000_000;

/// How the text after `=` becomes a value.
pub enum Kind<'a> {
    /// `--set`: booleans, `null` and integers are recognised.
    Typed,
    /// `--set-string`
    String,
    /// `--set-json`
    Json,
    /// `--set-file`: the value is what the function makes of the text.
    File(&'a dyn Fn(&str) -> Result<Value, Error>),
    /// `--set-literal`: everything after `=` is the value.
    Literal,
}

/// Parses a set and merges it into a map.
///
/// ```
/// use vulas_native::chart::strvals::{Kind, parse_into};
/// use vulas_native::gotemplate::Value;
/// use vulas_native::goyaml;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let values = Value::map([("list", Value::list(vec!["a".into()]))]);
/// let map = values.as_map().expect("a map was made");
/// parse_into("list[1].name=x,on=true,port=80", &Kind::Typed, map)?;
/// parse_into("port=80", &Kind::String, map)?;
/// assert_eq!(goyaml::to_json(&values, true)?, br#"{"list":["a",{"name":"x"}],"on":true,"port":"80"}"#);
/// assert!(parse_into("a.b", &Kind::Typed, map).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What is wrong with it; the map may have been changed in part.
pub fn parse_into(text: &str, kind: &Kind<'_>, target: &Rc<Map>) -> Result<(), Error> {
    let mut parser = Parser { rest: text, kind, lists: 0, filled: 0 };
    loop {
        match parser.key(target, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

/// Why a step did not come to its end.
enum Stop {
    /// The text is used up.
    End,
    Failed(Error),
}

fn failed<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(Error::new(message)))
}

/// The error of a recovered type assertion.
fn not_a<T>(value: &Value, wanted: &str) -> Result<T, Stop> {
    let found = if value.is_nil() { "nil" } else { value.type_name() };
    failed(format!("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}"))
}

struct Parser<'t, 'k> {
    rest: &'t str,
    kind: &'k Kind<'k>,
    /// How many lists are open.
    lists: usize,
    /// How many items were made to fill lists.
    filled: usize,
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    /// Reads up to one of the stop characters, which is used up and returned; `None` at the end of the text.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let escapes = !matches!(self.kind, Kind::Literal);
        let mut read = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (read, Some(c));
            }
            if c == '\\' && escapes {
                match self.next() {
                    Some(literal) => read.push(literal),
                    None => return (read, None),
                }
            } else {
                read.push(c);
            }
        }
        (read, None)
    }

    fn key(&mut self, data: &Rc<Map>, nesting: usize) -> Result<(), Stop> {
        let stops: &[char] = if matches!(self.kind, Kind::Literal) { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        match self.until(stops) {
            (key, None) if key.is_empty() => Err(Stop::End),
            (key, None) => failed(format!("key {} has no value", quote(&key))),
            (key, Some('[')) => {
                let index = self.index()?;
                let before = data.get(&key);
                let list = match &before {
                    None => Vec::new(),
                    Some(Value::List(list)) => list.items.to_vec(),
                    Some(other) => return not_a(other, "[]interface {}"),
                };
                let (list, result) = self.list_item(list, index, nesting);
                set(data, &key, filled(before.as_ref(), list));
                result
            }
            (key, Some('=')) => self.value(data, &key),
            (key, Some('.')) => {
                if nesting + 1 > MAX_NESTING {
                    return failed(format!(
                        "value name nested level is greater than maximum supported nested level of {MAX_NESTING}"
                    ));
                }
                let inner = match data.get(&key) {
                    None => Map::empty(),
                    Some(Value::Map(map)) => map,
                    Some(other) => return not_a(&other, "map[string]interface {}"),
                };
                let result = self.key(&inner, nesting + 1);
                if result.is_ok() && inner.is_empty() {
                    return failed(format!("key map {} has no value", quote(&key)));
                }
                if !inner.is_empty() {
                    set(data, &key, Value::Map(inner));
                }
                result
            }
            (key, Some(_)) => {
                set(data, &key, Value::str(""));
                failed(format!("key {} has no value (cannot end with ,)", quote(&key)))
            }
        }
    }

    /// What follows `key=`.
    fn value(&mut self, data: &Rc<Map>, key: &str) -> Result<(), Stop> {
        match self.kind {
            Kind::Literal => {
                set(data, key, Value::str(std::mem::take(&mut self.rest)));
                Ok(())
            }
            Kind::Json => {
                let value = self.json()?;
                set(data, key, value);
                self.separator();
                Ok(())
            }
            _ => match self.braced_list()? {
                Some(list) => {
                    set(data, key, Value::appended(ListKind::Any, list));
                    Ok(())
                }
                None if self.rest.is_empty() => {
                    set(data, key, Value::str(""));
                    Err(Stop::End)
                }
                None => {
                    let (text, _) = self.until(&[',']);
                    // A file that cannot be read leaves a null behind, but the error ends everything anyway.
                    set(data, key, self.typed(&text)?);
                    Ok(())
                }
            },
        }
    }

    fn typed(&self, text: &str) -> Result<Value, Stop> {
        match self.kind {
            Kind::Typed => Ok(typed(text)),
            Kind::File(read) => read(text).map_err(Stop::Failed),
            _ => Ok(Value::str(text)),
        }
    }

    /// An index up to `]`.
    fn index(&mut self) -> Result<i64, Stop> {
        let (digits, end) = self.until(&[']']);
        if end.is_none() {
            return Err(Stop::End);
        }
        atoi(&digits).map_err(|e| Stop::Failed(Error::new(format!("error parsing index: {e}"))))
    }

    /// What follows `list[i]`. The list is returned even when something is wrong, as far as it was filled.
    fn list_item(&mut self, mut list: Vec<Value>, index: i64, nesting: usize) -> (Vec<Value>, Result<(), Stop>) {
        if self.lists == MAX_LISTS {
            return (list, failed(format!("lists are nested more than {MAX_LISTS} levels deep")));
        }
        self.lists += 1;
        let result = stacker::maybe_grow(RED_ZONE, STACK, || self.fill_item(&mut list, index, nesting));
        self.lists -= 1;
        (list, result)
    }

    fn fill_item(&mut self, list: &mut Vec<Value>, index: i64, nesting: usize) -> Result<(), Stop> {
        if index < 0 {
            return failed(format!("negative {index} index not allowed"));
        }
        let at = index as usize;
        match self.until(&['[', '.', '=']) {
            (extra, _) if !extra.is_empty() => {
                let runes: Vec<String> = extra.chars().map(quote_rune).collect();
                failed(format!("unexpected data at end of array index: [{}]", runes.join(" ")))
            }
            (_, None) => Err(Stop::End),
            (_, Some('=')) => match self.kind {
                Kind::Literal => {
                    let value = Value::str(std::mem::take(&mut self.rest));
                    self.set_index(list, index, value)
                }
                Kind::Json => {
                    let value = self.json()?;
                    self.set_index(list, index, value)?;
                    self.separator();
                    Ok(())
                }
                _ => {
                    let value = match self.braced_list()? {
                        Some(items) => Value::appended(ListKind::Any, items),
                        None if self.rest.is_empty() => Value::str(""),
                        None => {
                            let (text, _) = self.until(&[',']);
                            self.typed(&text)?
                        }
                    };
                    self.set_index(list, index, value)
                }
            },
            (_, Some('[')) => {
                let next = self.index()?;
                let before = list.get(at).cloned();
                let inner = match &before {
                    None | Some(Value::Nil) => Vec::new(),
                    Some(Value::List(inner)) => inner.items.to_vec(),
                    Some(other) => return not_a(other, "[]interface {}"),
                };
                let (inner, result) = self.list_item(inner, next, nesting);
                result?;
                self.set_index(list, index, filled(before.as_ref(), inner))
            }
            (_, Some(_)) => {
                let inner = match list.get(at) {
                    Some(Value::Map(map)) => map.clone(),
                    _ => Map::empty(),
                };
                if let Some(slot) = list.get_mut(at) {
                    *slot = Value::Map(inner.clone());
                }
                self.key(&inner, nesting)?;
                self.set_index(list, index, Value::Map(inner))
            }
        }
    }

    fn set_index(&mut self, list: &mut Vec<Value>, index: i64, value: Value) -> Result<(), Stop> {
        if index > MAX_INDEX {
            return failed(format!("index of {index} is greater than maximum supported index of {MAX_INDEX}"));
        }
        let at = index as usize;
        if list.len() <= at {
            self.filled += at + 1 - list.len();
            if self.filled > MAX_FILLED {
                return failed(format!("lists of more than {MAX_FILLED} items"));
            }
            list.resize(at + 1, Value::Nil);
        }
        list[at] = value;
        Ok(())
    }

    /// `{a,b}`; `None` if there is no brace.
    fn braced_list(&mut self) -> Result<Option<Vec<Value>>, Stop> {
        let Some(rest) = self.rest.strip_prefix('{') else { return Ok(None) };
        self.rest = rest;
        let mut list = Vec::new();
        loop {
            let (text, end) = self.until(&[',', '}']);
            match end {
                None => return failed("list must terminate with '}'"),
                Some('}') => {
                    self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                    list.push(self.typed(&text)?);
                    return Ok(Some(list));
                }
                Some(_) => list.push(self.typed(&text)?),
            }
        }
    }

    /// A JSON value; nothing up to the next comma is null.
    fn json(&mut self) -> Result<Value, Stop> {
        if self.separator() {
            return Ok(Value::Nil);
        }
        let (value, length) =
            goyaml::from_json_prefix(self.rest.as_bytes()).map_err(|e| Stop::Failed(Error::new(e.message())))?;
        self.rest = &self.rest[length..];
        Ok(value)
    }

    /// Skips white space and one comma; whether the comma or the end of the text was reached.
    fn separator(&mut self) -> bool {
        let trimmed = self.rest.trim_start();
        let after_comma = trimmed.strip_prefix(',');
        self.rest = after_comma.unwrap_or(trimmed);
        after_comma.is_some() || trimmed.is_empty()
    }
}

/// An empty key changes nothing.
fn set(data: &Rc<Map>, key: &str, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

/// A list in which an element was set: the same array, unless it had to become longer.
fn filled(before: Option<&Value>, items: Vec<Value>) -> Value {
    match before {
        Some(Value::List(before)) if before.items.len() == items.len() => Value::List(before.like(items).into()),
        _ => Value::list(items),
    }
}

/// The types that `--set` recognises. Numbers with a leading zero stay strings; there are no floats.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Nil;
    }
    if text == "0" {
        return Value::int64(0);
    }
    match text.parse::<i64>() {
        Ok(number) if !text.starts_with('0') => Value::int64(number),
        _ => Value::str(text),
    }
}

/// Go's `strconv.Atoi` with its error text.
fn atoi(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {}: invalid syntax", quote(text)));
    }
    text.parse().map_err(|_| format!("strconv.Atoi: parsing {}: value out of range", quote(text)))
}

/// A Go character literal.
fn quote_rune(c: char) -> String {
    match c {
        '\'' => "'\\''".into(),
        '"' => "'\"'".into(),
        c => {
            let quoted = quote(c.encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, kind: &Kind<'_>) -> Result<String, String> {
        let map = Map::empty();
        parse_into(text, kind, &map).map_err(|e| e.message)?;
        Ok(show(&Value::Map(map)))
    }

    fn show(value: &Value) -> String {
        match value {
            Value::Map(m) => {
                let entries: Vec<String> =
                    m.borrow().iter().map(|(k, v)| format!("{}:{}", k.to_str(), show(v))).collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::List(l) => format!("[{}]", l.items.iter().map(show).collect::<Vec<_>>().join(",")),
            Value::Str(s) => format!("'{}'", s.to_str()),
            Value::Int(i, _) => i.to_string(),
            Value::Float(f) => format!("{f:?}"),
            Value::Bool(b) => b.to_string(),
            Value::Nil => "nil".into(),
            other => format!("{other:?}"),
        }
    }

    /// Cases of Helm's own test of `strvals`.
    #[test]
    fn sets_parse_as_in_helm() {
        for (text, expected) in [
            ("name1=null,f=false,t=true", "{f:false,name1:nil,t:true}"),
            ("name1=value1,", "{name1:'value1'}"),
            ("leading_zeros=00009", "{leading_zeros:'00009'}"),
            ("zero_int=0,long=1234567890", "{long:1234567890,zero_int:0}"),
            ("name1,", "!key \"name1\" has no value (cannot end with ,)"),
            ("name1=one\\,two", "{name1:'one,two'}"),
            ("outer.inner=value", "{outer:{inner:'value'}}"),
            ("outer.middle.inner=value,outer.x=1", "{outer:{middle:{inner:'value'},x:1}}"),
            ("name1.=name2", "!key map \"name1\" has no value"),
            ("name1.name2", "!key \"name2\" has no value"),
            ("name1.name2,name1.name3", "!key \"name2\" has no value (cannot end with ,)"),
            ("name1={value1,value2}", "{name1:['value1','value2']}"),
            ("name1={1021,902}, name2=1", "{ name2:1,name1:[1021,902]}"),
            ("name1={1021,902", "!list must terminate with '}'"),
            ("name1={}", "{name1:['']}"),
            ("list[0]=foo", "{list:['foo']}"),
            ("list[3]=bar", "{list:[nil,nil,nil,'bar']}"),
            ("list[-30].hello=world", "!negative -30 index not allowed"),
            ("list[0].foo=bar,list[0].hello=world", "{list:[{foo:'bar',hello:'world'}]}"),
            ("list[1].foo=bar", "{list:[nil,{foo:'bar'}]}"),
            ("illegal[0]name.foo=bar", "!unexpected data at end of array index: ['n' 'a' 'm' 'e']"),
            ("noval[0]", "{noval:[]}"),
            ("noval[0]=", "{noval:['']}"),
            ("nested[0][0]=1,nested[1][1]=2", "{nested:[[1],[nil,2]]}"),
            (
                "a=1,a.b=2",
                "!unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
            ),
            ("a=x,a[0]=2", "!unable to parse key: interface conversion: interface {} is string, not []interface {}"),
            ("a[x]=2", "!error parsing index: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("a[65537]=2", "!index of 65537 is greater than maximum supported index of 65536"),
            ("a[1", "{}"),
        ] {
            let found = parse(text, &Kind::Typed).unwrap_or_else(|e| format!("!{e}"));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn other_kinds_of_values_parse_as_in_helm() {
        assert_eq!(parse("a=1,b=true", &Kind::String).unwrap(), "{a:'1',b:'true'}");
        assert_eq!(parse("a.b=1,c=\\2", &Kind::Literal).unwrap(), "{a:{b:'1,c=\\2'}}");
        assert_eq!(parse("a={\"x\":[1,null]} , b=true,c=", &Kind::Json).unwrap(), "{ b:true,a:{x:[1.0,nil]},c:nil}");
        let read = |path: &str| Ok(Value::str(format!("<{path}>")));
        assert_eq!(parse("a=x,l={y,z}", &Kind::File(&read)).unwrap(), "{a:'<x>',l:['<y>','<z>']}");
    }
}
