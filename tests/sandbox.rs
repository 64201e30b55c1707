//! The sandbox as its users see it: through a Kubernetes client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, PersistentVolume, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{
    AttachParams, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams, PropagationPolicy, WatchEvent,
    WatchParams,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use vulas_native::sandbox::{Action, Config, Deny, Fault, Matcher, Pace, Server};

async fn start(config: Config) -> (Server, Client) {
    let server = Server::start(Config { pace: Pace::fast(), namespaces: vec!["a".into()], ..config }).await.unwrap();
    let config = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    (server, Client::try_from(config).unwrap())
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn api<T>(client: &Client) -> Api<T>
where
    T: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    Api::namespaced(client.clone(), "a")
}

/// Waits until something is so; panics, saying what, when it never is.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what} has not come about");
}

fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}}},
    })
}

fn stateful_set(replicas: u32, when_scaled: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"replicas": replicas, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": when_scaled, "whenDeleted": "Retain"},
            "template": {"metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "postgres", "image": "postgres:16", "env": [{"name": "POSTGRES_DB", "value": "app"}],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]},
    })
}

async fn ready_set(client: &Client, replicas: i32) {
    until("a ready set", async || {
        let set = api::<StatefulSet>(client).get("db").await.unwrap();
        set.status.is_some_and(|status| status.ready_replicas.unwrap_or(0) == replicas && status.replicas == replicas)
    })
    .await;
}

#[tokio::test]
async fn a_deployment_becomes_ready_rolls_over_and_takes_its_pods_along() {
    let (server, client) = start(Config::default()).await;
    let deployments = api::<Deployment>(&client);
    deployments.create(&PostParams::default(), &read(deployment("web", 2))).await.unwrap();
    let settled = async |image: &str| {
        let pods = api::<Pod>(&client).list(&ListParams::default().labels("app=web")).await.unwrap();
        let of_image = |pod: &Pod| pod.spec.as_ref().unwrap().containers[0].image.as_deref() == Some(image);
        let status = deployments.get("web").await.unwrap().status.unwrap_or_default();
        pods.items.len() == 2 && pods.items.iter().all(of_image) && status.available_replicas == Some(2)
    };
    until("two pods", async || settled("web:1").await).await;
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "web:2"}]}}}});
    deployments.patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.unwrap();
    until("two pods of the new image", async || settled("web:2").await).await;
    let annotations = deployments.get("web").await.unwrap().metadata.annotations.unwrap();
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "2");
    deployments.delete("web", &DeleteParams::foreground()).await.unwrap();
    until("no pods", async || api::<Pod>(&client).list(&ListParams::default()).await.unwrap().items.is_empty()).await;
    assert!(deployments.get_opt("web").await.unwrap().is_none());
    server.stop().await;
}

