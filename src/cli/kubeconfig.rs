//! Kubeconfig files as client-go loads, merges and judges them, as far as the namespace of a context depends on it.

use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::Global;
use crate::gotemplate::Value;
use crate::goyaml;
use crate::sprig::check;

/// Why client-go takes no namespace from its files; which reason it is nobody hears.
#[derive(Debug)]
pub struct Unusable;

/// What the files say together.
#[derive(Default)]
struct Config {
    current_context: String,
    clusters: Vec<Entry>,
    users: Vec<Entry>,
    contexts: Vec<Entry>,
}

/// A named part of a file.
struct Entry {
    name: String,
    fields: Value,
    /// The directory that relative paths in it start from.
    base: PathBuf,
}

/// The namespace of the context that is asked for, else of the current one; `None` when it names none.
///
/// # Errors
/// The files, or what the context leads to, are not usable.
pub fn namespace(global: &Global) -> Result<Option<String>, Unusable> {
    let config = load(global.kubeconfig.as_deref().filter(|path| !path.is_empty()))?;
    let asked = global.kube_context.as_deref().filter(|name| !name.is_empty());
    let name = asked.unwrap_or(&config.current_context);
    let context = config.contexts.iter().find(|context| context.name == name);
    if context.is_none() && !name.is_empty() {
        return Err(Unusable);
    }
    let of_context = |key| context.map_or(Ok(String::new()), |context| text(&context.fields, key));
    let (cluster, user) = (of_context("cluster")?, of_context("user")?);
    check_user(config.users.iter().find(|entry| entry.name == user), global)?;
    check_cluster(config.clusters.iter().find(|entry| entry.name == cluster), global)?;
    Ok(Some(of_context("namespace")?).filter(|namespace| !namespace.is_empty()))
}

fn load(explicit: Option<&str>) -> Result<Config, Unusable> {
    let paths: Vec<PathBuf> = match (explicit, std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty())) {
        (Some(path), _) => vec![path.into()],
        (None, Some(list)) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        (None, None) => vec![Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".kube/config")],
    };
    let mut whole = Config::default();
    for path in paths {
        let data = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && explicit.is_none() => continue,
            data => data.map_err(|_| Unusable)?,
        };
        // The first file that says something wins.
        let next = parse(&data, &path)?;
        if whole.current_context.is_empty() {
            whole.current_context = next.current_context;
        }
        whole.clusters.extend(next.clusters);
        whole.users.extend(next.users);
        whole.contexts.extend(next.contexts);
    }
    Ok(whole)
}

fn parse(data: &[u8], path: &Path) -> Result<Config, Unusable> {
    let file = goyaml::from_yaml(data).map_err(|_| Unusable)?;
    if !matches!(file, Value::Nil | Value::Map(_)) {
        return Err(Unusable);
    }
    if !matches!(&*text(&file, "apiVersion")?, "" | "v1") || !matches!(&*text(&file, "kind")?, "" | "Config") {
        return Err(Unusable);
    }
    let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let entries = |list: &str, what: &str, texts: &[&str]| -> Result<Vec<Entry>, Unusable> {
        let mut entries: Vec<Entry> = Vec::new();
        for item in items(&file, list)? {
            let fields = object(&item, what)?;
            for key in texts {
                text(&fields, key)?;
            }
            let name = text(&item, "name")?;
            // Of two with one name, neither is taken.
            if entries.iter().any(|entry| entry.name == name) {
                return Err(Unusable);
            }
            entries.push(Entry { name, fields, base: base.clone() });
        }
        Ok(entries)
    };
    Ok(Config {
        current_context: text(&file, "current-context")?,
        clusters: entries("clusters", "cluster", &["server", "tls-server-name", "certificate-authority", "proxy-url"])?,
        users: entries("users", "user", &["client-certificate", "client-key", "token", "username", "password", "as"])?,
        contexts: entries("contexts", "context", &["cluster", "user", "namespace"])?,
    })
}

/// client-go's `validateClusterInfo`.
fn check_cluster(cluster: Option<&Entry>, global: &Global) -> Result<(), Unusable> {
    let given = global.kube_ca_file.as_deref().unwrap_or_default();
    let (mut file, mut data) = cluster.map_or(Ok(Default::default()), |entry| {
        Ok((entry.path("certificate-authority")?, bytes(&entry.fields, "certificate-authority-data")?))
    })?;
    if global.kube_insecure_skip_tls_verify || !given.is_empty() {
        (file, data) = (given.into(), Vec::new());
    }
    let proxy = cluster.map_or(Ok(String::new()), |entry| text(&entry.fields, "proxy-url"))?;
    let scheme = check::url(&proxy).map_err(|_| Unusable)?.scheme;
    let is_proxy = proxy.is_empty() || matches!(&*scheme, "http" | "https" | "socks5");
    usable(is_proxy && (file.as_os_str().is_empty() || data.is_empty()) && opens(&file))
}

