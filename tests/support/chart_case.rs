//! A chart with everything that a command line says of it, rendered by Helm and by us.

use std::path::Path;

use serde_json::{Value as Json, json};
use vulas_native::chart::{self, File, Level, Notices, values::Overrides};
use vulas_native::gotemplate::{GoStr, Value, errtext};
use vulas_native::render::{self, Capabilities, KubeVersion, ReleaseInfo, Rendered};

use super::reference::{base64, unbase64};

/// The name of the release.
const RELEASE: &str = "rel";
/// Its namespace.
const NAMESPACE: &str = "space";

/// What is rendered. Texts are given in the order in which a command line would have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// The files of the chart with their paths.
    pub files: Vec<(String, Vec<u8>)>,
    /// `-f`: the contents of the files.
    pub values: Vec<Vec<u8>>,
    /// `--set`, `--set-string`, `--set-json`, `--set-literal`, `--set-file`.
    pub set: [Vec<String>; 5],
    /// `--kube-version`, if not empty.
    pub kube_version: String,
    /// `--api-versions`
    pub api_versions: Vec<String>,
    /// `--is-upgrade`
    pub is_upgrade: bool,
    /// `--skip-schema-validation`
    pub skip_validation: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Manifest, notes and hooks, or the error and whether rendering had begun.
    pub result: Result<Vec<String>, (String, bool)>,
    /// The lines of the log, in order: Go walks through maps in random order.
    pub log: String,
}

impl Case {
    /// Writes the files that the command line names to a directory.
    pub fn write(&self, directory: &Path) {
        for (name, content) in self.values_files().iter().zip(&self.values) {
            std::fs::write(directory.join(name), content).unwrap();
        }
    }

    fn values_files(&self) -> Vec<String> {
        (0..self.values.len()).map(|i| format!("values-{i}.yaml")).collect()
    }

    /// The case as the operation `chart` of `goref` takes it.
    pub fn question(&self, directory: &Path) -> Json {
        let [set, string, json, literal, file] = &self.set;
        json!({
            "files": self.files.iter().map(|(name, content)| [base64(name), base64(content)]).collect::<Vec<_>>(),
            "values": self.values_files(),
            "directory": directory.to_str(),
            "set": set, "setString": string, "setJSON": json, "setLiteral": literal, "setFile": file,
            "release": RELEASE, "namespace": NAMESPACE,
            "helmVersion": render::capabilities::HELM_VERSION,
            "kubeVersion": self.kube_version,
            "apiVersions": self.api_versions,
            "isUpgrade": self.is_upgrade,
            "skipValidation": self.skip_validation,
        })
    }

    /// What we make of it.
    pub fn ours(&self, directory: &Path) -> Outcome {
        let notices = Notices::new();
        let result = match self.render(directory, &notices) {
            Ok(rendered) => Ok(texts(&rendered)),
            Err(render::Error::Chart(error)) => Err((in_order(error.message), false)),
            Err(error) => Err((in_order(error.to_string()), true)),
        };
        let mut log: Vec<String> =
            notices.take().iter().filter(|n| n.level != Level::Debug).map(|notice| format!("{notice}\n")).collect();
        log.sort();
        Outcome { result, log: log.concat() }
    }

    fn render(&self, directory: &Path, notices: &Notices) -> Result<Rendered, render::Error> {
        let mut capabilities = Capabilities::default();
        if !self.kube_version.is_empty() {
            capabilities.kube_version = KubeVersion::parse(&self.kube_version)
                .map_err(|e| chart::Error::new(format!("invalid kube version '{}': {e}", self.kube_version)))?;
        }
        capabilities.api_versions.extend(self.api_versions.iter().cloned().map(Into::into));
        let files: Vec<String> =
            self.values_files().iter().map(|name| directory.join(name).to_str().unwrap().to_owned()).collect();
        let [set, string, json, literal, file] = &self.set;
        let config: Value = Overrides { files: &files, json, set, string, file, literal }.merge()?;
        let files = self.files.iter().map(|(name, data)| File { name: name.clone(), data: data.clone().into() });
        let mut loaded = chart::loader::from_files(files.collect(), notices)?;
        loaded.check_installable(notices)?;
        let release = ReleaseInfo {
            name: RELEASE.into(),
            namespace: NAMESPACE.into(),
            revision: 1,
            is_upgrade: self.is_upgrade,
            is_install: !self.is_upgrade,
        };
        let options = render::Options { skip_schema_validation: self.skip_validation, ..render::Options::default() };
        render::release(&mut loaded, &config, &release, &capabilities, &options, notices)
    }

