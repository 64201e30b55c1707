//! Releases as the handover needs them: a thin layer over the rooms `release` and `action`.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Error, Problem, source, values::set_path};
use crate::{
    action::{self, Releases},
    chart::{self, Chart, Notices},
    cluster::{Cluster, ObjectRef, Observer, Silent},
    release::{Release, Status, manifest},
    render,
};

/// A release to be installed.
pub struct InstallRequest<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Chart reference.
    pub chart: &'a str,
    /// Values as given by the user, complete.
    pub values: &'a Json,
    /// Limit of each wait.
    pub timeout: Duration,
    /// A label of its records, and its value.
    pub label: Option<(String, String)>,
}

/// A release as it would be.
pub struct Planned {
    /// Chart's name and version.
    pub title: String,
    /// What tells its chart from others.
    pub digest: String,
    /// Its objects.
    pub objects: Vec<Json>,
}

impl Planned {
    /// What the names of its StatefulSets' claims begin with.
    pub fn claim_stems(&self) -> Vec<String> {
        claim_stems(&self.objects)
    }

    /// Its Secrets that an uninstall keeps.
    pub fn kept_secrets(&self) -> Vec<String> {
        let kept = |object: &&Json| {
            let policy = object.pointer("/metadata/annotations/helm.sh~1resource-policy").and_then(Json::as_str);
            object["kind"] == "Secret" && policy == Some("keep")
        };
        self.objects.iter().filter(kept).map(|object| name_of(object).to_owned()).collect()
    }
}

fn failed(error: action::Error) -> Error {
    match error.outcome {
        action::Outcome::Left => Error::Left(error.message),
        _ if error.interrupted => Error::Interrupted,
        _ => Error::Release(error.message),
    }
}

