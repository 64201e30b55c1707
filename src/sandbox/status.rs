//! Errors as the API server writes them: `Status` objects.

use serde_json::json;

use super::json::Json;
use super::registry::Kind;

/// A request that was refused, with the answer that says so.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.message())]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// The `Status` object.
    pub body: Json,
}

/// What every operation of the API returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// One thing wrong with one field: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    reason: &'static str,
    field: String,
    /// The text after the field.
    text: String,
}

impl Cause {
    /// The field must be given.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let text = if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", field: field.into(), text }
    }

    /// The field's value is wrong. `value` is printed as Go prints it: text quoted, the rest as JSON.
    pub fn invalid(field: impl Into<String>, value: &Json, detail: impl AsRef<str>) -> Self {
        let text = format!("Invalid value: {value}: {}", detail.as_ref());
        Self { reason: "FieldValueInvalid", field: field.into(), text }
    }

    /// The value is none of those known.
    pub fn unsupported(field: impl Into<String>, value: &Json, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|k| format!("\"{k}\"")).collect();
        let text = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.into(), text }
    }

    /// The value names something that is not there.
    pub fn not_found(field: impl Into<String>, value: &Json) -> Self {
        Self { reason: "FieldValueNotFound", field: field.into(), text: format!("Not found: {value}") }
    }

    /// The value stands there twice.
    pub fn duplicate(field: impl Into<String>, value: &Json) -> Self {
        Self { reason: "FieldValueDuplicate", field: field.into(), text: format!("Duplicate value: {value}") }
    }

    /// The field may not be set, or not be changed.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), text: format!("Forbidden: {detail}") }
    }

    /// The value is of another type than its schema says.
    pub fn wrong_type(field: &str, wanted: &str, found: &str) -> Self {
        let text = format!("Invalid value: \"{found}\": {field} in body must be of type {wanted}: \"{found}\"");
        Self { reason: "FieldValueTypeInvalid", field: field.into(), text }
    }

    /// The value is longer than it may be.
    pub fn too_long(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueTooLong", field: field.into(), text: format!("Too long: {detail}") }
    }
}

impl ApiError {
    fn new(code: u16, reason: &str, message: impl Into<String>, details: Json) -> Self {
        let message = message.into();
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code,
        });
        if !reason.is_empty() {
            body["reason"] = reason.into();
        }
        if !details.is_null() {
            body["details"] = details;
        }
        Self { code, body }
    }

    /// The server's words.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// 404: there is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(404, "NotFound", message, details(kind, name))
    }

    /// 404: nothing is served at this path.
    pub fn no_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource", json!({}))
    }

    /// 409: the name is taken.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message, details(kind, name))
    }

    /// 409: the object is not as the client believes. `why` is the clause after the colon.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message, details(kind, name))
    }

    /// 409: the object has a newer version.
    pub fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// 409: server-side apply met fields of others. `conflicts` are (printed manager, path).
    pub fn apply_conflict(message: String, conflicts: &[(String, String)]) -> Self {
        let causes: Vec<Json> = conflicts
            .iter()
            .map(|(manager, path)| {
                json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path})
            })
            .collect();
        Self::new(409, "Conflict", message, json!({"causes": causes}))
    }

    /// 422: the object breaks rules.
    pub fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for cause in causes {
            let text = format!("{}: {}", cause.field, cause.text);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let what = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {what}", kind.qualified_kind());
        let mut details = details(kind, name);
        details["kind"] = kind.kind.clone().into();
        details["causes"] = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.text, "field": cause.field}))
            .collect();
        Self::new(422, "Invalid", message, details)
    }

    /// 422: an option of the request (`dryRun`, `fieldManager`) breaks rules. `options` is `CreateOptions`, ...
    pub fn invalid_option(options: &str, cause: &Cause) -> Self {
        let message = format!("{options}.meta.k8s.io \"\" is invalid: {}: {}", cause.field, cause.text);
        let causes = json!([{"reason": cause.reason, "message": cause.text, "field": cause.field}]);
        Self::new(422, "Invalid", message, json!({"group": "meta.k8s.io", "kind": options, "causes": causes}))
    }

    /// 422: a replacement must say which version it replaces.
    pub fn version_required(kind: &Kind, name: &str) -> Self {
        let text = "Invalid value: 0: must be specified for an update";
        let message = format!("{} \"{name}\" is invalid: metadata.resourceVersion: {text}", kind.qualified());
        let mut details = details(kind, name);
        details["causes"] =
            json!([{"reason": "FieldValueInvalid", "message": text, "field": "metadata.resourceVersion"}]);
        Self::new(422, "Invalid", message, details)
    }

    /// 409: the object to delete is another one of the same name.
    pub fn other_uid(kind: &Kind, name: &str, wanted: &str, found: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the UID in the precondition ({wanted}) does not match the UID in \
             record ({found}). The object might have been deleted and then recreated",
            kind.qualified_kind()
        );
        let mut details = details(kind, name);
        details["kind"] = kind.kind.clone().into();
        Self::new(409, "Conflict", message, details)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message, Json::Null)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", Json::Null)
    }

    /// 403: the user may not. `why` is the clause after the colon.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let subject = if name.is_empty() { kind.qualified() } else { format!("{} \"{name}\"", kind.qualified()) };
        Self::new(403, "Forbidden", format!("{subject} is forbidden: {why}"), details(kind, name))
    }

    /// 403: a namespace that goes takes nothing new.
    pub fn namespace_terminating(kind: &Kind, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut error = Self::forbidden(kind, name, &why);
        error.body["details"]["causes"] = json!([{
            "reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
        error
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, json!({}))
    }

    /// 410: the watch asks for a version that is no longer kept.
    pub fn gone(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"), Json::Null)
    }

    /// 415 for a patch of an unknown type.
    pub fn unknown_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type", json!({}))
    }

    /// 415.
    pub fn unsupported_media(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message, Json::Null)
    }

    /// 500 without a reason, as the server answers for errors that it has no class for.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message, Json::Null)
    }

    /// 501: real servers do this, the sandbox does not.
    pub fn not_modelled(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("sandbox does not model {what}"), Json::Null)
    }

    /// Any status, for injected faults.
    pub fn injected(code: u16, reason: &str, message: &str) -> Self {
        Self::new(code, reason, message, json!({}))
    }
}

fn details(kind: &Kind, name: &str) -> Json {
    let mut details = json!({"kind": kind.plural});
    if !name.is_empty() {
        details["name"] = name.into();
    }
    if !kind.group.is_empty() {
        details["group"] = kind.group.clone().into();
    }
    details
}

/// What a deletion that is done at once answers.
pub fn deleted(kind: &Kind, name: &str, uid: &str) -> Json {
    let mut details = details(kind, name);
    details["uid"] = uid.into();
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
