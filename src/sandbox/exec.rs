//! Logs of containers, and commands in them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::http::{self, Call};
use super::json::{Access, Json, name, uid};
use super::postgres;
use super::route::Target;
use super::server::Shared;
use super::state::State;
use super::status::{ApiError, ApiResult};

/// What a command answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Ends well, having printed this.
    pub fn printed(stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// Ends with an error.
    pub fn failed(code: i32, stderr: impl Into<String>) -> Self {
        Self { code, stderr: stderr.into(), ..Self::default() }
    }
}

fn containers(pod: &Json) -> impl Iterator<Item = &Json> {
    pod.items("/spec/containers").iter().chain(pod.items("/spec/initContainers"))
}

/// The container that a request means.
fn container(pod: &Json, asked: Option<&str>) -> ApiResult<String> {
    let names = |pointer: &str| -> Vec<&str> { pod.items(pointer).iter().map(|c| c.text("/name")).collect() };
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        if containers(pod).any(|c| c.text("/name") == asked) {
            Ok(asked.into())
        } else {
            Err(ApiError::bad_request(format!("container {asked} is not valid for pod {}", name(pod))))
        }
    } else {
        let default = pod.text("/metadata/annotations/kubectl.kubernetes.io~1default-container");
        match names("/spec/containers").as_slice() {
            _ if !default.is_empty() => Ok(default.into()),
            [one] => Ok((*one).into()),
            many => {
                let init = names("/spec/initContainers");
                let more = if init.is_empty() {
                    String::new()
                } else {
                    format!(" or one of the init containers: [{}]", init.join(" "))
                };
                Err(ApiError::bad_request(format!(
                    "a container name must be specified for pod {}, choose one of: [{}]{more}",
                    name(pod),
                    many.join(" ")
                )))
            }
        }
    }
}

fn pod_of(state: &State, target: &Target) -> ApiResult<Arc<Json>> {
    state
        .get("/pods", target.space(), target.object())
        .ok_or_else(|| ApiError::not_found(&target.kind, target.object()))
}

/// Answers `GET pods/NAME/log`.
///
/// # Errors
/// `NotFound`, `BadRequest` in the server's words.
pub fn logs(shared: &Arc<Shared>, call: &Call, target: &Target) -> ApiResult<Response> {
    let previous = call.query.flag("previous");
    let (id, container, mut sent) = shared.with(|state| {
        let pod = pod_of(state, target)?;
        let container = container(&pod, call.query.get("container"))?;
        let id = uid(&pod).to_string();
        let Some(lines) = state.runtime.log(&id, &container, previous) else {
            let waiting = pod
                .items("/status/containerStatuses")
                .iter()
                .chain(pod.items("/status/initContainerStatuses"))
                .find(|status| status["name"] == container.as_str())
                .map_or("ContainerCreating", |status| status.text("/state/waiting/reason"));
            let waiting = if waiting.is_empty() { "ContainerCreating" } else { waiting };
            return Err(ApiError::bad_request(format!(
                "container \"{container}\" in pod \"{}\" is waiting to start: {waiting}",
                name(&pod)
            )));
        };
        if previous && lines.is_empty() {
            return Err(ApiError::bad_request(format!(
                "previous terminated container \"{container}\" in pod \"{}\" not found",
                name(&pod)
            )));
        }
        let tail = call.query.get("tailLines").and_then(|text| text.parse::<usize>().ok());
        let start = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        Ok((id, container, start))
    })?;
    if !call.query.flag("follow") {
        let text = shared.with(|state| join(state.runtime.log(&id, &container, previous).unwrap_or_default(), sent));
        return Ok(http::text(200, text));
    }
    let (shared, target) = (shared.clone(), target.clone());
    let stream = async_lines(move || {
        let (text, ended) = shared.with(|state| {
            let lines = state.runtime.log(&id, &container, false).unwrap_or_default();
            let text = join(lines, sent.min(lines.len()));
            sent = lines.len();
            let pod = state.get("/pods", target.space(), target.object()).filter(|pod| uid(pod) == id);
            (text, pod.is_none_or(|pod| stopped(&pod, &container)))
        });
        (text, ended)
    });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert("content-type", ::http::HeaderValue::from_static("text/plain"));
    Ok(response)
}

