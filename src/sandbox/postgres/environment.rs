//! The environment of a container, with its references resolved.

use std::collections::BTreeMap;

use base64::Engine;

use super::super::json::{Access, Json, namespace};
use super::super::state::State;

/// Names and values.
#[derive(Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What the container sees.
    pub fn of(state: &State, pod: &Json, container: &Json) -> Self {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for source in container.items("/envFrom") {
            for (pointer, what) in [("/configMapRef/name", "/configmaps"), ("/secretRef/name", "/secrets")] {
                let Some(object) = state.get(what, namespace(pod), source.text(pointer)) else { continue };
                for (key, value) in object["data"].as_object().into_iter().flatten() {
                    all.insert(key.clone(), plain(what, value));
                }
            }
        }
        for entry in container.items("/env") {
            let value = match entry.at("/valueFrom") {
                Json::Null => expand(entry.text("/value"), &all),
                from => resolve(state, pod, from),
            };
            all.insert(entry.text("/name").into(), value);
        }
        Self(all)
    }

    /// A value, empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether there is a value that is not empty.
    pub fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The first of these that has a value.
    pub fn first(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or_default()
    }
}

/// The content of a file that a container sees in a Secret it mounts.
pub fn secret_file(state: &State, pod: &Json, container: &Json, path: &str) -> Option<String> {
    let mount = container.items("/volumeMounts").iter().find_map(|mount| {
        let rest = path.strip_prefix(mount.text("/mountPath").trim_end_matches('/'))?.strip_prefix('/')?;
        let volume = pod.items("/spec/volumes").iter().find(|volume| volume["name"] == mount["name"])?;
        Some((volume.text("/secret/secretName").to_string(), rest.to_string()))
    });
    let (secret, key) = mount.filter(|(secret, _)| !secret.is_empty())?;
    let object = state.get("/secrets", namespace(pod), &secret)?;
    object["data"].get(&key).map(|value| plain("/secrets", value))
}

fn plain(what: &str, value: &Json) -> String {
    let text = value.as_str().unwrap_or_default();
    if what != "/secrets" {
        return text.into();
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn resolve(state: &State, pod: &Json, from: &Json) -> String {
    for (reference, what) in [("configMapKeyRef", "/configmaps"), ("secretKeyRef", "/secrets")] {
        let wanted = &from[reference];
        if wanted.is_object() {
            let object = state.get(what, namespace(pod), wanted["name"].as_str().unwrap_or_default());
            return object
                .map(|object| plain(what, &object["data"][wanted["key"].as_str().unwrap_or_default()]))
                .unwrap_or_default();
        }
    }
    let path = from.text("/fieldRef/fieldPath");
    pod.text(&format!("/{}", path.replace('.', "/"))).into()
}

/// `$(NAME)` of a variable that came before.
fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = text.to_string();
    for (name, value) in known {
        out = out.replace(&format!("$({name})"), value);
    }
    out
}