#[tokio::test]
async fn orphans_live_on() {
    let (_server, client) = start(Config::default()).await;
    let deployments = api::<Deployment>(&client);
    deployments.create(&PostParams::default(), &read(deployment("web", 1))).await.unwrap();
    let pods = async || api::<Pod>(&client).list(&ListParams::default()).await.unwrap().items;
    until("a pod", async || pods().await.len() == 1).await;
    let orphan = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    deployments.delete("web", &orphan).await.unwrap();
    until("the deployment is gone", async || deployments.get_opt("web").await.unwrap().is_none()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(pods().await.len(), 1);
}

#[tokio::test]
async fn a_set_is_scaled_from_its_end_and_keeps_or_drops_its_claims() {
    for (policy, left) in [("Retain", 3), ("Delete", 1)] {
        let (_server, client) = start(Config::default()).await;
        let sets = api::<StatefulSet>(&client);
        sets.create(&PostParams::default(), &read(stateful_set(3, policy))).await.unwrap();
        ready_set(&client, 3).await;
        let scale = Patch::Merge(json!({"spec": {"replicas": 1}}));
        sets.patch_scale("db", &PatchParams::default(), &scale).await.unwrap();
        ready_set(&client, 1).await;
        let claims =
            async || api::<PersistentVolumeClaim>(&client).list(&ListParams::default()).await.unwrap().items.len();
        until("the claims that are due", async || claims().await == left).await;
        assert!(api::<Pod>(&client).get_opt("db-0").await.unwrap().is_some());
        until("as many volumes", async || {
            Api::<PersistentVolume>::all(client.clone()).list(&ListParams::default()).await.unwrap().items.len() == left
        })
        .await;
    }
}

#[tokio::test]
async fn a_claim_in_use_waits_for_its_pod() {
    let (_server, client) = start(Config::default()).await;
    api::<StatefulSet>(&client).create(&PostParams::default(), &read(stateful_set(1, "Retain"))).await.unwrap();
    ready_set(&client, 1).await;
    let claims = api::<PersistentVolumeClaim>(&client);
    let uid = claims.get("data-db-0").await.unwrap().metadata.uid;
    claims.delete("data-db-0", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = claims.get("data-db-0").await.unwrap().metadata;
    assert!(waiting.uid == uid && waiting.deletion_timestamp.is_some());
    api::<Pod>(&client).delete("db-0", &DeleteParams::default()).await.unwrap();
    until("a new claim", async || {
        claims.get_opt("data-db-0").await.unwrap().is_some_and(|claim| claim.metadata.uid != uid)
    })
    .await;
    ready_set(&client, 1).await;
}

async fn psql(client: &Client, pod: &str, sql: &str) -> (String, String, bool) {
    let command = ["psql", "-XAtq", "-d", "app", "-c", sql];
    let mut process = api::<Pod>(client).exec(pod, command, &AttachParams::default()).await.unwrap();
    let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
    let status = process.take_status().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    stdout.read_to_string(&mut out).await.unwrap();
    stderr.read_to_string(&mut err).await.unwrap();
    (out.trim_end().into(), err, status.await.unwrap().status.as_deref() == Some("Success"))
}

#[tokio::test]
async fn a_database_outlives_its_pod() {
    let (_server, client) = start(Config::default()).await;
    api::<StatefulSet>(&client).create(&PostParams::default(), &read(stateful_set(1, "Retain"))).await.unwrap();
    ready_set(&client, 1).await;
    let sql = "CREATE TABLE rows (id int); INSERT INTO rows SELECT g FROM generate_series(1, 1000) g";
    assert!(psql(&client, "db-0", sql).await.2);
    let identity = psql(&client, "db-0", "SELECT system_identifier FROM pg_control_system()").await.0;
    let uid = api::<Pod>(&client).get("db-0").await.unwrap().metadata.uid;
    api::<Pod>(&client).delete("db-0", &DeleteParams::default()).await.unwrap();
    until("a new pod", async || {
        api::<Pod>(&client).get_opt("db-0").await.unwrap().is_some_and(|pod| pod.metadata.uid != uid)
    })
    .await;
    ready_set(&client, 1).await;
    assert_eq!(psql(&client, "db-0", "SELECT count(*) FROM rows").await.0, "1000");
    assert_eq!(psql(&client, "db-0", "SELECT system_identifier FROM pg_control_system()").await.0, identity);
    let (_, error, well) = psql(&client, "db-0", "SELECT count(*) FROM nothing").await;
    assert!(!well && error.contains("relation \"nothing\" does not exist"), "{error}");
    let (_, error, well) = psql(&client, "db-0", "SELECT pg_sleep(1)").await;
    assert!(!well && error.contains("sandbox: does not model"), "{error}");
}

/// As our charts start a master: an init container checks whose the volume is.
fn master(release: &str) -> Value {
    let mut set = stateful_set(1, "Retain");
    let env = json!([{"name": "ROLE", "value": "master"}, {"name": "RELEASE", "value": release},
        {"name": "MOUNT", "value": "/data"}, {"name": "PGDATA", "value": "/data/pgdata"}, {"name": "DB_NAME", "value": "app"}]);
    let mut prepare = set["spec"]["template"]["spec"]["containers"][0].clone();
    prepare["name"] = "prepare".into();
    prepare["env"] = env;
    set["spec"]["template"]["spec"]["initContainers"] = json!([prepare]);
    set
}

#[tokio::test]
async fn a_server_does_not_start_on_the_volume_of_another_release() {
    let (_server, client) = start(Config::default()).await;
    let sets = api::<StatefulSet>(&client);
    sets.create(&PostParams::default(), &read(master("alpha"))).await.unwrap();
    ready_set(&client, 1).await;
    sets.delete("db", &DeleteParams::foreground()).await.unwrap();
    until("no set", async || sets.get_opt("db").await.unwrap().is_none()).await;
    sets.create(&PostParams::default(), &read(master("beta"))).await.unwrap();
    let pods = api::<Pod>(&client);
    until("a crash loop", async || {
        let Some(pod) = pods.get_opt("db-0").await.unwrap() else { return false };
        let statuses = pod.status.and_then(|status| status.init_container_statuses).unwrap_or_default();
        statuses.iter().any(|status| status.restart_count > 1)
    })
    .await;
    let params = LogParams { container: Some("prepare".into()), previous: true, ..LogParams::default() };
    let log = pods.logs("db-0", &params).await.unwrap();
    assert!(log.starts_with("master: refused to start PostgreSQL: the volume belongs to release alpha"), "{log}");
    let events = api::<Event>(&client).list(&ListParams::default()).await.unwrap().items;
    assert!(events.iter().any(|event| event.reason.as_deref() == Some("BackOff")));
    // Alpha's database is as it was.
    sets.delete("db", &DeleteParams::foreground()).await.unwrap();
    until("no set", async || sets.get_opt("db").await.unwrap().is_none()).await;
    sets.create(&PostParams::default(), &read(master("alpha"))).await.unwrap();
    ready_set(&client, 1).await;
}

#[tokio::test]
async fn a_job_runs_to_its_end_and_leaves_a_log() {
    let (_server, client) = start(Config::default()).await;
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "x:1"}]}}}});
    api::<Job>(&client).create(&PostParams::default(), &read(job)).await.unwrap();
    until("a complete job", async || {
        api::<Job>(&client).get("j").await.unwrap().status.is_some_and(|status| status.succeeded == Some(1))
    })
    .await;
    let pods = api::<Pod>(&client).list(&ListParams::default().labels("job-name=j")).await.unwrap().items;
    let pod = pods[0].metadata.name.as_deref().unwrap();
    assert_eq!(api::<Pod>(&client).logs(pod, &LogParams::default()).await.unwrap(), "work: done\n");
    let follow = LogParams { follow: true, ..LogParams::default() };
    let lines: Vec<String> =
        api::<Pod>(&client).log_stream(pod, &follow).await.unwrap().lines().try_collect().await.unwrap();
    assert_eq!(lines, ["work: done"]);
}

