//! Reading and writing objects.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Cluster, Error, Json, ObjectRef, client::Call};

/// Objects per page of a list.
const PAGE: &str = "500";

/// Options of [`Cluster::apply`].
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// The field manager: `helm` for objects of releases, `vulas-native` for the handover's own writes.
    pub manager: String,
    /// Take fields that others own.
    pub force: bool,
    /// Let the server check all, persist nothing.
    pub dry_run: bool,
    /// A dry run has found no unknown or duplicate field in the object: the server need not read it twice again.
    pub checked: bool,
}

impl ApplyOptions {
    /// An unforced, real apply as `manager`.
    pub fn new(manager: &str) -> Self {
        Self { manager: manager.into(), force: false, dry_run: false, checked: false }
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
        let path = match self.path(object).await {
            Err(Error::NoKind { .. }) => return Ok(None),
            path => path?,
        };
        match self.read(Call::get(path)).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Reads an object that should be there.
    ///
    /// # Errors
    /// `NotFound` and the server's other refusals.
    pub async fn must_get(&self, object: &ObjectRef) -> Result<Json, Error> {
        self.read(Call::get(self.path(object).await?)).await
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
        self.list_selected(api_version, kind, namespace, label_selector, None).await
    }

    /// As [`Cluster::list`], with a field selector (`metadata.name=x`, `type=helm.sh/release.v1`) as well.
    ///
    /// # Errors
    /// As [`Cluster::list`].
    pub async fn list_selected(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        label_selector: Option<&str>,
        field_selector: Option<&str>,
    ) -> Result<Vec<Json>, Error> {
        let path = self.kind(api_version, kind).await?.collection(namespace);
        let mut items = Vec::new();
        let mut more = String::new();
        loop {
            let mut call = Call::get(path.clone()).query("limit", PAGE);
            if let Some(selector) = label_selector {
                call = call.query("labelSelector", selector);
            }
            if let Some(selector) = field_selector {
                call = call.query("fieldSelector", selector);
            }
            if !more.is_empty() {
                call = call.query("continue", &more);
            }
            let mut page = match self.read(call).await {
                // The list grew old between two pages: read it anew.
                Err(Error::Api { code: 410, .. }) if !more.is_empty() => {
                    items.clear();
                    more.clear();
                    continue;
                }
                page => page?,
            };
            if let Some(list) = page["items"].as_array_mut() {
                for mut item in list.drain(..) {
                    // Lists leave out what all their items have in common.
                    item["apiVersion"] = api_version.into();
                    item["kind"] = kind.into();
                    items.push(item);
                }
            }
            page["metadata"]["continue"].as_str().unwrap_or_default().clone_into(&mut more);
            if more.is_empty() {
                return Ok(items);
            }
        }
    }

    /// An object, or with an empty name all that `label_selector` selects, as the table that `kubectl get` shows.
    ///
    /// # Errors
    /// `NotFound` and the server's other refusals.
    pub async fn table(&self, object: &ObjectRef, label_selector: Option<&str>) -> Result<Json, Error> {
        let info = self.kind(&object.api_version, &object.kind).await?;
        let path = if object.name.is_empty() {
            info.collection(Some(object.namespace.as_deref().unwrap_or(self.namespace())))
        } else {
            self.path(object).await?
        };
        let mut call = Call::get(path).query("includeObject", "None");
        call.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        if let Some(selector) = label_selector {
            call = call.query("labelSelector", selector);
        }
        self.read(call).await
    }

    /// Creates an object and returns it as the server holds it.
    ///
    /// # Errors
    /// `AlreadyExists` and the server's other refusals.
    pub async fn create(&self, object: &Json, manager: &str, dry_run: bool) -> Result<Json, Error> {
        let name = ObjectRef::of(object);
        let info = self.kind(&name.api_version, &name.kind).await?;
        let path = info.collection(Some(name.namespace.as_deref().unwrap_or(self.namespace())));
        self.write("create", dry_run, writing(Method::POST, path, object, manager, dry_run)).await
    }

    /// Replaces an object as a whole; with `metadata.resourceVersion` only if it was not changed since it was read.
    ///
    /// # Errors
    /// `Conflict` and the server's other refusals.
    pub async fn replace(&self, object: &Json, manager: &str) -> Result<Json, Error> {
        let path = self.path(&ObjectRef::of(object)).await?;
        self.write("replace", false, writing(Method::PUT, path, object, manager, false)).await
    }

    /// Server-side apply with strict field validation (but for [`ApplyOptions::checked`]): unknown and duplicate fields are
    /// refused.
    ///
    /// # Errors
    /// Conflicts ([`Error::conflicts`] lists fields and owners) and the server's other refusals.
    pub async fn apply(&self, object: &Json, options: &ApplyOptions) -> Result<Json, Error> {
        let path = self.path(&ObjectRef::of(object)).await?;
        let mut call = writing(Method::PATCH, path, object, &options.manager, options.dry_run)
            .query("force", if options.force { "true" } else { "false" })
            .query("fieldValidation", if options.checked { "Ignore" } else { "Strict" });
        // JSON is YAML.
        call.content_type = "application/apply-patch+yaml";
        self.write("apply", options.dry_run, call).await
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
        let mut target = self.path(object).await?;
        if let Some(subresource) = subresource {
            target.push('/');
            target.push_str(subresource);
        }
        let (content_type, body) = match patch {
            Patch::Merge(body) => ("application/merge-patch+json", body),
            Patch::Json(body) => ("application/json-patch+json", body),
            Patch::Strategic(body) => ("application/strategic-merge-patch+json", body),
        };
        let mut call = writing(Method::PATCH, target, body, manager, false);
        call.content_type = content_type;
        // A JSON patch may add to a list.
        call.idempotent = !matches!(patch, Patch::Json(_));
        self.write("patch", false, call).await
    }

    /// Deletes an object; `false` when it was not there.
    ///
    /// # Errors
    /// `Conflict` when a precondition does not hold, and the server's other refusals.
    pub async fn delete(&self, object: &ObjectRef, options: &DeleteOptions) -> Result<bool, Error> {
        let path = match self.path(object).await {
            Err(Error::NoKind { .. }) => return Ok(false),
            path => path?,
        };
        let mut body = json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": options.propagation.as_str(),
        });
        if let Some(grace) = options.grace {
            body["gracePeriodSeconds"] = grace.as_secs().into();
        }
        if let Some(uid) = &options.uid {
            body["preconditions"]["uid"] = uid.as_str().into();
        }
        if let Some(version) = &options.resource_version {
            body["preconditions"]["resourceVersion"] = version.as_str().into();
        }
        if options.dry_run {
            body["dryRun"] = json!(["All"]);
        }
        let mut call = Call::new(Method::DELETE, path);
        call.body = body.to_string().into_bytes();
        match self.write("delete", options.dry_run, call).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn writing(method: Method, path: String, body: &Json, manager: &str, dry_run: bool) -> Call {
    let mut call = Call::new(method, path).query("fieldManager", manager);
    if dry_run {
        call = call.query("dryRun", "All");
    }
    call.body = body.to_string().into_bytes();
    call
}
