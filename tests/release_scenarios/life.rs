//! What goes well.

use super::*;

pub async fn install_upgrade_rollback_uninstall(cluster: &Cluster, ns: &str) {
    let first = install(cluster, ns, "w", words(), json!({})).await.unwrap();
    assert_eq!(
        (first.version, first.info.status, first.info.notes.as_str()),
        (1, Status::Deployed, "Say first (revision 1)")
    );
    assert_eq!(words_of(cluster, ns, "w").await, ["0 first", "1 first", "2 first"]);
    let map = get(cluster, "v1", "ConfigMap", ns, "w-0").await.unwrap();
    assert_eq!(map["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert_eq!(map["metadata"]["annotations"]["meta.helm.sh/release-name"], "w");
    let managers: Vec<&str> = map["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect();
    assert_eq!(managers, ["helm"]);

    let second = upgrade(cluster, ns, "w", words(), json!({"word": "second", "count": 2})).await.unwrap();
    assert_eq!((second.version, second.config.to_string().as_str()), (2, r#"{"count":2,"word":"second"}"#));
    assert_eq!(words_of(cluster, ns, "w").await, ["0 second", "1 second"]);
    assert_eq!(states(cluster, ns, "w").await, "1 superseded, 2 deployed");

    // No values given: the former ones count.
    upgrade(cluster, ns, "w", words(), json!({})).await.unwrap();
    assert_eq!(words_of(cluster, ns, "w").await, ["0 second", "1 second"]);

    let back = action::rollback(cluster, ns, "w", 1, &common(), &Heard::default()).await.unwrap();
    assert_eq!((back.version, back.info.description.as_str()), (4, "Rollback to 1"));
    assert_eq!(words_of(cluster, ns, "w").await, ["0 first", "1 first", "2 first"]);
    assert_eq!(states(cluster, ns, "w").await, "1 superseded, 2 superseded, 3 superseded, 4 deployed");

    uninstall(cluster, ns, "w").await;
    assert_eq!(words_of(cluster, ns, "w").await, [] as [&str; 0]);
    assert_eq!(states(cluster, ns, "w").await, "");
}

pub async fn unchanged_objects_are_not_written(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "u", words(), json!({})).await.unwrap();
    let version = async |name: &str| {
        let map = get(cluster, "v1", "ConfigMap", ns, name).await.unwrap();
        map["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
    };
    let before = version("u-0").await;
    let counter = Fails::at(usize::MAX, false, false);
    let counted = cluster.with_hook(counter.clone());
    upgrade(&counted, ns, "u", words(), json!({"count": 4})).await.unwrap();
    assert_eq!(version("u-0").await, before);
    let written = counter.paths.lock().unwrap().clone();
    let objects: Vec<&String> = written.iter().filter(|path| !path.contains("sh.helm.release")).collect();
    assert_eq!(
        objects,
        [&format!("create /api/v1/namespaces/{ns}/secrets"), &format!("apply /api/v1/namespaces/{ns}/configmaps/u-3")]
    );
    uninstall(cluster, ns, "u").await;
}

pub async fn history_is_kept_short(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "h", words(), json!({})).await.unwrap();
    for word in ["a", "b", "c"] {
        let options = UpgradeOptions { common: Common { history_max: 2, ..common() }, ..upgrade_options("h", ns) };
        let values = values_of(&json!({"word": word}));
        action::upgrade(cluster, words(), values, &options, &Heard::default()).await.unwrap();
    }
    assert_eq!(states(cluster, ns, "h").await, "3 superseded, 4 deployed");
    uninstall(cluster, ns, "h").await;
}

pub async fn what_holds_data_and_what_is_kept_stays(cluster: &Cluster, ns: &str) {
    let chart = || {
        chart_of(
            "data",
            &[(
                "templates/all.yaml",
                "{{ if not .Values.empty }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: one}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: two}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
---
{{ end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: gone}
",
            )],
        )
    };
    // Nobody binds these claims: only hooks are waited for.
    let options = InstallOptions { common: Common { wait: Wait::HooksOnly, ..common() }, ..install_options("d", ns) };
    action::install(cluster, chart(), values_of(&json!({})), &options, &Heard::default()).await.unwrap();
    let heard = Heard::default();
    let options = UpgradeOptions { common: Common { wait: Wait::HooksOnly, ..common() }, ..upgrade_options("d", ns) };
    action::upgrade(cluster, chart(), values_of(&json!({"empty": true})), &options, &heard).await.unwrap();
    assert!(
        heard.all().contains("persistentvolumeclaim/one is no part of the release any more and was kept"),
        "{}",
        heard.all()
    );
    for (kind, name) in [("PersistentVolumeClaim", "one"), ("ConfigMap", "kept"), ("ConfigMap", "gone")] {
        assert!(get(cluster, "v1", kind, ns, name).await.is_some(), "{kind} {name}");
    }
    action::upgrade(cluster, chart(), values_of(&json!({"empty": false})), &options, &heard).await.unwrap();
    let options = UninstallOptions { delete_claims: vec!["two".into()], ..UninstallOptions::new("d", ns) };
    let outcome = action::uninstall(cluster, &options, &Heard::default()).await.unwrap().unwrap();
    let names = |references: &[ObjectRef]| references.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&outcome.kept_by_policy), names(&outcome.kept_claims)),
        (vec!["kept".into()], vec!["one".into()])
    );
    for (kind, name, there) in [
        ("PersistentVolumeClaim", "one", true),
        ("PersistentVolumeClaim", "two", false),
        ("ConfigMap", "kept", true),
        ("ConfigMap", "gone", false),
    ] {
        assert_eq!(get(cluster, "v1", kind, ns, name).await.is_some(), there, "{kind} {name}");
    }
}

pub async fn definitions_come_first(cluster: &Cluster, ns: &str) {
    let group = format!("{ns}.example.com");
    let crd = format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: foos.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{plural: foos, singular: foo, kind: Foo}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}}}
