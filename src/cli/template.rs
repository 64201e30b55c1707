//! `template`

use std::borrow::Cow;
use std::io::{BufWriter, Write};

use super::naming::Naming;
use super::output_dir::OutputDir;
use super::post_renderer::PostRenderer;
use super::source::{ChartSource, load_installable};
use super::values::ValuesArgs;
use super::{Failure, Global, Outcome, flags, goflags, namespace, notices, output, session};
use crate::action::{Seen, check_labels, schemas};
use crate::chart::notice::quote;
use crate::chart::pathmatch::Pattern;
use crate::chart::{Chart, File, Level, Location, Notices, loader};
use crate::cluster::Cluster;
use crate::gotemplate::{Value, errtext, runes};
use crate::render::{self, Capabilities, Hook, HookEvent, KubeVersion, Options, ReleaseInfo, Rendered};

/// Locally render templates
///
/// Values that would be looked up in a cluster are empty, and nothing is checked against a server, but for
/// --dry-run=server: then capabilities and lookups are the cluster's, and it must know all kinds.
#[derive(clap::Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of Helm's")]
pub struct Args {
    /// Name of the release (optional) and the chart: a directory, a .tgz, or core, admin, monitoring
    #[arg(value_name = "[NAME] CHART", required = true, num_args = 1..)]
    pub args: Vec<String>,
    #[command(flatten)]
    pub values: ValuesArgs,
    /// Kubernetes api versions used for Capabilities.APIVersions (multiple can be specified)
    #[arg(short = 'a', long, value_name = "VERSIONS", value_parser = goflags::list)]
    pub api_versions: Vec<goflags::List>,
    /// Kubernetes version used for Capabilities.KubeVersion
    #[arg(long, value_name = "VERSION")]
    pub kube_version: Option<String>,
    /// Include CRDs in the templated output
    #[arg(long)]
    pub include_crds: bool,
    /// Set .Release.IsUpgrade instead of .Release.IsInstall
    #[arg(long)]
    pub is_upgrade: bool,
    /// Only show manifests rendered from the given templates
    #[arg(short = 's', long, value_name = "TEMPLATE")]
    pub show_only: Vec<String>,
    /// Skip tests from templated output
    #[arg(long)]
    pub skip_tests: bool,
    /// Prevent hooks from being shown
    #[arg(long)]
    pub no_hooks: bool,
    /// Write the executed templates to files in this directory instead of stdout
    #[arg(long, value_name = "DIR", default_value = "")]
    pub output_dir: String,
    /// Use the release name in the output-dir path
    #[arg(long)]
    pub release_name: bool,
    #[command(flatten)]
    naming: Naming,
    /// Enable DNS lookups when rendering templates
    #[arg(long)]
    pub enable_dns: bool,
    /// Must be "client" here; "server" needs a cluster
    #[arg(long, value_name = "STRATEGY", num_args = 0..=1, require_equals = true, default_missing_value = "unset")]
    pub dry_run: Option<String>,
    #[arg(long, hide = true)]
    validate: bool,
    /// Update dependencies if they are missing
    #[arg(long)]
    pub dependency_update: bool,
    #[command(flatten)]
    pub source: ChartSource,
    #[command(flatten)]
    post_renderer: PostRenderer,
    /// Flags that change nothing of a local rendering are taken so that command lines of installations can be used.
    #[command(flatten)]
    pub without_effect: WithoutEffect,
}

/// Flags of `install` that a local rendering takes and ignores.
#[derive(clap::Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of Helm's")]
#[command(next_help_heading = "Taken without effect")]
pub struct WithoutEffect {
    #[arg(long, hide = true)]
    skip_crds: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true)]
    force_replace: bool,
    #[arg(long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    force_conflicts: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = goflags::boolean)]
    server_side: Option<bool>,
    #[arg(long, hide = true, value_parser = flags::duration)]
    timeout: Option<std::time::Duration>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "watcher", value_parser = flags::wait)]
    wait: Option<String>,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true, alias = "atomic")]
    rollback_on_failure: bool,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    #[arg(short = 'l', long, hide = true, value_parser = goflags::pairs)]
    labels: Vec<goflags::Pairs>,
}

