//! One function per verb.

use std::sync::Arc;

use axum::response::Response;
use serde_json::json;

use super::delete::{self, Deleted};
use super::http::{self, Call};
use super::json::{Access, Json, name, namespace};
use super::patch;
use super::registry::Kind;
use super::route::Target;
use super::selector::{Fields, Labels};
use super::server::Shared;
use super::state::State;
use super::status::{ApiError, ApiResult, Cause, deleted};
use super::write::{self, Validation};
use super::{exec, review, scale, table, watch};

/// Carries a request out.
///
/// # Errors
/// The `Status` to answer instead.
pub async fn handle(shared: &Arc<Shared>, call: &mut Call, target: &Target, verb: &str) -> ApiResult<Response> {
    match target.subresource.as_str() {
        "log" => return exec::logs(shared, call, target),
        "exec" => return exec::connect(shared, call, target).await,
        "attach" | "portforward" | "proxy" => {
            return Err(ApiError::not_modelled(&format!("{}/{}", target.kind.plural, target.subresource)));
        }
        "" | "status" | "scale" | "finalize" | "eviction" | "binding" | "token" | "ephemeralcontainers" | "resize" => {}
        _ => return Err(ApiError::no_resource()),
    }
    if let Some(answer) = shared.with(|state| review::answer(state, call, target)) {
        return answer.map(|object| http::answer(201, &object));
    }
    let allowed = match verb {
        "apply" => "patch",
        verb => verb,
    };
    let verbs = target.kind.subresources.get(&target.subresource).map_or(&target.kind.verbs, |sub| &sub.verbs);
    let watched = allowed == "watch" && target.subresource.is_empty();
    if !watched && !verbs.iter().any(|known| known == allowed) {
        return Err(ApiError::method_not_allowed());
    }
    match verb {
        "watch" => watch::start(shared, call, target),
        "list" => shared.with(|state| list(state, call, target)),
        "get" => shared.with(|state| get(state, call, target)),
        "create" => shared.with(|state| create(state, call, target)),
        "update" => shared.with(|state| update(state, call, target)),
        "patch" | "apply" => shared.with(|state| patched(state, call, target)),
        "delete" => shared.with(|state| delete_one(state, call, target)),
        "deletecollection" => shared.with(|state| delete_many(state, call, target)),
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn write_call(call: &Call, target: &Target) -> ApiResult<write::Call> {
    let dry_run = match call.query.get("dryRun") {
        None | Some("") => false,
        Some("All") => true,
        Some(other) => {
            let options = match call.method {
                ::http::Method::POST => "CreateOptions",
                ::http::Method::PUT => "UpdateOptions",
                _ => "PatchOptions",
            };
            let cause = Cause::unsupported("dryRun", &json!([other]), &["All"]);
            return Err(ApiError::invalid_option(options, &cause));
        }
    };
    let validation = match call.query.get("fieldValidation") {
        Some("Strict") => Validation::Strict,
        Some("Ignore") => Validation::Ignore,
        _ => Validation::Warn,
    };
    Ok(write::Call {
        manager: call.manager(),
        version: target.version.clone(),
        subresource: target.subresource.clone(),
        dry_run,
        validation,
        warnings: Vec::new(),
    })
}

/// An object as the asked version shows it.
pub fn shown(target: &Target, object: &Arc<Json>) -> Arc<Json> {
    if target.kind.stored().name == target.version {
        return object.clone();
    }
    let mut object = (**object).clone();
    object.put("/apiVersion", target.kind.api_version(&target.version));
    Arc::new(object)
}

fn answer(call: &Call, target: &Target, code: u16, object: &Arc<Json>, warnings: &[String]) -> Response {
    let object = shown(target, object);
    let mut response = match form(call) {
        Form::Table => http::answer(code, &table::one(target, &object, call)),
        Form::Metadata => http::answer(code, &metadata_only(&object)),
        Form::Object => http::answer(code, &object),
    };
    for warning in warnings {
        let text = format!("299 - {}", Json::from(warning.as_str()));
        if let Ok(value) = ::http::HeaderValue::from_str(&text) {
            response.headers_mut().append("warning", value);
        }
    }
    response
}

/// How the client wants objects.
pub enum Form {
    /// As they are.
    Object,
    /// As a table for people.
    Table,
    /// Only their metadata.
    Metadata,
}

/// Reads the `Accept` header.
pub fn form(call: &Call) -> Form {
    let accept = call.header("accept");
    let first = accept.split(',').next().unwrap_or_default();
    if first.contains("as=Table") {
        Form::Table
    } else if first.contains("as=PartialObjectMetadata") {
        Form::Metadata
    } else {
        Form::Object
    }
}

/// The object's metadata alone.
pub fn metadata_only(object: &Json) -> Json {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn live(state: &State, target: &Target) -> ApiResult<Arc<Json>> {
    state
        .get(&target.kind.key, target.space(), target.object())
        .ok_or_else(|| ApiError::not_found(&target.kind, target.object()))
}

fn get(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let object = live(state, target)?;
    if target.subresource == "scale" {
        return Ok(http::answer(200, &scale::of(&target.kind, &object)));
    }
    Ok(answer(call, target, 200, &object, &[]))
}

/// The objects a list or watch is about.
pub struct Selection {
    labels: Labels,
    fields: Fields,
    namespace: Option<String>,
    name: Option<String>,
}

impl Selection {
    /// Reads the selectors of a request.
    ///
    /// # Errors
    /// `BadRequest` when they cannot be read.
    pub fn of(call: &Call, target: &Target) -> ApiResult<Self> {
        Ok(Self {
            labels: Labels::parse(call.query.get("labelSelector").unwrap_or_default())?,
            fields: Fields::parse(call.query.get("fieldSelector").unwrap_or_default())?,
            namespace: target.namespace.clone(),
            name: target.name.clone(),
        })
    }

    /// Whether the object is meant.
    pub fn covers(&self, object: &Json) -> bool {
        self.namespace.as_deref().is_none_or(|wanted| wanted == namespace(object))
            && self.name.as_deref().is_none_or(|wanted| wanted == name(object))
            && self.labels.matches(object)
            && self.fields.matches(object)
    }
}

fn list(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let selection = Selection::of(call, target)?;
    let objects: Vec<Arc<Json>> = state
        .store
        .list(&target.kind.key, target.namespace.as_deref())
        .into_iter()
        .filter(|object| selection.covers(object))
        .collect();
    let mut metadata = json!({"resourceVersion": state.store.version().to_string()});
    if target.kind.custom {
        // Lists of custom resources are not written by Go structs that leave empty fields out.
        metadata["continue"] = "".into();
    }
    let start = match call.query.get("continue") {
        None | Some("") => 0,
        Some(token) => {
            let at = continued(token).ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
            objects.partition_point(|object| (namespace(object), name(object)) <= (at.0.as_str(), at.1.as_str()))
        }
    };
    let limit = call.query.get("limit").and_then(|limit| limit.parse::<usize>().ok()).filter(|limit| *limit > 0);
    let rest = &objects[start..];
    let page = &rest[..limit.unwrap_or(rest.len()).min(rest.len())];
    if page.len() < rest.len()
        && let Some(last) = page.last()
    {
        metadata["continue"] = token(namespace(last), name(last)).into();
        metadata["remainingItemCount"] = (rest.len() - page.len()).into();
    }
    let page: Vec<Arc<Json>> = page.iter().map(|object| shown(target, object)).collect();
    let body = match form(call) {
        Form::Table => table::list(target, &page, call, &metadata),
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "items": page.iter().map(|object| metadata_only(object)).collect::<Vec<_>>(),
        }),
        Form::Object => json!({
            "kind": format!("{}List", target.kind.kind), "apiVersion": target.kind.api_version(&target.version),
            "metadata": metadata, "items": page.iter().map(|object| item(&target.kind, object)).collect::<Vec<_>>(),
        }),
    };
    Ok(http::answer(200, &body))
}

/// Items of built-in kinds come without their type, as Go writes them.
fn item(kind: &Kind, object: &Arc<Json>) -> Json {
    let mut object = (**object).clone();
    if !kind.custom {
        object.remove("/kind");
        object.remove("/apiVersion");
    }
    object
}

fn token(namespace: &str, name: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json!([namespace, name]).to_string())
}

