//! What beta will be made of, and whether it would run.

use serde_json::Value as Json;

use super::Checks;
use crate::cluster::{Cluster, ObjectRef};
use crate::handover::{
    Error, Layout, Show, UpgradeOptions, choices, containers, credentials, fit, journal, permissions, releases, source,
};

/// What beta will be made of; `None` when it can't be, for reasons that were added to the problems.
pub(super) async fn look(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    alpha: &Json,
    layout: &Layout,
    libraries: &[String],
    checks: &mut Checks,
) -> Result<Option<journal::Future>, Error> {
    let wanted = choices::Wanted {
        namespace: &options.namespace,
        beta: &options.beta,
        chart: &options.chart,
        claim_value: options.claim_value.as_deref(),
        credentials_value: options.credentials_value.as_deref(),
        layout,
    };
    let own = (!options.reset_values).then_some(alpha);
    let chosen = match choices::choose(&wanted, own, &options.values) {
        Ok(chosen) => chosen,
        Err(problem) => {
            checks.problems.push(problem);
            return Ok(None);
        }
    };
    let request = releases::InstallRequest {
        namespace: &options.namespace,
        name: &options.beta,
        chart: &options.chart,
        values: &chosen.values,
        timeout: options.timeout,
        label: None,
    };
    match releases::plan_install(cluster, show, &request).await {
        Ok(planned) => {
            checks.count += 1;
            checks.problems.extend(permissions::of_objects(cluster, &options.namespace, &planned.objects).await?);
            beta_fits(cluster, options, layout, &planned, &chosen.claim_value, libraries, checks).await?;
            Ok(Some(journal::Future {
                chart: source::lasting(&options.chart),
                digest: Some(planned.digest.clone()),
                title: planned.title.clone(),
                values: chosen.values,
                objects: planned.objects.len(),
                claim_stems: planned.claim_stems(),
                kept_secrets: planned.kept_secrets(),
            }))
        }
        Err(problems) => {
            checks.problems.extend(problems);
            Ok(None)
        }
    }
}

/// Whether beta, as planned, would run on the volume, with the right PostgreSQL and passwords, and on no stale claims.
async fn beta_fits(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &Layout,
    planned: &releases::Planned,
    claim_value: &str,
    libraries: &[String],
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 4;
    let claim = layout.volume.claim.as_str();
    let pod = cluster.get(&ObjectRef::new("v1", "Pod", &options.namespace, &layout.replica.pod)).await?;
    let image = pod.as_ref().and_then(|pod| {
        let server = containers::postgres(pod.get("spec")?, None, Some(&layout.replica.container)).ok()??;
        Some(containers::text(server.container, "/image")?.to_owned())
    });
    let image = image.unwrap_or_default();
    let fit = fit::check(&planned.objects, &planned.title, &options.beta, claim_value, layout, &image);
    let fits = fit.problems.is_empty();
    let other = fit::server_on(&planned.objects, claim, &layout.replica.container)
        .and_then(|(_, c)| containers::text(c, "/image"));
    if let Some(other) =
        other.filter(|other| containers::image_base(other) != containers::image_base(&image) && !libraries.is_empty())
    {
        checks.warnings.push(format!(
            "{other} must have what the database uses beside PostgreSQL itself: {}",
            libraries.join(", ")
        ));
    }
    checks.problems.extend(fit.problems);
    checks.warnings.extend(fit.warnings);
    if !fits {
        return Ok(());
    }
    checks
        .problems
        .extend(credentials::check(cluster, &options.namespace, &planned.objects, layout, &options.beta).await);
    let live = cluster.list("v1", "PersistentVolumeClaim", Some(&options.namespace), None).await?;
    let names: Vec<&str> = live.iter().filter_map(|c| c.pointer("/metadata/name")?.as_str()).collect();
    for name in names {
        if planned.claim_stems().iter().any(|stem| releases::is_claim_of(name, stem)) && name != claim {
            checks.problem(
                format!("persistentvolumeclaim/{name} is left from an earlier release of that name: a replica would start on its old rows"),
                format!("delete it: kubectl -n {} delete pvc {name}", options.namespace),
            );
        }
    }
    Ok(())
}
