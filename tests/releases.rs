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

scenarios::for_each_scenario!(on_the_sandbox);
