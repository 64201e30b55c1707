//! Releases on the API server in memory.

use vulas_native::{
    cluster::{Cluster, ConnectOptions},
    sandbox::{Config, Pace, Server},
};

#[path = "release_scenarios/mod.rs"]
mod scenarios;

/// Runs a scenario on a server of its own.
macro_rules! on_the_sandbox {
    ($($file:ident::$scenario:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $scenario() {
            let server = Server::start(Config { pace: Pace::fast(), ..Config::default() }).await.unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("kubeconfig");
            std::fs::write(&path, server.kubeconfig()).unwrap();
            let options = ConnectOptions { kubeconfig: Some(path.to_str().unwrap().into()), ..Default::default() };
            let cluster = Cluster::connect(&options).await.unwrap();
            scenarios::namespace(&cluster, "ns").await;
            scenarios::$file::$scenario(&cluster, "ns").await;
            server.stop().await;
        }
    )+};
}

on_the_sandbox!(
    life::install_upgrade_rollback_uninstall,
    life::unchanged_objects_are_not_written,
    life::history_is_kept_short,
    life::what_holds_data_and_what_is_kept_stays,
    life::definitions_come_first,
    life::templates_look_things_up,
    life::adoption,
    life::a_record_larger_than_a_secret,
    trouble::refusals_change_nothing,
    trouble::conflicts_are_named_and_forced_only_when_asked,
    trouble::a_fault_at_every_write_is_put_back,
    trouble::a_killed_run_is_recovered_by_the_next,
    trouble::a_killed_install_or_uninstall_leaves_no_trace,
    trouble::a_failed_install_leaves_nothing_or_all,
    trouble::two_runs_do_not_meet,
    workloads::hooks_run_in_their_order,
    workloads::what_does_not_become_ready_is_put_back,
    workloads::the_autoscaler_keeps_its_number,
);