#[tokio::test]
async fn images_that_are_not_there_are_told_by_status_and_event() {
    let (_server, client) = start(Config::default()).await;
    let mut bad = deployment("bad", 1);
    bad["spec"]["template"]["spec"]["containers"][0]["image"] = "web:does-not-exist".into();
    api::<Deployment>(&client).create(&PostParams::default(), &read(bad)).await.unwrap();
    until("an event", async || {
        let events = api::<Event>(&client).list(&ListParams::default()).await.unwrap().items;
        events.iter().any(|event| event.message.as_deref().unwrap_or_default().starts_with("Failed to pull image"))
    })
    .await;
    let pod = api::<Pod>(&client).list(&ListParams::default()).await.unwrap().items.remove(0);
    let status = pod.status.unwrap().container_statuses.unwrap().remove(0);
    assert_eq!(status.state.unwrap().waiting.unwrap().reason.as_deref(), Some("ImagePullBackOff"));
}

#[tokio::test]
async fn watches_tell_what_happens_in_order_and_from_where_they_were_left() {
    let (_server, client) = start(Config::default()).await;
    let maps = api::<ConfigMap>(&client);
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let map = |name: &str, label: &str| json!({"metadata": {"name": name, "labels": {"l": label}}});
    maps.create(&PostParams::default(), &read(map("x", "1"))).await.unwrap();
    maps.create(&PostParams::default(), &read(map("y", "2"))).await.unwrap();
    let relabel = Patch::Merge(json!({"metadata": {"labels": {"l": "2"}}}));
    maps.patch("x", &PatchParams::default(), &relabel).await.unwrap();
    maps.delete("y", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    let params = WatchParams::default().labels("l=1").timeout(1);
    let mut stream = maps.watch(&params, &version).await.unwrap().boxed();
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            WatchEvent::Added(map) => seen.push(format!("+{}", map.metadata.name.unwrap())),
            WatchEvent::Modified(map) => seen.push(format!("~{}", map.metadata.name.unwrap())),
            WatchEvent::Deleted(map) => seen.push(format!("-{}", map.metadata.name.unwrap())),
            _ => {}
        }
    }
    assert_eq!(seen, ["+x", "-x"], "an object whose label no longer fits is gone for the watch");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (_server, client) = start(Config::default()).await;
    let maps = api::<ConfigMap>(&client);
    for name in ["m1", "m2", "m3"] {
        maps.create(&PostParams::default(), &read(json!({"metadata": {"name": name, "labels": {"p": "1"}}})))
            .await
            .unwrap();
    }
    let mut params = ListParams::default().labels("p=1").limit(2);
    let first = maps.list(&params).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (2, Some(1)));
    params.continue_token = first.metadata.continue_;
    let second = maps.list(&params).await.unwrap();
    assert_eq!(second.items[0].metadata.name.as_deref(), Some("m3"));
    assert!(second.metadata.continue_.is_none_or(|token| token.is_empty()));
}

