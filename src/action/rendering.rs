//! Charts with the cluster's capabilities and `lookup`.

use std::{collections::BTreeSet, rc::Rc};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    chart::{Chart, Level, Notices},
    cluster::{Cluster, Error as ClusterError, Json, ObjectRef, Observer},
    gotemplate::{Value, errtext},
    release::{Hook, HookExecution, manifest},
    render::{self, Capabilities, KubeVersion, Lookup, ReleaseInfo, Rendered},
};

use super::{Error, objects::promised, options::Rendering, schemas};

/// What the cluster can do, and what it will be able to do once the chart's own definitions are there.
pub(super) async fn capabilities(cluster: &Cluster, definitions: &[Json]) -> Result<Capabilities, Error> {
    let (version, api_versions) = futures::try_join!(cluster.version(), cluster.api_versions())?;
    let kube_version = KubeVersion::parse(&version.git_version).map_err(Error::new)?;
    let mut api_versions: BTreeSet<String> = api_versions.into_iter().collect();
    for (api_version, kind) in promised(definitions).into_keys() {
        api_versions.insert(format!("{api_version}/{kind}"));
        api_versions.insert(api_version);
    }
    Ok(Capabilities { kube_version, api_versions: api_versions.into_iter().map(Into::into).collect() })
}

/// The definitions in a chart's `crds/` folders, as objects.
pub(super) fn definitions(chart: &Chart) -> Result<Vec<Json>, Error> {
    let mut definitions = Vec::new();
    for (path, file) in chart.crds() {
        let text = file.data.to_str();
        let objects =
            manifest::objects(&text).map_err(|error| Error::new(format!("failed to install CRD {path}: {error}")))?;
        definitions.extend(objects);
    }
    Ok(definitions)
}

/// Renders a chart. The chart's dependencies are processed in place.
pub(super) fn render(
    chart: &mut Chart,
    values: &Value,
    release: &ReleaseInfo,
    capabilities: &Capabilities,
    rendering: &Rendering,
    lookup: Option<Rc<dyn Lookup>>,
    observer: &dyn Observer,
) -> Result<Rendered, Error> {
    let notices = Notices::default();
    let options = render::Options {
        lookup,
        schemas: Some(schemas::remote()),
        enable_dns: rendering.enable_dns,
        sub_notes: rendering.sub_notes,
        skip_schema_validation: rendering.skip_schema_validation,
        ..Default::default()
    };
    let rendered = render::release(chart, values, release, capabilities, &options, &notices);
    for notice in notices.take() {
        match notice.level {
            Level::Debug => tracing::debug!("{notice}"),
            Level::Info => observer.info(&notice.message),
            Level::Warn | Level::Error => observer.warning(&notice.message),
        }
    }
    Ok(rendered?)
}

/// The hooks as the record holds them.
pub(super) fn hooks(rendered: &Rendered) -> Vec<Hook> {
    let hooks = rendered.hooks.iter().map(|hook| Hook {
        name: hook.name.clone(),
        kind: hook.kind.clone(),
        path: hook.path.clone(),
        manifest: errtext::lossy(&hook.manifest).into_owned(),
        events: hook.events.iter().map(|event| event.as_str().to_owned()).collect(),
        last_run: HookExecution::default(),
        weight: hook.weight,
        delete_policies: hook.delete_policies.clone(),
        output_log_policies: hook.output_log_policies.clone(),
    });
    hooks.collect()
}

/// Answers `lookup` from the cluster. Templates ask synchronously, so the thread waits meanwhile.
pub(super) struct FromCluster(pub(super) Cluster);

impl Lookup for FromCluster {
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Option<Json>, String> {
        let handle = Handle::current();
        if handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Err("lookup needs a runtime with several threads".into());
        }
        let asked = tokio::task::block_in_place(|| handle.block_on(self.ask(api_version, kind, namespace, name)));
        asked.map_err(|error| error.to_string())
    }
}

impl FromCluster {
    async fn ask(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Json>, ClusterError> {
        let info = match self.0.kind(api_version, kind).await {
            // A version that is not served is an error of Helm's, a kind that is not in it is like an object that is not there.
            Err(ClusterError::NoKind { .. })
                if self.0.api_versions().await?.iter().any(|served| served == api_version) =>
            {
                return Ok(None);
            }
            Err(ClusterError::NoKind { .. }) => {
                let slash = if api_version.contains('/') { "" } else { "/" };
                return Err(ClusterError::Other(format!(
                    "unable to get apiresource from unstructured: {slash}{api_version}, Kind={kind}: the server could not find the requested resource"
                )));
            }
            info => info?,
        };
        if !name.is_empty() {
            // There is no path to an object of a namespace without the namespace.
            if info.namespaced && namespace.is_empty() {
                return Ok(None);
            }
            return self.0.get(&ObjectRef::new(api_version, kind, namespace, name)).await;
        }
        let items = self.0.list(api_version, kind, Some(namespace).filter(|name| !name.is_empty()), None).await?;
        Ok(Some(
            serde_json::json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {}, "items": items}),
        ))
    }
}
