//! Step 6: beta is installed on the volume; and its undoing, which removes it and what is its own.

use std::time::Duration;

use super::{Error, claims, releases, run::Run, source};
use crate::cluster::{DeleteOptions, ObjectRef, Step, wait_until};

/// Label of beta's records.
const MARK: &str = "vulas-native/handover";

/// Whether there is a beta that is not this handover's own.
async fn is_foreign(run: &Run<'_>) -> Result<bool, Error> {
    let (namespace, beta) = (&run.journal.namespace, &run.journal.beta);
    let Some(last) = releases::last(&run.cluster, namespace, beta).await? else { return Ok(false) };
    // Later revisions take the labels over, whoever makes them.
    Ok(last.labels.get(MARK) != run.journal.beta_mark.as_ref())
}

/// Installs beta and waits until it is ready.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let (namespace, beta) = (run.journal.namespace.clone(), run.journal.beta.clone());
    let claim = run.journal.layout.volume.claim.clone();
    if run.journal.beta_mark.is_none() {
        run.journal.beta_mark = Some(format!("{:08x}", rand::random::<u32>()));
        run.save().await?;
    }
    match releases::status(&run.cluster, &namespace, &beta).await?.as_deref() {
        Some(_) if is_foreign(run).await? => {
            return Err(Error::unfit(
                format!("release {beta} was installed by somebody else since preflight"),
                format!("choose another name, or remove it: vulas-native uninstall {beta} -n {namespace}"),
            ));
        }
        Some("deployed") => return Ok(format!("{beta} is deployed already")),
        // An earlier run was killed in the middle.
        Some(_) => {
            undo(run).await?;
        }
        None => {}
    }
    source::must_be_same(&run.journal)?;
    claims::must_be_free(&run.cluster, &namespace, &claim, &[]).await?;
    let future = run.journal.future.clone();
    let request = releases::InstallRequest {
        namespace: &namespace,
        name: &beta,
        chart: &future.chart,
        values: &future.values,
        timeout: run.timeout,
        label: run.journal.beta_mark.clone().map(|mark| (MARK.into(), mark)),
    };
    let installed = releases::install(&run.cluster, run.show, &request).await?;
    run.journal.beta_claims = own_claims(run).await?;
    run.save().await?;
    Ok(format!("{}, {installed} objects, all ready", future.title))
}

/// Claims that belong to beta's StatefulSets, other than the one that was handed over.
async fn own_claims(run: &Run<'_>) -> Result<Vec<String>, Error> {
    let handed = &run.journal.layout.volume.claim;
    let stems = &run.journal.future.claim_stems;
    let live = run.cluster.list("v1", "PersistentVolumeClaim", Some(&run.journal.namespace), None).await?;
    let names = live.iter().filter_map(|c| c.pointer("/metadata/name")?.as_str().map(str::to_owned));
    Ok(names.filter(|name| name != handed && stems.iter().any(|stem| releases::is_claim_of(name, stem))).collect())
}

/// Uninstalls beta, waits until its servers are gone, and deletes its own claims and what its chart keeps.
pub async fn undo(run: &mut Run<'_>) -> Result<String, Error> {
    let (namespace, beta) = (run.journal.namespace.clone(), run.journal.beta.clone());
    if is_foreign(run).await? {
        run.warn(format!("release {beta} is not of this handover, and is left as it is"));
        return Ok(format!("{beta} is somebody else's"));
    }
    let mut own = own_claims(run).await?;
    own.extend(run.journal.beta_claims.clone());
    own.sort();
    own.dedup();
    run.journal.beta_claims.clone_from(&own);
    run.save().await?;
    let was_there = releases::uninstall(&run.cluster, run.show, &namespace, &beta, run.timeout).await?;
    // An uninstall returns before the pods are gone; a volume in use can't be given away.
    let mut watched = own.clone();
    watched.push(run.journal.layout.volume.claim.clone());
    let replica = run.journal.layout.replica.pod.clone();
    for claim in &watched {
        wait_unused(run, claim, &replica, run.timeout).await?;
    }
    let deleted = claims::delete(&run.cluster, &namespace, &own, run.timeout, run.show).await?;
    delete_kept(run).await?;
    run.journal.beta_claims.clear();
    run.save().await?;
    let mut detail = if was_there { format!("{beta} uninstalled") } else { format!("{beta} was not there") };
    if !deleted.is_empty() {
        detail.push_str(&format!(", its own claims deleted: {}", deleted.join(", ")));
    }
    Ok(detail)
}

/// Deletes the Secrets that beta's chart keeps over an uninstall: the next beta would take its credentials from them.
async fn delete_kept(run: &Run<'_>) -> Result<(), Error> {
    for name in &run.journal.future.kept_secrets {
        let object = ObjectRef::new("v1", "Secret", &run.journal.namespace, name);
        let owner = run.cluster.get(&object).await?.and_then(|secret| {
            let owner = secret.pointer("/metadata/annotations/meta.helm.sh~1release-name")?;
            owner.as_str().map(str::to_owned)
        });
        // Only what beta itself made.
        if owner.as_deref() == Some(run.journal.beta.as_str()) {
            run.cluster.delete(&object, &DeleteOptions::default()).await?;
        }
    }
    Ok(())
}

async fn wait_unused(run: &Run<'_>, claim: &str, but: &str, timeout: Duration) -> Result<(), Error> {
    let namespace = &run.journal.namespace;
    let look = || async move {
        let users = claims::users(&run.cluster, namespace, claim)
            .await
            .map_err(|e| crate::cluster::Error::Other(e.to_string()))?;
        let left: Vec<String> = users.into_iter().filter(|pod| pod != but).collect();
        Ok(if left.is_empty() {
            Step::Done(())
        } else {
            Step::Pending(format!("mounted by pod/{}", left.join(", pod/")))
        })
    };
    wait_until(&format!("persistentvolumeclaim/{claim} to be unused"), timeout, run.show, look).await?;
    Ok(())
}
