//! Claims of StatefulSets, which hold data: they outlive their set, whatever its own policy says.

use super::*;

/// A StatefulSet that would take its claims with it.
const STATEFULSET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: {{ .Values.name }}}
spec:
  replicas: 1
  serviceName: none
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  selector: {matchLabels: {app: {{ .Values.name }}}}
  template:
    metadata: {labels: {app: {{ .Values.name }}}}
    spec:
      containers: [{name: main, image: example/db:1, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: []
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
";

fn database() -> Chart {
    chart_of("database", &[("values.yaml", "name: old\n"), ("templates/db.yaml", STATEFULSET)])
}

/// Nobody binds these claims, so that nothing becomes ready.
fn unready() -> Common {
    Common { wait: Wait::HooksOnly, ..common() }
}

/// Waits until a claim is its StatefulSet's, to be deleted with it.
async fn owned(cluster: &Cluster, ns: &str, name: &str) {
    let is_owned = || async move {
        let claim = get(cluster, "v1", "PersistentVolumeClaim", ns, name).await;
        let owners = claim.map(|claim| claim["metadata"]["ownerReferences"].clone()).unwrap_or_default();
        Ok(if owners.is_array() {
            vulas_native::cluster::Step::Done(())
        } else {
            vulas_native::cluster::Step::Pending("nobody's".into())
        })
    };
    vulas_native::cluster::wait_until(name, Duration::from_secs(60), &Heard::default(), is_owned).await.unwrap();
}

/// The set is gone, and its claim is there for good.
async fn outlives(cluster: &Cluster, ns: &str, set: &str) {
    let gone = ObjectRef::new("apps/v1", "StatefulSet", ns, set);
    cluster.wait_deleted(&[gone], Duration::from_secs(60), &Heard::default()).await.unwrap();
    let claim = get(cluster, "v1", "PersistentVolumeClaim", ns, &format!("data-{set}-0")).await;
    let metadata = claim.unwrap_or_else(|| panic!("the claim of {set} is gone"))["metadata"].clone();
    assert!(metadata["ownerReferences"].is_null() && metadata["deletionTimestamp"].is_null(), "{metadata}");
}

async fn installed(cluster: &Cluster, ns: &str, name: &str) {
    let options = InstallOptions { common: unready(), ..install_options(name, ns) };
    action::install(cluster, database(), values_of(&json!({})), &options, &Heard::default()).await.unwrap();
    owned(cluster, ns, "data-old-0").await;
}

async fn renamed(cluster: &Cluster, ns: &str, name: &str) -> Result<Release, action::Error> {
    let options = UpgradeOptions { common: unready(), ..upgrade_options(name, ns) };
    action::upgrade(cluster, database(), values_of(&json!({"name": "new"})), &options, &Heard::default()).await
}

pub async fn claims_outlive_a_pruned_statefulset(cluster: &Cluster, ns: &str) {
    installed(cluster, ns, "p").await;
    // The set's as well, but of no pod that its controller looks after.
    let set = get(cluster, "apps/v1", "StatefulSet", ns, "old").await.unwrap();
    let owner = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "old", "uid": set["metadata"]["uid"]});
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "more-old-0", "namespace": ns, "ownerReferences": [owner]},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}},
    });
    cluster.create(&claim, "test", false).await.unwrap();
    renamed(cluster, ns, "p").await.unwrap();
    outlives(cluster, ns, "old").await;
    let more = get(cluster, "v1", "PersistentVolumeClaim", ns, "more-old-0").await.unwrap();
    assert!(more["metadata"]["ownerReferences"].is_null(), "{more}");
    owned(cluster, ns, "data-new-0").await;
    uninstall(cluster, ns, "p").await;
    outlives(cluster, ns, "new").await;
}

pub async fn claims_outlive_an_install_that_is_put_back(cluster: &Cluster, ns: &str) {
    installed(cluster, ns, "f").await;
    uninstall(cluster, ns, "f").await;
    let short = Common { timeout: Duration::from_secs(4), ..common() };
    let options = InstallOptions { common: short, ..install_options("f", ns) };
    let error =
        action::install(cluster, database(), values_of(&json!({})), &options, &Heard::default()).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::PutBack, "{error}");
    outlives(cluster, ns, "old").await;
}

pub async fn claims_outlive_a_killed_upgrade(cluster: &Cluster, ns: &str) {
    installed(cluster, ns, "k").await;
    // Record and StatefulSet are written, the mark is not.
    let killed = renamed(&cluster.with_hook(Fails::at(3, true, false)), ns, "k").await;
    assert!(killed.is_err(), "{killed:?}");
    owned(cluster, ns, "data-new-0").await;
    expire_lease(cluster, ns, "k").await;
    let options = UpgradeOptions { common: unready(), ..upgrade_options("k", ns) };
    action::upgrade(cluster, database(), values_of(&json!({})), &options, &Heard::default()).await.unwrap();
    outlives(cluster, ns, "new").await;
    assert!(get(cluster, "apps/v1", "StatefulSet", ns, "old").await.is_some());
    uninstall(cluster, ns, "k").await;
}
