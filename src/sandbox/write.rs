//! Writing objects: create, replace, apply. Every write, also of controllers, comes through here.

use std::sync::Arc;

use serde_json::json;

use super::admit::{self, decode::decode};
use super::fields::Set;
use super::fields::managed::{Managed, Writer};
use super::json::{Access, Json, is_terminating, name};
use super::registry::Kind;
use super::state::{State, now};
use super::status::{ApiError, ApiResult};

/// What is done about unknown fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Validation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the answer has warnings.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// Who writes, and how.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The field manager.
    pub manager: String,
    /// The version of the API that is used, `v1`.
    pub version: String,
    /// `status`, `scale`, or empty.
    pub subresource: String,
    /// Check all, keep nothing.
    pub dry_run: bool,
    /// What is done about unknown fields.
    pub validation: Validation,
    /// Warnings for the answer.
    pub warnings: Vec<String>,
}

impl Call {
    /// A write by a controller of the cluster.
    pub fn controller(manager: &str) -> Self {
        Self { manager: manager.into(), ..Self::default() }
    }

    fn version<'a>(&'a self, kind: &'a Kind) -> &'a str {
        if self.version.is_empty() { &kind.stored().name } else { &self.version }
    }

    fn writer(&self, kind: &Kind) -> Writer {
        let ignored = match self.subresource.as_str() {
            "" if kind.has_status() => Set::of_fields(&[&["status"]]),
            "status" if kind.custom => Set::of_fields(&[&["spec"], &["metadata"]]),
            "status" => Set::of_fields(&[&["spec"], &["metadata", "labels"]]),
            _ => Set::default(),
        };
        Writer {
            manager: self.manager.clone(),
            version: kind.api_version(self.version(kind)),
            subresource: self.subresource.clone(),
            time: now(),
            ignored,
        }
    }
}

impl State {
    /// Makes a new object. Its name may be left to the server (`generateName`).
    ///
    /// # Errors
    /// What the API server answers: `AlreadyExists`, `Invalid`, `BadRequest`, `NotFound` for the namespace, ...
    pub fn create(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        mut object: Json,
        call: &mut Call,
    ) -> ApiResult<Arc<Json>> {
        self.check_type(kind, &object, call)?;
        check_namespace(kind, namespace, &mut object)?;
        self.decode(kind, &mut object, call)?;
        if name(&object).is_empty() && !object.text("/metadata/generateName").is_empty() {
            let prefix = object.text("/metadata/generateName").to_string();
            let suffix = self.numbers_for(&format!("{}/{namespace}/{prefix}", kind.key)).suffix(5);
            let generated = format!("{prefix}{suffix}");
            object.put("/metadata/name", generated);
        }
        if !object.text("/metadata/resourceVersion").is_empty() {
            return Err(ApiError::internal("resourceVersion should not be set on objects to be created"));
        }
        object.remove("/metadata/managedFields");
        self.insert(kind, namespace, object, Managed::default(), false, call)
    }

