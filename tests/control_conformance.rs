//! The sandbox against a real API server: the same requests, the same answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use vulas_native::sandbox::{Config, Pace, Server};

/// A request, and what of its answer is not compared.
struct Step {
    name: String,
    method: String,
    path: String,
    kind: String,
    body: Value,
    ignore: Vec<String>,
    until: String,
}

fn steps() -> Vec<Step> {
    let steps: Value = serde_yaml::from_str(include_str!("conformance/steps.yaml")).unwrap();
    let read = |step: &Value| {
        let text = |key: &str| step[key].as_str().unwrap_or_default().to_string();
        let (method, path) = step["do"].as_str().unwrap().split_once(' ').unwrap();
        let ignore = step["ignore"].as_array().cloned().unwrap_or_default();
        Step {
            name: text("name"),
            method: method.into(),
            path: path.into(),
            kind: Some(text("type")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "application/json".into()),
            body: step["body"].clone(),
            ignore: ignore.iter().map(|pointer| pointer.as_str().unwrap().to_string()).collect(),
            until: text("until"),
        }
    };
    steps.as_array().unwrap().iter().map(read).collect()
}

async fn client(kubeconfig: &str) -> Client {
    let config = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn ask(client: &Client, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
    let content = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .header("accept", "application/json")
        .header("user-agent", "conformance/1")
        .body(Body::from(content))
        .unwrap();
    let response = client.send(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect_bytes().await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Takes out what differs from run to run.
fn clean(value: &mut Value, namespace: &str) {
    const CHANGING: &[&str] = &[
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "time",
        "lastTransitionTime",
        "lastUpdateTime",
        "deletionTimestamp",
        "startTime",
    ];
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !CHANGING.contains(&key.as_str()));
            map.values_mut().for_each(|value| clean(value, namespace));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, namespace)),
        Value::String(text) => {
            *text = text.replace(namespace, "ns");
            // A message that names a uid, or the time at which a manager wrote.
            let words: Vec<String> = text
                .split(' ')
                .map(|word| {
                    let inner = word.trim_matches(|c| matches!(c, '(' | ')' | '.' | ',' | ':'));
                    let uid = inner.len() == 36 && inner.matches('-').count() == 4;
                    let time = text.contains(" at ") && inner.parse::<jiff::Timestamp>().is_ok();
                    match (uid, time) {
                        (true, _) => word.replace(inner, "UID"),
                        (_, true) => word.replace(inner, "TIME"),
                        _ => word.to_string(),
                    }
                })
                .collect();
            *text = words.join(" ");
        }
        _ => {}
    }
}

fn forget(value: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    if let Some(Value::Object(map)) = value.pointer_mut(parent) {
        map.remove(&key);
    }
}