/// client-go's `validateAuthInfo`.
fn check_user(user: Option<&Entry>, global: &Global) -> Result<(), Unusable> {
    let of_user = |key| user.map_or(Ok(String::new()), |entry| text(&entry.fields, key));
    let path_of = |key| user.map_or(Ok(PathBuf::new()), |entry| entry.path(key));
    let data_of = |key| user.map_or(Ok(Vec::new()), |entry| bytes(&entry.fields, key));
    let is_given = |flag: &Option<String>| flag.as_ref().is_some_and(|text| !text.is_empty());
    let token = is_given(&global.kube_token) || !of_user("token")?.is_empty();
    let password = !of_user("username")?.is_empty() || !of_user("password")?.is_empty();
    usable(!(token && password))?;
    let (certificate, certificate_data) = (path_of("client-certificate")?, data_of("client-certificate-data")?);
    let (key, key_data) = (path_of("client-key")?, data_of("client-key-data")?);
    let is_set = |file: &Path| !file.as_os_str().is_empty();
    if is_set(&certificate) || !certificate_data.is_empty() {
        usable(!is_set(&certificate) || certificate_data.is_empty())?;
        usable(is_set(&key) != !key_data.is_empty())?;
        usable(opens(&certificate) && opens(&key))?;
    }
    let Some(entry) = user else {
        return usable(global.kube_as_group.is_empty() || is_given(&global.kube_as_user));
    };
    let command = object(&entry.fields, "exec")?;
    if !matches!(command, Value::Nil) {
        check_command(&command)?;
        usable(matches!(object(&entry.fields, "auth-provider")?, Value::Nil))?;
    }
    let groups = !global.kube_as_group.is_empty() || !items(&entry.fields, "as-groups")?.is_empty();
    let more = object(&entry.fields, "as-user-extra")?.as_map().is_some_and(|map| !map.is_empty());
    let impersonates = is_given(&global.kube_as_user) || !of_user("as")?.is_empty();
    usable(impersonates || !groups && !more && of_user("as-uid")?.is_empty())
}

/// A command that gets credentials.
fn check_command(command: &Value) -> Result<(), Unusable> {
    let version = text(command, "apiVersion")?;
    usable(!version.is_empty() && !text(command, "command")?.is_empty())?;
    for variable in items(command, "env")? {
        usable(!text(&variable, "name")?.is_empty())?;
    }
    usable(match &*text(command, "interactiveMode")? {
        // Only the versions before the first stable one have a default.
        "" => matches!(&*version, "client.authentication.k8s.io/v1beta1" | "client.authentication.k8s.io/v1alpha1"),
        mode => matches!(mode, "Never" | "IfAvailable" | "Always"),
    })
}

impl Entry {
    /// A path, relative to the file that names it.
    fn path(&self, key: &str) -> Result<PathBuf, Unusable> {
        let path = text(&self.fields, key)?;
        Ok(if path.is_empty() { PathBuf::new() } else { self.base.join(path) })
    }
}

fn usable(is: bool) -> Result<(), Unusable> {
    if is { Ok(()) } else { Err(Unusable) }
}

/// Whether a file can be opened; no file is no fault.
fn opens(path: &Path) -> bool {
    path.as_os_str().is_empty() || std::fs::File::open(path).is_ok()
}

fn entry(value: &Value, key: &str) -> Value {
    value.as_map().and_then(|map| map.get(key)).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> Result<String, Unusable> {
    match entry(value, key) {
        Value::Nil => Ok(String::new()),
        found => found.as_str().map(|text| text.to_str().into_owned()).ok_or(Unusable),
    }
}

fn bytes(value: &Value, key: &str) -> Result<Vec<u8>, Unusable> {
    base64::engine::general_purpose::STANDARD.decode(text(value, key)?.replace(['\r', '\n'], "")).map_err(|_| Unusable)
}

fn object(value: &Value, key: &str) -> Result<Value, Unusable> {
    match entry(value, key) {
        found @ (Value::Nil | Value::Map(_)) => Ok(found),
        _ => Err(Unusable),
    }
}

fn items(value: &Value, key: &str) -> Result<Vec<Value>, Unusable> {
    match entry(value, key) {
        Value::Nil => Ok(Vec::new()),
        found => found.as_list().map(<[Value]>::to_vec).ok_or(Unusable),
    }
}