fn continued(token: &str) -> Option<(String, String)> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn create(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let mut write = write_call(call, target)?;
    match target.subresource.as_str() {
        "eviction" => return evict(state, call, target, &write),
        "" if target.name.is_none() => {}
        "" => return Err(ApiError::method_not_allowed()),
        other => return Err(ApiError::not_modelled(&format!("{}/{other}", target.kind.plural))),
    }
    let object = call.object()?;
    let space = match &target.namespace {
        Some(namespace) => namespace.clone(),
        None => String::new(),
    };
    if target.kind.namespaced && space.is_empty() {
        return Err(ApiError::bad_request("an empty namespace may not be set during creation"));
    }
    let made = state.create(&target.kind, &space, object, &mut write)?;
    Ok(answer(call, target, 201, &made, &write.warnings))
}

fn evict(state: &mut State, call: &Call, target: &Target, write: &write::Call) -> ApiResult<Response> {
    let body = call.object()?;
    let options = delete::DeleteOptions {
        dry_run: write.dry_run,
        grace: body["deleteOptions"]["gracePeriodSeconds"].as_i64(),
        ..delete::DeleteOptions::default()
    };
    let pod = live(state, target)?;
    let budgets = state.store.list("policy/poddisruptionbudgets", target.namespace.as_deref());
    let guarded = budgets.iter().find(|budget| {
        Labels::of_workload(budget.at("/spec/selector")).matches(&pod)
            && budget.int("/status/disruptionsAllowed") == Some(0)
    });
    if let Some(budget) = guarded {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let mut error = ApiError::injected(429, "TooManyRequests", message);
        error.body["details"] = json!({"causes": [{
            "reason": "DisruptionBudget",
            "message": format!("The disruption budget {} needs {} healthy pods and has {} currently", name(budget),
                budget.int("/status/desiredHealthy").unwrap_or(0), budget.int("/status/currentHealthy").unwrap_or(0)),
        }]});
        return Err(error);
    }
    state.delete(&target.kind, target.space(), target.object(), &options)?;
    Ok(http::answer(201, &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
}

fn update(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let mut write = write_call(call, target)?;
    let object = call.object()?;
    match target.subresource.as_str() {
        "scale" => {
            let current = live(state, target)?;
            let scaled = scale::set(state, &target.kind, &current, &object, &mut write)?;
            return Ok(http::answer(200, &scale::of(&target.kind, &scaled)));
        }
        "finalize" => {
            let mut namespace = (*live(state, target)?).clone();
            namespace.put("/spec/finalizers", object.at("/spec/finalizers").clone());
            state.finish(&target.kind, namespace.clone());
            return Ok(http::answer(200, &namespace));
        }
        "" | "status" => {}
        other => return Err(ApiError::not_modelled(&format!("{}/{other}", target.kind.plural))),
    }
    let current = live(state, target)?;
    let unconditional = !target.kind.custom && target.kind.key.as_ref() != "coordination.k8s.io/leases";
    if object.text("/metadata/resourceVersion").is_empty() && !unconditional {
        return Err(ApiError::version_required(&target.kind, name(&current)));
    }
    let written = state.replace(&target.kind, target.space(), target.object(), object, &mut write)?;
    Ok(answer(call, target, 200, &written, &write.warnings))
}

fn patched(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let mut write = write_call(call, target)?;
    let kind = call.header("content-type").split(';').next().unwrap_or_default().trim().to_string();
    if kind == "application/apply-patch+yaml" {
        let force = call.query.flag("force");
        if call.query.get("fieldManager").is_none_or(str::is_empty) {
            let cause = Cause::required("fieldManager", "is required for apply patch");
            return Err(ApiError::invalid_option("PatchOptions", &cause));
        }
        let config: Json = serde_yaml::from_slice(&call.body)
            .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
        if target.subresource == "scale" {
            let current = live(state, target)?;
            let scaled = scale::set(state, &target.kind, &current, &config, &mut write)?;
            return Ok(http::answer(200, &scale::of(&target.kind, &scaled)));
        }
        let (written, new) = state.apply(&target.kind, target.space(), target.object(), config, force, &mut write)?;
        return Ok(answer(call, target, if new { 201 } else { 200 }, &written, &write.warnings));
    }
    let body = call.object()?;
    let current = live(state, target)?;
    let base = if target.subresource == "scale" {
        Arc::new(scale::of(&target.kind, &current))
    } else {
        shown(target, &current)
    };
    let mut object = match kind.as_str() {
        "application/json-patch+json" => patch::json(&base, &body)?,
        "application/merge-patch+json" => patch::merge(&base, &body),
        "application/strategic-merge-patch+json" if target.kind.custom => {
            return Err(ApiError::unsupported_media(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, \
                 application/apply-patch+cbor",
            ));
        }
        "application/strategic-merge-patch+json" => {
            patch::strategic(&state.schema, target.kind.stored().ty, &base, &body)?
        }
        _ => return Err(ApiError::unknown_patch()),
    };
    if target.subresource == "scale" {
        let scaled = scale::set(state, &target.kind, &current, &object, &mut write)?;
        return Ok(http::answer(200, &scale::of(&target.kind, &scaled)));
    }
    if body.at("/metadata/resourceVersion").is_null() {
        // Without a version of its own a patch is for whatever is there.
        object.remove("/metadata/resourceVersion");
    }
    let written = state.replace(&target.kind, target.space(), target.object(), object, &mut write)?;
    Ok(answer(call, target, 200, &written, &write.warnings))
}

fn delete_one(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let body = call.object()?;
    let options = delete::options(&body, |key| call.query.get(key).map(String::from))?;
    let done = state.delete(&target.kind, target.space(), target.object(), &options)?;
    let mut response = match &done {
        Deleted::Waiting(object) => http::answer(200, &shown(target, object)),
        Deleted::Gone(object) if returns_object(&target.kind) => http::answer(200, &shown(target, object)),
        Deleted::Gone(object) => http::answer(200, &deleted(&target.kind, name(object), object.text("/metadata/uid"))),
    };
    if target.kind.key.as_ref() == "batch/jobs" && options.propagation.is_empty() {
        let warning = "299 - \"child pods are preserved by default when jobs are deleted; set \
            propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning\"";
        response.headers_mut().append("warning", ::http::HeaderValue::from_static(warning));
    }
    Ok(response)
}

/// Kinds whose deletion answers with the object instead of a Status.
fn returns_object(kind: &Kind) -> bool {
    matches!(
        kind.key.as_ref(),
        "/pods"
            | "/services"
            | "/serviceaccounts"
            | "/persistentvolumeclaims"
            | "/persistentvolumes"
            | "/resourcequotas"
            | "/podtemplates"
            | "storage.k8s.io/storageclasses"
            | "storage.k8s.io/volumeattachments"
            | "storage.k8s.io/csidrivers"
            | "storage.k8s.io/csinodes"
    )
}

fn delete_many(state: &mut State, call: &Call, target: &Target) -> ApiResult<Response> {
    let body = call.object()?;
    let options = delete::options(&body, |key| call.query.get(key).map(String::from))?;
    let selection = Selection::of(call, target)?;
    let objects = state.store.list(&target.kind.key, target.namespace.as_deref());
    let mut items = Vec::new();
    for object in objects.iter().filter(|object| selection.covers(object)) {
        state.delete(&target.kind, namespace(object), name(object), &options)?;
        items.push(item(&target.kind, object));
    }
    Ok(http::answer(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind), "apiVersion": target.kind.api_version(&target.version),
            "metadata": {"resourceVersion": state.store.version().to_string()}, "items": items,
        }),
    ))
}
