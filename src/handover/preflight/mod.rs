//! Step 1: every reason not to begin, all at once. Nothing is changed.

mod future;
mod plan;
mod replica;
mod volume;

use super::{
    Error, Fence, Journal, Layout, Problem, Show, State, UpgradeOptions, envelope, fence, hazards, journal, keepers,
    layout, permissions, record, releases, route, traffic, versions, writers,
};
use crate::cluster::Cluster;
use crate::database::Lsn;
use crate::release::Release;

/// What preflight found when there is no reason not to begin.
pub struct Found {
    /// A journal, not yet written.
    pub journal: Journal,
    /// In one line.
    pub summary: String,
}

/// Counts checks and gathers problems.
struct Checks {
    count: usize,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Checks {
    /// Ends the look with what was found so far.
    fn refuse<T>(&mut self) -> Result<T, Error> {
        Err(Error::Problems(std::mem::take(&mut self.problems)))
    }

    fn problem(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.problems.push(Problem::new(what, advice));
    }
}

/// Looks at everything that the upgrade will rely on.
///
/// # Errors
/// [`Error::Problems`] with every reason not to begin.
pub async fn check(cluster: &Cluster, show: &dyn Show, options: &UpgradeOptions) -> Result<Found, Error> {
    let mut checks = Checks { count: 0, problems: Vec::new(), warnings: Vec::new() };
    match look(cluster, show, options, &mut checks).await {
        // What was found so far is the likely reason why one could not look further (a missing permission).
        Err(error) if !checks.problems.is_empty() && !matches!(error, Error::Problems(_)) => {
            checks.problem(error.to_string(), "mend the other problems first");
            Err(Error::Problems(checks.problems))
        }
        result => result,
    }
}

/// What alpha's database is, and how it stands.
struct Database {
    layout: Layout,
    /// How far the replica was behind at first look.
    lag: Lsn,
    /// The replica's replication slot.
    slot: Option<String>,
    /// What the database uses beside PostgreSQL itself.
    libraries: Vec<String>,
}

async fn look(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    checks: &mut Checks,
) -> Result<Found, Error> {
    if options.alpha == options.beta {
        return Err(Error::unfit(
            format!("the current and the future release are both named {}", options.alpha),
            "give the future release a name of its own (--future-release)",
        ));
    }
    checks.count += 1;
    checks.problems.extend(permissions::look(cluster, options).await?);
    let admin = admin_release(cluster, options).await;
    if let Some(namespace) = &options.admin_namespace {
        checks.count += 1;
        let denied = permissions::of_traffic(cluster, namespace, &options.alpha, admin.as_ref()).await?;
        checks.problems.extend(denied);
    }
    let Some(alpha) = both_releases(cluster, options, checks).await? else { return checks.refuse() };
    let Some(database) = database(cluster, show, options, &alpha, checks).await? else { return checks.refuse() };
    let Database { layout, lag, slot, libraries } = database;
    checks.count += 2;
    let future = future::look(cluster, show, options, &alpha.config, &layout, &libraries, checks).await?;
    let Some(future) = future else { return checks.refuse() };
    checks.count += 1;
    let replicas_value = match &options.replicas_value {
        Some(path) => Some(path.clone()),
        None => record::find_replicas_value(&alpha, &options.chart, &layout),
    };
    if replicas_value.is_none() {
        checks.warnings.push(format!(
            "no value of release {} was found that sets the replicas of statefulset/{}: its next helm upgrade would bring the replica back onto a volume that is not its own; name the value by --replicas-value",
            options.alpha, layout.replica.statefulset
        ));
    }
    if !checks.problems.is_empty() {
        return checks.refuse();
    }
    checks.count += 1;
    let journal = Journal {
        version: Journal::version(),
        state: State::Upgrading,
        alpha: options.alpha.clone(),
        beta: options.beta.clone(),
        namespace: options.namespace.clone(),
        admin_namespace: options.admin_namespace.clone(),
        admin_release: admin.map(|admin| admin.name),
        holder: options.holder.clone(),
        began: journal::now(),
        written: journal::now(),
        fence: options.fence.as_str().into(),
        replicas_value,
        alpha_values: alpha.config.clone(),
        timeout: options.timeout.as_secs(),
        steps: Vec::new(),
        layout,
        alpha_revision: alpha.version as u32,
        alpha_title: alpha.chart_label(),
        future,
        former: Vec::new(),
        scaled: Vec::new(),
        fenced: false,
        fork: None,
        lowered_revision: None,
        job: None,
        taken: false,
        touched: false,
        job_log: Vec::new(),
        promotion: None,
        beta_mark: None,
        beta_claims: Vec::new(),
        beta_rows: None,
        beta_schema: None,
        beta_up: None,
        loss_accepted: false,
        alpha_kept: Vec::new(),
        alpha_claims: Vec::new(),
        check_sql: options.check_sql.clone(),
        route: None,
        slot,
        warnings: checks.warnings.clone(),
        stored: None,
    };
    let server = journal.layout.master.server(cluster, &options.namespace);
    envelope::must_have_room(&journal, &server.changes().await?).map_err(|problem| Error::Problems(vec![problem]))?;
    for warning in &checks.warnings {
        show.warning(warning);
    }
    let summary = format!("{} checks, {} objects dry-run on the server", checks.count, journal.future.objects);
    show.plan(&plan::lines(options, &alpha, &journal, lag));
    Ok(Found { journal, summary })
}

/// Alpha must be deployed and at rest, and beta's name free. Alpha; `None` when there is none.
async fn both_releases(
    cluster: &Cluster,
    options: &UpgradeOptions,
    checks: &mut Checks,
) -> Result<Option<Release>, Error> {
    checks.count += 1;
    let alpha = releases::current(cluster, &options.namespace, &options.alpha).await?;
    if alpha.is_none() {
        let known = releases::names(cluster, &options.namespace).await.unwrap_or_default();
        let listed =
            if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) };
        checks.problem(
            format!("release {} is not deployed in namespace {}", options.alpha, options.namespace),
            format!("name a deployed core release ({listed})"),
        );
    }
    checks.count += 1;
    checks.problems.extend(releases::under_way(cluster, &options.namespace, &options.alpha).await?);
    checks.count += 1;
    if let Some(status) = releases::status(cluster, &options.namespace, &options.beta).await? {
        checks.problem(
            format!("release {} exists in namespace {} already (status {status})", options.beta, options.namespace),
            format!(
                "choose another name, or remove it: vulas-native uninstall {} -n {}",
                options.beta, options.namespace
            ),
        );
    }

    if options.fence == Fence::Scale && alpha.is_some() {
        checks.count += 1;
        if writers::find(cluster, &options.namespace, &options.alpha).await?.is_empty() {
            checks.problems.push(writers::none(&options.alpha));
        }
    }
    Ok(alpha)
}

