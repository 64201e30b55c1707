//! What goes wrong, and what is left of it: nothing.

use super::*;

pub async fn refusals_change_nothing(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "r", words(), json!({})).await.unwrap();
    let in_use = install(cluster, ns, "r", words(), json!({})).await.unwrap_err();
    assert!(
        in_use.message.starts_with("release name check failed: cannot reuse a name that is still in use\n"),
        "{in_use}"
    );
    let unknown = upgrade(cluster, ns, "nobody", words(), json!({})).await.unwrap_err();
    assert_eq!(unknown.message, "\"nobody\" has no deployed releases");
    let no_revision = action::rollback(cluster, ns, "r", 7, &common(), &Heard::default()).await.unwrap_err();
    assert_eq!(no_revision.message, "release has no 7 version\nIt has 1.");
    let bad_template = chart_of("bad", &[("templates/x.yaml", "{{ fail \"no way\" }}")]);
    let rendering = upgrade(cluster, ns, "r", bad_template, json!({})).await.unwrap_err();
    assert!(rendering.message.contains("execution error at (bad/templates/x.yaml:1:3): no way"), "{rendering}");
    let unknown_kind =
        chart_of("bad", &[("templates/x.yaml", "apiVersion: x.io/v1\nkind: Foo\nmetadata: {name: x}\n")]);
    let kind = upgrade(cluster, ns, "r", unknown_kind, json!({})).await.unwrap_err();
    assert!(kind.message.contains("no matches for kind \"Foo\" in version \"x.io/v1\""), "{kind}");
    // The server's own check of every object, before the first write: an unknown field, and a value of the wrong type.
    let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\nsurprise: 1\n---\napiVersion: v1\nkind: Service\nmetadata: {name: two}\nspec: {ports: [{port: high}]}\n";
    let refused =
        upgrade(cluster, ns, "r", chart_of("bad", &[("templates/x.yaml", wrong)]), json!({})).await.unwrap_err();
    for part in ["the server refuses 2 objects", "configmap/one", "service/two", "Nothing has been changed."] {
        assert!(refused.message.contains(part), "{part}: {refused}");
    }
    for error in [in_use, unknown, no_revision, rendering, kind, refused] {
        assert_eq!(error.outcome, Outcome::Nothing, "{error}");
    }
    assert_eq!(states(cluster, ns, "r").await, "1 deployed");
    assert_eq!(words_of(cluster, ns, "r").await, ["0 first", "1 first", "2 first"]);
    uninstall(cluster, ns, "r").await;
}

pub async fn conflicts_are_named_and_forced_only_when_asked(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "f", words(), json!({})).await.unwrap();
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "f-0", "namespace": ns}, "data": {"word": "theirs"}});
    let force =
        vulas_native::cluster::ApplyOptions { force: true, ..vulas_native::cluster::ApplyOptions::new("somebody") };
    cluster.apply(&object, &force).await.unwrap();
    let refused = upgrade(cluster, ns, "f", words(), json!({"word": "ours"})).await.unwrap_err();
    assert!(refused.message.contains(".data.word is owned by \"somebody\""), "{refused}");
    assert_eq!((refused.outcome, words_of(cluster, ns, "f").await[0].as_str()), (Outcome::Nothing, "0 theirs"));
    let options = UpgradeOptions { common: Common { force_conflicts: true, ..common() }, ..upgrade_options("f", ns) };
    action::upgrade(cluster, words(), values_of(&json!({"word": "ours"})), &options, &Heard::default()).await.unwrap();
    assert_eq!(words_of(cluster, ns, "f").await, ["0 ours", "1 ours", "2 ours"]);
    uninstall(cluster, ns, "f").await;
}

/// The upgrade that the faults strike: two config maps change, one goes, one is new.
fn after_words() -> Json {
    json!({"word": "second", "count": 4})
}

const BEFORE: [&str; 3] = ["0 first", "1 first", "2 first"];
const AFTER: [&str; 4] = ["0 second", "1 second", "2 second", "3 second"];

