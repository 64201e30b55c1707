//! Reading and writing objects.

use std::time::Duration;

use super::{Cluster, Error, Json, ObjectRef};

/// Options of [`Cluster::apply`].
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// The field manager: `helm` for objects of releases, `vulas-native` for the handover's own writes.
    pub manager: String,
    /// Take fields that others own.
    pub force: bool,
    /// Let the server check all, persist nothing.
    pub dry_run: bool,
}

impl ApplyOptions {
    /// An unforced, real apply as `manager`.
    pub fn new(manager: &str) -> Self {
        Self { manager: manager.into(), force: false, dry_run: false }
    }
}

/// A patch.
#[derive(Clone, Debug)]
pub enum Patch {
    /// JSON merge patch (RFC 7386).
    Merge(Json),
    /// JSON patch (RFC 6902).
    Json(Json),
    /// Strategic merge patch.
    Strategic(Json),
}

/// What happens to the objects that an object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Deleted later by the garbage collector.
    #[default]
    Background,
    /// Deleted before their owner.
    Foreground,
    /// Kept.
    Orphan,
}

impl Propagation {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// Options of [`Cluster::delete`].
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// What happens to the owned objects.
    pub propagation: Propagation,
    /// Instead of the object's own grace period.
    pub grace: Option<Duration>,
    /// Only if the object is still this one.
    pub uid: Option<String>,
    /// Only if the object was not changed since.
    pub resource_version: Option<String>,
    /// Let the server check, delete nothing.
    pub dry_run: bool,
}

impl Cluster {
    /// Reads an object; `None` when it, its namespace or its kind does not exist.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn get(&self, object: &ObjectRef) -> Result<Option<Json>, Error> {
        let _ = object;
        Err(Error::Other("not built yet".into()))
    }

    /// Reads all objects of a kind, page by page. `namespace: None` reads all namespaces; `label_selector` in the API's
    /// own syntax (`app=x,tier!=y`). Items carry their `apiVersion` and `kind`.
    ///
    /// # Errors
    /// When the server does not answer, refuses, or does not know the kind.
    pub async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        label_selector: Option<&str>,
    ) -> Result<Vec<Json>, Error> {
        let _ = (api_version, kind, namespace, label_selector);
        Err(Error::Other("not built yet".into()))
    }

    /// Creates an object and returns it as the server holds it.
    ///
    /// # Errors
    /// `AlreadyExists` and the server's other refusals.
    pub async fn create(&self, object: &Json, manager: &str, dry_run: bool) -> Result<Json, Error> {
        let _ = (object, manager, dry_run);
        Err(Error::Other("not built yet".into()))
    }

    /// Replaces an object as a whole; with `metadata.resourceVersion` only if it was not changed since it was read.
    ///
    /// # Errors
    /// `Conflict` and the server's other refusals.
    pub async fn replace(&self, object: &Json, manager: &str) -> Result<Json, Error> {
        let _ = (object, manager);
        Err(Error::Other("not built yet".into()))
    }

    /// Server-side apply with strict field validation: unknown and duplicate fields are refused.
    ///
    /// # Errors
    /// Conflicts ([`Error::conflicts`] lists fields and owners) and the server's other refusals.
    pub async fn apply(&self, object: &Json, options: &ApplyOptions) -> Result<Json, Error> {
        let _ = (object, options);
        Err(Error::Other("not built yet".into()))
    }

    /// Patches an object, or its `subresource` (`status`, `scale`).
    ///
    /// # Errors
    /// `NotFound`, `Conflict` (a failed `test` of a JSON patch is `Invalid`) and the server's other refusals.
    pub async fn patch(
        &self,
        object: &ObjectRef,
        patch: &Patch,
        subresource: Option<&str>,
        manager: &str,
    ) -> Result<Json, Error> {
        let _ = (object, patch, subresource, manager);
        Err(Error::Other("not built yet".into()))
    }

    /// Sets `.spec.replicas` through the scale subresource.
    ///
    /// # Errors
    /// As [`Cluster::patch`].
    pub async fn scale(&self, object: &ObjectRef, replicas: u32, manager: &str) -> Result<(), Error> {
        let patch = Patch::Merge(serde_json::json!({"spec": {"replicas": replicas}}));
        self.patch(object, &patch, Some("scale"), manager).await.map(|_| ())
    }

    /// Deletes an object; `false` when it was not there.
    ///
    /// # Errors
    /// `Conflict` when a precondition does not hold, and the server's other refusals.
    pub async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<bool, Error> {
        let _ = (object, options);
        Err(Error::Other("not built yet".into()))
    }
}