    /// The case as people read it.
    pub fn show(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "\\r");
        let mut out = String::new();
        for (name, content) in &self.files {
            out += &format!("  >> {name}\n{}\n", text(content));
        }
        for content in &self.values {
            out += &format!("  >> -f\n{}\n", text(content));
        }
        let flags = ["--set", "--set-string", "--set-json", "--set-literal", "--set-file"];
        for (flag, texts) in flags.iter().zip(&self.set) {
            for given in texts {
                out += &format!("  >> {flag} {given}\n");
            }
        }
        let others = (&self.kube_version, &self.api_versions, self.is_upgrade, self.skip_validation);
        if others != (&String::new(), &Vec::new(), false, false) {
            out += &format!(
                "  >> kube-version {:?}, api-versions {:?}, is-upgrade {}, skip-schema-validation {}\n",
                others.0, others.1, others.2, others.3
            );
        }
        out
    }
}

/// All texts of a rendered chart.
fn texts(rendered: &Rendered) -> Vec<String> {
    let mut texts = vec![rendered.manifest(), rendered.notes.clone()];
    for hook in &rendered.hooks {
        let events: Vec<&str> = hook.events.iter().map(|event| event.as_str()).collect();
        texts.push(format!(
            "{} {} {} [{}] {} [{}] [{}]\n{}",
            hook.path,
            hook.kind,
            hook.name,
            events.join(" "),
            hook.weight,
            hook.delete_policies.join(" "),
            hook.output_log_policies.join(" "),
            hook.manifest
        ));
    }
    texts.into_iter().map(|text| without_addresses(&text)).collect()
}

/// Memory addresses differ from run to run.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        out += if digits >= 9 { "0xADDRESS" } else { "0x" };
        out += if digits >= 9 { &part[digits..] } else { part };
    }
    out
}

/// Go walks through maps in random order, and so do the failures of a schema come, and the names in one.
fn in_order(error: String) -> String {
    if !error.contains("don't meet the specifications") {
        return without_addresses(&error);
    }
    let names = |line: &str| match line.split_once("additional properties ") {
        Some((before, names)) => {
            let mut names: Vec<&str> = names.trim_end_matches(" not allowed").split(", ").collect();
            names.sort_unstable();
            format!("{before}additional properties {}", names.join(", "))
        }
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = error.lines().map(names).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Reads an answer of the operation `chart`.
pub fn theirs(answer: &Json) -> Outcome {
    let text = |json: &Json| errtext::text(&unbase64(json.as_str().unwrap())).into_owned();
    let result = match answer.get("error") {
        Some(error) => Err((in_order(text(error)), answer["partial"] == true)),
        None => {
            // Here, Helm's records and ours have U+FFFD for a byte that is not UTF-8.
            let text = |json: &Json| GoStr::from(unbase64(json.as_str().unwrap())).to_str().into_owned();
            let hooks = answer["hooks"].as_array().unwrap().iter().map(text);
            let texts = [text(&answer["manifest"]), text(&answer["notes"])].into_iter().chain(hooks);
            Ok(texts.map(|text| without_addresses(&text)).collect())
        }
    };
    Outcome { result, log: text(&answer["log"]) }
}

/// The first texts in which two outcomes differ.
pub fn difference(go: &Outcome, ours: &Outcome) -> String {
    let texts = |outcome: &Outcome| match &outcome.result {
        Ok(texts) => texts.iter().flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect(),
        Err((error, partial)) => {
            let mut lines: Vec<String> = error.lines().map(|line| format!("error: {line}")).collect();
            lines.push(format!("partial: {partial}"));
            lines
        }
    };
    let lines = |outcome: &Outcome| {
        let mut lines: Vec<String> = texts(outcome);
        lines.extend(outcome.log.lines().map(|line| format!("log: {line}")));
        lines
    };
    let (go, ours) = (lines(go), lines(ours));
    let same = go.iter().zip(&ours).take_while(|(a, b)| a == b).count();
    let shown = |lines: &[String]| {
        lines[same.min(lines.len())..].iter().take(6).map(|l| format!("    {l}\n")).collect::<String>()
    };
    format!("  helm:\n{}  ours:\n{}", shown(&go), shown(&ours))
}