/// A fault at every write of an upgrade, before it and after it: either all is done, or all is as before.
pub async fn a_fault_at_every_write_is_put_back(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "k", words(), json!({})).await.unwrap();
    for after in [false, true] {
        for at in 1.. {
            let fails = Fails::at(at, false, after);
            let result = upgrade(&cluster.with_hook(fails.clone()), ns, "k", words(), after_words()).await;
            let struck = fails.seen.load(Ordering::SeqCst) >= at;
            let words = words_of(cluster, ns, "k").await;
            let history = history(cluster, ns, "k").await;
            let deployed: Vec<i64> = history.all_deployed().map(|release| release.version).collect();
            let place = format!(
                "fault at write {at} (after: {after}): {:?}\n{result:?}",
                fails.paths.lock().unwrap().get(at - 1)
            );
            match &result {
                // What fails behind the mark `deployed` is told, but the upgrade counts.
                Ok(release) => {
                    assert_eq!(words, AFTER, "{place}");
                    assert!(deployed.contains(&release.version), "{place}");
                }
                Err(error) => {
                    assert_eq!(words, BEFORE, "{place}");
                    assert!(matches!(error.outcome, Outcome::PutBack | Outcome::Nothing), "{place}");
                    assert_eq!(history.deployed().map(|release| release.version), deployed.last().copied(), "{place}");
                }
            }
            assert!(history.revisions().iter().all(|release| !release.info.status.is_pending()), "{place}");
            if result.is_ok() {
                // Back to the start for the next fault; whatever was left of the marks is mended by it.
                upgrade(cluster, ns, "k", super::words(), json!({"word": "first", "count": 3})).await.unwrap();
            }
            if !struck {
                break;
            }
        }
    }
    assert_eq!(history(cluster, ns, "k").await.all_deployed().count(), 1);
    uninstall(cluster, ns, "k").await;
}

/// The process is killed at every write: the next run puts back what was left and goes on.
pub async fn a_killed_run_is_recovered_by_the_next(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "z", words(), json!({})).await.unwrap();
    for at in 1.. {
        let fails = Fails::at(at, true, at % 2 == 0);
        let killed = upgrade(&cluster.with_hook(fails.clone()), ns, "z", words(), after_words()).await;
        if fails.seen.load(Ordering::SeqCst) < at {
            break;
        }
        expire_lease(cluster, ns, "z").await;
        let place = format!("killed at write {at}: {killed:?}");
        let next = upgrade(cluster, ns, "z", words(), json!({"word": "first", "count": 3})).await;
        let next = next.unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(words_of(cluster, ns, "z").await, BEFORE, "{place}");
        let history = history(cluster, ns, "z").await;
        assert_eq!(history.all_deployed().map(|r| r.version).collect::<Vec<_>>(), [next.version], "{place}");
        assert!(history.revisions().iter().all(|release| !release.info.status.is_pending()), "{place}");
    }
    uninstall(cluster, ns, "z").await;
}

/// The same for an install, which leaves nothing; and for an uninstall, which goes on.
pub async fn a_killed_install_or_uninstall_leaves_no_trace(cluster: &Cluster, ns: &str) {
    for at in 1.. {
        let fails = Fails::at(at, true, at % 2 == 0);
        let killed = install(&cluster.with_hook(fails.clone()), ns, "i", words(), json!({})).await;
        if fails.seen.load(Ordering::SeqCst) < at {
            break;
        }
        expire_lease(cluster, ns, "i").await;
        let place = format!("install killed at write {at}: {killed:?}");
        // Killed behind the mark `deployed` it is installed, whatever the dead process thought.
        let installed = history(cluster, ns, "i").await.deployed().is_some();
        if killed.is_err() && !installed {
            let next = install(cluster, ns, "i", words(), json!({"word": "again"})).await;
            next.unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(words_of(cluster, ns, "i").await, ["0 again", "1 again", "2 again"], "{place}");
        }
        let fails = Fails::at(at, true, at % 2 == 1);
        let options = UninstallOptions::new("i", ns);
        let killed = action::uninstall(&cluster.with_hook(fails), &options, &Heard::default()).await;
        expire_lease(cluster, ns, "i").await;
        if killed.is_err() {
            let options = UninstallOptions { ignore_not_found: true, ..UninstallOptions::new("i", ns) };
            action::uninstall(cluster, &options, &Heard::default()).await.unwrap();
        }
        assert_eq!(words_of(cluster, ns, "i").await, [] as [&str; 0], "uninstall killed at write {at}: {killed:?}");
        assert_eq!(states(cluster, ns, "i").await, "");
    }
    assert!(get(cluster, "v1", "Secret", ns, "i-secret").await.is_some());
    uninstall(cluster, ns, "i").await;
}

pub async fn a_failed_install_leaves_nothing_or_all(cluster: &Cluster, ns: &str) {
    // The third write of objects fails; the record is the first write.
    let error = install(&cluster.with_hook(Fails::at(3, false, false)), ns, "n", words(), json!({})).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::PutBack, "{error}");
    assert!(error.message.contains("Everything was put back: "), "{error}");
    assert_eq!((states(cluster, ns, "n").await.as_str(), words_of(cluster, ns, "n").await.len()), ("", 0));

    // Helm's way: it stays as it is.
    let options =
        InstallOptions { common: Common { on_failure: OnFailure::Leave, ..common() }, ..install_options("n", ns) };
    let faulty = cluster.with_hook(Fails::at(3, false, false));
    let error =
        action::install(&faulty, words(), values_of(&json!({})), &options, &Heard::default()).await.unwrap_err();
    assert_eq!((error.outcome, states(cluster, ns, "n").await.as_str()), (Outcome::Left, "1 failed"), "{error}");
    uninstall(cluster, ns, "n").await;
}