/// Where alpha's database is, and whether its replica and what hangs on it can be taken. `None` when it is not to be found.
async fn database(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    alpha: &Release,
    checks: &mut Checks,
) -> Result<Option<Database>, Error> {
    checks.count += 1;
    let found = layout::find(
        cluster,
        &options.namespace,
        &options.alpha,
        &releases::statefulsets(alpha),
        &options.given,
        &mut checks.problems,
        &mut checks.warnings,
    )
    .await;
    let Some(mut layout) = found else { return Ok(None) };
    checks.count += 1;
    if let Some(problem) = versions::refusal(&layout.master.identity) {
        checks.problems.push(problem);
        // It would not understand what it is asked below.
        return Ok(None);
    }
    checks.warnings.extend(versions::warning(&layout.master.identity));
    let lag = replica::look(cluster, show, options, &layout, checks).await?;
    volume::look(cluster, options, &mut layout, checks).await?;
    checks.count += 3;
    let (problems, warnings) = keepers::look(cluster, &options.namespace, &layout.replica.statefulset).await;
    checks.problems.extend(problems);
    checks.warnings.extend(warnings);
    let found = hazards::look(cluster, &options.namespace, &layout, &options.beta).await?;
    checks.problems.extend(found.problems);
    checks.warnings.extend(found.warnings);
    if options.fence == Fence::ReadOnly {
        checks.count += 1;
        checks.problems.extend(fence::look(&layout.master.server(cluster, &options.namespace)).await?);
    }
    Ok(Some(Database { layout, lag, slot: found.slot, libraries: found.libraries }))
}

/// The release of the admin namespace that serves alpha; not finding it is no problem.
async fn admin_release(cluster: &Cluster, options: &UpgradeOptions) -> Option<Release> {
    let namespace = options.admin_namespace.as_ref()?;
    for name in releases::names(cluster, namespace).await.ok()? {
        let release = releases::current(cluster, namespace, &name).await.ok().flatten();
        let serves = |release: &Release| traffic::served_by(release, route::RELEASE_VALUE);
        if release.as_ref().and_then(serves).as_deref() == Some(options.alpha.as_str()) {
            return release;
        }
    }
    None
}
