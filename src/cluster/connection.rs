//! The HTTP client: kube's layers on connections of our own.

use std::time::Duration;

use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

/// A connection on which nothing was read for this long is asked whether it lives (client-go's number).
const PING_AFTER: Duration = Duration::from_secs(30);
/// One that does not answer for this long is given up (client-go's number).
const PING_TIMEOUT: Duration = Duration::from_secs(15);

type Connector = TimeoutConnector<HttpsConnector<HttpConnector>>;

/// A client for the configuration.
///
/// As Go's client it speaks HTTP/2 where the server offers it, so that requests side by side share one handshake, and it turns Nagle's
/// algorithm off, which would hold a request back for the 40 ms that the other side may delay its acknowledgement. Commands in
/// containers are WebSockets, which need connections of HTTP/1.1. Connections through a proxy are kube's.
///
/// # Errors
/// Certificates or credentials that can't be used.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, BoxError> {
    if config.proxy_url.is_some() {
        return Ok(kube::Client::try_from(config)?);
    }
    let https: Client<_, Body> = Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .build(connector(&config, true)?);
    let upgrades: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector(&config, false)?);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(tower::service_fn(move |request: Request<Body>| {
            let upgrade = request.headers().contains_key(header::UPGRADE);
            let answer = if upgrade { upgrades.request(request) } else { https.request(request) };
            async move { Ok::<Response<Incoming>, BoxError>(answer.await?) }
        }));
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}

/// Opens connections; `http2` lets the server choose it.
fn connector(config: &kube::Config, http2: bool) -> Result<Connector, BoxError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Those of HTTP/1.1, which commands in containers have, know no pings.
    tcp.set_keepalive(Some(PING_AFTER));
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(config.rustls_client_config()?).https_or_http();
    if let Some(name) = &config.tls_server_name {
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name.clone().try_into()?));
    }
    let builder = builder.enable_http1();
    let https = if http2 { builder.enable_http2().wrap_connector(tcp) } else { builder.wrap_connector(tcp) };
    let mut connector = TimeoutConnector::new(https);
    connector.set_connect_timeout(config.connect_timeout);
    Ok(connector)
}
