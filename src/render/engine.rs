//! Executes the templates of a chart and its subcharts.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::functions::{self, Host, without_no_value};
use super::{Capabilities, Error, Options, ReleaseInfo, errors, objects};
use crate::chart::{Chart, Dependency, Maintainer, Metadata, Notices, archive, metadata};
use crate::gotemplate::value::Entries;
use crate::gotemplate::{Budget, GoStr, Map, MapKind, MissingKey, Set, Value};

/// Rendered files by path.
pub type Files = BTreeMap<String, GoStr>;

/// Executes all templates with coalesced values.
///
/// # Errors
/// A template does not parse or run.
pub fn execute(
    chart: &Chart,
    values: Rc<Map>,
    release: &ReleaseInfo,
    capabilities: &Capabilities,
    options: &Options,
    notices: &Notices,
) -> Result<Files, Error> {
    let shared = Shared {
        release: release_map(release),
        capabilities: objects::capabilities(capabilities),
        unreadable: Rc::default(),
    };
    let mut templates = BTreeMap::new();
    let values = Map::view(MapKind::Values, values);
    shared.collect(chart, chart.name(), &Rc::new(values), true, &mut templates);
    // Deepest path first, and backwards within a depth: what the outer charts define comes last and wins.
    let mut order: Vec<(String, Template<'_>)> = templates.into_iter().rev().collect();
    order.sort_by_cached_key(|(path, _)| Reverse(path.bytes().filter(|b| *b == b'/').count()));

    let missing_key = if options.strict { MissingKey::Error } else { MissingKey::Zero };
    let mut set = Set::new("gotpl", functions::all()).missing_key(missing_key).values_methods(functions::of_values());
    for (path, template) in &order {
        if let Err(error) = set.parse_shared(path, template.source) {
            return Err(Error::Template(errors::parse(path, &error.to_string())));
        }
    }
    let mut host = functions::wrap(Host {
        lookup: options.lookup.clone(),
        lint: options.lint,
        enable_dns: options.enable_dns,
        ..Host::default()
    });
    let mut budget = options.max_time.map_or_else(Budget::default, Budget::new);
    let mut files = Files::new();
    let mut result = Ok(());
    if options.leave_memory {
        for (_, template) in &order {
            std::mem::forget(template.context.clone());
        }
    }
    for (path, template) in order {
        if path.rsplit('/').next().is_some_and(|base| base.starts_with('_')) {
            continue;
        }
        let about = Value::map_of(
            MapKind::Values,
            [("Name", Value::str(path.as_str())), ("BasePath", Value::Str(template.base_path))],
        );
        template.context.insert("Template", about);
        let data = Value::Map(Rc::new(Map::view(MapKind::Values, template.context)));
        match set.execute_within(&path, data, &mut host, &mut budget) {
            Ok(output) => {
                files.insert(path, without_no_value(output.into()));
            }
            Err(error) => {
                result = Err(Error::Template(errors::execution(&path, &error.into())));
                break;
            }
        }
    }
    if options.leave_memory {
        std::mem::forget(set);
    }
    if let Some(host) = functions::unwrap(&mut host) {
        notices.extend(host.notices.take());
    }
    if let Some(error) = shared.unreadable.error() {
        return Err(Error::Chart(error));
    }
    result.map(|()| files)
}

/// A template and what it sees.
struct Template<'a> {
    source: &'a GoStr,
    context: Rc<Map>,
    base_path: GoStr,
}

/// What the contexts of all charts share.
struct Shared {
    release: Value,
    capabilities: Value,
    unreadable: Rc<objects::Unreadable>,
}

