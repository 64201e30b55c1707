//! Rendering as a cluster sees it (`template --dry-run=server`): nothing is written.

use std::rc::Rc;

use crate::{
    chart::Chart,
    cluster::{Cluster, Json},
    release::manifest,
    render::{Capabilities, Lookup, ReleaseInfo, Rendered},
};

use super::{
    Error,
    objects::{Owner, items, promised},
    rendering::{self, FromCluster},
};

/// What templates learn from a cluster.
pub struct Seen {
    /// Its version and the kinds that it serves, with those that the chart defines.
    pub capabilities: Capabilities,
    /// Answers `lookup`. Needs a runtime with several threads.
    pub lookup: Rc<dyn Lookup>,
    definitions: Vec<Json>,
}

impl Seen {
    /// Asks a cluster.
    ///
    /// # Errors
    /// The cluster does not answer, or a definition of the chart is not YAML.
    pub async fn by(cluster: &Cluster, chart: &Chart) -> Result<Self, Error> {
        let definitions = rendering::definitions(chart)?;
        let capabilities = rendering::capabilities(cluster, &definitions).await?;
        Ok(Self { capabilities, lookup: Rc::new(FromCluster(cluster.clone())), definitions })
    }

    /// Checks that the cluster knows all kinds, or will know them from the release itself.
    ///
    /// # Errors
    /// The kinds that it does not know, and objects that are not YAML.
    pub async fn check(&self, cluster: &Cluster, rendered: &Rendered, release: &ReleaseInfo) -> Result<(), Error> {
        let text = rendered.manifest();
        let own = manifest::objects(&text)?;
        let promised = promised(own.iter().chain(&self.definitions));
        let owner = Owner { name: &release.name, namespace: &release.namespace };
        items(cluster, &text, owner, &promised, true).await.map(drop)
    }
}
