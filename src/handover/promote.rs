//! Step 5: the volume becomes a master of its own, on a new timeline, by a Job that has no network.
//!
//! Deleting the standby file and starting is not a promotion: the copy would go on under alpha's timeline and could
//! attach to alpha again. The Job (`promote.sh`) runs with the StatefulSet's own image, user and mounts.

use std::time::Duration;

use serde_json::{Map, json};

use super::{Error, MANAGER, Promotion, claims, containers, job, run::Run};
use crate::cluster::{Json, ObjectRef, Step, wait_until};

/// What runs in the Job.
const SCRIPT: &str = include_str!("promote.sh");
/// Label of the Job and its pods.
pub const STEP_LABEL: &str = "vulas-native/step";
/// The line that the script ends with when all is well.
const RESULT: &str = "promote: result ";
/// What the user should know of what it found.
const WARNING: &str = "promote: warning: ";
/// Where the script's own files live.
const WORK: &str = "/vulas-native";

/// Runs the Job to its end.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let namespace = run.journal.namespace.clone();
    let claim = run.journal.layout.volume.claim.clone();
    let (name, fresh) = match run.journal.job.clone() {
        // Left by an interrupted run: if it is still there and has not failed, it is followed.
        Some(name) if job::is_alive(run, &name).await? => (name, false),
        Some(name) => {
            job::settle(run, &name).await?;
            (unique_name(&run.journal.beta), true)
        }
        None => (unique_name(&run.journal.beta), true),
    };
    let users = claims::users(&run.cluster, &namespace, &claim).await?;
    let own: Vec<&str> = users.iter().map(String::as_str).filter(|pod| pod.starts_with(&name)).collect();
    claims::must_be_free(&run.cluster, &namespace, &claim, &own).await?;
    if fresh {
        let object = build(run, &name).await?;
        run.journal.job = Some(name.clone());
        run.journal.job_log.clear();
        run.save().await?;
        run.cluster.create(&object, MANAGER, false).await?;
    }
    job::release(run, &name).await?;
    // Start, replay and promotion may each take the limit; so may the pull of an image.
    let limit = run.timeout * 4;
    let heard = job::Heard::new(run.show);
    let log = match run.cluster.wait_job(&job::reference(&namespace, &name), limit, &heard).await {
        Ok(log) => whole(run, &name, log).await,
        Err(error) => {
            // Its pods may be gone when it is taken back.
            run.journal.job_log = heard.lines();
            return Err(error.into());
        }
    };
    run.journal.job_log = log.lines().map(str::to_owned).collect();
    let promotion = read_result(&log).ok_or_else(|| {
        Error::Verify(format!(
            "job/{name} ended well, but its log has no result line; its last line: {}",
            log.lines().last().unwrap_or("(empty)")
        ))
    })?;
    if let Some(fork) = &run.journal.fork
        && promotion.switched < fork.lsn
    {
        return Err(Error::Verify(format!(
            "the volume was promoted at {}, before the fork at {}",
            promotion.switched, fork.lsn
        )));
    }
    let before = run.journal.layout.master.identity.timeline;
    let detail = format!(
        "timeline {before} → {} at {}, owner of the volume: {}",
        promotion.timeline, promotion.switched, run.journal.beta
    );
    run.journal.promotion = Some(promotion);
    run.save().await?;
    let warned: Vec<String> = log.lines().filter_map(|line| line.strip_prefix(WARNING)).map(str::to_owned).collect();
    for words in warned {
        run.warn(words);
    }
    job::remove(run, &name).await?;
    drop_slot(run).await;
    Ok(detail)
}

/// The log of a Job that has ended well. One that was followed may have broken off before its last line: then it is read once
/// more.
async fn whole(run: &Run<'_>, job: &str, followed: String) -> String {
    if read_result(&followed).is_some() {
        return followed;
    }
    let logs = job::logs(run, job).await;
    logs.into_iter().find(|log| read_result(log).is_some()).unwrap_or(followed)
}

/// Nobody reads the replica's slot on alpha's master any more: WAL would pile up there until the disk is full.
async fn drop_slot(run: &mut Run<'_>) {
    let Some(slot) = run.journal.slot.clone() else { return };
    let master = run.journal.layout.master.server(&run.cluster, &run.journal.namespace);
    let look = || {
        let (master, slot) = (master.clone(), slot.clone());
        async move {
            match master.drop_slot(&slot).await {
                Ok(true) => Ok(Step::Done(())),
                Ok(false) => Ok(Step::Pending("still in use".into())),
                Err(error) => Ok(Step::Pending(error.to_string())),
            }
        }
    };
    let limit = run.timeout.min(Duration::from_secs(30));
    if wait_until(&format!("replication slot {slot} to be dropped"), limit, run.show, look).await.is_err() {
        run.warn(format!(
            "replication slot {slot} of {} could not be dropped, and holds WAL for nobody: SELECT pg_drop_replication_slot('{slot}')",
            master.target()
        ));
    }
}

