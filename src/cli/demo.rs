//! `demo`: the whole upgrade, there and back, on an API server in memory.
//!
//! Nothing is staged but that server: each step is a command as a user types it, run by the same code. Between them the
//! databases are asked whether what should be there is there; the demo fails when it isn't.

use std::{
    ffi::OsString,
    future::Future,
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::{Failure, Global, Outcome, session};
use crate::{
    cluster::{Cluster, ConnectOptions},
    database,
    report::{Document, Fact, NextCommand, Reporter, StepRecord, StepState},
    sandbox,
};

const CORE: &str = "vulas-core";
const ADMIN: &str = "vulas-admin";
const MONITORING: &str = "vulas-monitoring";
/// What alpha's backend knew, and what the embedded chart's does.
const OLD_SCHEMA: &str = "restbackend.schemaVersion=20170302.1025";
const NEW_SCHEMA: &str = "restbackend.schemaVersion=20200219.1130";
/// What the admin release serves at first.
const SERVED: &str = "global.coreNamespace=vulas-core,global.managedRelease=alpha";
const ROWS: u64 = 200_000;

/// Show the whole upgrade, there and back, on an API server in memory
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder for the reports; it is made if it isn't there
    #[arg(long, value_name = "FOLDER", default_value = "vulas-native-demo")]
    report: PathBuf,
}

/// Runs the command.
pub fn run(global: &Global, args: &Args) -> Outcome {
    let failed = |error: String| Failure::Failed(format!("error: the demo can't begin: {error}"));
    let runtime = Runtime::new().map_err(|e| failed(e.to_string()))?;
    let config = sandbox::Config { nodes: 3, ..sandbox::Config::default() };
    let server = runtime.block_on(sandbox::Server::start(config)).map_err(|e| failed(e.to_string()))?;
    std::fs::create_dir_all(&args.report).map_err(|e| failed(format!("{}: {e}", args.report.display())))?;
    let kubeconfig = args.report.join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig()).map_err(|e| failed(format!("{}: {e}", kubeconfig.display())))?;
    let mut demo = Demo {
        runtime: &runtime,
        talk: session::reporter(global),
        global: Global { kubeconfig: Some(kubeconfig.display().to_string()), ..global.alone() },
        folder: &args.report,
        started: Timestamp::now(),
        steps: Vec::new(),
        facts: Vec::new(),
    };
    let played = demo.play();
    let report = demo.report(&played);
    runtime.block_on(server.stop());
    // The server it names is gone.
    let _ = std::fs::remove_file(&kubeconfig);
    played?;
    let (html, _) = report.map_err(|error| Failure::Failed(format!("error: {error}")))?;
    outln!("\nThere and back, and nothing was lost. Report: {}", html.display());
    Ok(())
}

struct Demo<'a> {
    runtime: &'a Runtime,
    talk: Reporter,
    global: Global,
    folder: &'a Path,
    started: Timestamp,
    steps: Vec<StepRecord>,
    facts: Vec<Fact>,
}

/// What of alpha must be the same in the end.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    rows: u64,
    schema: String,
    standbys: usize,
    served: Vec<String>,
    releases: Vec<String>,
}