fn join(lines: &[String], from: usize) -> String {
    lines[from.min(lines.len())..].iter().fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// Whether the container has ended for good.
fn stopped(pod: &Json, container: &str) -> bool {
    pod.items("/status/containerStatuses")
        .iter()
        .chain(pod.items("/status/initContainerStatuses"))
        .any(|status| status["name"] == container && status.at("/state/terminated").is_object())
}

/// Asks for new text until told that there will be none.
fn async_lines(
    ask: impl FnMut() -> (String, bool),
) -> impl futures::Stream<Item = Result<String, std::convert::Infallible>> {
    futures::stream::unfold((ask, false), |(mut ask, ended)| async move {
        if ended {
            return None;
        }
        loop {
            let (text, ended) = ask();
            if !text.is_empty() || ended {
                return Some((Ok(text), (ask, ended)));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    })
}

/// Answers `pods/NAME/exec` over a WebSocket.
///
/// # Errors
/// `NotFound`, `BadRequest`; plain requests and SPDY are refused.
pub async fn connect(shared: &Arc<Shared>, call: &mut Call, target: &Target) -> ApiResult<Response> {
    let (pod, container) = shared.with(|state| {
        let pod = pod_of(state, target)?;
        let container = container(&pod, call.query.get("container"))?;
        if !state.runtime.is_running(uid(&pod)) {
            let text = format!("unable to upgrade connection: container not found (\"{container}\")");
            return Err(ApiError::injected(500, "InternalError", &text));
        }
        Ok((pod, container))
    })?;
    let command = call.query.all("command");
    if command.is_empty() {
        return Err(ApiError::bad_request("you must specify at least 1 command for the container"));
    }
    let with_stdin = call.query.flag("stdin");
    let mut request = ::http::Request::new(());
    *request.method_mut() = call.method.clone();
    *request.headers_mut() = call.headers.clone();
    *request.extensions_mut() = std::mem::take(&mut call.extensions);
    let (mut parts, ()) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.protocols(["v5.channel.k8s.io", "v4.channel.k8s.io"]),
        Err(_) => return Err(ApiError::bad_request("sandbox does not model exec over SPDY: use WebSocket")),
    };
    let shared = shared.clone();
    Ok(upgrade
        .on_upgrade(move |mut socket| async move {
            let second_close = socket.protocol().is_some_and(|protocol| protocol.as_bytes().starts_with(b"v5"));
            let stdin = if with_stdin { read_stdin(&mut socket, second_close).await } else { String::new() };
            let output = shared.with(|state| run(state, &pod, &container, &command, &stdin));
            // A client that is gone needs no answer.
            let _ = write_output(&mut socket, &output).await;
        })
        .into_response())
}

/// What is sent to the command. Only version 5 of the protocol can say that this is the end; before it, silence does.
async fn read_stdin(socket: &mut WebSocket, closes: bool) -> String {
    let mut bytes = Vec::new();
    let silence = if closes { Duration::from_secs(30) } else { Duration::from_millis(300) };
    while let Ok(Some(Ok(message))) = tokio::time::timeout(silence, socket.recv()).await {
        match message {
            Message::Binary(data) => match data.split_first() {
                Some((0, rest)) => bytes.extend_from_slice(rest),
                Some((255, _)) => break,
                _ => {}
            },
            Message::Close(_) => break,
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn write_output(socket: &mut WebSocket, output: &Output) -> Result<(), axum::Error> {
    for (channel, text) in [(1u8, &output.stdout), (2, &output.stderr)] {
        for chunk in text.as_bytes().chunks(32 * 1024) {
            let mut frame = vec![channel];
            frame.extend_from_slice(chunk);
            socket.send(Message::Binary(frame.into())).await?;
        }
    }
    let status = if output.code == 0 {
        json!({"metadata": {}, "status": "Success"})
    } else {
        json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {}", output.code),
            "details": {"causes": [{"reason": "ExitCode", "message": output.code.to_string()}]},
        })
    };
    let mut frame = vec![3u8];
    frame.extend_from_slice(status.to_string().as_bytes());
    socket.send(Message::Binary(frame.into())).await?;
    let close = CloseFrame { code: close_code::NORMAL, reason: "".into() };
    socket.send(Message::Close(Some(close))).await?;
    // The client answers the end; to go before that would reset the connection.
    let answer = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), answer).await;
    Ok(())
}

/// Runs a command in a container.
fn run(state: &mut State, pod: &Json, container: &str, command: &[String], stdin: &str) -> Output {
    if let Some(output) = postgres::exec(state, pod, container, command, stdin) {
        return output;
    }
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["true", ..] | ["sh", "-c", "true" | ":"] => Output::default(),
        ["false", ..] | ["sh", "-c", "false"] => Output::failed(1, ""),
        ["echo", rest @ ..] => Output::printed(format!("{}\n", rest.join(" "))),
        ["hostname"] => Output::printed(format!("{}\n", name(pod))),
        ["cat"] => Output::printed(stdin),
        ["sh" | "bash" | "/bin/sh" | "/bin/bash", "-c", script]
            if script.starts_with("echo ") && !script.contains(['|', ';', '$', '>', '&']) =>
        {
            Output::printed(format!("{}\n", script[5..].trim_matches(['"', '\''])))
        }
        ["sh" | "bash", "-c", script] if script.starts_with("exit ") => {
            Output::failed(script[5..].trim().parse().unwrap_or(2), "")
        }
        _ => Output::failed(127, format!("sandbox does not model the command: {}\n", words.first().unwrap_or(&""))),
    }
}
