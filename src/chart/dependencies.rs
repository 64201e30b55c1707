//! Which subcharts take part: conditions, tags, aliases; and which of their values are imported.

use std::rc::Rc;

use super::coalesce::{self, table};
use super::model::{Chart, Dependency};
use super::notice::quote;
use super::{Error, Notices, loader};
use crate::gotemplate::{Map, MapKind, Value, fmt};
use crate::sprig::semver;

/// Renames, enables and prunes the subcharts of the whole tree, then imports values. The chart is changed in place.
///
/// # Errors
/// Values that cannot be merged.
pub fn process(chart: &mut Chart, user: &Value, notices: &Notices) -> Result<(), Error> {
    enable(chart, user, "", &mut 0, notices)?;
    import_all(chart, notices)
}

/// Whether a version is in a range; `false` if either cannot be read.
pub fn is_compatible(range: &str, version: &str) -> bool {
    let Ok(version) = semver::Version::parse(version) else { return false };
    semver::Constraints::parse(range).is_ok_and(|constraints| constraints.check(&version))
}

/// `charts` counts the subcharts: each can be there many times under other names, and so can those within it.
fn enable(chart: &mut Chart, user: &Value, path: &str, charts: &mut usize, notices: &Notices) -> Result<(), Error> {
    let Some(mut wanted) = chart.metadata.dependencies.take() else { return Ok(()) };
    chart.dependencies = select(&chart.dependencies, &mut wanted);
    *charts += chart.dependencies.len();
    loader::check_count(*charts)?;
    for dependency in &mut wanted {
        dependency.enabled = true;
    }
    let values = coalesce::values(chart, user, notices)?;
    apply_tags(&mut wanted, &values, notices);
    apply_conditions(&mut wanted, &values, path, notices);

    let disabled: Vec<String> = wanted.iter().filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
    chart.dependencies.retain(|sub| !disabled.iter().any(|name| name == sub.name()));
    wanted.retain(|d| !disabled.contains(&d.name));
    let values = Value::Map(values);
    for sub in &mut chart.dependencies {
        let sub_path = format!("{path}{}.", sub.name());
        enable(sub, &values, &sub_path, charts, notices)?;
    }
    chart.metadata.dependencies = (!wanted.is_empty()).then_some(wanted);
    Ok(())
}

/// The subcharts that nobody asked for, then those that `Chart.yaml` asks for, each copied under its alias.
fn select(present: &[Chart], wanted: &mut [Dependency]) -> Vec<Chart> {
    let fits = |sub: &Chart, d: &Dependency| sub.name() == d.name && is_compatible(&d.version, &sub.metadata.version);
    let mut selected: Vec<Chart> = present.iter().filter(|sub| !wanted.iter().any(|d| fits(sub, d))).cloned().collect();
    for dependency in wanted {
        if let Some(found) = present.iter().find(|sub| fits(sub, dependency)) {
            let mut copy = found.clone();
            if !dependency.alias.is_empty() {
                copy.metadata.name.clone_from(&dependency.alias);
            }
            selected.push(copy);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
    }
    selected
}

fn apply_tags(wanted: &mut [Dependency], values: &Rc<Map>, notices: &Notices) {
    let Ok(tags) = lookup(values, "tags") else { return };
    for dependency in wanted {
        let (mut any_true, mut any_false) = (false, false);
        for tag in &dependency.tags {
            match tags.get(tag) {
                Some(Value::Bool(true)) => any_true = true,
                Some(Value::Bool(false)) => any_false = true,
                Some(_) => notices
                    .warn("returned non-bool value", vec![("tag", tag.clone()), ("chart", dependency.name.clone())]),
                None => {}
            }
        }
        dependency.enabled = any_true || !any_false;
    }
}

fn apply_conditions(wanted: &mut [Dependency], values: &Rc<Map>, path: &str, notices: &Notices) {
    for dependency in wanted {
        for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
            match path_value(values, &format!("{path}{condition}")) {
                Some(Value::Bool(enabled)) => {
                    dependency.enabled = enabled;
                    break;
                }
                Some(_) => notices.warn(
                    "returned non-bool value",
                    vec![("path", condition.to_string()), ("chart", dependency.name.clone())],
                ),
                None => {}
            }
        }
    }
}

/// The map at a dotted path; the error names the element that is not a map.
fn lookup(values: &Rc<Map>, path: &str) -> Result<Rc<Map>, Error> {
    let mut current = values.clone();
    for part in path.split('.') {
        let next = match current.get(part) {
            Some(Value::Map(map)) if map.kind != MapKind::Str => map,
            _ => return Err(Error::new(format!("{} is not a table", quote(part)))),
        };
        current = next;
    }
    Ok(current)
}

/// The value at a dotted path, if it is not a map.
fn path_value(values: &Rc<Map>, path: &str) -> Option<Value> {
    let (map, key) = match path.rsplit_once('.') {
        Some((parents, key)) => (lookup(values, parents).ok()?, key),
        None => (values.clone(), path),
    };
    map.get(key).filter(|value| table(value).is_none())
}

fn import_all(chart: &mut Chart, notices: &Notices) -> Result<(), Error> {
    for sub in &mut chart.dependencies {
        import_all(sub, notices)?;
    }
    import(chart, notices)
}

/// Copies what `import-values` names from the subcharts' values to the chart's own.
fn import(chart: &mut Chart, notices: &Notices) -> Result<(), Error> {
    let Some(mut wanted) = chart.metadata.dependencies.take() else { return Ok(()) };
    let values = coalesce::merged_values(chart, &Value::Nil, notices)?;
    let imported = Map::empty();
    for dependency in &mut wanted {
        let mut normalised = Vec::new();
        for import in &dependency.import_values {
            let (child, parent) = match import {
                Value::Map(map) if map.kind == MapKind::Any => (shown(map, "child"), shown(map, "parent")),
                Value::Str(name) => (format!("exports.{}", name.to_str()), ".".to_string()),
                _ => continue,
            };
            normalised.push(Value::map_of(
                MapKind::Str,
                [("child", Value::str(child.as_str())), ("parent", Value::str(parent.as_str()))],
            ));
            match lookup(&values, &format!("{}.{child}", dependency.name)) {
                Ok(found) => {
                    // What is empty is not shared with the child.
                    let found = if found.is_empty() { Map::empty() } else { found };
                    coalesce::merged_tables(&imported, &nested(&parent, found), notices);
                }
                Err(error) if import.as_map().is_some() => notices.warn(
                    "ImportValues missing table from chart",
                    vec![("chart", dependency.name.clone()), ("error", error.message)],
                ),
                Err(error) => notices.warn("ImportValues missing table", vec![("error", error.message)]),
            }
        }
        dependency.import_values = normalised;
    }
    chart.metadata.dependencies = Some(wanted);
    let Value::Map(own) = coalesce::copy(&Value::Map(values)) else { return Ok(()) };
    coalesce::merged_tables(&own, &imported, notices);
    chart.values = Value::Map(own);
    Ok(())
}

/// `%v` of an entry.
fn shown(map: &Map, key: &str) -> String {
    fmt::to_string(&map.get(key).unwrap_or_default())
}

/// A map that holds the other one at a dotted path; `.` is the map itself.
fn nested(path: &str, map: Rc<Map>) -> Rc<Map> {
    if path == "." {
        return map;
    }
    path.split('.')
        .rev()
        .fold(map, |inner, part| Rc::new(Map::new(MapKind::Any, [(part.into(), Value::Map(inner))].into())))
}
