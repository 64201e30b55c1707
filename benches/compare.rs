//! Side by side with the real Helm, as whole processes: `cargo bench --bench compare`.
//!
//! Both run in turn, so that a change of the machine's speed hits both; the ratio of the medians is what counts.
//! Helm is `$VULAS_HELM` or the one in the cache of the tests. With `VULAS_TEST_KUBECONFIG` set (an API server that may be
//! written to), upgrades of releases are measured too; with `VULAS_BENCH_CHARTS` (a folder), all charts found in it are
//! rendered: the median of their ratios, the slowest, and those that take most memory beside Helm. Ratios belong here, not into tests.
//!
//! What is released is the static binary: `VULAS_BINARY` names it (`tests/run dist` builds it); else the one that Cargo built
//! for this bench is taken, which takes a millisecond longer to start.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const RUNS: usize = 15;

/// Asks this program to run another one and to print its peak memory, since the system tells that of all children together.
const PEAK: &str = "--peak-of";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == PEAK) {
        return print_peak(arguments);
    }
    let ours = std::env::var_os("VULAS_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_vulas-native").into());
    let ours = PathBuf::from(ours);
    let Some(helm) = helm() else {
        eprintln!("no helm to compare with: set VULAS_HELM or run tests/cluster/install.sh helm");
        return ExitCode::FAILURE;
    };
    let scratch = match tempfile::tempdir() {
        Ok(dir) => dir,
        Err(error) => {
            eprintln!("no temporary folder: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:<34} {:>12} {:>12} {:>8} {:>12} {:>12} {:>8}",
        "", "ours wall", "helm wall", "ratio", "ours CPU", "helm CPU", "ratio"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let core = root.join("vendor-charts/core");
    compare("version", RUNS, &ours, &["version"], &helm, &["version"]);
    let core = core.to_string_lossy();
    compare("template core", RUNS, &ours, &["template", "alpha", &core], &helm, &["template", "alpha", &core]);
    let keys = keys(scratch.path()).to_string_lossy().into_owned();
    let args = ["template", "k", keys.as_str()];
    compare("template, 3 RSA keys", RUNS, &ours, &args, &helm, &args);
    for subcharts in [10, 20, 40, 80, 160] {
        let umbrella = umbrella(scratch.path(), subcharts, Subchart { helpers: 0, templates: 1 });
        let umbrella = umbrella.to_string_lossy();
        let args = ["template", "u", &umbrella];
        compare(&format!("template, {subcharts} subcharts through tpl"), RUNS, &ours, &args, &helm, &args);
    }
    let umbrella = umbrella(scratch.path(), 40, Subchart { helpers: 10, templates: 5 });
    let umbrella = umbrella.to_string_lossy();
    let args = ["template", "u", &umbrella];
    compare("template, 40 of usual size", RUNS, &ours, &args, &helm, &args);
    if let Some(folder) = std::env::var_os("VULAS_BENCH_CHARTS") {
        all_charts(Path::new(&folder), &ours, &helm);
    }
    if let Ok(kubeconfig) = std::env::var("VULAS_TEST_KUBECONFIG") {
        upgrades(scratch.path(), &kubeconfig, &ours, &helm);
    } else {
        println!("upgrade of 100 objects: left out, VULAS_TEST_KUBECONFIG is not set");
    }
    ExitCode::SUCCESS
}

/// All charts in a folder that Helm renders with their default values.
fn all_charts(folder: &Path, ours: &Path, helm: &Path) {
    let mut charts = Vec::new();
    find_charts(folder, &mut charts);
    charts.sort();
    let renders = |program: &Path, chart: &str| {
        let output = Command::new(program).args(["template", "x", chart]).stdin(Stdio::null()).output();
        output.expect("the program starts").status.success()
    };
    charts.retain(|chart| renders(ours, chart) && renders(helm, chart));
    let mut ratios: Vec<(f64, f64, &str)> = charts
        .iter()
        .map(|chart| {
            let args = ["template", "x", chart.as_str()];
            let (mut a, mut b): (Vec<Cost>, Vec<Cost>) = (0..3).map(|_| (run(ours, &args), run(helm, &args))).unzip();
            let middle = |costs: &mut Vec<Cost>| {
                costs.sort_unstable();
                (costs[1].0.as_secs_f64(), costs[1].1.as_secs_f64().max(1e-6))
            };
            let (ours, helm) = (middle(&mut a), middle(&mut b));
            (helm.0 / ours.0, helm.1 / ours.1, chart.as_str())
        })
        .collect();
    ratios.sort_by(|a, b| a.1.total_cmp(&b.1));
    let cpu = ratios.get(ratios.len() / 2).map_or(0.0, |r| r.1);
    let mut walls: Vec<f64> = ratios.iter().map(|r| r.0).collect();
    walls.sort_by(f64::total_cmp);
    let wall = walls.get(walls.len() / 2).copied().unwrap_or_default();
    println!("{} charts: median {wall:.1}x wall, {cpu:.1}x CPU; the slowest:", ratios.len());
    for (wall, cpu, chart) in ratios.iter().take(5) {
        println!("  {wall:>5.1}x wall {cpu:>5.1}x CPU  {chart}");
    }
    let mut peaks: Vec<(f64, f64, &str)> = charts
        .iter()
        .map(|chart| {
            (peak_memory(ours, &["template", "x", chart]), peak_memory(helm, &["template", "x", chart]), chart.as_str())
        })
        .collect();
    peaks.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let middle = peaks.get(peaks.len() / 2).map_or(0.0, |peak| peak.1 / peak.0);
    println!("peak memory: median {middle:.1}x less; the most beside Helm's:");
    for (ours, helm, chart) in peaks.iter().take(5) {
        println!("  {ours:>5.1} MiB of {helm:>5.1} MiB  {chart}");
    }
}

fn find_charts(folder: &Path, found: &mut Vec<String>) {
    if folder.join("Chart.yaml").exists() {
        found.push(folder.to_string_lossy().into_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_charts(&entry.path(), found);
        }
    }
}

/// The largest resident set of a program's run, in MiB.
fn peak_memory(program: &Path, args: &[&str]) -> f64 {
    let own = std::env::current_exe().expect("a running program has a path");
    let output = Command::new(own).arg(PEAK).arg(program).args(args).output().expect("the program starts");
    let kibibytes: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number was printed");
    kibibytes / 1024.0
}

/// Runs a program and prints its largest resident set in KiB.
fn print_peak(mut command: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(program) = command.next() else { return ExitCode::FAILURE };
    let output = Command::new(program).args(command).stdin(Stdio::null()).output().expect("the program starts");
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss()));
    if output.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An in-place upgrade that changes each of 100 ConfigMaps.
fn upgrades(scratch: &Path, kubeconfig: &str, ours: &Path, helm: &Path) {
    let chart = hundred(scratch).to_string_lossy().into_owned();
    for (program, release) in [(ours, "bench-ours"), (helm, "bench-helm")] {
        run(program, &["--kubeconfig", kubeconfig, "install", release, &chart, "--set", "n=0"]);
    }
    let mut times = [Vec::new(), Vec::new()];
    for n in 1..=5 {
        let value = format!("n={n}");
        for (i, (program, release)) in [(ours, "bench-ours"), (helm, "bench-helm")].into_iter().enumerate() {
            times[i].push(run(program, &["--kubeconfig", kubeconfig, "upgrade", release, &chart, "--set", &value]));
        }
    }
    let [a, b] = times;
    row("upgrade of 100 objects", a, b);
    for (program, release) in [(ours, "bench-ours"), (helm, "bench-helm")] {
        run(program, &["--kubeconfig", kubeconfig, "uninstall", release]);
    }
}

fn helm() -> Option<PathBuf> {
    let cache = || {
        let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        base.or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache")))
            .map(|c| c.join("vulas-native/bin/helm"))
    };
    std::env::var_os("VULAS_HELM").map(PathBuf::from).or_else(cache).filter(|p| p.exists())
}

/// Wall time and CPU time of one run.
type Cost = (Duration, Duration);

fn run(program: &Path, args: &[&str]) -> Cost {
    let cpu = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage works for one's own children");
        Duration::from_micros((usage.user_time() + usage.system_time()).num_microseconds().unsigned_abs())
    };
    let (wall_before, cpu_before) = (Instant::now(), cpu());
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().expect("the program starts");
    let cost = (wall_before.elapsed(), cpu().saturating_sub(cpu_before));
    assert!(output.status.success(), "{} {args:?}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    cost
}

fn compare(name: &str, runs: usize, ours: &Path, our_args: &[&str], helm: &Path, helm_args: &[&str]) {
    run(ours, our_args);
    run(helm, helm_args);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        a.push(run(ours, our_args));
        b.push(run(helm, helm_args));
    }
    row(name, a, b);
}

