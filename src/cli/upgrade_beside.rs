//! `upgrade` beside: a new release on a replica's volume of the current one.

use jiff::Timestamp;

use super::{Failure, Global, Outcome, handover, upgrade_in_place};
use crate::database::{Login, human_bytes};
use crate::handover::{Commands, Fence, Given, Journal, UpgradeOptions, resume, status, upgrade};

/// What a handover that goes on was begun with, and can't be told anew.
const SETTLED: [&str; 19] = [
    "future_chart",
    "fence",
    "check_sql",
    "claim_value",
    "credentials_value",
    "replicas_value",
    "slave_statefulset",
    "database_container",
    "database_user",
    "database_password_secret",
    "take_only_replica",
    "timeout",
    "reset_values",
    "values",
    "set",
    "set_string",
    "set_json",
    "set_file",
    "set_literal",
];

/// The flags of a handover.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Handover to a release beside")]
#[group(skip)]
pub struct Args {
    /// Namespace of the core releases
    #[arg(long, alias = "coreNamespace", value_name = "NAMESPACE")]
    core_namespace: Option<String>,
    /// Namespace of the admin release
    #[arg(long, alias = "adminNamespace", value_name = "NAMESPACE")]
    admin_namespace: Option<String>,
    /// The release that is left
    #[arg(long, aliases = ["currentRelease", "oldrelease", "old-release"], value_name = "RELEASE")]
    current_release: Option<String>,
    /// The release that is gone over to; it must not exist yet
    #[arg(long, aliases = ["futureRelease", "futurerelease", "new-release"], value_name = "RELEASE")]
    future_release: Option<String>,
    /// Chart of the future release: a directory, a .tgz, or the name of an embedded chart
    #[arg(long = "chart", value_name = "CHART", default_value = "core")]
    future_chart: String,
    /// Go on with a handover that was interrupted, as it was begun
    #[arg(long, conflicts_with_all = SETTLED)]
    resume: bool,
    /// What becomes of what the current release writes after the fork: none (it is lost), read-only, scale (nothing is written)
    #[arg(long, value_name = "FENCE", default_value = "none", value_parser = ["none", "read-only", "scale"])]
    fence: String,
    /// SQL whose output must be the same at the fork and in the future release
    #[arg(long, value_name = "FILE")]
    check_sql: Option<String>,
    /// Value of the chart by which its database takes an existing claim (found by rendering when not given)
    #[arg(long, value_name = "PATH")]
    claim_value: Option<String>,
    /// Value of the chart that takes the name of the Secret with the current release's database credentials (found by
    /// rendering when not given; empty for none)
    #[arg(long, value_name = "PATH")]
    credentials_value: Option<String>,
    /// Value of the current release's chart that sets the number of replicas (found when not given)
    #[arg(long, value_name = "PATH")]
    replicas_value: Option<String>,
    /// StatefulSet of the current release's replicas (found when not given)
    #[arg(long, value_name = "NAME")]
    slave_statefulset: Option<String>,
    /// Container of PostgreSQL in it (found when not given)
    #[arg(long, value_name = "NAME")]
    database_container: Option<String>,
    /// Superuser of the current release's database (found in its container's environment when not given)
    #[arg(long, value_name = "ROLE")]
    database_user: Option<String>,
    /// Secret and key that hold the password of --database-user, where the container's environment does not
    #[arg(long, value_name = "SECRET/KEY", requires = "database_user", value_parser = secret_and_key)]
    database_password_secret: Option<(String, String)>,
    /// Take the current release's replica though it has no other
    #[arg(long)]
    take_only_replica: bool,
    /// Folder for the report
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    report: String,
}

impl Args {
    /// Whether a handover is asked for, and not an upgrade in place.
    pub fn is_meant(&self) -> bool {
        self.resume || self.current_release.is_some() || self.future_release.is_some() || self.core_namespace.is_some()
    }

    fn fence(&self) -> Fence {
        match self.fence.as_str() {
            "read-only" => Fence::ReadOnly,
            "scale" => Fence::Scale,
            _ => Fence::None,
        }
    }
}