/// Removes the Job; what it did to the volume is for the step before to deal with.
pub async fn undo(run: &mut Run<'_>) -> Result<String, Error> {
    let Some(name) = run.journal.job.clone() else { return Ok("there was none".into()) };
    job::settle(run, &name).await?;
    Ok(format!("job/{name} removed"))
}

fn unique_name(beta: &str) -> String {
    // 63 characters at most, since the name becomes a label of the pods.
    let stem: String = beta.chars().take(45).collect();
    format!("{stem}-promote-{:08x}", rand::random::<u32>())
}

fn read_result(log: &str) -> Option<Promotion> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix(RESULT))?;
    let field = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    Some(Promotion { timeline: field("timeline")?.parse().ok()?, switched: field("switched")?.parse().ok()? })
}

/// `-c 'name=value'` for each setting, quoted for the shell that `pg_ctl` starts the server with.
fn server_options(settings: &[(String, String)], data: &str) -> String {
    let own_config = format!("{}/postgresql.conf", data.trim_end_matches('/'));
    let wanted = settings.iter().filter(|(name, value)| name != "config_file" || *value != own_config);
    let options = wanted.map(|(name, value)| format!("-c '{name}={}'", value.replace('\'', r"'\''")));
    options.collect::<Vec<_>>().join(" ")
}

/// The parts of a pod's specification that decide where and as whom it runs.
const INHERITED: [&str; 9] = [
    "securityContext",
    "nodeSelector",
    "tolerations",
    "imagePullSecrets",
    "serviceAccountName",
    "runtimeClassName",
    "priorityClassName",
    "schedulerName",
    "hostUsers",
];