/// All objects that the vendored charts make.
fn charts(namespace: &str) -> Vec<Value> {
    let helm = std::env::var("VULAS_HELM").expect("VULAS_HELM names Helm; tests/run sets it");
    let mut objects = Vec::new();
    for name in ["core", "admin", "monitoring"] {
        let chart = format!("{}/vendor-charts/{name}-3.2.0.tgz", env!("CARGO_MANIFEST_DIR"));
        let output = std::process::Command::new(&helm)
            .args(["template", "conformance", &chart, "--namespace", namespace])
            .args(["--set", &format!("global.coreNamespace={namespace}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for document in serde_yaml::Deserializer::from_slice(&output.stdout) {
            let object: Value = serde::Deserialize::deserialize(document).unwrap();
            // What is cluster-wide would outlive the test.
            let wide = ["ClusterRole", "ClusterRoleBinding", "IngressClass", "PriorityClass", "StorageClass"];
            if object.is_object() && !wide.contains(&object["kind"].as_str().unwrap_or_default()) {
                objects.push(object);
            }
        }
    }
    objects
}

fn path_of(object: &Value, namespace: &str) -> String {
    let version = object["apiVersion"].as_str().unwrap();
    let kind = object["kind"].as_str().unwrap().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    let root = if version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{version}/namespaces/{namespace}/{plural}/{}", object["metadata"]["name"].as_str().unwrap())
}

/// What controllers write in between is not what is compared here: each has its own.
fn applied(mut body: Value) -> Value {
    for pointer in ["/status", "/metadata/generation", "/spec/clusterIP", "/spec/clusterIPs"] {
        forget(&mut body, pointer);
    }
    forget(&mut body, "/metadata/annotations/deployment.kubernetes.io~1revision");
    if let Some(managers) = body.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        managers.retain(|entry| entry["manager"] == "helm");
    }
    if let Some(Value::Object(map)) = body.get_mut("metadata")
        && map.get("annotations").is_some_and(|annotations| annotations == &json!({}))
    {
        map.remove("annotations");
    }
    if body["kind"] == "Pod" {
        // The token's volume has a random name, and the sandbox mounts none; the scheduler writes the node.
        body["spec"] = Value::Null;
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_charts_are_applied_and_owned_alike() {
    let (real, sandbox, _server) = both().await;
    let namespace = format!("conformance-charts-{}", std::process::id());
    make_namespace(&real, &sandbox, &namespace).await;
    let mut different = Vec::new();
    for object in charts(&namespace) {
        let path = format!("{}?fieldManager=helm&force=true", path_of(&object, &namespace));
        let mut second = object.clone();
        second["metadata"]["labels"]["second"] = "yes".into();
        second["metadata"].as_object_mut().unwrap().remove("annotations");
        for object in [object, second] {
            let mut answers = Vec::new();
            for client in [&real, &sandbox] {
                let (code, mut body) = ask(client, "PATCH", &path, "application/apply-patch+yaml", &object).await;
                assert!(code < 300, "{path}: {code} {body}");
                clean(&mut body, &namespace);
                answers.push((code, applied(body)));
            }
            if answers[0] != answers[1] {
                different.push(format!("{path}\n  real: {:?}\n  sandbox: {:?}", answers[0], answers[1]));
            }
        }
    }
    ask(&real, "DELETE", &format!("/api/v1/namespaces/{namespace}"), "application/json", &Value::Null).await;
    assert!(different.is_empty(), "{} answers differ:\n{}", different.len(), different.join("\n"));
}

async fn both() -> (Client, Client, Server) {
    let path =
        std::env::var("VULAS_TEST_KUBECONFIG").expect("VULAS_TEST_KUBECONFIG names the cluster; tests/run sets it");
    let real = client(&std::fs::read_to_string(path).unwrap()).await;
    let server = Server::start(Config { pace: Pace::fast(), ..Config::default() }).await.unwrap();
    let sandbox = client(&server.kubeconfig()).await;
    (real, sandbox, server)
}

async fn make_namespace(real: &Client, sandbox: &Client, namespace: &str) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    for client in [real, sandbox] {
        let (code, body) = ask(client, "POST", "/api/v1/namespaces", "application/json", &object).await;
        assert_eq!(code, 201, "{body}");
    }
    // The default service account is made by a controller, which may take a while on a busy machine.
    let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    served(real, &account).await;
}

/// Waits until a path can be read.
async fn served(client: &Client, path: &str) {
    while ask(client, "GET", path, "application/json", &Value::Null).await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The path in the namespace of the run.
fn in_namespace(path: &str, namespace: &str) -> String {
    path.replace("/ns/", &format!("/{namespace}/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_answers_as_the_real_server() {
    let (real, sandbox, server) = both().await;
    let namespace = format!("conformance-{}", std::process::id());
    make_namespace(&real, &sandbox, &namespace).await;
    let mut different = Vec::new();
    for step in steps() {
        let path = in_namespace(&step.path, &namespace);
        let mut answers = Vec::new();
        for client in [&real, &sandbox] {
            let (code, mut body) = ask(client, &step.method, &path, &step.kind, &step.body).await;
            clean(&mut body, &namespace);
            for pointer in &step.ignore {
                forget(&mut body, pointer);
            }
            answers.push(format!("{code} {body:#}"));
        }
        if !step.until.is_empty() {
            let path = in_namespace(&step.until, &namespace);
            served(&real, &path).await;
            served(&sandbox, &path).await;
        }
        if answers[0] != answers[1] {
            let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
            let (left, right) = (lines(&answers[0]), lines(&answers[1]));
            let only = |a: &[String], b: &[String]| -> String {
                let lines: Vec<&str> = a.iter().filter(|line| !b.contains(line)).map(String::as_str).collect();
                lines.join("\n    ")
            };
            different.push(format!(
                "{}\n  real:\n    {}\n  sandbox:\n    {}",
                step.name,
                only(&left, &right),
                only(&right, &left)
            ));
        }
    }
    let path = format!("/api/v1/namespaces/{namespace}");
    ask(&real, "DELETE", &path, "application/json", &Value::Null).await;
    server.stop().await;
    assert!(different.is_empty(), "{} answers differ:\n{}", different.len(), different.join("\n"));
}