impl Shared {
    /// Collects the templates of a chart and its subcharts; the chart's context.
    fn collect<'a>(
        &self,
        chart: &'a Chart,
        path: &str,
        values: &Rc<Map>,
        root: bool,
        templates: &mut BTreeMap<String, Template<'a>>,
    ) -> Rc<Map> {
        let subcharts = Map::empty();
        let context = Value::map([
            ("Chart", metadata_map(&chart.metadata, root)),
            ("Files", objects::files(chart, &self.unreadable)),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", Value::Map(values.clone())),
            ("Subcharts", Value::Map(subcharts.clone())),
        ]);
        let Value::Map(context) = context else { unreachable!("Value::map makes a map") };
        for sub in &chart.dependencies {
            // A name with dots is looked for as a path, as Helm does.
            let own = sub.name().split('.').try_fold(values.clone(), |map, part| match map.get(part) {
                Some(Value::Map(inner)) if inner.kind != MapKind::Str => Some(inner),
                _ => None,
            });
            let own =
                own.map_or_else(|| Map::new(MapKind::Values, Entries::new()), |map| Map::view(MapKind::Values, map));
            let sub_path = format!("{path}/charts/{}", sub.name());
            let sub_context = self.collect(sub, &sub_path, &Rc::new(own), false, templates);
            subcharts.insert(sub.name(), Value::Map(sub_context));
        }
        let base_path = GoStr::from(metadata::join(path, "templates"));
        for file in &chart.templates {
            let base = file.name.rsplit('/').next().unwrap_or(&file.name);
            if chart.is_library() && !base.starts_with('_') {
                continue;
            }
            let template = Template { source: &file.data, context: context.clone(), base_path: base_path.clone() };
            templates.insert(archive::clean(&[path, "/", &file.name].concat()), template);
        }
        context
    }
}

fn release_map(release: &ReleaseInfo) -> Value {
    Value::map([
        ("Name", Value::str(release.name.as_str())),
        ("Namespace", Value::str(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(release.is_install)),
        ("Revision", Value::int(release.revision)),
        ("Service", Value::str("Helm")),
    ])
}

/// `.Chart`: Helm 4 shows a map with the names of Go's fields.
fn metadata_map(m: &Metadata, root: bool) -> Value {
    let list = |items: &[String]| Value::list(items.iter().map(|s| Value::str(s.as_str())).collect());
    Value::map([
        ("Name", Value::str(m.name.as_str())),
        ("Home", Value::str(m.home.as_str())),
        ("Sources", list(&m.sources)),
        ("Version", Value::str(m.version.as_str())),
        ("Description", Value::str(m.description.as_str())),
        ("Keywords", list(&m.keywords)),
        ("Maintainers", Value::list(m.maintainers.iter().map(maintainer_map).collect())),
        ("Icon", Value::str(m.icon.as_str())),
        ("APIVersion", Value::str(m.api_version.as_str())),
        ("Condition", Value::str(m.condition.as_str())),
        ("Tags", Value::str(m.tags.as_str())),
        ("AppVersion", Value::str(m.app_version.as_str())),
        ("Deprecated", Value::Bool(m.deprecated)),
        ("Annotations", metadata::string_map(m.annotations.as_ref())),
        ("KubeVersion", Value::str(m.kube_version.as_str())),
        ("Dependencies", Value::list(m.dependencies.iter().flatten().map(dependency_map).collect())),
        ("Type", Value::str(m.kind.as_str())),
        ("IsRoot", Value::Bool(root)),
    ])
}

fn maintainer_map(m: &Maintainer) -> Value {
    Value::map([
        ("Name", Value::str(m.name.as_str())),
        ("Email", Value::str(m.email.as_str())),
        ("URL", Value::str(m.url.as_str())),
    ])
}

fn dependency_map(d: &Dependency) -> Value {
    Value::map([
        ("Name", Value::str(d.name.as_str())),
        ("Version", Value::str(d.version.as_str())),
        ("Repository", Value::str(d.repository.as_str())),
        ("Condition", Value::str(d.condition.as_str())),
        ("Tags", Value::list(d.tags.iter().map(|s| Value::str(s.as_str())).collect())),
        ("Enabled", Value::Bool(d.enabled)),
        ("ImportValues", Value::list(d.import_values.clone())),
        ("Alias", Value::str(d.alias.as_str())),
    ])
}