async fn build(run: &Run<'_>, name: &str) -> Result<Json, Error> {
    let journal = &run.journal;
    let place = &journal.layout.replica;
    let statefulset = ObjectRef::new("apps/v1", "StatefulSet", &journal.namespace, &place.statefulset);
    let missing = || {
        Error::unfit(
            format!("{statefulset} has no container {}", place.container),
            "somebody changed it since preflight",
        )
    };
    let live = run.cluster.get(&statefulset).await?.ok_or_else(missing)?;
    let template = live.pointer("/spec/template/spec").ok_or_else(missing)?;
    let known = containers::postgres(template, None, Some(&place.container)).ok().flatten();
    let container = known.ok_or_else(missing)?.container;
    let fork = journal.fork.as_ref().ok_or_else(|| Error::Verify("the fork was not recorded".into()))?;

    let volume = &journal.layout.volume;
    let mut mounts = vec![json!({"name": "vulas-native-work", "mountPath": WORK})];
    let mut volumes = vec![json!({"name": "vulas-native-work", "emptyDir": {}})];
    let mut data = json!({"name": "vulas-native-data", "mountPath": volume.mount});
    if let Some(sub_path) = &volume.sub_path {
        data["subPath"] = json!(sub_path);
    }
    mounts.push(data);
    volumes.push(json!({"name": "vulas-native-data", "persistentVolumeClaim": {"claimName": volume.claim}}));
    // Writable folders and configuration of the container; no Secrets: nobody logs in.
    let array = |object: &Json, key: &str| object.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    for mount in array(container, "volumeMounts") {
        let source = array(template, "volumes").into_iter().find(|v| v.get("name") == mount.get("name"));
        if let Some(source) = source.filter(|v| v.get("emptyDir").is_some() || v.get("configMap").is_some()) {
            if !volumes.contains(&source) {
                volumes.push(source);
            }
            mounts.push(mount);
        }
    }
    let env = |name: &str, value: &str| json!({"name": name, "value": value});
    let seconds = run.timeout.as_secs().max(60).to_string();
    let mut job_container = json!({
        "name": "promote",
        "image": container.get("image"),
        "command": ["sh", "-c", SCRIPT],
        "env": [
            env("VN_OWNER", &journal.beta),
            env("VN_FORMER", &journal.alpha),
            env("VN_VOLUME", &volume.mount),
            env("VN_DATA", &place.identity.data_directory),
            env("VN_MAJOR", &place.identity.major.to_string()),
            env("VN_USER", &place.identity.user),
            env("VN_FORK", &fork.lsn.to_string()),
            env("VN_TIMELINE", &journal.layout.master.identity.timeline.to_string()),
            env("VN_OPTIONS", &server_options(&fork.settings, &place.identity.data_directory)),
            env("VN_WORK", WORK),
            env("VN_TIMEOUT", &seconds),
        ],
        "volumeMounts": mounts,
    });
    for key in ["imagePullPolicy", "securityContext", "resources"] {
        if let Some(value) = container.get(key) {
            job_container[key] = value.clone();
        }
    }
    let mut pod = Map::new();
    for key in INHERITED {
        if let Some(value) = template.get(key) {
            pod.insert(key.into(), value.clone());
        }
    }
    pod.insert("automountServiceAccountToken".into(), json!(false));
    pod.insert("restartPolicy".into(), json!("Never"));
    pod.insert("containers".into(), json!([job_container]));
    pod.insert("volumes".into(), json!(volumes));
    let labels = json!({
        "app.kubernetes.io/managed-by": MANAGER,
        STEP_LABEL: "promote",
        "vulas-native/from": journal.alpha,
        "vulas-native/to": journal.beta,
    });
    // A mesh's sidecar would keep the pod running for ever.
    let annotations = json!({"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"});
    let deadline = Duration::from_secs(60) + run.timeout * 4;
    Ok(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": journal.namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            // Until the journal says that the volume may be taken.
            "suspend": true,
            "activeDeadlineSeconds": deadline.as_secs(),
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        },
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_result_line_is_read() {
        let log = "promote: starting\npromote: result timeline=2 switched=0/5B1F568 system_identifier=7300\n";
        let promotion = read_result(log).unwrap();
        assert_eq!((promotion.timeline, promotion.switched.to_string().as_str()), (2, "0/5B1F568"));
        assert!(read_result("promote: error: no\n").is_none());
        assert!(read_result("promote: result timeline=x switched=0/1\n").is_none());
    }

    #[test]
    fn settings_are_quoted_for_the_shell() {
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let options =
            server_options(&[setting("max_connections", "100"), setting("config_file", "/d/postgresql.conf")], "/d/");
        assert_eq!(options, "-c 'max_connections=100'");
        let options = server_options(&[setting("config_file", "/etc/it's/p.conf")], "/d");
        assert_eq!(options, r"-c 'config_file=/etc/it'\''s/p.conf'");
    }

    #[test]
    fn names_of_jobs_differ_and_fit_a_label() {
        let long = "b".repeat(53);
        assert!(unique_name(&long).len() <= 63);
        assert_ne!(unique_name("beta"), unique_name("beta"));
    }

    /// What the script says to a lock file with the number of its own process, or of another.
    fn to_a_lock_of(other: Option<u32>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["data", "work"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::fs::write(at("data/PG_VERSION"), "16\n").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let pid = other.map_or("$$".to_owned(), |pid| pid.to_string());
        // Root becomes the owner of the data.
        let shell = format!(
            "echo {pid} > data/postmaster.pid; [ $(id -u) != 0 ] || chown -R 65534:65534 data; exec sh -c \"$SCRIPT\""
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &shell]).current_dir(folder.path()).env("SCRIPT", SCRIPT);
        command.env("VN_DATA", at("data")).env("VN_WORK", at("work")).env("VN_VOLUME", folder.path());
        for (name, value) in [("OWNER", "beta"), ("FORMER", "alpha"), ("MAJOR", "16"), ("USER", "postgres")] {
            command.env(format!("VN_{name}"), value);
        }
        command.env("VN_FORK", "0/1").env("VN_TIMELINE", "1").env("VN_OPTIONS", "").env("VN_TIMEOUT", "1");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    #[test]
    fn a_lock_that_a_killed_server_left_is_removed() {
        // The Job's shell is process 1, as PostgreSQL was in its own container.
        let said = to_a_lock_of(None);
        assert!(said.contains("removing postmaster.pid, left by a server that could not stop cleanly"), "{said}");
    }

    #[test]
    fn a_server_that_runs_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let postgres = folder.path().join("postgres");
        std::os::unix::fs::symlink("/bin/sleep", &postgres).unwrap();
        let mut server = std::process::Command::new(postgres).arg("60").spawn().unwrap();
        let said = to_a_lock_of(Some(server.id()));
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(said.contains(&format!("PostgreSQL runs on this volume as process {}", server.id())), "{said}");
    }

    #[test]
    fn the_script_says_what_is_read_here() {
        for words in
            ["say \"result timeline=", "say \"stopped; the volume is as it was\"", "say \"taking the volume for"]
        {
            assert!(SCRIPT.contains(words), "{words}");
        }
        for line in [RESULT, WARNING, job::UNTOUCHED, job::TAKING] {
            assert!(SCRIPT.contains(line.strip_prefix("promote: ").unwrap()), "{line}");
        }
        for variable in
            ["OWNER", "FORMER", "VOLUME", "DATA", "MAJOR", "USER", "FORK", "TIMELINE", "OPTIONS", "WORK", "TIMEOUT"]
        {
            assert!(SCRIPT.contains(&format!("VN_{variable}")), "{variable}");
        }
    }
}