fn row(name: &str, ours: Vec<Cost>, helm: Vec<Cost>) {
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let split = |costs: Vec<Cost>| -> (Vec<Duration>, Vec<Duration>) { costs.into_iter().unzip() };
    let ((our_wall, our_cpu), (helm_wall, helm_cpu)) = (split(ours), split(helm));
    let mut line = format!("{name:<34}");
    for (a, b) in [(median(our_wall), median(helm_wall)), (median(our_cpu), median(helm_cpu))] {
        let _ = write!(line, " {a:>9.2} ms {b:>9.1} ms {:>7.1}x", b / a.max(0.001));
    }
    println!("{line}");
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the scratch folder can be written");
    std::fs::write(path, text).expect("the scratch folder can be written");
}

/// What each subchart of an umbrella has: so many partials, and so many templates that use them.
struct Subchart {
    helpers: usize,
    templates: usize,
}

/// An umbrella chart whose subcharts pass all their values through `tpl`. Helm clones all templates and partials for each
/// `tpl`, so their number counts beside that of the calls.
fn umbrella(scratch: &Path, subcharts: usize, each: Subchart) -> PathBuf {
    let chart = scratch.join(format!("umbrella{subcharts}-{}", each.helpers));
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: umbrella\nversion: 1.0.0\n");
    let mut values = String::new();
    for i in 0..subcharts {
        let sub = chart.join(format!("charts/sub{i}"));
        write(&sub.join("Chart.yaml"), &format!("apiVersion: v2\nname: sub{i}\nversion: 1.0.0\n"));
        let mut defaults = String::from("settings:\n");
        for k in 0..30 {
            let _ = writeln!(
                defaults,
                "  key{k}: '{{{{ .Release.Name }}}}-{{{{ .Chart.Name }}}}-{{{{ .Values.suffix | default \"x{k}\" }}}}'"
            );
        }
        write(&sub.join("values.yaml"), &defaults);
        let mut partials = String::new();
        for helper in 0..each.helpers {
            let _ = writeln!(
                partials,
                "{{{{- define \"sub{i}.partial{helper}\" -}}}}\n{{{{- if .Values.nameOverride }}}}\
                 {{{{ .Values.nameOverride | trunc 63 | trimSuffix \"-\" }}}}{{{{ else }}}}\
                 {{{{ printf \"%s-%s\" .Release.Name .Chart.Name }}}}{{{{ end }}}}\n{{{{- end }}}}"
            );
        }
        if each.helpers > 0 {
            write(&sub.join("templates/_helpers.tpl"), &partials);
        }
        let name = match each.helpers {
            0 => "{{ .Release.Name }}-{{ .Chart.Name }}".to_owned(),
            helpers => format!("{{{{ include \"sub{i}.partial{}\" . }}}}", helpers - 1),
        };
        for template in 0..each.templates {
            write(
                &sub.join(format!("templates/config{template}.yaml")),
                &format!(
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-{template}\ndata:\n\
                     {{{{- range $k, $v := .Values.settings }}}}\n  {{{{ $k }}}}: {{{{ tpl $v $ | quote }}}}\n{{{{- end }}}}\n"
                ),
            );
        }
        let _ = writeln!(values, "sub{i}:\n  suffix: s{i}");
    }
    write(&chart.join("values.yaml"), &values);
    chart
}

