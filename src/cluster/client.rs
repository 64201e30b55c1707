//! A connection: requests, their retries, and the gate that every write passes.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use kube::client::Body;

use super::{Cause, ConnectOptions, Error, Json, config, connection, discovery::Discovery};

/// Longest wait for one answer. Admission webhooks may take 30 s each.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);
/// How often a request is sent at most.
const ATTEMPTS: u32 = 6;

/// A write that is about to be sent.
#[derive(Clone, Debug)]
pub struct Write {
    /// `create`, `replace`, `apply`, `patch`, `delete`, `exec`
    pub verb: &'static str,
    /// The request's path, without the query.
    pub path: String,
    /// The server only checks it.
    pub dry_run: bool,
}

/// Sees every write before it is sent and after it was answered. Tests count and fault writes with it.
pub trait WriteHook: Send + Sync {
    /// Called before the write is sent; an error keeps it from being sent.
    fn before(&self, write: &Write) -> Result<(), Error>;
    /// Called after the server answered; an error takes the place of the answer, as if the connection had died.
    fn after(&self, _write: &Write) -> Result<(), Error> {
        Ok(())
    }
}

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerVersion {
    /// `v1.36.3`
    pub git_version: String,
    /// `1`
    pub major: String,
    /// `36`
    pub minor: String,
}

/// A connection to one cluster. Cloning is cheap.
#[derive(Clone)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
    hook: Option<Arc<dyn WriteHook>>,
}

pub(super) struct Inner {
    pub(super) client: kube::Client,
    pub(super) discovery: tokio::sync::RwLock<Option<Arc<Discovery>>>,
    server: String,
    namespace: String,
    /// The server answered at least once: connection errors are transient from then on.
    answered: AtomicBool,
    /// The server's clock minus ours, in milliseconds.
    clock_skew: AtomicI64,
    warnings: Mutex<BTreeSet<String>>,
}

/// One request.
pub(super) struct Call {
    pub(super) method: Method,
    /// Path, without the query.
    pub(super) path: String,
    /// `a=b&c=d`, encoded.
    pub(super) query: String,
    pub(super) content_type: &'static str,
    pub(super) accept: &'static str,
    pub(super) body: Vec<u8>,
    /// Sending it twice does what sending it once does.
    pub(super) idempotent: bool,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        let idempotent = method != Method::POST;
        Self {
            method,
            path: path.into(),
            query: String::new(),
            content_type: "application/json",
            accept: "application/json",
            body: Vec::new(),
            idempotent,
        }
    }

    pub(super) fn query(mut self, key: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(key);
        self.query.push('=');
        encode_into(&mut self.query, value);
        self
    }

    fn uri(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// Percent-encodes what may not stand in a path segment or a query value.
pub(super) fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
}

/// Percent-encodes a path segment.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text);
    out
}

