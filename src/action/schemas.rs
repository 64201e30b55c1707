//! Schemas that charts refer to on the network.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

use crate::chart::goerr;
use crate::chart::schema::Fetch;
use crate::sprig::check;

/// How long a document may take, as in Helm.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Redirects that are followed, as in Go.
const MAX_REDIRECTS: u32 = 10;
/// Larger documents are refused.
const MAX_SIZE: u64 = 100 << 20;

/// Fetches them as Helm does: through the proxies of the environment, trusting whom the system trusts.
pub fn remote() -> Rc<dyn Fetch> {
    Rc::new(Remote::default())
}

#[derive(Default)]
struct Remote {
    agent: RefCell<Option<Agent>>,
    /// What was fetched: subcharts often refer to the same schema.
    found: RefCell<HashMap<String, Vec<u8>>>,
}

impl Fetch for Remote {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        if let Some(document) = self.found.borrow().get(url) {
            return Ok(document.clone());
        }
        // Reading the system's certificates takes longer than rendering a chart.
        let agent = self.agent.borrow_mut().get_or_insert_with(agent).clone();
        let document = get(&agent, url)?;
        self.found.borrow_mut().insert(url.to_owned(), document.clone());
        Ok(document)
    }
}

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(MAX_REDIRECTS)
        .http_status_as_error(false)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent()
}

fn get(agent: &Agent, url: &str) -> Result<Vec<u8>, String> {
    let failed = |error: &Error| format!("HTTP request failed for {url}: Get \"{url}\": {}", reason(error, url));
    let mut answer = agent.get(url).call().map_err(|error| failed(&error))?;
    let status = answer.status();
    if status != StatusCode::OK {
        let text = status.canonical_reason().unwrap_or_default();
        return Err(format!("HTTP request to {url} returned status {} ({text})", status.as_u16()));
    }
    answer.body_mut().with_config().limit(MAX_SIZE).read_to_vec().map_err(|error| failed(&error))
}

/// Why there is no answer, in Go's words where it has some.
fn reason(error: &Error, url: &str) -> String {
    match error {
        Error::HostNotFound => no_such_host(url),
        // The system's resolver has no kind of its own for it.
        Error::Io(error) if error.to_string().ends_with("Name or service not known") => no_such_host(url),
        Error::Io(error) => format!("dial tcp {}: connect: {}", address(url), goerr::reason(error)),
        Error::Timeout(_) => "context deadline exceeded (Client.Timeout exceeded while awaiting headers)".into(),
        Error::TooManyRedirects => format!("stopped after {MAX_REDIRECTS} redirects"),
        other => other.to_string(),
    }
}

fn no_such_host(url: &str) -> String {
    let host = check::url(url).map(|url| url.host_name).unwrap_or_default();
    format!("dial tcp: lookup {host}{}: no such host", name_server())
}

/// Host and port.
fn address(url: &str) -> String {
    let host = check::url(url).map(|url| url.host).unwrap_or_default();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = if url.starts_with("https:") { 443 } else { 80 };
    if has_port { host } else { format!("{host}:{port}") }
}

/// ` on SERVER`, if the system says which it asks.
fn name_server() -> String {
    let settings = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let server = settings.lines().find_map(|line| line.strip_prefix("nameserver")).map(str::trim);
    match server {
        Some(address) if address.contains(':') => format!(" on [{address}]:53"),
        Some(address) => format!(" on {address}:53"),
        None => String::new(),
    }
}