pub async fn two_runs_do_not_meet(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "t", words(), json!({})).await.unwrap();
    let guard = cluster.acquire_lease(ns, "vulas-native.t", "somebody else", Duration::from_secs(6)).await.unwrap();
    let refused = upgrade(cluster, ns, "t", words(), json!({"word": "x"})).await.unwrap_err();
    assert!(
        refused
            .message
            .starts_with("another operation (install/upgrade/rollback) is in progress\nsomebody else works on t"),
        "{refused}"
    );
    assert_eq!(refused.outcome, Outcome::Refused);
    guard.release().await.unwrap();
    upgrade(cluster, ns, "t", words(), json!({"word": "x"})).await.unwrap();
    // A record that somebody has changed is not believed.
    let key = ObjectRef::new("v1", "Secret", ns, "sh.helm.release.v1.t.v2");
    let other = cluster.must_get(&ObjectRef::new("v1", "Secret", ns, "sh.helm.release.v1.t.v1")).await.unwrap();
    let patch = vulas_native::cluster::Patch::Merge(json!({"data": other["data"]}));
    cluster.patch(&key, &patch, None, "somebody").await.unwrap();
    let damaged = upgrade(cluster, ns, "t", words(), json!({})).await.unwrap_err();
    assert!(damaged.message.contains("sh.helm.release.v1.t.v2 was changed after it was written"), "{damaged}");
    cluster.delete(&key, &DeleteOptions::default()).await.unwrap();
    uninstall(cluster, ns, "t").await;
}

async fn uid_of(cluster: &Cluster, ns: &str, kind: &str, name: &str) -> Option<String> {
    let object = get(cluster, "v1", kind, ns, name).await?;
    object["metadata"]["uid"].as_str().map(str::to_owned)
}

/// A killed upgrade of a release that never was deployed leaves what was there before.
pub async fn a_killed_upgrade_of_a_failed_release_deletes_only_its_own(cluster: &Cluster, ns: &str) {
    let options =
        InstallOptions { common: Common { on_failure: OnFailure::Leave, ..common() }, ..install_options("y", ns) };
    // Record, objects, and then the mark, which fails.
    let faulty = cluster.with_hook(Fails::at(6, false, false));
    action::install(&faulty, words(), values_of(&json!({})), &options, &Heard::default()).await.unwrap_err();
    assert_eq!(states(cluster, ns, "y").await, "1 failed");
    let names = [("Secret", "y-secret"), ("ConfigMap", "y-0"), ("ConfigMap", "y-2")];
    let mut before = Vec::new();
    for (kind, name) in names {
        before.push(uid_of(cluster, ns, kind, name).await);
    }
    assert!(before.iter().all(Option::is_some));
    // Record, three changes and a new object are written, the mark is not.
    let killed = upgrade(&cluster.with_hook(Fails::at(6, true, false)), ns, "y", words(), after_words()).await;
    assert!(killed.is_err() && uid_of(cluster, ns, "ConfigMap", "y-3").await.is_some(), "{killed:?}");
    expire_lease(cluster, ns, "y").await;
    upgrade(cluster, ns, "y", words(), json!({"word": "first", "count": 3})).await.unwrap();
    for ((kind, name), before) in names.into_iter().zip(before) {
        assert_eq!(uid_of(cluster, ns, kind, name).await, before, "{kind} {name}");
    }
    assert_eq!(words_of(cluster, ns, "y").await, BEFORE);
    uninstall(cluster, ns, "y").await;
}

/// What a killed run had adopted is somebody's, and stays.
pub async fn a_killed_run_does_not_cost_what_it_adopted(cluster: &Cluster, ns: &str) {
    install(cluster, ns, "a", words(), json!({})).await.unwrap();
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-3", "namespace": ns}, "data": {"mine": "x"}});
    cluster.create(&object, "somebody", false).await.unwrap();
    let before = uid_of(cluster, ns, "ConfigMap", "a-3").await;
    let options = UpgradeOptions { take_ownership: true, ..upgrade_options("a", ns) };
    let dying = cluster.with_hook(Fails::at(7, true, false));
    let values = values_of(&json!({"word": "second", "count": 5}));
    action::upgrade(&dying, words(), values, &options, &Heard::default()).await.unwrap_err();
    assert!(uid_of(cluster, ns, "ConfigMap", "a-4").await.is_some(), "the run got so far");
    expire_lease(cluster, ns, "a").await;
    upgrade(cluster, ns, "a", words(), json!({"word": "first", "count": 3})).await.unwrap();
    let adopted = get(cluster, "v1", "ConfigMap", ns, "a-3").await.expect("what was adopted is there");
    assert_eq!((adopted["metadata"]["uid"].as_str(), &adopted["data"]["mine"]), (before.as_deref(), &json!("x")));
    assert!(get(cluster, "v1", "ConfigMap", ns, "a-4").await.is_none(), "what was created is gone");
    uninstall(cluster, ns, "a").await;
}