impl Cluster {
    /// Connects as `options`, KUBECONFIG or the in-cluster configuration say. Does not talk to the server yet.
    ///
    /// # Errors
    /// [`Error::Config`] names the file and what is missing.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, Error> {
        let config = config::load(options).await?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = config.default_namespace.clone();
        let client = connection::client(config)
            .map_err(|error| Error::Config(format!("cannot set up the connection to {server}: {}", chain(&*error))))?;
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                discovery: tokio::sync::RwLock::default(),
                server,
                namespace,
                answered: AtomicBool::new(false),
                clock_skew: AtomicI64::new(0),
                warnings: Mutex::default(),
            }),
            hook: None,
        })
    }

    /// The same connection with every write passing `hook`.
    #[must_use]
    pub fn with_hook(&self, hook: Arc<dyn WriteHook>) -> Self {
        Self { inner: self.inner.clone(), hook: Some(hook) }
    }

    /// What writes pass already.
    pub(super) fn hook(&self) -> Option<Arc<dyn WriteHook>> {
        self.hook.clone()
    }

    /// The namespace of the flag, the context or the service account; else `default`.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// The time by the server's clock, so that two machines with wrong clocks agree on what is long ago. Ours, until the
    /// server has answered.
    pub fn now(&self) -> Timestamp {
        let skew = jiff::SignedDuration::from_millis(self.inner.clock_skew.load(Ordering::Relaxed));
        Timestamp::now().checked_add(skew).unwrap_or_else(|_| Timestamp::now())
    }

    /// The warnings that the server has sent since the last call (deprecated APIs and the like), each once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings).into_iter().collect()
    }

    /// The server's version. Also the cheapest way to see whether it answers and knows us.
    ///
    /// # Errors
    /// [`Error::Unreachable`], or the server's refusal.
    pub async fn version(&self) -> Result<ServerVersion, Error> {
        let info = self.read(Call::get("/version")).await?;
        let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
        Ok(ServerVersion { git_version: text("gitVersion"), major: text("major"), minor: text("minor") })
    }

    /// Sends a read.
    pub(super) async fn read(&self, call: Call) -> Result<Json, Error> {
        parse(&self.send(&call).await?)
    }

    /// Sends a write, through the gate.
    pub(super) async fn write(&self, verb: &'static str, dry_run: bool, call: Call) -> Result<Json, Error> {
        let write = Write { verb, path: call.path.clone(), dry_run };
        self.enter_gate(&write)?;
        let answer = self.send(&call).await;
        self.leave_gate(&write)?;
        parse(&answer?)
    }

    pub(super) fn enter_gate(&self, write: &Write) -> Result<(), Error> {
        tracing::debug!(verb = write.verb, path = %write.path, dry_run = write.dry_run, "write");
        self.hook.as_ref().map_or(Ok(()), |hook| hook.before(write))
    }

    pub(super) fn leave_gate(&self, write: &Write) -> Result<(), Error> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook.after(write))
    }

    /// Sends a request, again when the failure is transient, and returns the body of the good answer.
    async fn send(&self, call: &Call) -> Result<Vec<u8>, Error> {
        let mut attempt = 1;
        loop {
            let failure = match self.send_once(call).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let Some(pause) = self.pause_before_retry(call, &failure, attempt) else { return Err(failure.error) };
            tracing::debug!(path = %call.path, attempt, error = %failure.error, "sending again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before the request is sent again; `None` when it must not be.
    fn pause_before_retry(&self, call: &Call, failure: &Failure, attempt: u32) -> Option<Duration> {
        if attempt >= ATTEMPTS {
            return None;
        }
        let again = match &failure.error {
            // The server did nothing.
            Error::Api { code: 429, .. } => true,
            Error::Api { code: 502..=504, .. } => call.idempotent,
            // "Internal error occurred" may go away by itself; what has no reason (an object that the server cannot type) will not.
            Error::Api { code: 500, reason, message, .. } => {
                call.idempotent && (message.contains("etcdserver") || (reason == "InternalError" && attempt < 3))
            }
            // A quota's counter was changed by somebody else at the same moment; the object itself was not written.
            Error::Api { code: 409, message, .. } => {
                message.contains("Operation cannot be fulfilled on resourcequotas")
                    && message.contains("the object has been modified")
            }
            Error::Unreachable { .. } => {
                self.inner.answered.load(Ordering::Relaxed) && (call.idempotent || failure.never_sent)
            }
            _ => false,
        };
        if !again {
            return None;
        }
        let backoff = Duration::from_millis(100 << (attempt - 1)).mul_f64(rand::random_range(0.8..1.2));
        Some(failure.retry_after.map_or(backoff, |wanted| wanted.min(Duration::from_secs(30)).max(backoff)))
    }

    async fn send_once(&self, call: &Call) -> Result<Vec<u8>, Failure> {
        let mut request =
            Request::builder().method(call.method.clone()).uri(call.uri()).header(header::ACCEPT, call.accept);
        if !call.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, call.content_type);
        }
        let request = request.body(Body::from(call.body.clone())).map_err(|error| {
            Failure::from(Error::Other(format!("cannot build a request to {}: {error}", call.path)))
        })?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, async {
            let response = self.inner.client.send(request).await.map_err(|error| self.connection_failure(&error))?;
            let (head, body) = response.into_parts();
            let body = body.collect_bytes().await.map_err(|error| self.connection_failure(&error))?;
            Ok::<_, Failure>((head, body.to_vec()))
        });
        let started = std::time::Instant::now();
        let (head, body) = answer.await.map_err(|_| {
            Failure::from(Error::Unreachable {
                server: self.inner.server.clone(),
                cause: format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()),
            })
        })??;
        let millis = started.elapsed().as_millis();
        tracing::debug!(method = %call.method, uri = call.uri(), status = head.status.as_u16(), millis, "answer");
        self.inner.answered.store(true, Ordering::Relaxed);
        self.note_headers(&head.headers);
        if head.status.is_success() {
            return Ok(body);
        }
        let retry_after = head
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        Err(Failure { error: status_error(head.status, &body), retry_after, never_sent: false })
    }

    fn connection_failure(&self, error: &kube::Error) -> Failure {
        let text = chain(error);
        // The connector's errors come before anything is written.
        let never_sent = text.contains("client error (Connect)") || text.contains("Connection refused");
        let error = match error {
            kube::Error::Auth(_) => Error::Config(format!("cannot get credentials for {}: {text}", self.inner.server)),
            _ => Error::Unreachable { server: self.inner.server.clone(), cause: plain_cause(&text) },
        };
        Failure { error, retry_after: None, never_sent }
    }

    fn note_headers(&self, headers: &header::HeaderMap) {
        if let Some(date) = headers.get(header::DATE).and_then(|value| value.to_str().ok())
            && let Ok(date) = jiff::fmt::rfc2822::parse(date)
        {
            let skew = date.timestamp().as_millisecond() - Timestamp::now().as_millisecond();
            // The header has whole seconds: less than two is no difference.
            let skew = if skew.abs() < 2000 { 0 } else { skew };
            self.inner.clock_skew.store(skew, Ordering::Relaxed);
        }
        for warning in headers.get_all(header::WARNING).iter().filter_map(|value| value.to_str().ok()) {
            // 299 - "text"
            let text = warning.split_once('"').map_or(warning, |(_, rest)| rest.trim_end_matches('"'));
            let mut warnings = self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            warnings.insert(text.replace("\\\"", "\""));
        }
    }
}

