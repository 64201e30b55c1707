//! Merging the values of a chart and its subcharts with those of their parents and of the user.
//!
//! Two ways: *coalescing* makes what templates see, and drops what is null; *merging* keeps nulls, and serves imported values.
//! Maps are shared exactly where Helm shares them: a template that changes a global changes it for others.

use std::rc::Rc;

use super::{Chart, Error, Notices};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{Budget, GoStr, Map, MapKind, Value, fmt};

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
        _ => empty(),
    };
    let mut merger = Merger { notices, merge, budget: Budget::default() };
    merger.chart(chart, &dest, "")?;
    Ok(dest)
}

/// Fills in what `over` lacks from `under`, which may be changed by it; null in `over` deletes.
pub fn tables(over: &Rc<Map>, under: &Rc<Map>, notices: &Notices) {
    Merger { notices, merge: false, budget: Budget::default() }.tables(over, under, "", false);
}

/// Fills in what `over` lacks from `under`, which may be changed by it; null in `over` stays.
pub fn merged_tables(over: &Rc<Map>, under: &Rc<Map>, notices: &Notices) {
    Merger { notices, merge: true, budget: Budget::default() }.tables(over, under, "", true);
}

/// A copy that shares no map.
pub fn copy(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            // A tree that is cloned as it is need not be built anew.
            let mut entries = map.borrow().clone();
            for value in entries.values_mut() {
                if matches!(value, Value::Map(_) | Value::List(_)) {
                    *value = level(|| copy(value));
                }
            }
            Value::Map(Rc::new(Map::new(map.kind, entries)))
        }
        Value::List(list) => {
            Value::List(list.like(list.items.iter().map(|item| level(|| copy(item))).collect()).into())
        }
        other => other.clone(),
    }
}

/// Goes one level deeper, on as much stack as it takes: values may be nested as deep as their files say.
pub(super) fn level<T>(body: impl FnOnce() -> T) -> T {
    const RED_ZONE: usize = 64 << 10;
    const STACK: usize = 1 << 20;
    stacker::maybe_grow(RED_ZONE, STACK, body)
}

pub(super) fn empty() -> Rc<Map> {
    Rc::new(Map::new(MapKind::Any, Entries::new()))
}

/// Whether Go would find a `map[string]interface {}` in it, not a map of another type.
pub(super) fn table(value: &Value) -> Option<&Rc<Map>> {
    value.as_map().filter(|map| map.kind == MapKind::Any)
}

/// The entries as they are now; the map may change while they are walked through.
fn snapshot(map: &Map) -> Vec<(GoStr, Value)> {
    map.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn within(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") }
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
    fn chart(&mut self, chart: &Chart, dest: &Rc<Map>, prefix: &str) -> Result<(), Error> {
        let size: usize = chart.raw_values.iter().map(|file| file.data.len()).sum();
        self.spend(size * GROWTH)?;
        self.own_values(chart, dest, prefix);
        for sub in &chart.dependencies {
            let entry = dest.borrow().get(sub.name().as_bytes()).cloned();
            let inner = match &entry {
                None => {
                    let inner = empty();
                    dest.insert(sub.name(), Value::Map(inner.clone()));
                    inner
                }
                Some(value) => {
                    let Some(map) = table(value) else {
                        let shown = fmt::sprintf(b"%t", std::slice::from_ref(value));
                        let shown = String::from_utf8_lossy(&shown).into_owned();
                        return Err(Error::new(format!("type mismatch on {}: {shown}", sub.name())));
                    };
                    map.clone()
                }
            };
            let sub_prefix = within(prefix, chart.name());
            if let Some(Value::Map(globals)) = dest.get(GLOBAL) {
                self.spend(globals.len() * ENTRY)?;
            }
            self.globals(&inner, dest, &sub_prefix);
            self.chart(sub, &inner, &sub_prefix)?;
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
    fn globals(&self, dest: &Rc<Map>, source: &Rc<Map>, prefix: &str) {
        let of = |map: &Rc<Map>, side: &str| match map.get(GLOBAL) {
            None => Some(empty()),
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
        for (key, value) in snapshot(&from) {
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
                            self.tables(&shallow, existing, &within(prefix, &name), true);
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
    fn own_values(&self, chart: &Chart, dest: &Rc<Map>, prefix: &str) {
        let prefix = within(prefix, chart.name());
        let Value::Map(own) = copy(&chart.values) else { return };
        for (key, value) in snapshot(&own) {
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
                            self.tables(over, under, &within(&prefix, &name), merge);
                        }
                        None if !value.is_nil() => {
                            self.notices.info(format!("warning: skipped value for {prefix}.{name}: Not a table."));
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

    fn tables(&self, dst: &Rc<Map>, src: &Rc<Map>, prefix: &str, merge: bool) {
        if Rc::ptr_eq(dst, src) {
            return;
        }
        let defaults = snapshot(src);
        // What is null in the destination is seen as null in the source too, deeper levels included.
        for (key, value) in snapshot(dst) {
            if value.is_nil() {
                src.insert(key, Value::Nil);
            }
        }
        for (key, value) in snapshot(src) {
            let name = key.to_str();
            let full = || within(prefix, &name);
            let existing = dst.borrow().get(key.as_bytes()).cloned();
            let Some(existing) = existing else {
                dst.insert(key.clone(), value);
                continue;
            };
            let has_default =
                || defaults.binary_search_by(|(k, _)| k.cmp(&key)).is_ok_and(|at| !defaults[at].1.is_nil());
            if !merge && existing.is_nil() && has_default() {
                dst.borrow_mut().remove(key.as_bytes());
            } else if let Some(under) = table(&value) {
                match table(&existing) {
                    Some(over) => level(|| self.tables(over, under, &full(), merge)),
                    None => self.notices.info(format!(
                        "warning: cannot overwrite table with non table for {} ({})",
                        full(),
                        fmt::to_string(&value)
                    )),
                }
            } else if table(&existing).is_some() && !value.is_nil() {
                self.notices.info(format!(
                    "warning: destination for {} is a table. Ignoring non-table value ({})",
                    full(),
                    fmt::to_string(&value)
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
