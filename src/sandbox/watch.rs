//! Watches: a stream of changes, one JSON object a line.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use serde_json::json;
use tokio::time::Instant;

use super::handlers::{Form, Selection, form, metadata_only, shown};
use super::http::Call;
use super::json::{Access, Json};
use super::route::Target;
use super::server::{Shared, over};
use super::status::{ApiError, ApiResult};
use super::store::{Change, Event};
use super::table;

/// How often a client that asked for bookmarks gets one.
const BOOKMARK: Duration = Duration::from_secs(30);

struct Watch {
    shared: Arc<Shared>,
    target: Target,
    selection: Selection,
    form: Form,
    include: String,
    bookmarks: bool,
    version: u64,
    lines: VecDeque<String>,
    end: Instant,
    failed: bool,
    columns_sent: bool,
}

/// Begins a watch.
///
/// # Errors
/// `BadRequest` for selectors; a version that is too old is told in the stream, as the server does.
pub fn start(shared: &Arc<Shared>, call: &Call, target: &Target) -> ApiResult<Response> {
    let selection = Selection::of(call, target)?;
    let initial = call.query.flag("sendInitialEvents");
    let asked = call.query.get("resourceVersion").unwrap_or_default();
    let version: u64 = match asked {
        "" => 0,
        text => text.parse().map_err(|_| {
            ApiError::internal(format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })?,
    };
    let seconds = call.query.get("timeoutSeconds").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let mut watch = Watch {
        shared: shared.clone(),
        target: target.clone(),
        selection,
        form: form(call),
        include: call.query.get("includeObject").unwrap_or_default().into(),
        bookmarks: call.query.flag("allowWatchBookmarks"),
        version,
        lines: VecDeque::new(),
        end: Instant::now() + seconds.unwrap_or(shared.config.watch_timeout),
        failed: false,
        columns_sent: false,
    };
    watch.begin(initial);
    let stream = futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(line), watch))
    });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert("content-type", ::http::HeaderValue::from_static("application/json"));
    Ok(response)
}

impl Watch {
    /// The state to start from, when the client asks for it.
    fn begin(&mut self, initial: bool) {
        let shared = self.shared.clone();
        shared.with(|state| {
            if self.version != 0 && !initial {
                if self.version < state.store.oldest() {
                    self.fail(self.version, state.store.oldest());
                }
                return;
            }
            self.version = state.store.version();
            let objects = state.store.list(&self.target.kind.key, self.target.namespace.as_deref());
            for object in objects {
                if self.selection.covers(&object) {
                    let line = self.line("ADDED", &object);
                    self.lines.push_back(line);
                }
            }
            if initial && self.bookmarks {
                let line = self.bookmark(true);
                self.lines.push_back(line);
            }
        });
    }

    fn fail(&mut self, asked: u64, oldest: u64) {
        let error = ApiError::gone(asked, oldest);
        self.lines.push_back(format!("{}\n", json!({"type": "ERROR", "object": error.body})));
        self.failed = true;
    }

    async fn next(&mut self) -> Option<String> {
        let mut follow = self.shared.changes();
        let mut end = self.shared.end();
        let mut bookmark = Instant::now() + BOOKMARK;
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.failed {
                return None;
            }
            follow.mark_unchanged();
            self.collect();
            if !self.lines.is_empty() {
                continue;
            }
            tokio::select! {
                more = follow.changed() => more.ok()?,
                () = over(&mut end) => return None,
                () = tokio::time::sleep_until(self.end) => return None,
                () = tokio::time::sleep_until(bookmark), if self.bookmarks => {
                    bookmark = Instant::now() + BOOKMARK;
                    let line = self.bookmark(false);
                    self.lines.push_back(line);
                }
            }
        }
    }

    fn collect(&mut self) {
        let shared = self.shared.clone();
        shared.with(|state| {
            if self.version < state.store.oldest() {
                self.fail(self.version, state.store.oldest());
                return;
            }
            let after = self.version;
            self.version = state.store.version();
            let key = self.target.kind.key.clone();
            for change in state.store.since(after).filter(|change| change.key == key) {
                if let Some(line) = self.change(change) {
                    self.lines.push_back(line);
                }
            }
        });
    }

    /// With a selector, an object that begins to fit is new, and one that fits no longer is gone.
    fn change(&mut self, change: &Change) -> Option<String> {
        let now = change.event != Event::Deleted && self.selection.covers(&change.object);
        let before = change.previous.as_ref().is_some_and(|previous| self.selection.covers(previous));
        let word = match (before, now) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        if word == "DELETED" && change.event != Event::Deleted {
            // The last form that fitted, with the version of the change.
            let mut last = (**change.previous.as_ref()?).clone();
            last.put("/metadata/resourceVersion", change.version.to_string());
            return Some(self.line(word, &Arc::new(last)));
        }
        Some(self.line(word, &change.object))
    }

    fn line(&mut self, word: &str, object: &Arc<Json>) -> String {
        let object = shown(&self.target, object);
        let body = match self.form {
            Form::Table => {
                let mut table = table::rows(&self.target, &[object], &self.include, &json!({}));
                if std::mem::replace(&mut self.columns_sent, true) {
                    table["columnDefinitions"] = Json::Null;
                }
                table
            }
            Form::Metadata => metadata_only(&object),
            Form::Object => (*object).clone(),
        };
        format!("{}\n", json!({"type": word, "object": body}))
    }

    fn bookmark(&self, initial: bool) -> String {
        let mut metadata = json!({"resourceVersion": self.version.to_string()});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.form {
            Form::Object => json!({
                "kind": self.target.kind.kind, "apiVersion": self.target.kind.api_version(&self.target.version),
                "metadata": metadata,
            }),
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            Form::Table => {
                let row = json!({"cells": [], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata}});
                json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                    "columnDefinitions": null, "rows": [row]})
            }
        };
        format!("{}\n", json!({"type": "BOOKMARK", "object": object}))
    }
}
