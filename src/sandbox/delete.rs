//! Deleting: grace periods, finalizers, propagation, and what is left when the last finalizer goes.

use std::sync::Arc;

use serde_json::json;

use super::admit;
use super::json::{Access, Json, is_terminating, name, namespace, uid};
use super::registry::Kind;
use super::state::State;
use super::status::{ApiError, ApiResult, Cause};

/// How something is deleted.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// `Background`, `Foreground`, `Orphan`, or empty for the kind's own way.
    pub propagation: String,
    /// Seconds that a pod gets to stop.
    pub grace: Option<i64>,
    /// Keep everything as it is.
    pub dry_run: bool,
    /// The uid it must have.
    pub uid: Option<String>,
    /// The version it must have.
    pub version: Option<String>,
}

/// What a deletion led to.
#[derive(Debug)]
pub enum Deleted {
    /// The object is gone.
    Gone(Arc<Json>),
    /// The object waits for finalizers or its grace period.
    Waiting(Arc<Json>),
}

impl State {
    /// Deletes an object, or begins to.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the preconditions do not hold.
    pub fn delete(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> ApiResult<Deleted> {
        let live = self.get(&kind.key, namespace, name).ok_or_else(|| ApiError::not_found(kind, name))?;
        preconditions(kind, &live, options)?;
        let mut object = (*live).clone();
        Self::propagate(kind, &mut object, options);
        let pending = !object.items("/metadata/finalizers").is_empty() || !object.items("/spec/finalizers").is_empty();
        let grace = match kind.key.as_ref() {
            "/pods" => grace(&object, options),
            _ => 0,
        };
        if !pending && grace == 0 {
            if options.dry_run {
                return Ok(Deleted::Gone(live));
            }
            let gone = self.store.remove(&kind.key, namespace, name).unwrap_or(live);
            admit::removed(self, kind, &gone);
            return Ok(Deleted::Gone(gone));
        }
        if is_terminating(&object) {
            // Deleted again: the grace period can only become shorter.
            let old = object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
            if grace < old {
                object.put("/metadata/deletionGracePeriodSeconds", grace);
            }
        } else {
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(grace);
            object.put("/metadata/deletionTimestamp", at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            object.put("/metadata/deletionGracePeriodSeconds", grace);
            if let Some(generation) = object.int("/metadata/generation") {
                object.put("/metadata/generation", generation + 1);
            }
            if kind.key.as_ref() == "/namespaces" {
                object.put("/status/phase", "Terminating");
            }
        }
        if object == *live || options.dry_run {
            return Ok(Deleted::Waiting(Arc::new(object)));
        }
        Ok(Deleted::Waiting(self.store.put(&kind.key, object)))
    }

    /// A controller's deletion; nothing happens when the object is gone already.
    pub fn delete_as(&mut self, key: &str, object: &Json, options: &DeleteOptions) {
        let kind = self.kind_of(key);
        let options = DeleteOptions { uid: Some(uid(object).into()), ..options.clone() };
        if let Err(error) = self.delete(&kind, namespace(object), name(object), &options)
            && error.code != 404
        {
            tracing::debug!(%error, key, name = name(object), "a controller's deletion was refused");
        }
    }

    /// Takes a finalizer off; the object goes when it was the last.
    pub fn remove_finalizer(&mut self, key: &str, object: &Json, finalizer: &str) {
        let kind = self.kind_of(key);
        let (namespace, name) = (namespace(object), name(object));
        let Some(live) = self.get(&kind.key, namespace, name) else { return };
        let mut object = (*live).clone();
        object.list_mut("/metadata/finalizers").retain(|known| known != finalizer);
        if object.items("/metadata/finalizers").is_empty() {
            object.remove("/metadata/finalizers");
        }
        if object == *live {
            return;
        }
        self.finish(&kind, object);
    }

    /// Stores a terminating object, or takes it away when nothing holds it any more.
    pub fn finish(&mut self, kind: &Arc<Kind>, object: Json) {
        let free = is_terminating(&object)
            && object.items("/metadata/finalizers").is_empty()
            && object.items("/spec/finalizers").is_empty()
            && object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0;
        if free {
            self.store.remove(&kind.key, namespace(&object), name(&object));
            admit::removed(self, kind, &Arc::new(object));
        } else {
            self.store.put(&kind.key, object);
        }
    }

    fn kind_of(&self, key: &str) -> Arc<Kind> {
        self.kind(key)
    }

    fn propagate(kind: &Kind, object: &mut Json, options: &DeleteOptions) {
        let orphan_by_default = matches!(kind.key.as_ref(), "batch/jobs" | "/replicationcontrollers");
        let policy = match options.propagation.as_str() {
            "" if orphan_by_default => "Orphan",
            "" => "Background",
            policy => policy,
        };
        let (wanted, unwanted) = match policy {
            "Foreground" => (Some("foregroundDeletion"), Some("orphan")),
            "Orphan" => (Some("orphan"), Some("foregroundDeletion")),
            _ => (None, None),
        };
        if let Some(wanted) = wanted {
            let finalizers = object.list_mut("/metadata/finalizers");
            finalizers.retain(|known| Some(known.as_str().unwrap_or_default()) != unwanted);
            if !finalizers.iter().any(|known| known == wanted) {
                finalizers.push(wanted.into());
            }
        } else if !options.propagation.is_empty() && object.at("/metadata/finalizers").is_array() {
            object.list_mut("/metadata/finalizers").retain(|known| known != "foregroundDeletion" && known != "orphan");
        }
    }
}

fn preconditions(kind: &Kind, live: &Json, options: &DeleteOptions) -> ApiResult<()> {
    if let Some(wanted) = &options.uid
        && wanted != uid(live)
    {
        return Err(ApiError::other_uid(kind, name(live), wanted, uid(live)));
    }
    if let Some(wanted) = &options.version
        && wanted != live.text("/metadata/resourceVersion")
    {
        let why = format!(
            "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {}",
            live.text("/metadata/resourceVersion")
        );
        return Err(ApiError::conflict(kind, name(live), &why));
    }
    Ok(())
}

/// The seconds a pod gets: none when it runs nowhere or has ended.
fn grace(pod: &Json, options: &DeleteOptions) -> i64 {
    if pod.text("/spec/nodeName").is_empty() || matches!(pod.text("/status/phase"), "Succeeded" | "Failed") {
        return 0;
    }
    options.grace.or_else(|| pod.int("/spec/terminationGracePeriodSeconds")).unwrap_or(30).max(0)
}

/// Reads `DeleteOptions` from a request.
///
/// # Errors
/// `BadRequest` when the policy is not known.
pub fn options(body: &Json, query: impl Fn(&str) -> Option<String>) -> ApiResult<DeleteOptions> {
    let text = |key: &str| body[key].as_str().map(String::from).or_else(|| query(key));
    let mut options = DeleteOptions {
        propagation: text("propagationPolicy").unwrap_or_default(),
        grace: body["gracePeriodSeconds"].as_i64().or_else(|| query("gracePeriodSeconds")?.parse().ok()),
        dry_run: query("dryRun").is_some() || !body.items("/dryRun").is_empty(),
        uid: body["preconditions"]["uid"].as_str().map(String::from),
        version: body["preconditions"]["resourceVersion"].as_str().map(String::from),
    };
    if !matches!(options.propagation.as_str(), "" | "Background" | "Foreground" | "Orphan") {
        let known = ["Foreground", "Background", "Orphan", "nil"];
        let cause = Cause::unsupported("propagationPolicy", &json!(options.propagation), &known);
        return Err(ApiError::invalid_option("DeleteOptions", &cause));
    }
    match body["orphanDependents"].as_bool() {
        Some(true) => options.propagation = "Orphan".into(),
        Some(false) if options.propagation.is_empty() => options.propagation = "Background".into(),
        _ => {}
    }
    Ok(options)
}