impl Args {
    /// Refuses flags that exclude each other, and notes those that are spelled in an old way.
    fn check(&self, collected: &Notices) -> Outcome {
        let exclusive = |group: &str, set: &str| {
            Err(Failure::Usage(format!(
                "Error: if any flags in the group [{group}] are set none of the others can be; [{set}] were all set"
            )))
        };
        let without = &self.without_effect;
        if without.force_replace && without.force_conflicts {
            return exclusive("force-replace force-conflicts", "force-conflicts force-replace");
        }
        if without.force && without.force_conflicts {
            return exclusive("force force-conflicts", "force force-conflicts");
        }
        if self.validate && self.dry_run.is_some() {
            return exclusive("validate dry-run", "dry-run validate");
        }
        if let Some(notice) = without.wait.as_deref().and_then(flags::deprecated_wait) {
            collected.warn(notice, Vec::new());
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let collected = Notices::new().with_debug(global.debug);
    let result = prepare(global, args, &collected).and_then(|prepared| {
        if prepared.on_server {
            let collected = &collected;
            session::run(
                global,
                |cluster, _| async move { prepared.on_server(global, args, &cluster, collected).await },
            )
        } else {
            prepared.offline(global, args, &collected)
        }
    });
    notices::print(global, &collected);
    result
}

/// What follows an error after which there is something to show.
const HINT: &str = "\n\nUse --debug flag to render out invalid YAML";

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("Error: {error}"))
}

/// What the command line asks for, checked and loaded.
struct Prepared {
    chart: Chart,
    config: Value,
    release: ReleaseInfo,
    capabilities: Capabilities,
    options: Options,
    /// A cluster is asked for its capabilities and for `lookup`.
    on_server: bool,
}

fn prepare(global: &Global, args: &Args, collected: &Notices) -> Result<Prepared, Failure> {
    warn_of_deprecated_flags(&global.typed);
    args.check(collected)?;
    let mut capabilities = Capabilities::default();
    if let Some(version) = args.kube_version.as_deref().filter(|v| !v.is_empty()) {
        capabilities.kube_version =
            KubeVersion::parse(version).map_err(|e| failed(format!("invalid kube version '{version}': {e}")))?;
    }
    let strategy = if args.validate { Some("server") } else { args.dry_run.as_deref() };
    let on_server = is_on_server(strategy, collected)?;
    args.source.note_version("Original chart version", collected);
    let (name, reference) = args.naming.name_and_chart(&args.args, Some("release-name")).map_err(failed)?;
    capabilities.api_versions.extend(args.api_versions.iter().flat_map(|list| list.0.clone()).map(Into::into));

    let location = args.source.locate(reference).map_err(failed)?;
    if let Location::Path(path) = &location {
        collected.debug("Chart path", || vec![("path", path.display().to_string())]);
    }
    let config = args.values.merge().map_err(failed)?;
    let update = args.dependency_update.then_some(global.debug);
    // Who wants definitions, too, wants what is in them.
    let load = if on_server || args.include_crds { loader::load } else { loader::load_to_render };
    let chart = load_installable(&location, load, update, collected).map_err(failed)?;
    if let Err(error) = render::check_release_name(&name) {
        let error = format!("release name {}: {error}", quote(&name));
        collected.add(Level::Error, "release name check failed", vec![("error", error.clone())]);
        return Err(failed(format!("release name check failed: {error}")));
    }
    let release = ReleaseInfo {
        namespace: namespace::offline(global),
        revision: 1,
        is_upgrade: args.is_upgrade,
        is_install: !args.is_upgrade,
        name,
    };
    let options = Options {
        enable_dns: args.enable_dns,
        skip_schema_validation: args.values.skip_schema_validation,
        schemas: Some(schemas::remote()),
        leave_memory: true,
        refusal: check_labels(args.without_effect.labels.iter().flat_map(|pairs| pairs.0.iter().map(|(key, _)| key)))
            .err()
            .map(|error| error.to_string()),
        ..Options::default()
    };
    Ok(Prepared { chart, config, release, capabilities, options, on_server })
}

impl Prepared {
    fn offline(mut self, global: &Global, args: &Args, collected: &Notices) -> Outcome {
        let rendered = self.render(global, args, collected)?;
        notices::print(global, collected);
        let outcome = show(args, &self.release.name, &rendered, &self.chart, global.debug);
        // The process ends: giving every node of the values back to the allocator would only take time.
        std::mem::forget((rendered, self));
        outcome
    }

    /// With the capabilities of a cluster, `lookup` in it, and all kinds known to it.
    async fn on_server(mut self, global: &Global, args: &Args, cluster: &Cluster, collected: &Notices) -> Outcome {
        let seen = Seen::by(cluster, &self.chart).await.map_err(failed)?;
        self.capabilities = seen.capabilities.clone();
        self.options.lookup = Some(seen.lookup.clone());
        let rendered = self.render(global, args, collected)?;
        let known = seen.check(cluster, &rendered, &self.release).await;
        known.map_err(|error| failed(format!("unable to build kubernetes objects from release manifest: {error}")))?;
        notices::print(global, collected);
        show(args, &self.release.name, &rendered, &self.chart, global.debug)
    }

