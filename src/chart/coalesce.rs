//! Merging the values of a chart and its subcharts with those of their parents and of the user.
//!
//! Two ways: *coalescing* makes what templates see, and drops what is null; *merging* keeps nulls, and serves imported values.
//! Maps are shared exactly where Helm shares them: a template that changes a global changes it for others.

use std::fmt;
use std::rc::Rc;

use super::{Chart, Error, Notices};
use crate::gotemplate::fmt as go;
use crate::gotemplate::{Budget, Entries, Map, MapKind, Value};

const GLOBAL: &str = "global";

/// Coalesces the user's values with those of the chart and all its subcharts.
///
/// # Errors
/// A subchart's key in the values is not a map.
pub fn values(chart: &Chart, user: &Value, notices: &Notices) -> Result<Rc<Map>, Error> {
    top(chart, user, notices, false)
}

/// The same, keeping nulls, for imported values.
///
/// # Errors
/// As [`values`].
pub fn merged_values(chart: &Chart, user: &Value, notices: &Notices) -> Result<Rc<Map>, Error> {
    top(chart, user, notices, true)
}

fn top(chart: &Chart, user: &Value, notices: &Notices, merge: bool) -> Result<Rc<Map>, Error> {
    let dest = match copy(user) {
        Value::Map(map) => map,
        _ => Map::empty(),
    };
    let mut merger = Merger { notices, merge, budget: Budget::default() };
    merger.chart(chart, &dest, &Place::NOWHERE)?;
    Ok(dest)
}

/// Fills in what `over` lacks from `under`, which may be changed by it; null in `over` deletes.
pub fn tables(over: &Rc<Map>, under: &Rc<Map>, notices: &Notices) {
    Merger { notices, merge: false, budget: Budget::default() }.tables(over, under, &Place::NOWHERE, false);
}

/// Fills in what `over` lacks from `under`, which may be changed by it; null in `over` stays.
pub fn merged_tables(over: &Rc<Map>, under: &Rc<Map>, notices: &Notices) {
    Merger { notices, merge: true, budget: Budget::default() }.tables(over, under, &Place::NOWHERE, true);
}

/// A copy that shares no map.
pub fn copy(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(Rc::new(Map::new(map.kind, copy_entries(map)))),
        Value::List(list) => {
            Value::List(list.like(list.items.iter().map(|item| level(|| copy(item))).collect()).into())
        }
        other => other.clone(),
    }
}

fn copy_entries(map: &Map) -> Entries {
    let mut entries = map.borrow().clone();
    for value in entries.values_mut() {
        if matches!(value, Value::Map(_) | Value::List(_)) {
            *value = level(|| copy(value));
        }
    }
    entries
}

/// Goes one level deeper, on as much stack as it takes: values may be nested as deep as their files say.
pub(super) fn level<T>(body: impl FnOnce() -> T) -> T {
    const RED_ZONE: usize = 64 << 10;
    const STACK: usize = 1 << 20;
    stacker::maybe_grow(RED_ZONE, STACK, body)
}

/// Whether Go would find a `map[string]interface {}` in it, not a map of another type.
pub(super) fn table(value: &Value) -> Option<&Rc<Map>> {
    value.as_map().filter(|map| map.kind == MapKind::Any)
}

/// Where in the values of all charts something is; put into words only for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    key: &'a str,
}

impl<'a> Place<'a> {
    /// What the keys of a map are below that is no chart's.
    const NOWHERE: Self = Self { outer: None, key: "" };

    fn within(outer: &'a Place<'a>, key: &'a str) -> Self {
        Self { outer: Some(outer), key }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys: Vec<&str> = std::iter::successors(Some(self), |place| place.outer).map(|p| p.key).collect();
        // What is outside of everything has no name.
        while keys.len() > 1 && keys.last().is_some_and(|key| key.is_empty()) {
            keys.pop();
        }
        keys.reverse();
        f.write_str(&keys.join("."))
    }
}

struct Merger<'a> {
    notices: &'a Notices,
    merge: bool,
    budget: Budget,
}

/// How much memory a byte of a values file may take once it is read.
const GROWTH: usize = 16;
/// How much memory an entry of a map takes, about.
const ENTRY: usize = 64;

