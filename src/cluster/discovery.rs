//! Which kinds the server serves, and under which path.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Cluster, Error, Json, ObjectRef, client::Call, client::encoded, in_parallel};

/// Discovery in one answer per root; servers from 1.30 on know it (1.27 by `v2beta1`).
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
/// A kind that was not there is looked for again when what we know is older.
const FRESH: Duration = Duration::from_secs(1);

/// A kind as the server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// `deployments`
    pub plural: String,
    /// Lives in a namespace.
    pub namespaced: bool,
}

impl KindInfo {
    /// `/apis/apps/v1/namespaces/x/deployments`, or of all namespaces.
    pub(super) fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        match namespace {
            Some(namespace) if self.namespaced => {
                format!("/{root}/{}/namespaces/{}/{}", self.api_version, encoded(namespace), self.plural)
            }
            _ => format!("/{root}/{}/{}", self.api_version, self.plural),
        }
    }
}

/// Everything the server serves.
#[derive(Debug)]
pub(super) struct Discovery {
    kinds: HashMap<(String, String), KindInfo>,
    api_versions: BTreeSet<String>,
    read: Instant,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { kinds: HashMap::new(), api_versions: BTreeSet::new(), read: Instant::now() }
    }
}

impl Discovery {
    fn add(&mut self, group_version: &str, resource: &str, kind: &str, namespaced: bool) {
        self.api_versions.insert(format!("{group_version}/{kind}"));
        // Subresources (`deployments/scale`) are no kinds of their own.
        if !resource.contains('/') {
            let info =
                KindInfo { api_version: group_version.into(), kind: kind.into(), plural: resource.into(), namespaced };
            self.kinds.insert((group_version.into(), kind.into()), info);
        }
    }

    /// Reads an `APIGroupDiscoveryList`.
    fn add_aggregated(&mut self, list: &Json) {
        let array = |value: &Json| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        for group in array(&list["items"]) {
            let name = text(&group["metadata"]["name"]);
            for version in array(&group["versions"]) {
                let version_name = text(&version["version"]);
                let group_version = if name.is_empty() { version_name } else { format!("{name}/{version_name}") };
                self.api_versions.insert(group_version.clone());
                for resource in array(&version["resources"]) {
                    let plural = text(&resource["resource"]);
                    self.add(
                        &group_version,
                        &plural,
                        &text(&resource["responseKind"]["kind"]),
                        resource["scope"] == "Namespaced",
                    );
                    for sub in array(&resource["subresources"]) {
                        let kind = text(&sub["responseKind"]["kind"]);
                        self.add(&group_version, &format!("{plural}/{}", text(&sub["subresource"])), &kind, true);
                    }
                }
            }
        }
    }

    /// Reads an `APIResourceList`.
    fn add_resources(&mut self, list: &Json) {
        let group_version = list["groupVersion"].as_str().unwrap_or_default();
        for resource in list["resources"].as_array().into_iter().flatten() {
            let text = |key: &str| resource[key].as_str().unwrap_or_default();
            self.add(group_version, text("name"), text("kind"), resource["namespaced"] == true);
        }
    }
}

