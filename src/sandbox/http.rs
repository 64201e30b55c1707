//! From an HTTP request to an answer: authentication, faults, access, content.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use hyper::body::Incoming;
use serde_json::json;

use super::discovery;
use super::faults::{Action, Request as Logged, When};
use super::handlers;
use super::json::Json;
use super::openapi;
use super::protobuf;
use super::route::{Query, Target};
use super::server::{Shared, over};
use super::status::{ApiError, ApiResult};

/// The connection is to be closed without an answer.
pub struct Dropped;

/// The largest body: that of the API server.
const LIMIT: usize = 3 * 1024 * 1024;

/// A request, read.
pub struct Call {
    /// The method.
    pub method: http::Method,
    /// The path.
    pub path: String,
    /// The query.
    pub query: Query,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// For upgrades to WebSocket.
    pub extensions: http::Extensions,
}

impl Call {
    /// A header's text, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as an object; JSON or YAML.
    ///
    /// # Errors
    /// `BadRequest` when it is neither.
    pub fn object(&self) -> ApiResult<Json> {
        if self.body.is_empty() {
            return Ok(Json::Null);
        }
        if self.header("content-type").contains("protobuf") {
            return protobuf::object(&self.body);
        }
        if self.header("content-type").contains("cbor") {
            return Err(ApiError::unsupported_media(
                "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
        serde_json::from_slice(&self.body).or_else(|json_error| {
            serde_yaml::from_slice(&self.body).map_err(|_| {
                ApiError::bad_request(format!("couldn't get version/kind; json parse error: {json_error}"))
            })
        })
    }

    /// The field manager: as given, or the program's name.
    pub fn manager(&self) -> String {
        match self.query.get("fieldManager") {
            Some(manager) if !manager.is_empty() => manager.into(),
            _ => self.header("user-agent").split('/').next().unwrap_or_default().into(),
        }
    }

    fn verb(&self, collection: bool) -> &'static str {
        match self.method {
            http::Method::GET | http::Method::HEAD if self.query.flag("watch") => "watch",
            http::Method::GET | http::Method::HEAD if collection => "list",
            http::Method::GET | http::Method::HEAD => "get",
            http::Method::POST => "create",
            http::Method::PUT => "update",
            http::Method::PATCH => "patch",
            http::Method::DELETE if collection => "deletecollection",
            http::Method::DELETE => "delete",
            _ => "unknown",
        }
    }
}

/// An answer of JSON.
pub fn answer(code: u16, body: &Json) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

/// An answer of plain text.
pub fn text(code: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// An error's answer.
pub fn refusal(error: &ApiError) -> Response {
    answer(error.code, &error.body)
}

/// Answers a request.
///
/// # Errors
/// [`Dropped`] when a fault closes the connection.
pub async fn handle(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response, Dropped> {
    let (parts, body) = request.into_parts();
    let body = if let Ok(body) = to_bytes(Body::new(body), LIMIT).await {
        body.to_vec()
    } else {
        let message = "Request entity too large: limit is 3145728";
        return Ok(refusal(&ApiError::injected(413, "RequestEntityTooLarge", message)));
    };
    let mut call = Call {
        method: parts.method,
        path: parts.uri.path().to_string(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        extensions: parts.extensions,
    };
    let target = shared.with(|state| Target::parse(&state.registry, &call.path));
    let mut verb = call.verb(target.as_ref().is_some_and(|target| target.name.is_none()));
    if call.header("content-type").starts_with("application/apply-patch") {
        verb = "apply";
    }
    let fault = shared.faults.admit(logged(&call, target.as_ref(), verb));
    if let Some((action, When::Before)) = &fault
        && let Some(response) = act(action, &mut shared.end()).await?
    {
        return Ok(response);
    }
    let response = respond(&shared, &mut call, target, verb).await;
    if let Some((action, When::After)) = &fault
        && let Some(response) = act(action, &mut shared.end()).await?
    {
        return Ok(response);
    }
    Ok(response)
}

fn logged(call: &Call, target: Option<&Target>, verb: &str) -> Logged {
    let writes = !matches!(verb, "get" | "list" | "watch")
        && call.query.get("dryRun").is_none()
        && !call.path.contains("/selfsubject")
        && target.is_some_and(|target| target.subresource != "exec");
    Logged {
        number: 0,
        verb: verb.into(),
        group: target.map(|t| t.kind.group.clone()).unwrap_or_default(),
        resource: target.map_or_else(|| call.path.clone(), Target::resource),
        namespace: target.map(|t| t.space().to_string()).unwrap_or_default(),
        name: target.map(|t| t.object().to_string()).unwrap_or_default(),
        manager: call.query.get("fieldManager").unwrap_or_default().into(),
        writes,
    }
}

async fn act(action: &Action, end: &mut tokio::sync::watch::Receiver<bool>) -> Result<Option<Response>, Dropped> {
    match action {
        Action::Refuse { code, reason, message } => Ok(Some(refusal(&ApiError::injected(*code, reason, message)))),
        Action::Drop => Err(Dropped),
        Action::Delay(time) => {
            tokio::time::sleep(*time).await;
            Ok(None)
        }
        Action::Freeze => {
            over(end).await;
            Err(Dropped)
        }
    }
}

async fn respond(shared: &Arc<Shared>, call: &mut Call, target: Option<Target>, verb: &str) -> Response {
    match call.path.as_str() {
        "/healthz" | "/readyz" | "/livez" => return text(200, "ok"),
        _ => {}
    }
    // Go clients send no credentials over plain HTTP, so none are accepted as well; wrong ones are not.
    let given = call.header("authorization");
    if !given.is_empty() && given != format!("Bearer {}", shared.config.token) {
        return refusal(&ApiError::unauthorized());
    }
    let Some(target) = target else { return document(shared, call) };
    if let Err(error) = access(shared, &target, verb) {
        return refusal(&error);
    }
    match handlers::handle(shared, call, &target, verb).await {
        Ok(response) => response,
        Err(error) => refusal(&error),
    }
}

/// What is served that is no resource: discovery, version, openapi.
fn document(shared: &Shared, call: &Call) -> Response {
    if call.method != http::Method::GET {
        return refusal(&ApiError::no_resource());
    }
    let found = shared.with(|state| {
        discovery::document(&state.registry, &call.path, call.header("accept")).or_else(|| {
            openapi::document(state, &call.path, call.header("accept")).map(|body| (body, "application/json"))
        })
    });
    match found {
        Some((body, kind)) => {
            let mut response = answer(200, &body);
            if let Ok(kind) = http::HeaderValue::from_str(kind) {
                response.headers_mut().insert("content-type", kind);
            }
            response
        }
        None if call.path == "/" => {
            answer(200, &json!({"paths": ["/api", "/apis", "/healthz", "/openapi/v3", "/version"]}))
        }
        None => text(404, "404 page not found\n"),
    }
}

/// Refuses what the user may not do.
fn access(shared: &Shared, target: &Target, verb: &str) -> ApiResult<()> {
    let verb = match verb {
        "apply" => "patch",
        verb => verb,
    };
    let (group, resource, space) = (target.kind.group.as_str(), target.resource(), target.space());
    if !shared.with(|state| state.deny.iter().any(|rule| rule.covers(verb, group, &resource, space))) {
        return Ok(());
    }
    let user = &shared.config.user;
    let place = if space.is_empty() { "at the cluster scope".into() } else { format!("in the namespace \"{space}\"") };
    let why = format!("User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}");
    Err(ApiError::forbidden(&target.kind, target.object(), &why))
}
