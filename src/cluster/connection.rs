//! The HTTP client: kube's layers on connections that send small requests at once.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

/// A client for the configuration.
///
/// kube's own client leaves Nagle's algorithm on, which holds a request back for the 40 ms that the other side may delay its
/// acknowledgement; Go's client turns it off. Connections through a proxy are kube's.
///
/// # Errors
/// Certificates or credentials that can't be used.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, kube::Error> {
    if config.proxy_url.is_some() {
        return kube::Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    let https: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(tower::service_fn(move |request: Request<Body>| {
            let answer = https.request(request);
            async move { Ok::<Response<Incoming>, BoxError>(answer.await?) }
        }));
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}