    fn render(&mut self, global: &Global, args: &Args, collected: &Notices) -> Result<Rendered, Failure> {
        let Self { chart, config, release, capabilities, options, .. } = self;
        match render::release(chart, config, release, capabilities, options, collected) {
            Ok(rendered) => Ok(rendered),
            Err(render::Error::Chart(error)) => Err(failed(error)),
            Err(error) if !global.debug => Err(failed(format!("{error}{HINT}"))),
            Err(error) => {
                // What there is of the rendering is shown, however broken.
                let (manifest, hooks) = match &error {
                    render::Error::Yaml { files, hooks, .. } => (files.as_str(), hooks.as_slice()),
                    _ => ("", &[][..]),
                };
                let mut text = format!("{}\n", manifest.trim());
                if args.output_dir.is_empty() {
                    append_hooks(args, hooks, &mut text);
                } else {
                    let mut directory = output_dir(args, &release.name);
                    let written = directory.hooks(wanted_hooks(args, hooks));
                    print(&directory.log)?;
                    written.map_err(failed)?;
                }
                notices::print(global, collected);
                if args.show_only.is_empty() {
                    print(&text)?;
                } else if let Ok(selected) = selected(&args.show_only, &text) {
                    print(&selected)?;
                }
                Err(failed(error))
            }
        }
    }
}