"
    );
    let object = format!(
        "{{{{ if not (.Capabilities.APIVersions.Has \"{group}/v1/Foo\") }}}}{{{{ fail \"no Foo\" }}}}{{{{ end }}}}
apiVersion: {group}/v1
kind: Foo
metadata: {{name: x}}
spec: {{a: 1}}
"
    );
    let chart = chart_of("crd", &[("crds/foo.yaml", &crd), ("templates/x.yaml", &object)]);
    install(cluster, ns, "c", chart, json!({})).await.unwrap();
    let found = ObjectRef::new(&format!("{group}/v1"), "Foo", ns, "x");
    assert_eq!(cluster.get(&found).await.unwrap().unwrap()["spec"]["a"], 1);
    uninstall(cluster, ns, "c").await;
    // Definitions are never deleted: all objects of their kind would go.
    let definition =
        ObjectRef::cluster_wide("apiextensions.k8s.io/v1", "CustomResourceDefinition", &format!("foos.{group}"));
    assert!(cluster.get(&definition).await.unwrap().is_some());
    cluster.delete(&definition, &DeleteOptions::default()).await.unwrap();
}

pub async fn templates_look_things_up(cluster: &Cluster, ns: &str) {
    let chart = chart_of(
        "look",
        &[(
            "templates/x.yaml",
            "apiVersion: v1
kind: ConfigMap
metadata: {name: found}
data:
  seen: {{ (lookup \"v1\" \"ConfigMap\" .Release.Namespace \"there\").data.a | quote }}
  missing: {{ lookup \"v1\" \"ConfigMap\" .Release.Namespace \"not-there\" | toJson | quote }}
  count: {{ len (lookup \"v1\" \"ConfigMap\" .Release.Namespace \"\").items | gt 1 | quote }}
",
        )],
    );
    let there = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there", "namespace": ns}, "data": {"a": "yes"}});
    cluster.create(&there, "test", false).await.unwrap();
    install(cluster, ns, "l", chart, json!({})).await.unwrap();
    let found = get(cluster, "v1", "ConfigMap", ns, "found").await.unwrap();
    assert_eq!((&found["data"]["seen"], &found["data"]["missing"]), (&json!("yes"), &json!("{}")));
    uninstall(cluster, ns, "l").await;
}

pub async fn adoption(cluster: &Cluster, ns: &str) {
    for name in ["w-0", "w-1"] {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": ns}, "data": {"mine": "x"}});
        cluster.create(&object, "somebody", false).await.unwrap();
    }
    let error = install(cluster, ns, "w", words(), json!({})).await.unwrap_err();
    // Every problem at once, in Helm's words.
    for name in ["w-0", "w-1"] {
        let line = format!(
            "ConfigMap {name:?} in namespace {ns:?} exists and cannot be imported into the current release: invalid ownership metadata; \
             label validation error: missing key \"app.kubernetes.io/managed-by\": must be set to \"Helm\""
        );
        assert!(error.message.contains(&line), "{error}");
    }
    assert!(error.message.starts_with("unable to continue with install: "), "{error}");
    assert_eq!((error.outcome, states(cluster, ns, "w").await.as_str()), (Outcome::Nothing, ""));

    let options = InstallOptions { take_ownership: true, ..install_options("w", ns) };
    action::install(cluster, words(), values_of(&json!({})), &options, &Heard::default()).await.unwrap();
    let adopted = get(cluster, "v1", "ConfigMap", ns, "w-0").await.unwrap();
    assert_eq!(adopted["data"], json!({"mine": "x", "word": "first"}));
    // Another release cannot have them now.
    let error = install(
        cluster,
        ns,
        "w-other",
        chart_of("thief", &[("templates/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w-0}\n")]),
        json!({}),
    )
    .await
    .unwrap_err();
    assert!(error.message.contains("must equal \"w-other\": current value is \"w\""), "{error}");
    uninstall(cluster, ns, "w").await;
}

/// Text that does not compress: digits of a linear congruence.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 40) as u8 % 26)
    };
    std::iter::repeat_with(digit).take(length).collect()
}

pub async fn a_record_larger_than_a_secret(cluster: &Cluster, ns: &str) {
    let chart = || {
        let mut chart = words();
        chart.files.push(chart::File { name: "large.txt".into(), data: noise(1_500_000).into() });
        chart
    };
    install(cluster, ns, "big", chart(), json!({})).await.unwrap();
    upgrade(cluster, ns, "big", chart(), json!({"word": "second"})).await.unwrap();
    let history = history(cluster, ns, "big").await;
    for release in history.revisions() {
        assert_eq!(vulas_native::release::chart::from_record(&release.chart).files, chart().files);
    }
    assert!(get(cluster, "v1", "Secret", ns, "sh.helm.release.v1.big.v2.part1").await.is_some());
    uninstall(cluster, ns, "big").await;
    // The parts are owned by the record's Secret: whoever deletes that, Helm as well, deletes them.
    let part = ObjectRef::new("v1", "Secret", ns, "sh.helm.release.v1.big.v2.part1");
    cluster.wait_deleted(&[part], Duration::from_secs(60), &Heard::default()).await.unwrap();
}