struct Failure {
    error: Error,
    retry_after: Option<Duration>,
    never_sent: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, retry_after: None, never_sent: false }
    }
}

fn parse(body: &[u8]) -> Result<Json, Error> {
    // The body may hold a Secret: the message names the place, never the content.
    serde_json::from_slice(body).map_err(|error| {
        Error::Other(format!("the server's answer is not JSON (line {}, column {})", error.line(), error.column()))
    })
}

/// The error of an answer that is a `Status` object, or of one that is not (a proxy's).
fn status_error(code: StatusCode, body: &[u8]) -> Error {
    let status: Json = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (reason, message) = if status["kind"] == "Status" {
        (text(&status["reason"]), text(&status["message"]))
    } else {
        let words: String = String::from_utf8_lossy(body).trim().chars().take(300).collect();
        (String::new(), format!("{code}: {words}"))
    };
    let reason = match code {
        _ if !reason.is_empty() => reason,
        StatusCode::UNAUTHORIZED => "Unauthorized".into(),
        StatusCode::FORBIDDEN => "Forbidden".into(),
        StatusCode::NOT_FOUND => "NotFound".into(),
        _ => reason,
    };
    let message = if code == StatusCode::UNAUTHORIZED {
        "the server does not accept the credentials (Unauthorized): check user, token or certificate of the kubeconfig"
            .into()
    } else {
        message
    };
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    let causes = causes
        .map(|cause| Cause {
            reason: text(&cause["reason"]),
            field: text(&cause["field"]),
            message: text(&cause["message"]),
        })
        .collect();
    Error::Api { code: code.as_u16(), reason, message, causes }
}

/// An error of one of kube's own methods.
pub(super) fn from_kube(server: &str, error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => Error::Api {
            code: status.code,
            reason: status.reason.clone(),
            message: status.message.clone(),
            causes: Vec::new(),
        },
        error => Error::Unreachable { server: server.to_owned(), cause: plain_cause(&chain(error)) },
    }
}

/// An error with all its causes, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = error.source();
    }
    text
}

/// The operating system's words, without the names of our layers.
fn plain_cause(text: &str) -> String {
    let mut text = text;
    for layer in ["ServiceError: ", "HyperError: ", "client error (Connect): ", "tcp connect error: "] {
        text = text.strip_prefix(layer).unwrap_or(text);
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_an_error_with_its_causes() {
        let body = serde_json::json!({"kind": "Status", "reason": "Conflict", "message": "Apply failed", "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" using v1", "field": ".data.a"}]
        }});
        let error = status_error(StatusCode::CONFLICT, &serde_json::to_vec(&body).unwrap());
        assert!(error.is_conflict() && !error.is_already_exists());
        assert_eq!(error.conflicts()[0].owner, "kubectl");
        assert_eq!(error.to_string(), "Apply failed");
    }

    #[test]
    fn an_answer_that_is_no_status_is_shortened() {
        let error = status_error(StatusCode::BAD_GATEWAY, "x".repeat(5000).as_bytes());
        assert_eq!(error.code(), Some(502));
        assert!(error.to_string().len() < 400);
    }

    #[test]
    fn names_are_encoded_for_paths() {
        assert_eq!(encoded("system:node-x"), "system:node-x");
        assert_eq!(encoded("a b/c,d=e"), "a%20b%2Fc%2Cd%3De");
    }
}
