//! What a user may not do, and what a chart does not have, is found out before anything is changed.

use vulas_native::sandbox::{Config, Deny, Pace};

use super::Sandbox;

#[test]
fn what_only_the_way_back_needs_is_asked_for_before() {
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/values/database-only.yaml");
    let deny = vec![Deny::new("delete", "apps", "statefulsets"), Deny::new("delete", "", "services")];
    let mut sandbox = Sandbox::new(Config { pace: Pace::fast(), deny, ..Config::default() });
    sandbox.stage.core_values.push(values.into());
    sandbox.stage.install_alpha(&[]);
    sandbox.refuses(&[], &["no permission to delete statefulsets.apps", "no permission to delete services"]);
}

#[test]
fn a_fence_without_writers_is_refused_before_anything_is_changed() {
    let sandbox = Sandbox::small();
    sandbox.refuses(
        &["--fence", "scale"],
        &["release alpha has no Deployment labelled vulas-native/database-writer=true", "--fence=read-only"],
    );
}

#[test]
fn what_a_route_needs_is_asked_for_before_the_upgrade_begins() {
    let sandbox = Sandbox::installed();
    let server = sandbox.server.as_ref().unwrap();
    let in_admin = |verb: &str| Deny { namespace: Some("vulas-admin".into()), ..Deny::new(verb, "", "secrets") };
    // The Ingress lies where the Services are, and an IngressClass in no namespace.
    server.deny(vec![
        in_admin("update"),
        Deny::new("patch", "networking.k8s.io", "ingresses"),
        Deny::new("patch", "networking.k8s.io", "ingressclasses"),
    ]);
    let words = [
        "no permission to update secrets in namespace vulas-admin",
        "no permission to patch ingresses.networking.k8s.io in namespace vulas-core",
        "no permission to patch ingressclasses.networking.k8s.io cluster-wide",
        "or leave out --admin-namespace, and let somebody else move the traffic",
    ];
    sandbox.refuses(&[], &words);
    // Without a look at the releases of the namespace, what is sure is named.
    server.deny(vec![in_admin("list")]);
    sandbox.refuses(&[], &["no permission to list secrets in namespace vulas-admin"]);
    // Who moves no traffic needs none of it.
    server.deny(vec![in_admin("update"), in_admin("list")]);
    let core = format!("--core-namespace={}", sandbox.stage.core);
    let upgrade = ["upgrade", &core, "--current-release=alpha", "--future-release=beta"];
    sandbox.stage.run(&upgrade).ended(0).said("beta is up");
}