impl Demo<'_> {
    fn play(&mut self) -> Outcome {
        self.talk.line("A cluster in memory. Three charts are installed from this binary.");
        let install = |words: &[&'static str]| [&["install"], words, &["--create-namespace", "--hide-notes"]].concat();
        self.command("install", &install(&["alpha", "core", "-n", CORE, "--set-string", OLD_SCHEMA]))?;
        self.command("install", &install(&["admin", "admin", "-n", ADMIN, "--set", SERVED]))?;
        self.command("install", &install(&["monitoring", "monitoring", "-n", MONITORING]))?;
        self.sql("alpha", "CREATE TABLE demo (id bigint, note text);")?;
        self.sql("alpha", &format!("INSERT INTO demo SELECT g, 'row' FROM generate_series(1, {ROWS}) g;"))?;
        let before = self.picture()?;
        self.fact("alpha before", &before.describe());

        self.talk.line("The upgrade: beta starts beside alpha, on the volume of one of its replicas.");
        let folder = self.folder.display().to_string();
        let names = ["--core-namespace", CORE, "--admin-namespace", ADMIN];
        let upgrade =
            ["--current-release", "alpha", "--future-release", "beta", "--set-string", NEW_SCHEMA, "--report", &folder];
        self.command("upgrade", &[&["upgrade"], &names[..], &upgrade[..]].concat())?;
        let rows = self.count("beta")?;
        self.fact("beta on its own", &format!("{rows} rows, schema {}", self.schema("beta")?));
        expect("rows in beta", &rows, &before.rows)?;
        expect("rows in alpha", &self.count("alpha")?, &before.rows)?;

        self.command(
            "route",
            &[&["route"], &names[..], &["--core-release", "beta", "--admin-release", "admin"]].concat(),
        )?;
        self.talk.line("Both releases, side by side:");
        self.command("list", &["list", "-n", CORE])?;
        self.command("status", &["status", "--core-namespace", CORE])?;

        self.talk.line("And back: traffic first, then beta, then alpha's replica, cloned anew.");
        self.command("retreat", &[&["retreat"], &names[..], &["--report", &folder]].concat())?;
        let after = self.picture()?;
        self.fact("alpha after", &after.describe());
        expect("alpha", &after, &before)
    }

    /// Runs a command as if it had been typed, and keeps its time.
    fn command(&mut self, name: &str, words: &[&str]) -> Outcome {
        self.talk.line(&format!("$ vulas-native {}", words.join(" ")));
        let line: Vec<_> = std::iter::once("vulas-native").chain(words.iter().copied()).map(OsString::from).collect();
        let (given, command) = super::parse(&line).map_err(|error| Failure::Failed(error.to_string()))?;
        // Whatever the environment says of another cluster, the demo stays on its own.
        let global = Global { namespace: given.namespace, typed: given.typed, ..self.global.clone() };
        let start = Instant::now();
        let outcome = command.run(&global);
        let state = if outcome.is_ok() { StepState::Done } else { StepState::Failed };
        let seconds = start.elapsed().as_secs_f64();
        self.talk.line(&format!("  took {seconds:.2} s"));
        let number = self.steps.len() + 1;
        self.steps.push(StepRecord { number, name: name.into(), text: words.join(" "), seconds, state });
        outcome
    }

    fn fact(&mut self, label: &str, value: &str) {
        self.talk.fact(label, value);
        self.facts.push(Fact { label: label.into(), value: value.into() });
    }

    fn ask<T, E, F>(&self, question: impl FnOnce(Cluster) -> F) -> Result<T, Failure>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let options = ConnectOptions { kubeconfig: self.global.kubeconfig.clone(), ..ConnectOptions::default() };
        self.runtime.block_on(async {
            let cluster =
                Cluster::connect(&options).await.map_err(|error| Failure::Failed(format!("error: {error}")))?;
            question(cluster).await.map_err(|error| Failure::Failed(format!("error: {error}")))
        })
    }

    fn sql(&self, release: &str, sql: &str) -> Result<String, Failure> {
        self.ask(async |cluster| master(&cluster, release).run("vulas", sql).await)
    }

    fn count(&self, release: &str) -> Result<u64, Failure> {
        let answer = self.sql(release, "SELECT count(*) FROM demo;")?;
        answer.trim().parse().map_err(|_| Failure::Failed(format!("error: {release} counts {answer:?}")))
    }

    fn schema(&self, release: &str) -> Result<String, Failure> {
        Ok(self.ask(async |cluster| master(&cluster, release).schema_version().await)?.unwrap_or_default())
    }

    fn picture(&self) -> Result<Picture, Failure> {
        let standbys = self.ask(async |cluster| master(&cluster, "alpha").standbys().await)?;
        let (served, releases) = self.ask(async |cluster| {
            let ingresses = cluster.list("networking.k8s.io/v1", "Ingress", Some(CORE), None).await?;
            let workloads = cluster.list("apps/v1", "StatefulSet", Some(CORE), None).await?;
            Ok::<_, crate::cluster::Error>((
                backends(&ingresses),
                workloads.iter().map(|w| text(&w["metadata"]["name"])).collect(),
            ))
        })?;
        Ok(Picture {
            rows: self.count("alpha")?,
            schema: self.schema("alpha")?,
            standbys: standbys.len(),
            served,
            releases,
        })
    }

    fn report(&self, played: &Outcome) -> Result<(PathBuf, PathBuf), crate::report::ReportError> {
        let outcome = match played {
            Ok(()) => {
                "alpha was upgraded to beta beside it, the traffic went over and came back, and alpha is as it was: not a row was lost."
            }
            Err(_) => "The demo did not end as it should.",
        };
        let next = [
            (
                "The upgrade itself",
                "vulas-native upgrade --core-namespace NS --admin-namespace NS --current-release alpha --future-release beta",
            ),
            ("A cluster to try by hand", "vulas-native sandbox"),
        ];
        Document {
            title: "Demo: alpha to beta and back".into(),
            command: "vulas-native demo".into(),
            outcome: outcome.into(),
            success: played.is_ok(),
            started: self.started,
            finished: Timestamp::now(),
            facts: self.facts.clone(),
            steps: self.steps.clone(),
            objects: Vec::new(),
            next: next.map(|(what, command)| NextCommand { what: what.into(), command: command.into() }).into(),
            notes: vec![
                "The API server and PostgreSQL are models in memory; everything else is what runs on a cluster.".into(),
            ],
        }
        .write(self.folder, "vulas-native-demo")
    }
}

impl Picture {
    fn describe(&self) -> String {
        format!(
            "{} rows, schema {}, {} standbys streaming, traffic to {}",
            self.rows,
            self.schema,
            self.standbys,
            self.served.join(", ")
        )
    }
}

fn master(cluster: &Cluster, release: &str) -> database::Server {
    database::Server::new(cluster, CORE, &format!("{release}-database-master-0"), "postgres")
}

fn text(json: &crate::cluster::Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// The Services that Ingresses lead to.
fn backends(ingresses: &[crate::cluster::Json]) -> Vec<String> {
    let each = |json: &crate::cluster::Json| json.as_array().cloned().unwrap_or_default();
    let rules = ingresses.iter().flat_map(|ingress| each(&ingress["spec"]["rules"]));
    let paths = rules.flat_map(|rule| each(&rule["http"]["paths"]));
    let mut names: Vec<String> = paths.map(|path| text(&path["backend"]["service"]["name"])).collect();
    names.sort();
    names.dedup();
    names
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, due: &T) -> Outcome {
    if found == due {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "error: the demo found something wrong with {what}\n  found {found:?}\n  due   {due:?}"
    )))
}
