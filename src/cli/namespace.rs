//! The namespace of a command that does not talk to a cluster.

use std::path::PathBuf;

use super::Global;
use crate::gotemplate::Value;
use crate::goyaml;

/// The flag or variable, else the namespace of the kubeconfig's context, else `default`.
pub fn offline(global: &Global) -> String {
    match &global.namespace {
        Some(namespace) if !namespace.is_empty() => namespace.clone(),
        _ => from_kubeconfig(global).unwrap_or_else(|| "default".into()),
    }
}

fn from_kubeconfig(global: &Global) -> Option<String> {
    let paths: Vec<PathBuf> = match &global.kubeconfig {
        Some(path) => vec![path.into()],
        None => match std::env::var_os("KUBECONFIG").filter(|v| !v.is_empty()) {
            Some(list) => std::env::split_paths(&list).collect(),
            None => vec![std::env::home_dir()?.join(".kube/config")],
        },
    };
    let files: Vec<Value> =
        paths.iter().filter_map(|path| goyaml::from_yaml_map(&std::fs::read(path).ok()?).ok()).collect();
    let context = match &global.kube_context {
        Some(context) => context.clone(),
        // The first file that says it wins.
        None => files.iter().find_map(|file| text(file, "current-context"))?,
    };
    files.iter().find_map(|file| {
        let contexts = file.as_map()?.get("contexts")?;
        let found = contexts.as_list()?.iter().find(|c| text(c, "name").as_deref() == Some(&*context))?;
        text(&found.as_map()?.get("context")?, "namespace")
    })
}

/// A string entry of a map that is not empty.
fn text(value: &Value, key: &str) -> Option<String> {
    let found = value.as_map()?.get(key)?;
    found.as_str().filter(|s| !s.is_empty()).map(|s| s.to_str().into_owned())
}