/// `SECRET/KEY`
fn secret_and_key(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((secret, key)) if !secret.is_empty() && !key.is_empty() => Ok((secret.into(), key.into())),
        _ => Err("it has the form SECRET/KEY".into()),
    }
}

fn required<'a>(value: Option<&'a String>, flag: &str) -> Result<&'a str, Failure> {
    value.map(String::as_str).ok_or_else(|| {
        Failure::Usage(format!(
            "error: {flag} is missing\n  vulas-native upgrade --core-namespace NS --admin-namespace NS --current-release A --future-release B"
        ))
    })
}

/// Runs the command. Values, and how they are taken over, are the flags of the upgrade in place.
pub fn run(global: &Global, args: &Args, shared: &upgrade_in_place::Args) -> Outcome {
    let started = Timestamp::now();
    let namespace = handover::core_namespace(global, args.core_namespace.as_ref())?;
    let talk = handover::Talk::new(global)?;
    let stop = talk.stop_on_signals(handover::TAKES_BACK);
    let holder = handover::holder();
    let result = if args.resume {
        talk.block_on(|cluster, show| async move { resume(&cluster, show, &namespace, &holder, stop).await })
    } else {
        let values =
            shared.values.merge().map_err(|e| Failure::Failed(format!("error: {e}\nNothing has been changed.")))?;
        let check_sql = args.check_sql.as_ref().map(|path| read_check(path)).transpose()?;
        let options = UpgradeOptions {
            namespace,
            admin_namespace: args.admin_namespace.clone(),
            alpha: required(args.current_release.as_ref(), "--current-release")?.into(),
            beta: required(args.future_release.as_ref(), "--future-release")?.into(),
            chart: args.future_chart.clone(),
            values: crate::release::chart::to_json(&values),
            reset_values: shared.reset_values,
            claim_value: args.claim_value.clone(),
            credentials_value: args.credentials_value.clone(),
            replicas_value: args.replicas_value.clone(),
            given: Given {
                statefulset: args.slave_statefulset.clone(),
                container: args.database_container.clone(),
                login: Login { role: args.database_user.clone(), password: args.database_password_secret.clone() },
            },
            take_only_replica: args.take_only_replica,
            fence: args.fence(),
            check_sql,
            timeout: shared.operation.timeout,
            holder,
            stop,
        };
        talk.block_on(|cluster, show| async move { upgrade(&cluster, show, &options).await })
    };
    talk.report(started, &args.report);
    let journal = result.map_err(|error| talk.failure(&error))?;
    print_end(&talk, &journal);
    Ok(())
}

/// Check files go to the server on a command line; that has its limits.
fn read_check(path: &str) -> Result<String, Failure> {
    const LIMIT: u64 = 64 * 1024;
    let fail = |why: String| Failure::Failed(format!("error: --check-sql {path}: {why}\nNothing has been changed."));
    let size = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
    if size > LIMIT {
        return Err(fail(format!("has {size} bytes, at most {LIMIT} are taken")));
    }
    std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))
}

/// What is different now, and what can be done next.
fn print_end(talk: &handover::Talk, journal: &Journal) {
    let as_of = journal.fork.as_ref().map(|fork| format!(" as of {} ({})", fork.time, fork.lsn)).unwrap_or_default();
    let namespace = journal.namespace.clone();
    let now = talk.block_on(|cluster, _| async move { status(&cluster, &namespace).await });
    let since = now.ok().flatten().and_then(|now| now.divergence);
    let since = since
        .map(|d| format!("; since the fork it has written {} ({})", human_bytes(d.bytes()), d.rows()))
        .unwrap_or_default();
    outln!(
        "{} is up, on {}'s data{as_of}. {} serves on, untouched{since}.",
        journal.beta,
        journal.alpha,
        journal.alpha
    );
    for line in handover::next_lines(&Commands::of(journal).next()) {
        outln!("{line}");
    }
    talk.print_report_path();
}