#[tokio::test]
async fn a_namespace_takes_what_is_in_it_along() {
    let (_server, client) = start(Config::default()).await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    api::<ConfigMap>(&client).create(&PostParams::default(), &read(held)).await.unwrap();
    let namespaces = Api::<Namespace>::all(client.clone());
    namespaces.delete("a", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let new = json!({"metadata": {"name": "late"}});
    let error = api::<ConfigMap>(&client).create(&PostParams::default(), &read(new)).await.unwrap_err();
    assert!(error.to_string().contains("because it is being terminated"), "{error}");
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    api::<ConfigMap>(&client).patch("held", &PatchParams::default(), &release).await.unwrap();
    until("no namespace", async || namespaces.get_opt("a").await.unwrap().is_none()).await;
}

#[tokio::test]
async fn what_is_denied_is_forbidden() {
    let deny = vec![
        Deny::new("create", "", "secrets"),
        Deny { namespace: Some("a".into()), ..Deny::new("*", "networking.k8s.io", "*") },
    ];
    let (_server, client) = start(Config { deny, ..Config::default() }).await;
    let secret = json!({"metadata": {"name": "s"}});
    let error = api::<Secret>(&client).create(&PostParams::default(), &read(secret.clone())).await.unwrap_err();
    assert!(
        error.to_string().contains("secrets is forbidden: User \"sandbox-admin\" cannot create resource \"secrets\""),
        "{error}"
    );
    assert!(api::<Secret>(&client).list(&ListParams::default()).await.is_ok());
    assert!(api::<Ingress>(&client).list(&ListParams::default()).await.is_err());
    assert!(Api::<Ingress>::namespaced(client, "default").list(&ListParams::default()).await.is_ok());
}

#[tokio::test]
async fn faults_refuse_drop_and_delay_requests_and_all_are_counted() {
    let (server, client) = start(Config::default()).await;
    let faults = server.faults();
    faults.reset();
    let maps = api::<ConfigMap>(&client);
    let map = |name: &str| read::<ConfigMap>(json!({"metadata": {"name": name}}));
    faults.add(Fault::once(Matcher::write(2), Action::internal_error()));
    faults.add(Fault::once_after(Matcher::of("create", "configmaps", ""), Action::Drop));
    // The first write is carried out, but its answer is lost.
    assert!(maps.create(&PostParams::default(), &map("one")).await.is_err());
    assert!(maps.get_opt("one").await.unwrap().is_some());
    // The second is refused.
    let error = maps.create(&PostParams::default(), &map("two")).await.unwrap_err();
    assert!(error.to_string().contains("injected"), "{error}");
    assert!(maps.get_opt("two").await.unwrap().is_none());
    maps.create(&PostParams::default(), &map("two")).await.unwrap();
    assert_eq!((faults.count(), faults.writes()), (5, 3));
    assert_eq!(faults.log()[1].verb, "get");
    faults.add(Fault::always(Matcher::of("get", "configmaps", "two"), Action::Freeze));
    let frozen = tokio::time::timeout(Duration::from_millis(200), maps.get("two")).await;
    assert!(frozen.is_err(), "a frozen request is not answered");
    faults.clear();
    assert!(maps.get("two").await.is_ok());
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let (server, _) = start(Config::default()).await;
    let mut config = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
    config.auth_infos[0].auth_info.as_mut().unwrap().token = Some("wrong".to_string().into());
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let error = api::<ConfigMap>(&Client::try_from(config).unwrap()).list(&ListParams::default()).await.unwrap_err();
    assert!(error.to_string().contains("Unauthorized"), "{error}");
}