impl Merger<'_> {
    fn chart(&mut self, chart: &Chart, dest: &Rc<Map>, place: &Place<'_>) -> Result<(), Error> {
        let size: usize = chart.raw_values.iter().map(|file| file.data.len()).sum();
        self.spend(size * GROWTH)?;
        let own_place = Place::within(place, chart.name());
        self.own_values(chart, dest, &own_place);
        for sub in &chart.dependencies {
            let entry = dest.borrow().get(sub.name().as_bytes()).cloned();
            let inner = match &entry {
                None => {
                    let inner = Map::empty();
                    dest.insert(sub.name(), Value::Map(inner.clone()));
                    inner
                }
                Some(value) => {
                    let Some(map) = table(value) else {
                        let shown = go::sprintf(b"%t", std::slice::from_ref(value));
                        let shown = String::from_utf8_lossy(&shown).into_owned();
                        return Err(Error::new(format!("type mismatch on {}: {shown}", sub.name())));
                    };
                    map.clone()
                }
            };
            if let Some(Value::Map(globals)) = dest.get(GLOBAL) {
                self.spend(globals.len() * ENTRY)?;
            }
            self.globals(&inner, dest, &own_place);
            self.chart(sub, &inner, &own_place)?;
        }
        Ok(())
    }

    /// Values and globals are there once for each chart: many charts and large values together are too much.
    fn spend(&mut self, bytes: usize) -> Result<(), Error> {
        if self.budget.spend(bytes) {
            return Ok(());
        }
        Err(Error::new("the values of all charts together take too much memory"))
    }

    /// Copies the globals of a parent into the values of its subchart.
    fn globals(&self, dest: &Rc<Map>, source: &Rc<Map>, place: &Place<'_>) {
        let of = |map: &Rc<Map>, side: &str| match map.get(GLOBAL) {
            None => Some(Map::empty()),
            Some(value) => {
                let found = table(&value).cloned();
                if found.is_none() {
                    self.notices.info(format!("warning: skipping globals because {side} {GLOBAL} is not a table."));
                }
                found
            }
        };
        let Some(into) = of(dest, "destination") else { return };
        let Some(from) = of(source, "source") else { return };
        // The map may change while its entries are walked through.
        let entries = from.borrow().clone();
        for (key, value) in entries {
            let name = key.to_str();
            let existing = into.borrow().get(key.as_bytes()).cloned();
            if let Some(map) = table(&value) {
                // Only the outermost level is copied: what is deeper is shared by parent and subchart.
                let shallow = Rc::new(Map::new(MapKind::Any, map.borrow().clone()));
                match &existing {
                    None => into.insert(key.clone(), Value::Map(shallow)),
                    Some(existing) => match table(existing) {
                        None => self.notices.info(format!(
                            "Conflict: cannot merge map onto non-map for {}. Skipping.",
                            super::notice::quote(&name)
                        )),
                        Some(existing) => {
                            // Globals of the parent win over those of the subchart.
                            self.tables(&shallow, existing, &Place::within(place, &name), true);
                            into.insert(key.clone(), Value::Map(shallow));
                        }
                    },
                }
            } else if existing.as_ref().and_then(table).is_some() {
                self.notices.info(format!("key {name} is table. Skipping"));
            } else {
                into.insert(key.clone(), value);
            }
        }
        dest.insert(GLOBAL, Value::Map(into));
    }

    /// Merges a chart's own values into what its parent and the user gave.
    fn own_values(&self, chart: &Chart, dest: &Rc<Map>, place: &Place<'_>) {
        let Value::Map(own) = &chart.values else { return };
        for (key, value) in copy_entries(own) {
            let name = key.to_str();
            let existing = dest.borrow().get(key.as_bytes()).cloned();
            match existing {
                Some(Value::Nil) if !self.merge => {
                    // Null asks to do without the chart's default.
                    dest.borrow_mut().remove(key.as_bytes());
                }
                Some(existing) => {
                    let Some(over) = table(&existing) else { continue };
                    match table(&value) {
                        Some(under) => {
                            // A subchart's nulls are still needed when its own values are merged.
                            let merge = self.merge || chart.dependencies.iter().any(|sub| sub.name() == name);
                            if !merge {
                                drop_nulls(under);
                            }
                            self.tables(over, under, &Place::within(place, &name), merge);
                        }
                        None if !value.is_nil() => {
                            self.notices.info(format!("warning: skipped value for {place}.{name}: Not a table."));
                        }
                        None => {}
                    }
                }
                None => {
                    if !self.merge {
                        if value.is_nil() {
                            continue;
                        }
                        if let Some(map) = table(&value) {
                            drop_nulls(map);
                        }
                    }
                    dest.insert(key.clone(), value);
                }
            }
        }
    }

    fn tables(&self, dst: &Rc<Map>, src: &Rc<Map>, place: &Place<'_>, merge: bool) {
        if Rc::ptr_eq(dst, src) {
            return;
        }
        // What is null in the destination is seen as null in the source too, deeper levels included.
        let nulls: Vec<_> = dst.borrow().iter().filter(|(_, v)| v.is_nil()).map(|(k, _)| k.clone()).collect();
        let mut with_default = Vec::new();
        for key in nulls {
            let default = src.borrow_mut().insert(key.clone(), Value::Nil);
            if default.is_some_and(|default| !default.is_nil()) {
                with_default.push(key);
            }
        }
        // The map may change while its entries are walked through.
        let entries = src.borrow().clone();
        for (key, value) in entries {
            let name = key.to_str();
            let full = Place::within(place, &name);
            let existing = dst.borrow().get(key.as_bytes()).cloned();
            let Some(existing) = existing else {
                dst.insert(key.clone(), value);
                continue;
            };
            if !merge && existing.is_nil() && with_default.binary_search(&key).is_ok() {
                dst.borrow_mut().remove(key.as_bytes());
            } else if let Some(under) = table(&value) {
                match table(&existing) {
                    Some(over) => level(|| self.tables(over, under, &full, merge)),
                    None => self.notices.info(format!(
                        "warning: cannot overwrite table with non table for {} ({})",
                        full,
                        go::to_string(&value)
                    )),
                }
            } else if table(&existing).is_some() && !value.is_nil() {
                self.notices.info(format!(
                    "warning: destination for {} is a table. Ignoring non-table value ({})",
                    full,
                    go::to_string(&value)
                ));
            }
        }
    }
}

/// Removes null at every depth of maps.
pub(super) fn drop_nulls(map: &Map) {
    map.borrow_mut().retain(|_, value| !value.is_nil());
    for value in map.borrow().values() {
        if let Some(inner) = table(value) {
            level(|| drop_nulls(inner));
        }
    }
}
