//! Objects that take their time: hooks, Deployments, and numbers that an autoscaler holds.

use vulas_native::{
    action::TestOptions,
    cluster::Patch,
    release::{Hook, HookPhase},
};

use super::*;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {tag: {{ .Values.tag | quote }}}}
    spec:
      {{- if eq .Values.tag \"broken\" }}
      nodeSelector: {there: is-no-such-node}
      {{- end }}
      containers:
      - name: web
        image: example/web:{{ if eq .Values.tag \"broken\" }}does-not-exist{{ else }}1{{ end }}
";

fn web() -> Chart {
    chart_of(
        "web",
        &[
            ("values.yaml", "tag: one\n"),
            ("templates/web.yaml", DEPLOYMENT),
            ("templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map-{{ .Values.tag }}}\n"),
        ],
    )
}

fn job(name: &str, annotations: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}, annotations: {{{annotations}}}}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: example/job:1}}]}}}}}}
"
    )
}

pub async fn hooks_run_in_their_order(cluster: &Cluster, ns: &str) {
    let late = job("late", "helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '5'");
    let early = job(
        "early",
        "helm.sh/hook: pre-install, helm.sh/hook-weight: '-5', helm.sh/hook-delete-policy: hook-succeeded",
    );
    let checked = job("checked", "helm.sh/hook: test");
    let chart = || {
        chart_of(
            "hooked",
            &[
                ("templates/a.yaml", &late),
                ("templates/b.yaml", &early),
                ("templates/c.yaml", &checked),
                ("templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n"),
            ],
        )
    };
    install(cluster, ns, "hooked", chart(), json!({})).await.unwrap();
    let installed = history(cluster, ns, "hooked").await.last().unwrap().clone();
    let hook = |release: &Release, name: &str| -> Hook {
        release.hooks.iter().find(|hook| hook.name == name).unwrap().clone()
    };
    let (early_run, late_run) = (hook(&installed, "early").last_run, hook(&installed, "late").last_run);
    assert_eq!((early_run.phase, late_run.phase), (HookPhase::Succeeded, HookPhase::Succeeded));
    assert!(early_run.completed_at.timestamp() <= late_run.started_at.timestamp());
    assert_eq!(hook(&installed, "checked").last_run.phase, HookPhase::None);
    assert!(get(cluster, "batch/v1", "Job", ns, "early").await.is_none(), "hook-succeeded");
    let first = get(cluster, "batch/v1", "Job", ns, "late").await.unwrap();

    // Made anew, since its default policy is before-hook-creation.
    upgrade(cluster, ns, "hooked", chart(), json!({})).await.unwrap();
    let second = get(cluster, "batch/v1", "Job", ns, "late").await.unwrap();
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);

    let options = TestOptions {
        name: "hooked".into(),
        namespace: ns.into(),
        only: Vec::new(),
        except: Vec::new(),
        timeout: Duration::from_secs(60),
        logs: false,
    };
    let tested = action::test(cluster, &options, &Heard::default()).await.unwrap();
    tested.outcome.unwrap();
    let recorded = history(cluster, ns, "hooked").await.last().unwrap().clone();
    assert_eq!(hook(&recorded, "checked").last_run.phase, HookPhase::Succeeded);
    uninstall(cluster, ns, "hooked").await;
}

pub async fn what_does_not_become_ready_is_put_back(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "web", web(), json!({})).await.unwrap();
    let ready = get(cluster, "apps/v1", "Deployment", ns, "web").await.unwrap();
    assert_eq!(ready["status"]["readyReplicas"], 1, "the install has waited");
    let options =
        UpgradeOptions { common: Common { timeout: Duration::from_secs(3), ..common() }, ..upgrade_options("web", ns) };
    let values = values_of(&json!({"tag": "broken"}));
    let error = action::upgrade(cluster, web(), values, &options, &Heard::default()).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::PutBack, "{error}");
    for part in [
        "timed out after 3 s waiting for deployment/web: ",
        "pod/web-",
        "Revision 2 is recorded as failed, revision 1 is deployed as before.",
    ] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    let restored = get(cluster, "apps/v1", "Deployment", ns, "web").await.unwrap();
    assert_eq!(restored["spec"]["template"], ready["spec"]["template"]);
    assert!(get(cluster, "v1", "ConfigMap", ns, "map-broken").await.is_none());
    assert!(get(cluster, "v1", "ConfigMap", ns, "map-one").await.is_some());
    assert_eq!(states(cluster, ns, "web").await, "1 deployed, 2 failed");
    uninstall(cluster, ns, "web").await;
}

pub async fn the_autoscaler_keeps_its_number(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "web", web(), json!({})).await.unwrap();
    let deployment = ObjectRef::new("apps/v1", "Deployment", ns, "web");
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    cluster.patch(&deployment, &three, Some("scale"), "kube-controller-manager").await.unwrap();
    let heard = Heard::default();
    let values = values_of(&json!({"tag": "two"}));
    action::upgrade(cluster, web(), values, &upgrade_options("web", ns), &heard).await.unwrap();
    let live = cluster.must_get(&deployment).await.unwrap();
    assert_eq!(
        (&live["spec"]["replicas"], &live["spec"]["template"]["metadata"]["annotations"]["tag"]),
        (&json!(3), &json!("two"))
    );
    assert!(heard.all().contains("deployment/web: its replicas are left to the autoscaler"), "{}", heard.all());
    uninstall(cluster, ns, "web").await;
}