/// The deployed revision of a release; `None` when there is none.
pub async fn current(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Release>, Error> {
    let history = Releases::of(cluster, namespace).history(name, &Silent).await.map_err(failed)?;
    Ok(history.deployed().cloned())
}

/// The revision that the cluster holds as well as its history tells: the deployed one; else the last that was superseded (a
/// rollback that failed halfway leaves no deployed one); else the last.
pub async fn latest_good(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Release>, Error> {
    let history = Releases::of(cluster, namespace).history(name, &Silent).await.map_err(failed)?;
    let superseded = || history.revisions().iter().rev().find(|release| release.info.status == Status::Superseded);
    Ok(history.deployed().or_else(superseded).or_else(|| history.last()).cloned())
}

/// The last revision of a release, whatever its state; `None` when there is none.
pub async fn last(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Release>, Error> {
    let history = Releases::of(cluster, namespace).history(name, &Silent).await.map_err(failed)?;
    Ok(history.last().cloned())
}

/// The state of the last revision of a release; `None` when there is none.
pub async fn status(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<String>, Error> {
    Ok(last(cluster, namespace, name).await?.map(|release| release.info.status.as_str().to_owned()))
}

/// Names of the deployed releases of a namespace.
pub async fn names(cluster: &Cluster, namespace: &str) -> Result<Vec<String>, Error> {
    let all = Releases::of(cluster, namespace).all(Some("status=deployed"), &Silent).await.map_err(failed)?;
    let mut names: Vec<String> = all.into_iter().map(|release| release.name).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The objects of a release's manifest.
pub fn manifest_objects(release: &Release) -> Result<Vec<Json>, Error> {
    manifest::objects(&release.manifest).map_err(|error| Error::Release(error.to_string()))
}

fn name_of(object: &Json) -> &str {
    object.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default()
}

/// Names of a release's StatefulSets.
pub fn statefulsets(release: &Release) -> Vec<String> {
    let objects = manifest_objects(release).unwrap_or_default();
    objects.iter().filter(|object| object["kind"] == "StatefulSet").map(|object| name_of(object).to_owned()).collect()
}

/// The namespaced objects of a deployed release.
pub async fn objects(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<ObjectRef>, Error> {
    let Some(release) = current(cluster, namespace, name).await? else { return Ok(Vec::new()) };
    let reference = |object: &Json| {
        let own = object.pointer("/metadata/namespace").and_then(Json::as_str).unwrap_or(namespace);
        Some(ObjectRef::new(object["apiVersion"].as_str()?, object["kind"].as_str()?, own, name_of(object)))
    };
    Ok(manifest_objects(&release)?.iter().filter_map(reference).collect())
}

/// What the names of the claims of these StatefulSets begin with: `TEMPLATE-STATEFULSET-`.
pub fn claim_stems(objects: &[Json]) -> Vec<String> {
    let sets = objects.iter().filter(|object| object["kind"] == "StatefulSet");
    let stems = sets.flat_map(|set| {
        let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Json::as_array).cloned().unwrap_or_default();
        templates.into_iter().map(|template| format!("{}-{}-", name_of(&template), name_of(set))).collect::<Vec<_>>()
    });
    stems.collect()
}

/// Whether a claim's name is a stem and an ordinal.
pub fn is_claim_of(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|ordinal| !ordinal.is_empty() && ordinal.bytes().all(|b| b.is_ascii_digit()))
}

/// Default values of a release's chart with the user's merged over them; subcharts' defaults are not in a record.
pub fn all_values(release: &Release) -> Json {
    let mut values = release.chart.get("values").filter(|v| v.is_object()).cloned().unwrap_or_else(|| json!({}));
    super::values::merge(&mut values, &release.config);
    values
}

/// Loads a chart that can be installed.
pub fn load(reference: &str) -> Result<Chart, Error> {
    let notices = Notices::new();
    let loaded = chart::load(reference, &notices).and_then(|chart| {
        chart.check_installable(&notices)?;
        Ok(chart)
    });
    loaded.map_err(|error| Error::Release(error.message))
}

fn install_options(request: &InstallRequest<'_>, dry_run: action::DryRun) -> action::InstallOptions {
    action::InstallOptions {
        name: request.name.into(),
        namespace: request.namespace.into(),
        labels: request.label.clone().into_iter().collect(),
        common: action::Common { timeout: request.timeout, dry_run, ..action::Common::default() },
        ..action::InstallOptions::default()
    }
}

/// Renders a release and has the server check every object; nothing is changed.
pub async fn plan_install(
    cluster: &Cluster,
    observer: &dyn Observer,
    request: &InstallRequest<'_>,
) -> Result<Planned, Vec<Problem>> {
    let advice = "see it rendered: vulas-native template";
    let problem = |error: Error| vec![Problem::new(format!("chart {}: {error}", request.chart), advice)];
    let chart = load(request.chart).map_err(problem)?;
    let title = format!("{} {}", chart.metadata.name, chart.metadata.version);
    let digest = source::digest(&chart);
    let options = install_options(request, action::DryRun::Server);
    let values = crate::release::chart::values_of(request.values);
    let installed = action::install(cluster, chart, values, &options, observer).await;
    let release = installed.map_err(failed).map_err(problem)?;
    let objects = manifest_objects(&release).map_err(problem)?;
    Ok(Planned { title, digest, objects })
}

/// Installs a release and waits until it is ready; returns the number of its objects.
pub async fn install(cluster: &Cluster, observer: &dyn Observer, request: &InstallRequest<'_>) -> Result<usize, Error> {
    let chart = load(request.chart)?;
    let options = install_options(request, action::DryRun::None);
    let values = crate::release::chart::values_of(request.values);
    let installed = action::install(cluster, chart, values, &options, observer).await;
    let release = installed.map_err(failed)?;
    Ok(manifest_objects(&release)?.len())
}

/// Uninstalls a release and waits until its objects are gone; `false` when it was not there.
pub async fn uninstall(
    cluster: &Cluster,
    observer: &dyn Observer,
    namespace: &str,
    name: &str,
    timeout: Duration,
) -> Result<bool, Error> {
    uninstall_but(cluster, observer, namespace, name, timeout, Vec::new()).await
}

/// The same, but for these objects, which stay.
pub async fn uninstall_but(
    cluster: &Cluster,
    observer: &dyn Observer,
    namespace: &str,
    name: &str,
    timeout: Duration,
    keep: Vec<ObjectRef>,
) -> Result<bool, Error> {
    if last(cluster, namespace, name).await?.is_none() {
        return Ok(false);
    }
    let mut options = action::UninstallOptions::new(name, namespace);
    options.ignore_not_found = true;
    options.timeout = timeout;
    options.keep = keep;
    action::uninstall(cluster, &options, observer).await.map_err(failed)?;
    Ok(true)
}

/// The chart that a release was made from: its record, when that is whole; else the reference, when it is the same chart.
fn chart_of(release: &Release, reference: &str) -> Result<Chart, Error> {
    let recorded = crate::release::chart::from_record(&release.chart);
    let needs_subcharts = recorded.metadata.dependencies.as_ref().is_some_and(|list| !list.is_empty());
    if !needs_subcharts {
        return Ok(recorded);
    }
    let chart = load(reference)?;
    if chart.metadata.name == recorded.metadata.name && chart.metadata.version == recorded.metadata.version {
        return Ok(chart);
    }
    Err(Error::unfit(
        format!(
            "release {} was made from chart {} {}, whose subcharts a release record does not hold",
            release.name, recorded.metadata.name, recorded.metadata.version
        ),
        "name that chart: --chart DIRECTORY or ARCHIVE",
    ))
}

/// Upgrades a release in place so that one value changes and all others stay; returns the new revision.
pub async fn set_value(cluster: &Cluster, observer: &dyn Observer, request: &SetValue<'_>) -> Result<u32, Error> {
    let Some(release) = current(cluster, request.namespace, request.name).await? else {
        return Err(Error::unfit(
            format!("release {} is not deployed in namespace {}", request.name, request.namespace),
            "see the releases: vulas-native list",
        ));
    };
    let chart = chart_of(&release, request.chart)?;
    let mut values = if release.config.is_object() { release.config.clone() } else { json!({}) };
    set_path(&mut values, request.path, request.value.into());
    let options = action::UpgradeOptions {
        name: request.name.into(),
        namespace: request.namespace.into(),
        reuse: action::Reuse::Reset,
        common: action::Common {
            wait: action::Wait::HooksOnly,
            timeout: request.timeout,
            description: Some(format!("{} = {}", request.path, request.value)),
            ..action::Common::default()
        },
        ..action::UpgradeOptions::default()
    };
    let values = crate::release::chart::values_of(&values);
    let upgraded = action::upgrade(cluster, chart, values, &options, observer).await;
    let upgraded = upgraded.map_err(failed)?;
    Ok(upgraded.version as u32)
}

/// One value of a release to be changed.
pub struct SetValue<'a> {
    /// Namespace of the release.
    pub namespace: &'a str,
    /// The release.
    pub name: &'a str,
    /// Its chart, where its record does not hold all of it.
    pub chart: &'a str,
    /// `global.managedRelease`
    pub path: &'a str,
    /// The new value.
    pub value: &'a str,
    /// Limit of each wait.
    pub timeout: Duration,
}

/// Renders a chart for a release that exists, without a cluster; `None` when it does not render.
pub fn render_as(release: &Release, chart: &str, config: &Json) -> Option<Vec<Json>> {
    let info = render::ReleaseInfo {
        name: release.name.clone(),
        namespace: release.namespace.clone(),
        revision: release.version + 1,
        is_install: false,
        is_upgrade: true,
    };
    render_objects(chart, config, &info)
}

/// Renders a chart for a release that does not exist yet, without a cluster; `None` when it does not render.
pub fn render_new(namespace: &str, name: &str, chart: &str, config: &Json) -> Option<Vec<Json>> {
    let (name, namespace) = (name.to_owned(), namespace.to_owned());
    let info = render::ReleaseInfo { name, namespace, revision: 1, is_install: true, is_upgrade: false };
    render_objects(chart, config, &info)
}

fn render_objects(chart: &str, config: &Json, info: &render::ReleaseInfo) -> Option<Vec<Json>> {
    let mut chart = load(chart).ok()?;
    let config = crate::release::chart::values_of(config);
    let options = render::Options { schemas: Some(action::schemas::remote()), ..render::Options::default() };
    let capabilities = render::Capabilities::default();
    let rendered = render::release(&mut chart, &config, info, &capabilities, &options, &Notices::new()).ok()?;
    manifest::objects(&rendered.manifest()).ok()
}

/// Paths of values that the templates of a chart and of its subcharts mention: `.Values.PATH`. Values without a default
/// are only found here.
pub fn mentioned_values(chart: &str) -> Vec<String> {
    fn look(chart: &Chart, prefix: &str, found: &mut Vec<String>) {
        for file in &chart.templates {
            let text = String::from_utf8_lossy(file.data.as_bytes()).into_owned();
            for rest in text.split(".Values.").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
                let path = rest[..end].trim_end_matches('.');
                if path.is_empty() {
                    continue;
                }
                found.push(if path.starts_with("global.") { path.to_owned() } else { format!("{prefix}{path}") });
            }
        }
        for dependency in &chart.dependencies {
            look(dependency, &format!("{prefix}{}.", dependency.name()), found);
        }
    }
    let mut found = Vec::new();
    if let Ok(chart) = load(chart) {
        look(&chart, "", &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// All values of a chart, those of its subcharts included, with the user's merged over them.
pub fn chart_values(chart: &str, config: &Json) -> Json {
    let Ok(chart) = load(chart) else { return json!({}) };
    let config = crate::release::chart::values_of(config);
    chart::coalesce::values(&chart, &config, &Notices::new())
        .map_or_else(|_| json!({}), |map| crate::release::chart::to_json(&crate::gotemplate::Value::Map(map)))
}

/// Writes a record, made from the revision that it was read as, as the next one of its release, marked as deployed; nothing is
/// applied.
pub async fn write_revision(
    cluster: &Cluster,
    observer: &dyn Observer,
    release: Release,
    why: &str,
) -> Result<u32, Error> {
    Ok(action::revise(cluster, release, why, observer).await.map_err(failed)? as u32)
}

/// Marks all deployed revisions but the newest as superseded: a run that was killed when it had written a revision may
/// have left two.
pub async fn keep_one_deployed(cluster: &Cluster, namespace: &str, name: &str) -> Result<(), Error> {
    let records = Releases::of(cluster, namespace);
    let history = records.history(name, &Silent).await.map_err(failed)?;
    let newest = history.deployed().map(|release| release.version);
    supersede(&records, history.all_deployed().filter(|release| Some(release.version) != newest)).await
}

async fn supersede(records: &Releases, former: impl IntoIterator<Item = &Release>) -> Result<(), Error> {
    for former in former {
        let mut former = former.clone();
        let description = former.info.description.clone();
        former.set_status(Status::Superseded, description);
        records.update(&former).await.map_err(failed)?;
    }
    Ok(())
}

/// Why nothing may be begun on a release: an operation on it is under way, or was killed.
pub async fn under_way(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Problem>, Error> {
    let Some(last) = last(cluster, namespace, name).await?.filter(|last| last.info.status.is_pending()) else {
        return Ok(None);
    };
    let since = last.info.last_deployed.as_str();
    Ok(Some(Problem::new(
        format!("revision {} of {name} is {} since {since}: somebody upgrades it", last.version, last.info.status),
        format!(
            "wait until that is done (vulas-native history {name} -n {namespace}); if its process is dead: vulas-native rollback {name} -n {namespace}"
        ),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_a_statefulset_are_known_by_template_and_ordinal() {
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "beta-database-slave"},
            "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
        let stems = claim_stems(&[set]);
        assert_eq!(stems, ["data-beta-database-slave-"]);
        assert!(is_claim_of("data-beta-database-slave-10", &stems[0]));
        assert!(!is_claim_of("data-beta-database-slave-", &stems[0]));
        assert!(!is_claim_of("data-beta-database-slave-extra-0", &stems[0]));
        assert!(!is_claim_of("data-alpha-database-slave-0", &stems[0]));
    }
}