    /// Replaces an object, or with `call.subresource` its status.
    ///
    /// # Errors
    /// What the API server answers: `NotFound`, `Conflict`, `Invalid`, ...
    pub fn replace(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        name: &str,
        mut object: Json,
        call: &mut Call,
    ) -> ApiResult<Arc<Json>> {
        self.check_type(kind, &object, call)?;
        check_namespace(kind, namespace, &mut object)?;
        let given = super::json::name(&object);
        if given.is_empty() {
            object.put("/metadata/name", name);
        } else if given != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            )));
        }
        self.decode(kind, &mut object, call)?;
        let live = self.get(&kind.key, namespace, name).ok_or_else(|| ApiError::not_found(kind, name))?;
        let managed =
            if object.items("/metadata/managedFields").is_empty() && object.at("/metadata/managedFields").is_array() {
                // An empty list is the documented way to have them forgotten.
                Managed::default()
            } else {
                Managed::read(&live)
            };
        self.overwrite(kind, &live, object, managed, false, call)
    }

    /// Server-side apply. The boolean says whether the object is new.
    ///
    /// # Errors
    /// What the API server answers; `Conflict` names the fields and their owners.
    pub fn apply(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        name: &str,
        mut config: Json,
        force: bool,
        call: &mut Call,
    ) -> ApiResult<(Arc<Json>, bool)> {
        let live = self.get(&kind.key, namespace, name);
        if !call.subresource.is_empty() && live.is_none() {
            return Err(ApiError::not_found(kind, name));
        }
        let expected = kind.api_version(call.version(kind));
        if config["apiVersion"] != expected.as_str() {
            let given = config["apiVersion"].as_str().unwrap_or_default();
            return Err(ApiError::bad_request(format!(
                "Incorrect version specified in apply patch. Specified patch version: {given}, expected: {expected}"
            )));
        }
        if config["kind"] != kind.kind.as_str() {
            return Err(ApiError::bad_request(format!(
                "invalid object type: /, Kind={}",
                config["kind"].as_str().unwrap_or_default()
            )));
        }
        if !config.at("/metadata/managedFields").is_null() {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let given = super::json::name(&config);
        if !given.is_empty() && given != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            )));
        }
        // Messages name the object as the patch does.
        let space = super::json::namespace(&config).to_string();
        config.put("/metadata/name", name);
        check_namespace(kind, namespace, &mut config)?;
        let ty = kind.version(call.version(kind)).unwrap_or(kind.stored()).ty;
        let schema = self.schema.clone();
        let problems = super::fields::Typed::new(&schema, ty).problems(&config);
        if !problems.is_empty() {
            return Err(typed_error(kind, call.version(kind), &space, name, &problems));
        }
        let empty = json!({});
        let base = live.as_deref().unwrap_or(&empty);
        let writer = call.writer(kind);
        let (mut new, managed) = Managed::read(base).apply(&schema, ty, base, &config, &writer, force)?;
        let findings = decode(&schema, ty, &mut new);
        if let Some(wrong) = findings.wrong {
            return Err(ApiError::internal(format!(
                "failed to convert new object ({}) to proper version: {wrong}",
                object_name(kind, call.version(kind), namespace, name)
            )));
        }
        match live {
            None => {
                if !config.text("/metadata/uid").is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {}, and no existing object was found",
                        config.text("/metadata/uid")
                    );
                    return Err(ApiError::conflict(kind, name, &why));
                }
                new.put("/apiVersion", expected);
                self.insert(kind, namespace, new, managed, true, call).map(|object| (object, true))
            }
            Some(live) => {
                let rv = config.text("/metadata/resourceVersion");
                if !rv.is_empty() && rv != live.text("/metadata/resourceVersion") {
                    return Err(ApiError::modified(kind, name));
                }
                self.overwrite(kind, &live, new, managed, true, call).map(|object| (object, false))
            }
        }
    }

    fn check_type(&self, kind: &Kind, object: &Json, call: &Call) -> ApiResult<()> {
        if !object.is_object() {
            return Err(ApiError::bad_request("couldn't get version/kind; json parse error: expected an object"));
        }
        let (version, of) = (object.text("/apiVersion"), object.text("/kind"));
        let expected = kind.api_version(call.version(kind));
        let given = version.rsplit('/').next().unwrap_or(version);
        let known = self.registry.by_kind(version, of).is_some_and(|known| known.version(given).is_some());
        if !version.is_empty() && version != expected && !known {
            return Err(ApiError::bad_request(format!(
                "{of} in version \"{given}\" cannot be handled as a {}: no kind \"{of}\" is registered for version \
                 \"{version}\" in scheme \"pkg/runtime/scheme.go:111\"",
                kind.kind
            )));
        }
        if (!of.is_empty() && of != kind.kind) || (!version.is_empty() && version != expected) {
            let package = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
            return Err(ApiError::bad_request(format!(
                "{of} in version \"{given}\" cannot be handled as a {0}: converting ({given}.{of}) to ({package}.{0}): unknown \
                 conversion",
                kind.kind
            )));
        }
        Ok(())
    }

    fn decode(&self, kind: &Kind, object: &mut Json, call: &mut Call) -> ApiResult<()> {
        let version = kind.version(call.version(kind)).unwrap_or(kind.stored());
        let findings = decode(&self.schema, version.ty, object);
        let handled = |text: &str| {
            ApiError::bad_request(format!(
                "{0} in version \"{1}\" cannot be handled as a {0}: {text}",
                kind.kind, version.name
            ))
        };
        if let Some(cause) = findings.mistyped.filter(|_| kind.custom) {
            return Err(ApiError::invalid(kind, name(object), &[cause]));
        }
        if let Some(wrong) = findings.wrong {
            return Err(handled(&wrong));
        }
        if !findings.unknown.is_empty() {
            match call.validation {
                Validation::Ignore => {}
                Validation::Warn => call.warnings.extend(findings.unknown),
                Validation::Strict => {
                    let fields = findings.unknown.join(", ");
                    let text = format!("strict decoding error: {fields}");
                    return Err(handled(&text));
                }
            }
        }
        object.put("/apiVersion", kind.api_version(&kind.stored().name));
        object.put("/kind", kind.kind.clone());
        Ok(())
    }

    /// The common end of creating: defaults, admission, validation, storing. `applied` says that `managed` is complete.
    fn insert(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        mut object: Json,
        managed: Managed,
        applied: bool,
        call: &mut Call,
    ) -> ApiResult<Arc<Json>> {
        let name = name(&object).to_string();
        if kind.namespaced && kind.key.as_ref() != "authorization.k8s.io/localsubjectaccessreviews" {
            self.check_namespace_lives(kind, namespace, &name)?;
        }
        object.put("/apiVersion", kind.api_version(&kind.stored().name));
        let uid = self.numbers_for(&format!("{}/{namespace}/{name}", kind.key)).uuid();
        object.put("/metadata/uid", uid);
        object.put("/metadata/creationTimestamp", now());
        for gone in ["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink", "generation"] {
            object.remove(&format!("/metadata/{gone}"));
        }
        admit::defaults(kind, &mut object);
        // What the server itself adds later has no owner.
        let managed = if applied {
            managed
        } else {
            let ty = kind.version(call.version(kind)).unwrap_or(kind.stored()).ty;
            let empty = if kind.custom { json!({}) } else { self.schema.empty(ty) };
            managed.updated(&self.schema, ty, &empty, &object, &call.writer(kind))
        };
        admit::create(self, kind, &mut object, call)?;
        if self.get(&kind.key, namespace, &name).is_some() {
            return Err(ApiError::already_exists(kind, &name));
        }
        managed.write(&mut object);
        if call.dry_run {
            return Ok(Arc::new(object));
        }
        let object = self.store.put(&kind.key, object);
        admit::stored(self, kind, &object);
        Ok(object)
    }

    fn check_namespace_lives(&self, kind: &Kind, namespace: &str, name: &str) -> ApiResult<()> {
        match self.get("/namespaces", "", namespace) {
            None => Err(ApiError::not_found(&self.kind("/namespaces"), namespace)),
            Some(found) if is_terminating(&found) => Err(ApiError::namespace_terminating(kind, name, namespace)),
            Some(_) => Ok(()),
        }
    }

    /// The common end of changing an object. `applied` says that `managed` is complete.
    fn overwrite(
        &mut self,
        kind: &Arc<Kind>,
        live: &Arc<Json>,
        mut object: Json,
        managed: Managed,
        applied: bool,
        call: &mut Call,
    ) -> ApiResult<Arc<Json>> {
        let name = name(live).to_string();
        let namespace = super::json::namespace(live).to_string();
        if !applied {
            let rv = object.text("/metadata/resourceVersion");
            if !rv.is_empty() && rv != live.text("/metadata/resourceVersion") {
                return Err(ApiError::modified(kind, &name));
            }
        }
        let uid = object.text("/metadata/uid");
        if !uid.is_empty() && uid != live.text("/metadata/uid") {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                live.text("/metadata/uid")
            );
            return Err(ApiError::conflict(kind, &name, &why));
        }
        object.put("/apiVersion", kind.api_version(&kind.stored().name));
        if call.subresource == "status" {
            let (status, annotations) = (object.at("/status").clone(), object.at("/metadata/annotations").clone());
            object = (**live).clone();
            if !kind.custom && annotations.is_object() {
                // Controllers of built-in kinds note things there when they write a status.
                object.put("/metadata/annotations", annotations);
            }
            if status.is_null() {
                object.remove("/status");
            } else {
                object.put("/status", status);
            }
        } else if kind.has_status() {
            match live.at("/status") {
                Json::Null => {
                    object.remove("/status");
                }
                status => object.put("/status", status.clone()),
            }
        }
        for kept in [
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "resourceVersion",
            "generateName",
        ] {
            let pointer = format!("/metadata/{kept}");
            match live.at(&pointer) {
                Json::Null => {
                    object.remove(&pointer);
                }
                value => object.put(&pointer, value.clone()),
            }
        }
        if call.subresource != "status" {
            admit::defaults(kind, &mut object);
        }
        let managed = if applied {
            managed
        } else {
            let ty = kind.version(call.version(kind)).unwrap_or(kind.stored()).ty;
            managed.updated(&self.schema, ty, live, &object, &call.writer(kind))
        };
        admit::update(self, kind, live, &mut object, call)?;
        managed.write(&mut object);
        if object == **live {
            return Ok(live.clone());
        }
        if call.dry_run {
            return Ok(Arc::new(object));
        }
        let finished = is_terminating(&object)
            && object.items("/metadata/finalizers").is_empty()
            && object.items("/spec/finalizers").is_empty()
            && object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0;
        if finished {
            let last = Arc::new(object);
            self.store.remove(&kind.key, &namespace, &name);
            admit::removed(self, kind, &last);
            return Ok(last);
        }
        let object = self.store.put(&kind.key, object);
        admit::stored(self, kind, &object);
        Ok(object)
    }

    /// A controller's write of an object that it has read before; nothing happens when it is the same or gone.
    pub fn write_as(&mut self, manager: &str, key: &str, object: Json, subresource: &str) {
        let kind = self.kind(key);
        let (namespace, name) = (super::json::namespace(&object).to_string(), name(&object).to_string());
        let mut call = Call { subresource: subresource.into(), ..Call::controller(manager) };
        if let Err(error) = self.replace(&kind, &namespace, &name, object, &mut call)
            && error.code != 404
        {
            tracing::debug!(%error, key, namespace, name, manager, "a controller's write was refused");
        }
    }

    /// A controller's new object.
    ///
    /// # Errors
    /// As [`State::create`].
    pub fn create_as(&mut self, manager: &str, key: &str, object: Json) -> ApiResult<Arc<Json>> {
        let kind = self.kind(key);
        let namespace = super::json::namespace(&object).to_string();
        self.create(&kind, &namespace, object, &mut Call::controller(manager))
    }
}

fn check_namespace(kind: &Kind, namespace: &str, object: &mut Json) -> ApiResult<()> {
    let given = object.text("/metadata/namespace");
    if !kind.namespaced {
        if !given.is_empty() {
            return Err(ApiError::bad_request("namespace is not allowed on this type"));
        }
        object.remove("/metadata/namespace");
        return Ok(());
    }
    if given.is_empty() {
        object.put("/metadata/namespace", namespace);
    } else if given != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn object_name(kind: &Kind, version: &str, namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}; {}/{version}, Kind={}", kind.group, kind.kind)
}

fn typed_error(
    kind: &Kind,
    version: &str,
    namespace: &str,
    name: &str,
    problems: &[(super::fields::Path, String)],
) -> ApiError {
    let lines: Vec<String> = problems
        .iter()
        .map(
            |(path, text)| {
                if path.is_empty() { text.clone() } else { format!("{}: {text}", super::fields::path_text(path)) }
            },
        )
        .collect();
    let text = match lines.as_slice() {
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let object = object_name(kind, version, namespace, name);
    ApiError::internal(format!("failed to create typed patch object ({object}): {text}"))
}