/// Old spellings, and what Helm remarks on them.
const DEPRECATED: [(&str, &str); 5] = [
    ("validate", "use '--dry-run=server' instead"),
    ("hide-notes", "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    ("render-subchart-notes", "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    ("force", "use --force-replace instead"),
    ("atomic", "use --rollback-on-failure instead"),
];

/// Old spellings are taken with a remark, in the order of the command line.
fn warn_of_deprecated_flags(words: &[String]) {
    let remark = |name: &str| DEPRECATED.iter().find(|(flag, _)| *flag == name).map(|(_, remark)| *remark);
    let looks_old = |word: &String| word.strip_prefix("--").and_then(|w| remark(w.split('=').next().unwrap_or(w)));
    // To tell flags from values, all flags have to be set up once more.
    if !words.iter().any(|word| looks_old(word).is_some()) {
        return;
    }
    let Some(command) = super::command_alone("template") else { return };
    for flag in goflags::given(&command, words) {
        if let Some(remark) = remark(flag) {
            output::complain(&format!("Flag --{flag} has been deprecated, {remark}"));
        }
    }
}

/// `template` is always a dry run; the flag says on which side: whether a cluster is asked.
fn is_on_server(strategy: Option<&str>, collected: &Notices) -> Result<bool, Failure> {
    let Some(strategy) = strategy else { return Ok(false) };
    match strategy {
        "client" => Ok(false),
        "unset" => {
            collected.warn("--dry-run is deprecated and should be replaced with '--dry-run=client'", Vec::new());
            Ok(false)
        }
        "server" => Ok(true),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => {
            collected.warn(
                format!(
                    "boolean '--dry-run={strategy}' flag is deprecated and must be replaced with '--dry-run=client'"
                ),
                Vec::new(),
            );
            Ok(false)
        }
        "none" | "0" | "f" | "F" | "false" | "FALSE" | "False" => {
            Err(failed(format!("invalid dry-run value ({}). Must be \"server\" or \"client\"", quote(strategy))))
        }
        _ => Err(failed(format!(
            "invalid dry-run value ({}). Must be \"none\", \"server\", or \"client\"",
            quote(strategy)
        ))),
    }
}

fn show(args: &Args, release: &str, rendered: &Rendered, chart: &Chart, debug: bool) -> Outcome {
    let crds = if args.include_crds { chart.crds() } else { Vec::new() };
    if !args.output_dir.is_empty() {
        return write_files(args, release, rendered, &crds, debug);
    }
    let crds = crds.iter().map(|(path, file)| (path.as_str(), Cow::Borrowed(file.data.as_bytes())));
    let manifests =
        rendered.manifests.iter().map(|manifest| (manifest.path.as_str(), errtext::bytes(&manifest.content)));
    let hooks = wanted_hooks(args, &rendered.hooks).map(|hook| (hook.path.as_str(), errtext::bytes(&hook.manifest)));
    if args.show_only.is_empty() {
        // Large charts have megabytes of definitions, which need not be there once more as one text.
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        return output::printed(write_text(crds.chain(manifests), hooks, &mut out).and_then(|()| out.flush()));
    }
    let mut text = Vec::new();
    output::printed(write_text(crds.chain(manifests), hooks, &mut text))?;
    print(&selected(&args.show_only, &errtext::text(&text))?)
}

/// Documents with their paths, hooks last. What stands before the hooks ends with one newline, however much space there was.
fn write_text<'a>(
    documents: impl Iterator<Item = (&'a str, Cow<'a, [u8]>)>,
    hooks: impl Iterator<Item = (&'a str, Cow<'a, [u8]>)>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let mut documents = documents.peekable();
    if documents.peek().is_none() {
        out.write_all(b"\n")?;
    }
    while let Some((path, content)) = documents.next() {
        write!(out, "---\n# Source: {path}\n")?;
        let last = documents.peek().is_none();
        let shown = if last { runes::trim_end(&content) } else { &*content };
        if !(last && shown.is_empty()) {
            out.write_all(shown)?;
            out.write_all(b"\n")?;
        }
    }
    for (path, content) in hooks {
        write!(out, "---\n# Source: {path}\n")?;
        out.write_all(&content)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn document(path: &str, content: &str) -> String {
    format!("---\n# Source: {path}\n{content}\n")
}

fn wanted_hooks<'a>(args: &'a Args, hooks: &'a [Hook]) -> impl Iterator<Item = &'a Hook> {
    let shown = move |hook: &&Hook| !args.no_hooks && !(args.skip_tests && hook.events.contains(&HookEvent::Test));
    hooks.iter().filter(shown)
}

fn append_hooks(args: &Args, hooks: &[Hook], text: &mut String) {
    for hook in wanted_hooks(args, hooks) {
        text.push_str(&document(&hook.path, &hook.manifest));
    }
}

/// The documents whose source matches one of the patterns, in the order of the patterns.
fn selected(patterns: &[String], text: &str) -> Result<String, Failure> {
    let documents = render::sort::split(text);
    let mut out = String::new();
    for wanted in patterns {
        let pattern = Pattern::new(wanted);
        let mut missing = true;
        for document in &documents {
            let matches = source(document).is_some_and(|path| pattern.as_ref().is_some_and(|p| p.matches(path)));
            if matches {
                missing = false;
                out.push_str("---\n");
                out.push_str(document);
                out.push('\n');
            }
        }
        if missing {
            return Err(self::missing(wanted));
        }
    }
    Ok(out)
}

fn missing(template: &str) -> Failure {
    failed(format!("could not find template {template} in chart"))
}

/// The path in the first `# Source: CHART/PATH`, without the chart's name.
fn source(document: &str) -> Option<&str> {
    document.split("# Source: ").skip(1).find_map(|rest| {
        let line = rest.lines().next()?;
        let (chart, path) = line.split_once('/')?;
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}

/// Shows a release whose documents go to files, `rendered` as far as it was: how that ended is told last.
fn write_files(args: &Args, release: &str, rendered: &Rendered, crds: &[(String, &File)], debug: bool) -> Outcome {
    let mut directory = output_dir(args, release);
    let result = directory.documents(crds, &rendered.manifests);
    if let (Err(error), false) = (&result, debug) {
        print(&directory.log)?;
        return Err(failed(format!("{error}{HINT}")));
    }
    if let Err(error) = directory.hooks(wanted_hooks(args, &rendered.hooks)) {
        print(&directory.log)?;
        return Err(failed(error));
    }
    if args.show_only.is_empty() {
        directory.log.push('\n');
    }
    print(&directory.log)?;
    // Nothing is left to be shown.
    match (result, args.show_only.first()) {
        (Err(error), _) => Err(failed(error)),
        (Ok(()), Some(wanted)) => Err(missing(wanted)),
        (Ok(()), None) => Ok(()),
    }
}

fn output_dir(args: &Args, release: &str) -> OutputDir {
    OutputDir::new(&args.output_dir, args.release_name.then_some(release))
}

/// Writes results, which hold what is not UTF-8 as [`errtext`] says.
fn print(text: &str) -> Outcome {
    output::print(&errtext::bytes(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_ends_what_stands_before_the_hooks() {
        let written = |documents: &[(&str, &str)], hooks: &[(&str, &str)]| {
            let mut out = Vec::new();
            let [documents, hooks] = [documents, hooks]
                .map(|pairs| pairs.iter().map(|(path, text)| (*path, Cow::Borrowed(text.as_bytes()))));
            write_text(documents, hooks, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&[], &[]), "\n");
        assert_eq!(written(&[], &[("h", "h: 1\n")]), "\n---\n# Source: h\nh: 1\n\n");
        let documents = [("a", "a: 1\n\n"), ("b", "b: 2 \n\n")];
        assert_eq!(
            written(&documents, &[("h", "h: 1")]),
            "---\n# Source: a\na: 1\n\n\n---\n# Source: b\nb: 2\n---\n# Source: h\nh: 1\n"
        );
        assert_eq!(written(&[("a", " \n")], &[]), "---\n# Source: a\n");
    }
}