impl Cluster {
    /// Group versions and `group/version/Kind`s, as charts ask for them by `.Capabilities.APIVersions.Has`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn api_versions(&self) -> Result<Vec<String>, Error> {
        Ok(self.discovery().await?.api_versions.iter().cloned().collect())
    }

    /// Looks a kind up; asks the server once, and again when a kind was not there a while ago.
    ///
    /// # Errors
    /// [`Error::NoKind`] when the server does not serve it.
    pub async fn kind(&self, api_version: &str, kind: &str) -> Result<KindInfo, Error> {
        let key = (api_version.to_owned(), kind.to_owned());
        let mut discovery = self.discovery().await?;
        if !discovery.kinds.contains_key(&key) && discovery.read.elapsed() > FRESH {
            discovery = self.read_discovery().await?;
        }
        discovery
            .kinds
            .get(&key)
            .cloned()
            .ok_or_else(|| Error::NoKind { api_version: api_version.into(), kind: kind.into() })
    }

    /// Forgets what the server serves, since a CRD was added.
    pub async fn forget_kinds(&self) {
        *self.inner.discovery.write().await = None;
    }

    /// The path of an object. A namespaced object without a namespace is in ours; the namespace of a cluster-wide one is
    /// ignored, as kubectl and Helm do.
    pub(super) async fn path(&self, object: &ObjectRef) -> Result<String, Error> {
        let info = self.kind(&object.api_version, &object.kind).await?;
        let namespace = object.namespace.as_deref().unwrap_or(self.namespace());
        Ok(format!("{}/{}", info.collection(Some(namespace)), encoded(&object.name)))
    }

    async fn discovery(&self) -> Result<Arc<Discovery>, Error> {
        if let Some(known) = self.inner.discovery.read().await.as_ref() {
            return Ok(known.clone());
        }
        self.read_discovery().await
    }

    async fn read_discovery(&self) -> Result<Arc<Discovery>, Error> {
        let mut slot = self.inner.discovery.write().await;
        // Somebody else may have read it while we waited for the lock.
        if let Some(known) = slot.as_ref().filter(|known| known.read.elapsed() < FRESH) {
            return Ok(known.clone());
        }
        let ask = |path: &'static str| self.read(Call { accept: AGGREGATED, ..Call::get(path) });
        let (core, groups) = futures::try_join!(ask("/api"), ask("/apis"))?;
        let mut discovery = Discovery::default();
        let mut plain = Vec::new();
        for (root, list) in [("/api", &core), ("/apis", &groups)] {
            if list["kind"] == "APIGroupDiscoveryList" {
                discovery.add_aggregated(list);
            } else {
                plain.extend(group_versions(list).into_iter().map(|version| (root, version)));
            }
        }
        let lists = in_parallel(plain, |(root, version)| async move {
            (self.read(Call::get(format!("{root}/{version}"))).await, version)
        });
        for (list, version) in lists.await {
            match list {
                Ok(list) => discovery.add_resources(&list),
                // An aggregated API whose server is down must not keep us from the others.
                Err(error) => tracing::debug!(%version, %error, "cannot read the resources of an API"),
            }
            discovery.api_versions.insert(version);
        }
        let discovery = Arc::new(discovery);
        *slot = Some(discovery.clone());
        Ok(discovery)
    }
}

/// The versions of an `APIVersions` or an `APIGroupList`.
fn group_versions(list: &Json) -> Vec<String> {
    let strings = |value: &Json| value.as_str().map(str::to_owned);
    let core = list["versions"].as_array().into_iter().flatten().filter_map(strings);
    let groups = list["groups"].as_array().into_iter().flatten();
    let versions = groups.flat_map(|group| group["versions"].as_array().into_iter().flatten());
    core.chain(versions.filter_map(|version| strings(&version["groupVersion"]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_discovery_say_the_same() {
        let mut aggregated = Discovery::default();
        aggregated.add_aggregated(&json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "apps"}, "versions": [{
            "version": "v1", "resources": [{"resource": "deployments", "scope": "Namespaced",
                "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
                "subresources": [{"subresource": "scale", "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}}]}]}]}]}));
        let mut plain = Discovery::default();
        plain.api_versions.insert("apps/v1".into());
        plain.add_resources(&json!({"groupVersion": "apps/v1", "resources": [
            {"name": "deployments", "kind": "Deployment", "namespaced": true},
            {"name": "deployments/scale", "kind": "Scale", "namespaced": true}]}));
        assert_eq!(aggregated.kinds, plain.kinds);
        assert_eq!(aggregated.api_versions, plain.api_versions);
        let info = &plain.kinds[&("apps/v1".to_owned(), "Deployment".to_owned())];
        assert_eq!(info.collection(Some("x")), "/apis/apps/v1/namespaces/x/deployments");
        assert_eq!(info.collection(None), "/apis/apps/v1/deployments");
    }

    #[test]
    fn versions_of_core_and_groups() {
        assert_eq!(group_versions(&json!({"versions": ["v1"]})), ["v1"]);
        let groups = json!({"groups": [{"versions": [{"groupVersion": "apps/v1"}, {"groupVersion": "apps/v1beta1"}]}]});
        assert_eq!(group_versions(&groups), ["apps/v1", "apps/v1beta1"]);
    }
}