/// A chart of an authority, a certificate that it signs, and one that signs itself, each with a key of its own.
fn keys(scratch: &Path) -> PathBuf {
    let chart = scratch.join("keys");
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: keys\nversion: 1.0.0\n");
    write(
        &chart.join("templates/secret.yaml"),
        "{{- $ca := genCA \"ca\" 365 }}\n{{- $cert := genSignedCert \"a\" nil (list \"a.b\") 365 $ca }}\n\
         {{- $own := genSelfSignedCert \"b\" nil (list \"b.c\") 365 }}\n\
         apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\ndata:\n  ca: {{ $ca.Cert | b64enc }}\n  \
         cert: {{ $cert.Cert | b64enc }}\n  key: {{ $cert.Key | b64enc }}\n  own: {{ $own.Key | b64enc }}\n",
    );
    chart
}

/// A chart of 100 ConfigMaps that all change with `.Values.n`.
fn hundred(scratch: &Path) -> PathBuf {
    let chart = scratch.join("hundred");
    write(&chart.join("Chart.yaml"), "apiVersion: v2\nname: hundred\nversion: 1.0.0\n");
    write(
        &chart.join("templates/all.yaml"),
        "{{- range $i := until 100 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ $.Release.Name }}-{{ $i }}\n\
         data:\n  n: {{ $.Values.n | quote }}\n{{- end }}\n",
    );
    chart
}
